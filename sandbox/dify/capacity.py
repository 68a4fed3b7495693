"""How many connections a server holds at a time, and how many answers an app gives at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from aiohttp import web

from sandbox.dify.app import App


@dataclass(slots=True)
class Slot:
    """A connection's place. It may be taken for longer than its client stays, by so many seconds."""

    kept_for: float = 0.0


HELD: ContextVar[Slot] = ContextVar("held")


class Capacity:
    """`connections` that are held at a time; further ones wait. `at_once` questions that the app takes at a
    time; further ones are refused. 0 sets no limit."""

    def __init__(self, app: App, connections: int, at_once: int) -> None:
        self._app = app
        self._slots = asyncio.Semaphore(connections) if connections else None
        self._kept: set[asyncio.TimerHandle] = set()
        self._asked = 0
        self.at_once = at_once
        self.queued = 0

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """A place for one connection, as soon as there is one."""
        slot = Slot()
        HELD.set(slot)
        if self._slots is None:
            yield
            return
        self.queued += 1
        try:
            await self._slots.acquire()
        finally:
            self.queued -= 1
        try:
            yield
        finally:
            self._give_back(self._slots, slot.kept_for)

    @asynccontextmanager
    async def question(self) -> AsyncIterator[web.Response | None]:
        """Counts a question while it is answered; gives its refusal when there are too many."""
        if self._is_full():
            yield self._refusal()
            return
        self._asked += 1
        try:
            yield None
        finally:
            self._asked -= 1

    def keep_slot(self, seconds: float) -> None:
        """Let the place of this connection stay taken for so long, although its client may leave."""
        HELD.get().kept_for = seconds

    def close(self) -> None:
        """Give back what is kept."""
        for handle in self._kept:
            handle.cancel()
        if self._slots is not None:
            for _ in self._kept:
                self._slots.release()
        self._kept.clear()

    def _is_full(self) -> bool:
        if not self.at_once:
            return False
        # A flow is counted twice while it is asked for, and no more when it runs.
        if self._app.flow and self._app.quirks.flow_limit_broken:
            return self.at_once == 1
        return self._asked >= self.at_once

    def _refusal(self) -> web.Response:
        whom = f" for {self._app.id}" if self._app.quirks.names_app_when_busy else ""
        text = (
            "Too many requests. Please try again later. The current maximum concurrent requests allowed"
            f"{whom} is {self.at_once}."
        )
        if self._app.quirks.busy_is_429:
            return self._app.replies.error(429, "too_many_requests", text)
        return self._app.replies.invalid(text)

    def _give_back(self, slots: asyncio.Semaphore, seconds: float) -> None:
        if seconds <= 0:
            slots.release()
            return

        def release() -> None:
            self._kept.discard(handle)
            slots.release()

        handle = asyncio.get_running_loop().call_later(seconds, release)
        self._kept.add(handle)
