"""A running turn: a task of its own reads Dify's stream; whoever follows it sees the newest state."""

import asyncio
import math
from collections.abc import AsyncGenerator
from typing import Self

from bridge.dify.events import decode
from bridge.dify.frames import FrameSplitter
from bridge.dify.pace import Place
from bridge.dify.transport import LARGE_BYTES, Body
from bridge.dify.turn import Ending, Turn, Update
from bridge.errors import DifyCut, DifyError


class ChatStream:
    """A running turn, as an async context manager; reading goes on within the block.

    It never waits for whoever follows: states that were not looked at in time are passed over.
    """

    def __init__(self, body: Body, place: Place) -> None:
        self._body = body
        self._place = place
        self._turn = Turn()
        self._news = asyncio.Event()
        self._unseen = False
        self._until = math.inf
        self._reading = asyncio.create_task(self._read(), name="answer of Dify")
        self._reading.add_done_callback(lambda _: self._news.set())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._body.close()

    @property
    def ending(self) -> Ending | None:
        """How the turn ended; None while it goes on."""
        return self._turn.ending

    async def updates(self) -> AsyncGenerator[Update, None]:
        """The newest state of the turn, whenever there is one, each with the whole answer so far. Ends when
        the turn is over, and raises `DifyError` when it failed; what was said until then stands all the same.
        """
        over = False
        while not over:
            await self._news.wait()
            self._news.clear()
            over = self._reading.done()
            if self._unseen:
                self._unseen = False
                yield self._turn.update
        await self._reading

    async def _read(self) -> None:
        """Read until the turn is over. We hang up: the server may keep the line open for long."""
        splitter = FrameSplitter()
        while self._turn.read_on_seconds != 0 and (chunk := await self._gulp()):
            for frame in splitter.feed(chunk):
                self._turn.take(decode(frame))
                self._unseen = True
            if self._unseen:
                self._news.set()
            # The first words are shown at once; from then on there is time.
            rest = self._place.rest_seconds()
            if rest and self._turn.spoke and len(chunk) < LARGE_BYTES:
                self._body.rest(rest)
        if self._turn.error is not None:
            raise self._turn.error
        if self._turn.ending is None:
            raise DifyCut("the stream ended without a last event", nothing_began=not self._body.heard)

    async def _gulp(self) -> bytes:
        """What arrives; empty when nothing more will, or when what may still follow does not come."""
        if self._turn.ending is None:
            return await self._body.gulp()
        try:
            async with asyncio.timeout_at(self._listen_until()):
                return await self._body.gulp()
        except (TimeoutError, DifyError):
            return b""

    def _listen_until(self) -> float:
        now = asyncio.get_running_loop().time()
        until = now + (self._turn.read_on_seconds or 0.0)
        self._until = min(self._until, until)
        return self._until
