"""How many answers one Dify gives at once: whoever finds no place stands in line, and is told where."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from urllib.parse import urlsplit

from bridge.words import english, say

UNLIMITED = 0


@dataclass(eq=False, slots=True)
class _Waiter:
    on_waiting: Callable[[int], None]
    granted: asyncio.Future[None]
    told: int = 0

    def tell(self, place: int) -> None:
        if place != self.told:
            self.told = place
            self.on_waiting(place)


@dataclass(slots=True)
class Capacity:
    """At most `most` answers at once, one for each thread; 0 is any number. Whoever waits is let in in the
    order of coming, but a thread that has an answer running stands in line only when that has ended: so that
    no thread, however much is asked in it, keeps another one waiting for more than one answer."""

    most: int
    _running: set[str] = field(default_factory=set)
    # In the order of the line; of a thread that asks more than once, the first one is in line.
    _line: dict[str, deque[_Waiter]] = field(default_factory=dict)
    # By threads that have an answer running.
    _behind: dict[str, deque[_Waiter]] = field(default_factory=dict)

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def waiting(self) -> int:
        return sum(len(waiters) for line in (self._line, self._behind) for waiters in line.values())

    @asynccontextmanager
    async def place(self, thread_key: str, on_waiting: Callable[[int], None]) -> AsyncIterator[None]:
        """Wait for a place, and have it within the block. While it waits, `on_waiting` is called whenever its
        place in line changes; 1 is next. It must be quick and must not raise. A thread that has a place must
        not wait for another one within the block."""
        waiter = _Waiter(on_waiting, asyncio.get_running_loop().create_future())
        line = self._behind if thread_key in self._running else self._line
        line.setdefault(thread_key, deque()).append(waiter)
        self._proceed()
        try:
            await waiter.granted
        except asyncio.CancelledError:
            if waiter.granted.cancelled():
                self._withdraw(thread_key, waiter)
            else:
                self._leave(thread_key)
            raise
        try:
            yield
        finally:
            self._leave(thread_key)

    def limit(self, most: int) -> None:
        """Let there be so many from now on. Nobody loses a place they have."""
        self.most = most
        self._proceed()

    def _leave(self, thread_key: str) -> None:
        self._running.remove(thread_key)
        if thread_key in self._behind:
            self._line[thread_key] = self._behind.pop(thread_key)
        self._proceed()

    def _withdraw(self, thread_key: str, waiter: _Waiter) -> None:
        for line in (self._line, self._behind):
            waiters = line.get(thread_key, deque())
            if waiter in waiters:
                waiters.remove(waiter)
                if not waiters:
                    del line[thread_key]
        self._proceed()

    def _proceed(self) -> None:
        """Let in whom there is a place for, and tell the others where they stand."""
        while self._line and (self.most == UNLIMITED or len(self._running) < self.most):
            thread_key = next(iter(self._line))
            self._admit(thread_key, self._line.pop(thread_key))
        ahead = (waiters[0] for waiters in self._line.values())
        after = (one for waiters in self._line.values() for one in islice(waiters, 1, None))
        last = (one for waiters in self._behind.values() for one in waiters)
        for place, waiter in enumerate(chain(ahead, after, last), 1):
            waiter.tell(place)

    def _admit(self, thread_key: str, waiters: deque[_Waiter]) -> None:
        while waiters and thread_key not in self._running:
            waiter = waiters.popleft()
            # Whoever was cancelled and does not know it yet is passed over.
            if not waiter.granted.cancelled():
                waiter.granted.set_result(None)
                self._running.add(thread_key)
        if waiters:
            self._behind[thread_key] = waiters


class Capacities:
    """One capacity for each Dify, however many of its apps are in use."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_origin: dict[str, Capacity] = {}

    def of(self, url: str) -> Capacity:
        """That of the Dify with this address."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()
        return self._by_origin.setdefault(origin, Capacity(self._most))

    def limit(self, most: int) -> None:
        """Let each have so many from now on."""
        self._most = most
        for capacity in self._by_origin.values():
            capacity.limit(most)


def step_text(place: int, locale: str = "") -> str:
    """What to show to somebody who stands there in line; 1 is next."""
    if place <= 1:
        return say(english.NEXT_IN_LINE, locale)
    return say(english.IN_LINE, locale, place=place)
