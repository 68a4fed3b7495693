"""Speaks one answer at the pace it is told, to whoever listens; some answers go on when nobody does."""

import asyncio
import time
from collections.abc import Callable, Iterable
from enum import StrEnum

from sandbox.dify.outlet import Outlet
from sandbox.dify.types import Answer, Written, in_tokens
from sandbox.dify.wire import PING, Writer

PING_EVERY_SECONDS = 10.0


class Outcome(StrEnum):
    """How an answer ended, in the words of a flow's run."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    PAUSED = "paused"


class Stream:
    """One running answer of one user, spoken by a task of its own.

    `said` is what has been spoken so far, `written` when it was. `outlives` tells whether it goes on when its
    line is lost. `keep` is called with the outcome before the last events are sent: whoever has heard of the
    end finds the answer kept.
    """

    def __init__(
        self,
        answer: Answer,
        writer: Writer,
        *,
        user: str,
        query: str,
        tail_seconds: float,
        outlives: bool,
        keep: Callable[["Stream", Outcome], None],
    ) -> None:
        self._answer = answer
        self._writer = writer
        self._query = query
        self._tail_seconds = tail_seconds
        self._keep = keep
        self._sent = 0
        self.stopped = asyncio.Event()
        self.outlives = outlives
        self.outlets: list[Outlet] = []
        self.attended = False
        self.user = user
        self.said = ""
        self.written: list[Written] = []
        self.task = asyncio.create_task(self._run(), name="answer of the stand-in")

    def stop(self) -> None:
        """Let the answer end here, in the way of its mode."""
        self.stopped.set()

    def snapshot(self) -> bytes:
        """What somebody is told first who begins to listen while it runs."""
        return b"".join(self._writer.snapshot(self._query))

    async def listen(self, outlet: Outlet) -> None:
        """Hear what is said from now on, until the end."""
        self.outlets.append(outlet)
        try:
            await asyncio.shield(self.task)
        finally:
            if outlet in self.outlets:
                self.outlets.remove(outlet)

    async def _run(self) -> None:
        answer = self._answer
        if answer.cut_after == 0:
            await self._lose_line()
        await self._write(self._writer.opening(self._query))
        for number, title in enumerate(answer.steps, 1):
            for event, seconds in zip(
                self._writer.step(number, title), (answer.step_seconds, 0), strict=False
            ):
                await self._write((event,))
                await self._wait(seconds)
        await self._write(self._writer.thinking(in_tokens(answer.thought)))
        await self._wait(answer.first_token_after)
        lost_after = answer.cut_after or answer.hang_after
        if lost_after is not None:
            await self._say(lost_after)
            await self._lose_line()
        ends = [at for at in (answer.fail_after, answer.pause_after) if at is not None]
        await self._say(min(ends, default=len(answer.tokens)))
        await self._end()

    async def _end(self) -> None:
        if self.stopped.is_set():
            outcome, last = Outcome.STOPPED, self._writer.stopped(self.said)
        elif self._answer.fail_after is not None:
            outcome, last = Outcome.FAILED, self._writer.failure()
        elif self._answer.pause_after is not None:
            outcome, last = Outcome.PAUSED, self._writer.paused()
        else:
            outcome, last = Outcome.SUCCEEDED, self._writer.ending(self.said)
        self._keep(self, outcome)
        await self._write(last)
        if self.outlets:
            await asyncio.sleep(self._tail_seconds)

    async def _lose_line(self) -> None:
        """Whoever listens is cut off, or hears nothing more and is left waiting."""
        if self.stopped.is_set():
            return
        for outlet in self.outlets:
            if self._answer.cut_after is not None:
                outlet.cut()
            outlet.silent = True
        self.outlets.clear()
        if not self.outlives:
            await self.stopped.wait()

    async def _say(self, until: int) -> None:
        """Each token when it is due, up to so many; those that are due together go out together."""
        tokens = self._answer.tokens[:until]
        rate = self._answer.tokens_per_second
        loop = asyncio.get_running_loop()
        began, before = loop.time(), self._sent
        ping_due = began + PING_EVERY_SECONDS
        while self._sent < len(tokens) and not self.stopped.is_set():
            due = before + int((loop.time() - began) * rate) + 1 if rate else len(tokens)
            now = tokens[self._sent : due]
            if now:
                self.said += "".join(now)
                self._sent += len(now)
                self.written.append(Written(time.monotonic(), len(self.said)))
                await self._write(self._writer.token(token) for token in now)
            if loop.time() >= ping_due:
                ping_due += PING_EVERY_SECONDS
                await self._write((PING,))
            if self._sent < len(tokens):
                await self._wait(began + (self._sent - before) / rate - loop.time())

    async def _wait(self, seconds: float) -> None:
        """Wait, or until stopped; with a ping every ten seconds, as Dify does."""
        while seconds > 0 and not self.stopped.is_set():
            step = min(seconds, PING_EVERY_SECONDS)
            try:
                async with asyncio.timeout(step):
                    await self.stopped.wait()
            except TimeoutError:
                seconds -= step
                if seconds > 0:
                    await self._write((PING,))

    async def _write(self, events: Iterable[bytes]) -> None:
        data = b"".join(events)
        for outlet in tuple(self.outlets) if data else ():
            try:
                await outlet.write(data)
            except ConnectionError:
                if outlet in self.outlets:
                    self.outlets.remove(outlet)
