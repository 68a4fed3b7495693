"""What is known of one rate-limit scope: what has been spent, what is owed, and when one more call may go.

Pure: every method is told what time it is, in seconds on the caller's clock.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum
from math import inf, log

from bridge.types import Lane

# Last words wait no longer than this, even if every reply that has begun should end at once. Where a window
# is shorter (Discord's five seconds), those that do not fit into it still land in the next one.
PATIENCE_SECONDS = 5.5
# A reply that has a short window to itself may keep its own last words waiting for a moment, and grows faster
# for it. Where others share the window, nobody's last words wait behind somebody's intermediate states.
BEHIND_ITSELF_SECONDS = 1.0
KEPT_FOR_ITSELF = 0.1
# Where a window is much longer than people look at a growing answer, most of it is spent in the beginning.
LOOKED_AT_SECONDS = 4.0
# An intermediate state that debts have kept back for so many windows goes all the same, and a first text that
# they have kept back for so long.
STARVED_WINDOWS = 2.0
STARVED_FIRST_SECONDS = 20.0
# A limit that was met by a refusal is believed for so many windows, if the platform tells of no other one.
BELIEVED_WINDOWS = 10.0
# A call that has not been answered for so long is not waited for any more.
UNANSWERED_SECONDS = 0.3
# But not that it is less than this part of what was announced: then rather the window is another one.
BELIEVED_PART = 5
# And only by those who have spent at least this part of it.
MUCH_OF_IT = 0.3
# By so much a call may have left the platform's window before it leaves ours.
UNSURE_SECONDS = 0.5


class Priority(IntEnum):
    """Lower is more urgent."""

    FINAL = 0
    FIRST = 1
    CONTROL = 2
    INTERMEDIATE = 3
    COURTESY = 4


@dataclass(slots=True)
class Window:
    """At most `limit` calls in any `seconds` seconds. `debts` name the replies that still owe a call here,
    `coming` those that wait to begin and will."""

    limit: int
    seconds: float
    debts: set[int] = field(default_factory=set)
    coming: set[int] = field(default_factory=set)
    _in_flight: int = 0
    _leaves_at: deque[float] = field(default_factory=deque)
    _shut_until: float = 0.0
    _paced_until: float = 0.0
    _ceiling: float = inf
    _believed_until: float = 0.0
    _proven: int = 0
    _proven_until: float = 0.0
    _granted_at: float = 0.0

    def told(self, limit: int, lane: Lane) -> None:
        """The platform's own word, from a list of limits or from the headers of its last answer; `limit` is
        our part of it."""
        if limit != self.limit:
            self._ceiling = inf
        self.limit, self.seconds = limit, lane.seconds
        self._shut_until = max(self._shut_until, lane.shut_until)

    def opens_at(self, priority: Priority, now: float, asked_at: float) -> float:
        """When a call of this priority, waited for since `asked_at`, may go, given what is known now."""
        self._forget(now)
        at = self._free_at(1, now)
        if priority is not Priority.FIRST and self._feels_its_way(now):
            at = max(at, self._granted_at + UNANSWERED_SECONDS)
        if priority < Priority.INTERMEDIATE:
            return at
        behind = BEHIND_ITSELF_SECONDS if self._alone() else 0.0
        at = max(at, self._paced_until, self._free_at(1 + self._kept(), now) - behind)
        starved_at = asked_at + STARVED_WINDOWS * self.seconds
        return max(at, min(starved_at, self._free_at(1 + self._owed(now), now) - PATIENCE_SECONDS))

    def promises_at(self, now: float, asked_at: float) -> float:
        """When one more reply may begin, waited for since `asked_at`, whose last words would go here."""
        self._forget(now)
        promised_at = self._free_at(len(self.debts) + 1, now) - PATIENCE_SECONDS
        return min(promised_at, asked_at + STARVED_FIRST_SECONDS)

    def grant(self, now: float, priority: Priority) -> None:
        if priority >= Priority.INTERMEDIATE:
            self._paced_until = now + self._pace()
        self._in_flight += 1
        self._granted_at = now

    def answered(self, now: float, *, accepted: bool) -> None:
        spent = self._spent()
        if accepted and (spent >= self._proven or now >= self._proven_until):
            self._proven, self._proven_until = spent, now + BELIEVED_WINDOWS * self.seconds
        self._in_flight -= 1
        self._leaves_at.append(now + self.seconds)

    def returned(self, now: float) -> None:
        """A call was granted that nobody has made."""
        self._in_flight -= 1
        self._paced_until = min(self._paced_until, now)

    def refused(self, now: float, retry_after: float) -> None:
        """Nothing goes until then. Where we have spent much of it ourselves, it also shows what the limit
        really is, as just one more call will fit in by then; else somebody else has spent from it."""
        self._shut_until = max(self._shut_until, now + retry_after)
        self._proven = 0
        others_in_flight = self._in_flight - 1
        if len(self._leaves_at) + others_in_flight < self.limit * MUCH_OF_IT:
            return
        still_there = sum(at > now + retry_after + UNSURE_SECONDS for at in self._leaves_at)
        ceiling = max(1 + still_there + others_in_flight, self.limit // BELIEVED_PART)
        self._ceiling = min(self._ceiling, ceiling)
        self._believed_until = now + BELIEVED_WINDOWS * self.seconds

    def idle(self, now: float) -> bool:
        """Whether nothing is left to remember."""
        self._forget(now)
        until = max(self._shut_until, self._paced_until, self._believed_until)
        return not (self._in_flight or self._leaves_at or self.debts) and until <= now

    def _forget(self, now: float) -> None:
        while self._leaves_at and self._leaves_at[0] <= now:
            self._leaves_at.popleft()
        if now >= self._believed_until:
            self._ceiling = inf

    def _limit(self) -> int:
        return int(min(self.limit, self._ceiling))

    def _spent(self) -> int:
        return self._in_flight + len(self._leaves_at)

    def _feels_its_way(self, now: float) -> bool:
        """Whether a call is out that has to be answered first: where a long window is fuller than it has been
        lately, calls go one by one, so that a limit that is lower than announced costs one refusal."""
        if self.seconds <= PATIENCE_SECONDS or not self._in_flight:
            return False
        proven = self._proven if now < self._proven_until else 0
        return self._spent() >= proven

    def _alone(self) -> bool:
        """Whether one reply has this window, a short one, to itself."""
        return self.seconds <= PATIENCE_SECONDS and len(self.debts) + len(self.coming) == 1

    def _owed(self, now: float) -> int:
        """How many replies will want their last words here; of those to come, as many as may begin now."""
        owed = len(self.debts) + min(len(self.coming), self.limit)
        while owed > len(self.debts) and self._free_at(owed, now) > now + PATIENCE_SECONDS:
            owed -= 1
        return owed

    def _kept(self) -> int:
        """How many calls intermediate states leave alone."""
        limit = self._limit()
        return max(1, limit // 5) if limit > 1 else 0

    def _free_at(self, calls: int, now: float) -> float:
        """When the last of so many further calls could go, if they all waited from now on."""
        limit = self._limit()
        waiting = calls + self._spent() - limit
        if waiting <= 0:
            at = now
        elif waiting <= len(self._leaves_at):
            at = self._leaves_at[waiting - 1]
        else:
            # As many again as fit into each further window.
            rounds = 1 + max(0, waiting - len(self._leaves_at) - self._in_flight - 1) // max(1, limit)
            at = now + rounds * self.seconds
        return max(at, self._shut_until)

    def _pace(self) -> float:
        """Seconds between intermediate states: even in a short window; in a long one growing with what has
        been spent of it, so that most of it is used in the beginning, and all of it only at its end."""
        limit = self._limit()
        if self.seconds <= PATIENCE_SECONDS:
            return self.seconds / max(1.0, limit - (KEPT_FOR_ITSELF if self._alone() else self._kept()))
        room = max(1, limit - max(self._kept(), len(self.debts)))
        spread = max(1.0 + 1e-9, self.seconds / LOOKED_AT_SECONDS)
        even = self.seconds / room
        return float(even * log(spread) / (spread - 1) * spread ** (self._spent() / room))
