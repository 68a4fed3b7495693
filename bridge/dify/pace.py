"""How long a running answer is left alone between two reads.

A process that wakes for each token of each answer spends its time waking. With more answers running, each is
read less often, and those that rest wake together. Nothing here is long enough to see on a chat platform, nor
for the relay between Dify's processes, which drops events when a reader is slow by a thousand of them.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

# A single answer is read as it comes; ten of them five times a second, and many more twice.
PERIOD_PER_FURTHER_ANSWER_SECONDS = 0.020
LONGEST_PERIOD_SECONDS = 0.500
# So many answers wake at the same time, and the next so many a little later: the loop is never held for long.
GROUP = 16
BETWEEN_GROUPS_SECONDS = 0.004


@dataclass(frozen=True, slots=True)
class Place:
    """One running answer's place in the rhythm."""

    pace: "Pace"
    number: int

    def rest_seconds(self) -> float:
        """Until this place's next turn."""
        return self.pace.rest_seconds(self.number)


class Pace:
    """The rhythm that all running answers of a client share. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._running = 0

    @contextmanager
    def place(self) -> Iterator[Place]:
        """Count one more running answer within the block."""
        number = self._running
        self._running += 1
        try:
            yield Place(self, number)
        finally:
            self._running -= 1

    def rest_seconds(self, number: int) -> float:
        """How long the answer with this number should rest now; never longer than the longest period."""
        period = min(LONGEST_PERIOD_SECONDS, PERIOD_PER_FURTHER_ANSWER_SECONDS * (self._running - 1))
        if period <= 0:
            return 0.0
        phase = number // GROUP * BETWEEN_GROUPS_SECONDS
        return period - (self._clock() - phase) % period
