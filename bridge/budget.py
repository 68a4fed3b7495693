"""One outbound budget for each rate-limit scope, shared by every reply that has something to show.

A platform counts calls where they arrive, some time between our sending and its answer. So a call holds its
place in the window from the moment it is granted until the whole window has passed *after its answer*: then
no pattern of arrivals and latencies can bring more calls into any window than the platform allows.

Who goes first: final texts, then first texts, then control, then intermediate states; among equals whoever
was served longest ago. Nobody overtakes on a scope where someone more urgent waits. Intermediate states are
paced evenly and leave a reserve, so that a final text never waits behind them. Nothing is queued: whoever is
granted a slot shows the newest text it has at that moment.

`Schedule` decides and knows no clock; `Budget` waits.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from math import inf

from bridge.errors import RateLimited
from bridge.types import Lane


class Priority(IntEnum):
    """Lower is more urgent."""

    FINAL = 0
    FIRST = 1
    CONTROL = 2
    INTERMEDIATE = 3


@dataclass(eq=False, slots=True)
class Ticket:
    """One wish to make one call. The first lane is the call's own scope, others are shared with further
    calls. `owner` names whose wish it is, for fairness among equals."""

    lanes: tuple[Lane, ...]
    priority: Priority
    owner: str
    number: int = 0


@dataclass(slots=True)
class _Window:
    """What is known of one scope. Times are seconds on the caller's clock."""

    limit: int
    seconds: float
    in_flight: int = 0
    leaves_at: deque[float] = field(default_factory=deque)
    blocked_until: float = 0.0
    paced_until: float = 0.0

    def forget(self, now: float) -> None:
        while self.leaves_at and self.leaves_at[0] <= now:
            self.leaves_at.popleft()

    def opens_at(self, priority: Priority) -> float:
        """When a call of this priority may go, given what is known now; `inf` until a call is answered."""
        keep = self._reserve() if priority is Priority.INTERMEDIATE else 0
        surplus = self.in_flight + len(self.leaves_at) - (self.limit - keep) + 1
        at = self.blocked_until
        if surplus > len(self.leaves_at):
            return inf
        if surplus > 0:
            at = max(at, self.leaves_at[surplus - 1])
        return max(at, self.paced_until) if priority is Priority.INTERMEDIATE else at

    def grant(self, now: float, priority: Priority) -> None:
        self.in_flight += 1
        if priority is Priority.INTERMEDIATE:
            self.paced_until = now + self.seconds / max(1, self.limit - self._reserve())

    def _reserve(self) -> int:
        """Calls that intermediate states leave alone: a fifth, at least one where there are two."""
        return max(1, self.limit // 5) if self.limit > 1 else 0


class Schedule:
    """Decides which waiting tickets may go. Pure: every method is told what time it is, in seconds."""

    def __init__(self) -> None:
        self._windows: dict[str, _Window] = {}
        self._waiting: list[Ticket] = []
        self._served: dict[str, int] = {}
        self._numbers = itertools.count(1)

    def ask(self, ticket: Ticket) -> None:
        """Begin to wait."""
        ticket.number = next(self._numbers)
        self._waiting.append(ticket)
        for lane in ticket.lanes:
            window = self._windows.setdefault(lane.scope, _Window(lane.limit, lane.seconds))
            window.limit, window.seconds = lane.limit, lane.seconds

    def withdraw(self, ticket: Ticket) -> None:
        """Wait no longer. Harmless when the ticket is not waiting."""
        if ticket in self._waiting:
            self._waiting.remove(ticket)

    def grant(self, now: float) -> tuple[list[Ticket], float]:
        """The tickets that may go now, most urgent first, and when to look again (`inf`: when told)."""
        granted: list[Ticket] = []
        look_again = inf
        held: set[str] = set()
        self._forget(now)
        for ticket in sorted(self._waiting, key=self._rank):
            opens = {lane.scope: self._windows[lane.scope].opens_at(ticket.priority) for lane in ticket.lanes}
            closed = {scope for scope, at in opens.items() if at > now} | (held & opens.keys())
            if closed:
                held |= closed
                look_again = min(look_again, max(opens.values()))
                continue
            for scope in opens:
                self._windows[scope].grant(now, ticket.priority)
            self._waiting.remove(ticket)
            self._served[ticket.owner] = next(self._numbers)
            granted.append(ticket)
        return granted, look_again

    def answered(self, ticket: Ticket, now: float) -> None:
        """The platform answered the call that this ticket was granted for, in whatever way."""
        for scope in {lane.scope for lane in ticket.lanes}:
            window = self._windows[scope]
            window.in_flight -= 1
            window.leaves_at.append(now + window.seconds)

    def refused(self, ticket: Ticket, now: float, retry_after: float, *, everywhere: bool = False) -> None:
        """The platform said that the call came too early: nothing goes on its own scope until then, which is
        the first of its lanes; or on any of its lanes, where the platform meant them all."""
        for lane in ticket.lanes if everywhere else ticket.lanes[:1]:
            window = self._windows[lane.scope]
            window.blocked_until = max(window.blocked_until, now + retry_after)

    def _rank(self, ticket: Ticket) -> tuple[int, int, int]:
        return ticket.priority, self._served.get(ticket.owner, 0), ticket.number

    def _forget(self, now: float) -> None:
        """Drop what no longer matters, so that scopes and owners of the past cost nothing."""
        wanted = {lane.scope for ticket in self._waiting for lane in ticket.lanes}
        for scope, window in list(self._windows.items()):
            window.forget(now)
            idle = not window.in_flight and not window.leaves_at and window.blocked_until <= now
            if idle and scope not in wanted and window.paced_until <= now:
                del self._windows[scope]
        if not self._windows:
            self._served.clear()


class Budget:
    """Lets replies wait for their turn. One per process; everything runs on one event loop."""

    def __init__(self) -> None:
        self._schedule = Schedule()
        self._granted: dict[Ticket, asyncio.Event] = {}
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def slot(self, ticket: Ticket) -> AsyncIterator[None]:
        """Wait until the ticket's call may be made; the block is the call.

        A `RateLimited` that leaves the block teaches the budget and goes on to the caller.
        """
        turn = self._granted[ticket] = asyncio.Event()
        self._schedule.ask(ticket)
        self._look()
        try:
            await turn.wait()
        except asyncio.CancelledError:
            if turn.is_set():
                self._schedule.answered(ticket, self._now())
            else:
                self._schedule.withdraw(ticket)
            self._look()
            raise
        finally:
            del self._granted[ticket]
        try:
            yield
        except RateLimited as error:
            self._schedule.refused(ticket, self._now(), error.retry_after, everywhere=error.everywhere)
            raise
        finally:
            self._schedule.answered(ticket, self._now())
            self._look()

    def hurry(self, ticket: Ticket, priority: Priority) -> None:
        """Make a waiting ticket more urgent. Harmless when it was granted meanwhile."""
        ticket.priority = min(ticket.priority, priority)
        self._look()

    def _look(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        granted, look_again = self._schedule.grant(self._now())
        self._tell(granted)
        if look_again < inf:
            self._timer = asyncio.get_running_loop().call_at(look_again, self._look)

    def _tell(self, granted: Iterable[Ticket]) -> None:
        for ticket in granted:
            self._granted[ticket].set()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
