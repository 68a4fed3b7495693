"""Socket Mode: tickets, connections, and each envelope to exactly one of them."""

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass

from aiohttp import WSMsgType, web

from sandbox.changes import Changes
from sandbox.slack import payloads
from sandbox.slack.delivery import Delivery, Envelope

MAX_CONNECTIONS = 10  # docs.slack.dev/apis/events-api/using-socket-mode
HEARTBEAT_SECONDS = 30.0
CLOSE_SECONDS = 1.0  # how long to wait for the other side of a closing handshake
# How long a ticket stays good that nobody uses. Slack does not say; it is "temporary".
TICKET_SECONDS = 30.0
LEAVING_SECONDS = 10.0  # how long a client may take to go after a disconnect frame before it is closed


@dataclass(eq=False, slots=True)
class Connection:
    socket: web.WebSocketResponse
    request: web.Request
    ready: bool = False

    def usable(self) -> bool:
        return self.ready and not self.socket.closed

    def abort(self) -> None:
        self.ready = False
        if self.request.transport is not None:
            self.request.transport.abort()


class Sockets:
    """The next `refusals` tries to connect fail, and use up their tickets."""

    def __init__(self, app_id: str, delivery: Delivery, changes: Changes) -> None:
        self._app_id = app_id
        self._delivery = delivery
        self._changes = changes
        self.refusals = 0
        self._tickets: dict[str, float] = {}
        self._connections: list[Connection] = []
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def count(self) -> int:
        return len(self._connections)

    def start(self) -> None:
        self._spawn(self._pump())

    def ticket(self) -> str:
        """Good for one try to connect, and not for long."""
        ticket = str(uuid.uuid4())
        self._tickets[ticket] = time.monotonic() + TICKET_SECONDS
        return ticket

    async def connect(self, request: web.Request) -> web.StreamResponse:
        good_until = self._tickets.pop(request.query.get("ticket", ""), 0.0)
        if time.monotonic() > good_until:
            return web.Response(status=403, text="this ticket is unknown, has been used or is over")
        if self.refusals:
            self.refusals -= 1
            self._changes.notify()
            return web.Response(status=503)
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, timeout=CLOSE_SECONDS)
        await socket.prepare(request)
        with contextlib.suppress(ConnectionError):
            if self.count < MAX_CONNECTIONS:
                await self._serve(Connection(socket, request))
            else:
                await socket.send_json(payloads.disconnect("too_many_websockets"))
                await socket.close()
        return socket

    async def disconnect(self, reason: str) -> None:
        """Ask every client to go. From now on nothing is sent to these sockets."""
        leaving = [connection for connection in self._connections if connection.ready]
        for connection in leaving:
            connection.ready = False
        for connection in leaving:
            with contextlib.suppress(ConnectionError):
                await connection.socket.send_json(payloads.disconnect(reason))
        self._spawn(self._close_later(leaving))

    def cut(self) -> None:
        """Drop every TCP connection without a word."""
        for connection in self._connections:
            connection.abort()
        self._connections.clear()
        self._changes.notify()

    async def close(self) -> None:
        """Close every connection politely; an error in the background comes to light here."""
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await asyncio.gather(*(connection.socket.close(code=1001) for connection in self._connections))
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def _serve(self, connection: Connection) -> None:
        self._connections.append(connection)
        try:
            await connection.socket.send_json(payloads.hello(self._app_id, self.count))
            connection.ready = True
            self._changes.notify()
            async for message in connection.socket:
                if message.type is WSMsgType.TEXT:
                    self._read(message.data)
        finally:
            if connection in self._connections:
                self._connections.remove(connection)
            self._changes.notify()

    def _read(self, text: str) -> None:
        try:
            frame = json.loads(text)
        except ValueError:
            return  # Slack does not answer nonsense either
        if isinstance(frame, dict) and isinstance(frame.get("envelope_id"), str):
            answer = frame.get("payload")
            self._delivery.acknowledge(frame["envelope_id"], answer if isinstance(answer, dict) else {})

    async def _pump(self) -> None:
        """Hand over what is queued whenever somebody is there to take it, each in turn."""
        while True:
            while (connection := self._next()) and (envelope := self._delivery.take()):
                await self._send(connection, envelope)
            await self._changes.wait()

    def _next(self) -> Connection | None:
        for connection in self._connections:
            if connection.usable():
                return connection
        return None

    async def _send(self, connection: Connection, envelope: Envelope) -> None:
        if connection in self._connections:  # to the end of the row, so that the next envelope goes elsewhere
            self._connections.remove(connection)
            self._connections.append(connection)
        self._delivery.sent(envelope)
        try:
            await connection.socket.send_json(envelope.frame())
        except ConnectionError:
            connection.ready = False
            self._delivery.unsent(envelope)

    async def _close_later(self, leaving: list[Connection]) -> None:
        await asyncio.sleep(LEAVING_SECONDS)
        for connection in leaving:
            await connection.socket.close()

    def _spawn(self, coroutine: Coroutine[None, None, None]) -> None:
        self._tasks.append(asyncio.create_task(coroutine))
