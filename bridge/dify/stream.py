"""A running turn: a task of its own reads Dify's stream; whoever follows it sees the newest state."""

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Self

from bridge.dify.events import decode
from bridge.dify.frames import FrameSplitter
from bridge.dify.pace import Place
from bridge.dify.transport import LARGE_BYTES, Body
from bridge.dify.turn import Ending, Turn, Update
from bridge.errors import DifyConversationGone, DifyCut, DifyError

# A flow says its first word within milliseconds; where it does not, it waits for a worker, or for nothing.
DOUBT_AFTER_SECONDS = 5.0


class ChatStream:
    """A running turn, as an async context manager; reading goes on within the block.

    It never waits for whoever follows: states that were not looked at in time are passed over. Some versions
    of Dify are silent for minutes about a conversation that they do not know. So when nothing but pings has
    come for `doubt_seconds`, `is_known` is asked once, and the turn ends if it says no.
    """

    def __init__(
        self,
        body: Body,
        place: Place,
        turn: Turn,
        is_known: Callable[[], Awaitable[bool]] | None = None,
        doubt_seconds: float = DOUBT_AFTER_SECONDS,
    ) -> None:
        self._body = body
        self._place = place
        self._turn = turn
        self._news = asyncio.Event()
        self._unseen = False
        self._until = math.inf
        self._gone: DifyConversationGone | None = None
        self._reading = asyncio.create_task(self._read(), name="answer of Dify")
        self._reading.add_done_callback(lambda _: self._news.set())
        self._doubting: asyncio.Task[None] | None = None
        if is_known is not None:
            doubts = self._doubt(is_known, doubt_seconds)
            self._doubting = asyncio.create_task(doubts, name="doubts about a conversation")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = [task for task in (self._doubting, self._reading) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
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

    async def _doubt(self, is_known: Callable[[], Awaitable[bool]], seconds: float) -> None:
        """End a turn of which nothing will be heard."""
        await asyncio.sleep(seconds)
        if self._turn.began:
            return
        try:
            known = await is_known()
        except DifyError:
            # Dify may be too busy to say; then the turn is waited for like any other.
            return
        if not known and not self._turn.began:
            self._gone = DifyConversationGone("nothing but pings, and it is not there", nothing_began=True)
            self._reading.cancel()

    async def _read(self) -> None:
        """Read until the turn is over. We hang up: the server may keep the line open for long."""
        try:
            await self._hear_out()
        except asyncio.CancelledError:
            if self._gone is None:
                raise
            raise self._gone from None
        if self._turn.error is not None:
            raise self._turn.error
        if self._turn.ending is None:
            raise DifyCut("the stream ended without a last event", nothing_began=not self._body.heard)

    async def _hear_out(self) -> None:
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
