"""Streams one answer over an open response, at the pace it is told."""

import asyncio
import time
from collections.abc import Iterable

from aiohttp import web

from sandbox.dify.types import Answer, Written, in_tokens
from sandbox.dify.wire import PING, Writer

PING_EVERY_SECONDS = 10.0


class Stream:
    """One running answer of one user. `said` is what has been written so far, `written` when it was."""

    def __init__(self, answer: Answer, writer: Writer, user: str, tail_seconds: float) -> None:
        self._answer = answer
        self._writer = writer
        self._tail_seconds = tail_seconds
        self._stop = asyncio.Event()
        self.user = user
        self.said = ""
        self.written: list[Written] = []
        self.failed = False

    def stop(self) -> None:
        """Let the answer end here, in the way of its mode."""
        self._stop.set()

    async def run(
        self, request: web.Request, response: web.StreamResponse, query: str, waited_seconds: float
    ) -> None:
        """Write everything. Cuts the connection or goes silent where the answer says so. So much of the wait
        for the first token is over already."""
        answer = self._answer
        await _write(response, self._writer.opening(query))
        for number, title in enumerate(answer.steps, 1):
            for event, seconds in zip(
                self._writer.step(number, title), (answer.step_seconds, 0), strict=False
            ):
                await response.write(event)
                await self._wait(response, seconds)
        await _write(response, self._writer.thinking(in_tokens(answer.thought)))
        await self._wait(response, answer.first_token_after - waited_seconds)
        cuts = [at for at in (answer.fail_after, answer.cut_after, answer.hang_after) if at is not None]
        await self._say(response, answer.tokens[: min(cuts)] if cuts else answer.tokens)
        self.failed = bool(cuts) and not self._stop.is_set()
        if self._stop.is_set():
            await _write(response, self._writer.stopped(self.said))
        elif answer.cut_after is not None:
            if request.transport is not None:
                request.transport.abort()
            return
        elif answer.hang_after is not None:
            await self._stop.wait()
            return
        elif answer.fail_after is not None:
            await _write(response, self._writer.failure())
        else:
            await _write(response, self._writer.ending(self.said))
        await asyncio.sleep(self._tail_seconds)

    async def _say(self, response: web.StreamResponse, tokens: list[str]) -> None:
        """Each token when it is due; those that are due together go out together."""
        rate = self._answer.tokens_per_second
        loop = asyncio.get_running_loop()
        began, sent = loop.time(), 0
        ping_due = began + PING_EVERY_SECONDS
        while sent < len(tokens) and not self._stop.is_set():
            due = int((loop.time() - began) * rate) + 1 if rate else len(tokens)
            now = tokens[sent:due]
            if now:
                self.said += "".join(now)
                sent += len(now)
                self.written.append(Written(time.monotonic(), len(self.said)))
                await _write(response, (self._writer.token(token) for token in now))
            if loop.time() >= ping_due:
                ping_due += PING_EVERY_SECONDS
                await response.write(PING)
            if sent < len(tokens):
                await self._wait(response, began + sent / rate - loop.time())

    async def _wait(self, response: web.StreamResponse, seconds: float) -> None:
        """Wait, or until stopped; with a ping every ten seconds, as Dify does."""
        while seconds > 0 and not self._stop.is_set():
            step = min(seconds, PING_EVERY_SECONDS)
            try:
                async with asyncio.timeout(step):
                    await self._stop.wait()
            except TimeoutError:
                seconds -= step
                if seconds > 0:
                    await response.write(PING)


async def _write(response: web.StreamResponse, events: Iterable[bytes]) -> None:
    if data := b"".join(events):
        await response.write(data)
