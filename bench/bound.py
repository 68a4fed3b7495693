"""What no scheduler could beat: the best schedule under the same limits, all being known beforehand. Pure.

Each answer's first text goes out as early as the limits permit; edits go round robin, to whichever answer
has waited longest; one message has one call under way at a time, because of two edits that overtake each
other the older one could stay. What is left to choose are the times of the edits: see `bench/quadratic.py`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bench.limits import Rules
from bench.quadratic import Call, Timing

# From so many windows on, an even rate is the optimum to within the edges.
MANY_WINDOWS = 8


@dataclass(frozen=True, slots=True)
class Bound:
    """Seconds. Each is the least that is possible by itself; one schedule need not reach all of them."""

    first_mean: float
    first_max: float
    stale_mean: float
    stale_max: float
    last_max: float


def bound(rules: Rules, seconds: float) -> Bound:
    """The bound for answers that all begin at once and last so many seconds."""
    delay = rules.delay
    firsts = [rules.first.earliest(number) for number in range(rules.answers)]
    first_max = firsts[-1] + delay
    return Bound(
        first_mean=sum(firsts) / rules.answers + delay,
        first_max=first_max,
        stale_mean=mean_staleness(rules, seconds),
        stale_max=max(min(first_max, seconds), _least_gap(rules, seconds) + rules.head_start),
        last_max=rules.last.earliest(rules.answers - 1) + delay,
    )


@lru_cache(maxsize=256)
def mean_staleness(rules: Rules, seconds: float) -> float:
    """The least mean age of the oldest invisible token."""
    window = rules.edit
    most = rules.answers * int(seconds / rules.latency)
    if window.calls and seconds > MANY_WINDOWS * window.seconds:
        return _in_the_long_run(rules, seconds)
    if not window.calls:
        return _with_calls(rules, seconds, most)
    calls = min(most, window.calls * max(1, int(seconds / window.seconds)))
    best = _with_calls(rules, seconds, calls)
    for more in range(calls + 1, min(most, window.calls * math.ceil(seconds / window.seconds)) + 1):
        found = _with_calls(rules, seconds, more)
        if found >= best:
            break
        best = found
    return best


def _in_the_long_run(rules: Rules, seconds: float) -> float:
    """All gaps alike."""
    calls = rules.edit.calls * math.ceil(seconds / rules.edit.seconds) + rules.posts
    gap, early = rules.answers * seconds / (calls + rules.answers), rules.head_start
    return (max(0.0, gap + early) ** 2 - max(0.0, early) ** 2) / (2 * gap)


def _least_gap(rules: Rules, seconds: float) -> float:
    """No schedule keeps all gaps smaller: in one window each answer has its share of the calls, no more."""
    window = rules.edit
    if not window.calls:
        return min(seconds, rules.latency)
    within = min(seconds, window.seconds) / (window.calls // rules.answers + 1)
    alone = window.seconds / window.calls if rules.answers == 1 and seconds > window.seconds else 0.0
    return max(within, alone, min(seconds, rules.latency))


def _with_calls(rules: Rules, seconds: float, edits: int) -> float:
    """The least mean age with so many edits, their times free."""
    firsts = [rules.first.earliest(number) for number in range(rules.answers)]
    calls = _sequence(rules, firsts, seconds, edits)
    counted = [place for place, call in enumerate(calls) if call.counted]
    apart = rules.edit.calls
    pairs = list(zip(counted, counted[apart:], strict=False)) if apart else []
    problem = Timing(rules, calls, firsts, seconds, pairs)
    return problem.solve() / (rules.answers * seconds)


def _sequence(rules: Rules, firsts: Sequence[float], seconds: float, edits: int) -> list[Call]:
    """Whose turn it is at each call; continuations of the first answer lie evenly between the edits."""
    total = edits + rules.posts
    free = {round((number + 1) * (total + 1) / (rules.posts + 1)) - 1 for number in range(rules.posts)}
    refreshed = dict(enumerate(firsts))
    calls = []
    for place in range(total):
        now = seconds * (place + 1) / (total + 1)
        there = [answer for answer in refreshed if firsts[answer] <= now]
        answer = min(there, key=lambda one: (refreshed[one], one))
        refreshed[answer] = now
        calls.append(Call(answer, place not in free))
    return calls
