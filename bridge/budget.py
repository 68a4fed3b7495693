"""One outbound budget for each rate-limit scope, shared by every reply that has something to show.

A platform counts calls where they arrive, some time between our sending and its answer. So a call holds its
place in the window from the moment it is granted until the whole window has passed *after its answer*: then
no pattern of arrivals and latencies can bring more calls into any window than the platform allows.

Who goes first: final texts, then first texts, then control, then intermediate states; among equals whoever
was served longest ago. Nobody overtakes on a scope where someone more urgent waits. Nothing is queued:
whoever is granted a slot shows the newest text it has at that moment.

A reply that has begun owes the platform one more call, the one with its last words. Such debts are kept in
mind: no reply is begun, and no intermediate state shown, that could keep somebody's last words waiting for
longer than `bridge.window` allows; but neither is kept back for ever.

`Schedule` decides and knows no clock (see `bridge.window` for what it knows of one scope); `Budget` waits.
"""

import asyncio
import itertools
from bisect import insort
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import inf

from bridge.errors import RateLimited
from bridge.types import Lane
from bridge.window import Priority, Window

# What is no longer used is looked for when so many scopes have come up since the last time.
TIDY_EVERY_SCOPES = 256


@dataclass(frozen=True, slots=True)
class Option:
    """One way of making a call. The first lane is the call's own scope, others are shared with further
    calls. `owes` is the lane of the call that will end what this one begins, if it begins something."""

    lanes: tuple[Lane, ...]
    owes: Lane | None = None


@dataclass(eq=False, slots=True)
class Ticket:
    """One wish to make one call, in the first of its `options` that the budget permits: `granted`, then.

    `owner` names whose wish it is, for fairness among equals. An intermediate state waits until `not_before`,
    in seconds on the clock of the event loop. Whoever was granted a call and then makes none says `unused`.
    """

    options: tuple[Option, ...]
    priority: Priority
    owner: str
    not_before: float = 0.0
    granted: Option | None = None
    unused: bool = False
    asked_at: float = 0.0
    number: int = field(default_factory=itertools.count().__next__)
    rank: tuple[int, int, int] = (0, 0, 0)


@dataclass(slots=True)
class _Look:
    """One look at everybody who waits. `held` are the scopes where somebody more urgent waits, `shut` those
    of the last ticket that could not go."""

    now: float
    again: float = inf
    held: set[str] = field(default_factory=set)
    shut: set[str] = field(default_factory=set)


class Schedule:
    """Decides which waiting tickets may go. Pure: every method is told what time it is, in seconds."""

    def __init__(self) -> None:
        self._windows: dict[str, Window] = {}
        self._waiting: list[Ticket] = []
        self._needed: Counter[str] = Counter()
        self._served: dict[str, int] = {}
        self._numbers = itertools.count(1)
        self._tidy_at = TIDY_EVERY_SCOPES
        self._sharers = 1

    def share(self, sharers: int) -> None:
        """So many processes, this one included, spend from every scope that is not private to one thread."""
        self._sharers = max(1, sharers)

    def ask(self, ticket: Ticket, now: float) -> None:
        """Begin to wait."""
        ticket.asked_at, ticket.granted = now, None
        self._learn(ticket.options)
        self._enqueue(ticket)
        if len(self._windows) > self._tidy_at:
            self._tidy(now)

    def withdraw(self, ticket: Ticket) -> None:
        """Wait no longer. Harmless when the ticket is not waiting."""
        if ticket in self._waiting:
            self._dequeue(ticket)

    def change(self, ticket: Ticket, priority: Priority, options: tuple[Option, ...]) -> None:
        """Wait for something else from now on. Harmless when the ticket is not waiting."""
        if ticket in self._waiting:
            self._dequeue(ticket)
            ticket.priority, ticket.options = priority, options
            self._learn(options)
            self._enqueue(ticket)

    def grant(self, now: float) -> tuple[list[Ticket], float]:
        """The tickets that may go now, most urgent first, and when to look again (`inf`: when told)."""
        look = _Look(now)
        granted: list[Ticket] = []
        for ticket in self._waiting:
            if self._try(ticket, look):
                granted.append(ticket)
            elif any(self._needed[scope] == len(self._waiting) for scope in look.shut):
                break  # everybody who is left needs a scope that is shut
        for ticket in granted:
            self._dequeue(ticket)
        return granted, look.again

    def answered(self, ticket: Ticket, now: float, *, accepted: bool = True) -> None:
        """The platform answered the call that this ticket was granted for, somehow, or none was made."""
        for window in self._spent(ticket):
            if ticket.unused:
                window.returned(now)
            else:
                window.answered(now, accepted=accepted)

    def refused(
        self, ticket: Ticket, now: float, retry_after: float, *, everywhere: bool = False, scope: str = ""
    ) -> None:
        """The platform said that the call came too early: nothing goes on `scope` until then; where that is
        none of the call's lanes, on the first of them, its own; or on any, where the platform meant them
        all."""
        spent = _scopes(ticket)
        if not everywhere:
            spent = [scope] if scope in spent else spent[:1]
        for one in spent:
            self._windows[one].refused(now, retry_after)

    def paid(self, ticket: Ticket) -> None:
        """What was begun with this ticket has ended, or will never end. Harmless when nothing is owed."""
        owes = ticket.granted.owes if ticket.granted else None
        if owes is not None and owes.scope in self._windows:
            self._windows[owes.scope].debts.discard(ticket.number)

    def _try(self, ticket: Ticket, look: _Look) -> bool:
        """Grant the ticket one of its options, if one is open now."""
        if ticket.priority is Priority.INTERMEDIATE and ticket.not_before > look.now:
            look.again = min(look.again, ticket.not_before)
            look.shut = set()
            return False
        closed: set[str] = set()
        for option in ticket.options:
            shut = self._shut(ticket, option, look)
            if shut is None:
                self._take(ticket, option, look.now)
                return True
            closed |= shut
        look.held |= closed
        look.shut = closed
        return False

    def _shut(self, ticket: Ticket, option: Option, look: _Look) -> set[str] | None:
        """None if a call may go this way now; else the scopes on which nobody may overtake it."""
        shut = {lane.scope for lane in option.lanes if lane.scope in look.held}
        if shut:
            return shut
        opens = {
            lane.scope: self._windows[lane.scope].opens_at(ticket.priority, look.now, ticket.asked_at)
            for lane in option.lanes
        }
        if any(at > look.now for at in opens.values()):
            look.again = min(look.again, max(opens.values()))
            return {scope for scope, at in opens.items() if at > look.now}
        if option.owes is not None and ticket.priority is Priority.FIRST:
            at = self._windows[option.owes.scope].promises_at(look.now, ticket.asked_at)
            if at > look.now:
                look.again = min(look.again, at)
                return set()
        return None

    def _take(self, ticket: Ticket, option: Option, now: float) -> None:
        ticket.granted = option
        for window in self._spent(ticket):
            window.grant(now, ticket.priority)
        if option.owes is not None:
            self._windows[option.owes.scope].debts.add(ticket.number)
        self._served[ticket.owner] = next(self._numbers)

    def _spent(self, ticket: Ticket) -> list[Window]:
        """The windows in which the granted call counts, its own scope first, each once."""
        return [self._windows[scope] for scope in _scopes(ticket)]

    def _learn(self, options: Iterable[Option]) -> None:
        for option in options:
            for lane in (*option.lanes, *([option.owes] if option.owes else [])):
                limit = lane.limit if lane.private else max(1, lane.limit // self._sharers)
                window = self._windows.get(lane.scope)
                if window is None:
                    window = self._windows[lane.scope] = Window(limit, lane.seconds)
                window.told(limit, lane)

    def _enqueue(self, ticket: Ticket) -> None:
        ticket.rank = (ticket.priority, self._served.get(ticket.owner, 0), next(self._numbers))
        insort(self._waiting, ticket, key=lambda one: one.rank)
        self._needed.update(_needs(ticket))
        for owes in self._owed(ticket):
            owes.coming.add(ticket.number)

    def _dequeue(self, ticket: Ticket) -> None:
        self._waiting.remove(ticket)
        for scope in _needs(ticket):
            self._needed[scope] -= 1
            if not self._needed[scope]:
                del self._needed[scope]
        for owes in self._owed(ticket):
            owes.coming.discard(ticket.number)

    def _owed(self, ticket: Ticket) -> list[Window]:
        """The windows in which the ticket's reply will owe a call, whichever option it takes."""
        return [self._windows[option.owes.scope] for option in ticket.options if option.owes is not None]

    def _tidy(self, now: float) -> None:
        """Drop what no longer matters, so that scopes and owners of the past cost nothing."""
        wanted = {
            lane.scope
            for ticket in self._waiting
            for option in ticket.options
            for lane in (*option.lanes, *([option.owes] if option.owes else []))
        }
        for scope, window in list(self._windows.items()):
            if scope not in wanted and window.idle(now):
                del self._windows[scope]
        self._served = dict(sorted(self._served.items(), key=lambda one: one[1])[-TIDY_EVERY_SCOPES:])
        self._tidy_at = len(self._windows) + TIDY_EVERY_SCOPES


def _scopes(ticket: Ticket) -> list[str]:
    """What the granted call spends from, its own scope first, each once."""
    lanes = ticket.granted.lanes if ticket.granted else ()
    return list(dict.fromkeys(lane.scope for lane in lanes))


def _needs(ticket: Ticket) -> set[str]:
    """The scopes that a ticket spends from whichever option it takes."""
    return set.intersection(*({lane.scope for lane in option.lanes} for option in ticket.options))


class Budget:
    """Lets replies wait for their turn. One per process; everything runs on one event loop."""

    def __init__(self) -> None:
        self._schedule = Schedule()
        self._turns: dict[Ticket, asyncio.Event] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._about_to_look = False

    @asynccontextmanager
    async def slot(self, ticket: Ticket) -> AsyncIterator[Option]:
        """Wait until the ticket's call may be made; the block is the call, and gets the option it may take.

        A `RateLimited` that leaves the block teaches the budget and goes on to the caller.
        """
        turn = self._turns[ticket] = asyncio.Event()
        self._schedule.ask(ticket, self._now())
        self._look_soon()
        try:
            await turn.wait()
        except asyncio.CancelledError:
            if ticket.granted:
                ticket.unused = True
                self._schedule.paid(ticket)
                self._schedule.answered(ticket, self._now())
            else:
                self._schedule.withdraw(ticket)
            self._look_soon()
            raise
        finally:
            del self._turns[ticket]
        accepted = False
        try:
            yield ticket.granted or ticket.options[0]
            accepted = True
        except RateLimited as error:
            self._schedule.refused(
                ticket, self._now(), error.retry_after, everywhere=error.everywhere, scope=error.scope
            )
            raise
        finally:
            self._schedule.answered(ticket, self._now(), accepted=accepted)
            self._look_soon()

    def share(self, sharers: int) -> None:
        """Leave to each of so many processes its part of what they share."""
        self._schedule.share(sharers)

    def change(self, ticket: Ticket, priority: Priority, options: tuple[Option, ...]) -> None:
        """Let a waiting ticket wait for something more urgent. Harmless when it was granted meanwhile."""
        self._schedule.change(ticket, priority, options)
        self._look_soon()

    def paid(self, ticket: Ticket) -> None:
        """What was begun with this ticket has ended. Harmless when nothing is owed for it."""
        self._schedule.paid(ticket)
        self._look_soon()

    def _look_soon(self) -> None:
        """Look once for all that happens in this round of the event loop."""
        if not self._about_to_look:
            self._about_to_look = True
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        self._about_to_look = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        granted, look_again = self._schedule.grant(self._now())
        for ticket in granted:
            self._turns[ticket].set()
        if look_again < inf:
            self._timer = asyncio.get_running_loop().call_at(look_again, self._look)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
