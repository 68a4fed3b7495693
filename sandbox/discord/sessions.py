"""A session of the gateway, the connection it may have, and what can be read from one."""

import asyncio
import json
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from sandbox.discord.compression import Compress
from sandbox.discord.flags import Close, Intent, Opcode
from sandbox.discord.state import Guild
from sandbox.discord.types import Json

LONGEST_PAYLOAD = 4096  # bytes that a client may send at once
SEND_LIMIT, SEND_SECONDS = 120, 60.0
KEPT_FOR_RESUME = 10_000  # events of a session; a resume from before them fails


class HangUp(Exception):
    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Connection:
    """One websocket. Everything goes through one queue, so that a payload never overtakes another."""

    def __init__(self, socket: web.WebSocketResponse, compress: Compress | None) -> None:
        self.session: Session | None = None
        self.hanging_up = False
        self._socket = socket
        self._compress = compress
        self._outbox: asyncio.Queue[Json | HangUp] = asyncio.Queue()
        self._received: deque[float] = deque()

    def send(self, payload: Json) -> None:
        self._outbox.put_nowait(payload)

    def hang_up(self, why: HangUp) -> None:
        self.hanging_up = True
        self._outbox.put_nowait(why)

    def received(self) -> None:
        now = time.monotonic()
        while self._received and self._received[0] <= now - SEND_SECONDS:
            self._received.popleft()
        self._received.append(now)
        if len(self._received) > SEND_LIMIT:
            raise HangUp(Close.RATE_LIMITED, "You are being rate limited.")

    async def write(self) -> None:
        with suppress(ConnectionError):
            while True:
                item = await self._outbox.get()
                if isinstance(item, HangUp):
                    await self._socket.close(code=item.code, message=item.reason.encode())
                    return
                text = json.dumps(item, separators=(",", ":"))
                if self._compress is None:
                    await self._socket.send_str(text)
                else:
                    await self._socket.send_bytes(self._compress(text.encode()))


@dataclass(slots=True, eq=False)
class Session:
    id: str
    intents: Intent
    shard: tuple[int, int]
    connection: Connection | None = None
    seq: int = 0
    kept: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT_FOR_RESUME))

    def dispatch(self, event: str, data: Any) -> None:
        """Number it, keep it, and send it if anybody is connected."""
        self.seq += 1
        payload: Json = {"op": Opcode.DISPATCH, "t": event, "s": self.seq, "d": data}
        self.kept.append(payload)
        if self.connection is not None:
            self.connection.send(payload)

    def covers(self, guild: Guild | None) -> bool:
        number, of = self.shard
        return number == (0 if guild is None else (int(guild.id) >> 22) % of)

    def remembers(self, seq: int) -> bool:
        return seq >= self.seq - len(self.kept)


def decode(message: WSMessage) -> tuple[int, Any]:
    if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY) or len(message.data) > LONGEST_PAYLOAD:
        raise HangUp(Close.DECODE_ERROR, "Error while decoding payload.")
    try:
        payload = json.loads(message.data)
        return payload["op"], payload.get("d")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise HangUp(Close.DECODE_ERROR, "Error while decoding payload.") from None


def parse_shard(value: Any) -> tuple[int, int]:
    if value is None:
        return 0, 1
    match value:
        case [int(number), int(of)] if 0 <= number < of:
            return number, of
    raise HangUp(Close.INVALID_SHARD, "Invalid shard.")
