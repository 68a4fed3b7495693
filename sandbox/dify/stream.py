"""Speaks one answer at the pace it is told, to whoever listens; some answers go on when nobody does."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from sandbox.dify.frames import PING
from sandbox.dify.outlet import Deaf, Outlet
from sandbox.dify.types import Answer, Failure, KeptFile, Written, in_tokens
from sandbox.dify.wire import ABORTED, Result, Writer

PING_EVERY_SECONDS = 10.0
# An answer that was written beforehand is told letter by letter.
LETTERS_PER_SECOND = 100.0


class Outcome(StrEnum):
    """How an answer ended, in the words of a flow's run."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    PAUSED = "paused"


@dataclass(slots=True)
class Part:
    """What one stream speaks: a whole answer, or what follows a pause. `said` was said before, `opening` is
    what comes first, after `starts_after` seconds."""

    answer: Answer
    opening: tuple[bytes, ...]
    files: tuple[KeptFile, ...] = ()
    said: str = ""
    starts_after: float = 0.0
    outlets: list[Outlet] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)


class Stream:
    """One running answer of one user, spoken by a task of its own.

    `said` is what has been spoken so far, `written` when it was. `outlives` tells whether it goes on when its
    line is lost. `keep` is called with the outcome, and gives the last events, before they are sent: whoever
    has heard of the end finds the answer kept.
    """

    def __init__(
        self,
        part: Part,
        writer: Writer,
        *,
        tail_seconds: float,
        outlives: bool,
        keep: Callable[["Stream", Outcome], Iterable[bytes]],
    ) -> None:
        self._part = part
        self._answer = part.answer
        self.writer = writer
        self._tail_seconds = tail_seconds
        self._keep = keep
        self._sent = 0
        self._tokens = self._in_tokens()
        self._shown: tuple[KeptFile, ...] = ()
        self.stopped = asyncio.Event()
        self.aborted = False
        self.outlives = outlives
        self.outlets = part.outlets
        self.attended = False
        self.user = writer.asking.user
        self.said = part.said
        self.written = part.written
        self.outcome: Outcome | None = None
        self.task = asyncio.create_task(self._run(), name="answer of the stand-in")

    @property
    def result(self) -> Result:
        """What the answer has come to."""
        answer = self._answer
        return Result(self.said, answer.outputs, self._shown, answer.sources, answer.annotated)

    @property
    def failure(self) -> Failure:
        """How it failed, if it did."""
        return ABORTED if self.aborted else self._answer.failure

    @property
    def unsaid(self) -> str:
        """The text that is still to come."""
        return "".join(self._tokens[self._sent :])

    @property
    def unshown(self) -> tuple[KeptFile, ...]:
        """The files that are still to come."""
        return () if self._shown else self._part.files

    def stop(self) -> None:
        """Let the answer end here, in the way of its mode."""
        self.stopped.set()

    def abort(self) -> None:
        """Let the answer have failed once it is over."""
        self.aborted = True

    def snapshot(self) -> bytes:
        """What somebody is told first who begins to listen while it runs."""
        return b"".join(self.writer.snapshot(self._part.said))

    async def listen(self, outlet: Outlet) -> None:
        """Hear what is said from now on, until the end."""
        if outlet not in self.outlets:
            self.outlets.append(outlet)
        try:
            async with outlet.relaying():
                await asyncio.shield(self.task)
        finally:
            if outlet in self.outlets:
                self.outlets.remove(outlet)

    def _in_tokens(self) -> list[str]:
        if not self._answer.annotated:
            return self._answer.tokens
        return [self._answer.text] if self.writer.flow else list(self._answer.text)

    async def _run(self) -> None:
        answer = self._answer
        if answer.cut_after == 0:
            await self._lose_line()
        await self._wait(self._part.starts_after)
        await self._write(self._part.opening)
        if not answer.annotated:
            await self._prepare()
        await self._wait(answer.first_token_after)
        ends = [at for at in (answer.fail_after, answer.pause_after) if at is not None]
        await self._speak(min(ends, default=len(self._tokens)))
        await self._end()

    async def _prepare(self) -> None:
        """Everything before the first token."""
        answer = self._answer
        for number, title in enumerate(answer.steps, 1):
            for event, seconds in zip(
                self.writer.step(number, title), (answer.step_seconds, 0), strict=False
            ):
                await self._write((event,))
                await self._wait(seconds)
        await self._write(self.writer.extras(answer))
        await self._write(self.writer.thinking(in_tokens(answer.thought)))

    async def _speak(self, end: int) -> None:
        """The tokens up to there, and on the way whatever happens between them."""
        answer, whole = self._answer, len(self._tokens)
        lost_after = answer.cut_after or answer.hang_after
        turns: list[tuple[int, Callable[[], Awaitable[None]]]] = []
        if lost_after is not None:
            turns.append((min(lost_after, end), self._lose_line))
        if self._part.files:
            turns.append((whole if answer.files_after is None else answer.files_after, self._show_files))
        if answer.replaced is not None:
            turns.append((whole if answer.replaced_after is None else answer.replaced_after, self._replace))
        for at, happen in sorted(turns, key=lambda turn: turn[0]):
            if at <= end:
                await self._say(at)
                if not self.stopped.is_set():
                    await happen()
        await self._say(end)

    async def _end(self) -> None:
        answer = self._answer
        if self.stopped.is_set():
            self.outcome = Outcome.STOPPED
        elif answer.fail_after is not None or self.aborted:
            self.outcome = Outcome.FAILED
        elif answer.pause_after is not None:
            self.outcome = Outcome.PAUSED
        else:
            self.outcome = Outcome.SUCCEEDED
        last = list(self._keep(self, self.outcome))
        if answer.spoken and self.outcome is Outcome.SUCCEEDED:
            # What follows the end of a flow is not passed on.
            last = [*self.writer.voice(), *last] if self.writer.flow else [*last, *self.writer.voice()]
        await self._write(last)
        if any(not isinstance(outlet, Deaf) for outlet in self.outlets):
            await asyncio.sleep(self._tail_seconds)

    async def _show_files(self) -> None:
        self._shown = self._part.files
        await self._write(self.writer.files(self._shown, spoken=bool(self.said)))
        links = self.writer.links(self._shown)
        if links:
            self.said += links
            self._note()
            await self._write((self.writer.token(links),))

    async def _replace(self) -> None:
        if self._answer.replaced is not None:
            self.said = self._answer.replaced.text
            self._note()
            await self._write((self.writer.replaced(self._answer.replaced),))

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
        tokens = self._tokens[:until]
        rate = LETTERS_PER_SECOND if self._answer.annotated else self._answer.tokens_per_second
        loop = asyncio.get_running_loop()
        began, before = loop.time(), self._sent
        ping_due = began + PING_EVERY_SECONDS
        while self._sent < len(tokens) and not self.stopped.is_set():
            due = before + int((loop.time() - began) * rate) + 1 if rate else len(tokens)
            now = tokens[self._sent : due]
            if now:
                self.said += "".join(now)
                self._sent += len(now)
                self._note()
                await self._write(self.writer.token(token) for token in now)
            if loop.time() >= ping_due:
                ping_due += PING_EVERY_SECONDS
                await self._write((PING,))
            if self._sent < len(tokens):
                await self._wait(began + (self._sent - before) / rate - loop.time())

    def _note(self) -> None:
        self.written.append(Written(time.monotonic(), len(self.said)))

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
        data = tuple(events)
        for outlet in tuple(self.outlets) if data else ():
            try:
                await outlet.post(data)
            except ConnectionError:
                if outlet in self.outlets:
                    self.outlets.remove(outlet)
