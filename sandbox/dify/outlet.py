"""One open response that an answer is written to."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from aiohttp import web

from sandbox.dify.frames import PING

# A reader that takes no event for this long is slow; one that only was not scheduled yet is not.
SLOW_AFTER_SECONDS = 0.05


class Outlet:
    """Whoever listens to an answer. Nothing is sent, not even the status line, before the first event.

    `silent` once its line has gone silent; `told_live` when it hears of a run as it goes on, up to its end.
    With a `relay` of so many events between it and the answer, a slow reader loses the oldest ones instead of
    holding up the answer.
    """

    def __init__(self, request: web.Request, response: web.StreamResponse, relay: int = 0) -> None:
        self._request = request
        self._relay = relay
        self._queue: deque[bytes] = deque()
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        self._slow = False
        self._lost = False
        self.response = response
        self.silent = False
        self.told_live = False

    async def write(self, data: bytes) -> None:
        """Send it. `ConnectionError` when nobody is there any more."""
        if not self.response.prepared:
            await self.response.prepare(self._request)
        await self.response.write(data)

    async def post(self, events: Sequence[bytes]) -> None:
        """Send these events, over the relay if there is one. `ConnectionError` as with `write`."""
        if not self._relay:
            await self.write(b"".join(events))
            return
        if self._lost:
            raise ConnectionError
        for event in events:
            await self._enqueue(event)

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[None]:
        """Within the block the relay passes events on; at its end those that are left."""
        if not self._relay:
            yield
            return
        passing = asyncio.create_task(self._pass_on(), name="relay of the stand-in")
        try:
            yield
            while self._queue and not passing.done():
                self._emptied.clear()
                await self._emptied.wait()
        finally:
            passing.cancel()
            with suppress(asyncio.CancelledError):
                await passing

    async def ping(self) -> None:
        await self.write(PING)

    def cut(self) -> None:
        """Break the line, as a crash would."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def _enqueue(self, event: bytes) -> None:
        if len(self._queue) >= self._relay and not self._slow:
            self._emptied.clear()
            try:
                async with asyncio.timeout(SLOW_AFTER_SECONDS):
                    await self._emptied.wait()
            except TimeoutError:
                self._slow = True
        if len(self._queue) >= self._relay:
            self._queue.popleft()
        self._queue.append(event)
        self._filled.set()

    async def _pass_on(self) -> None:
        """Events one by one, each when its reader takes it."""
        try:
            while True:
                await self._filled.wait()
                while self._queue:
                    await self.write(self._queue.popleft())
                self._filled.clear()
                self._slow = False
                self._emptied.set()
        except ConnectionError:
            self._lost = True
            self._queue.clear()
            self._emptied.set()


class Deaf(Outlet):
    """Listens on behalf of somebody who wants nothing but the end."""

    async def write(self, data: bytes) -> None:
        """Nothing is sent before the end."""
