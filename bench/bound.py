"""What no scheduler could beat: the best schedule under the same limits, all being known beforehand. Pure.

An edit shows the text as it was when it was sent, `delay` seconds later (half of a call: the way there). So
the age of the oldest invisible character grows from `delay` to `gap + delay` between two edits, and its
integral over an answer of length D with sends at p = s0 <= s1 <= ... <= sm is

    (p + delay)^2 / 2  +  sum over gaps g of (g^2 / 2 + g * delay)  +  ((D - sm)^2 - delay^2) / 2

to be minimised subject to t[k + calls] >= t[k] + seconds for the calls t of a window. Each answer's first
text goes out as early as the limits permit; edits go round robin, to whichever answer has waited longest;
one message has one call under way at a time, because of two edits that overtake each other the older one
could stay.

The quadratic programme is solved through its dual, by accelerated projected gradient steps.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

# From so many windows on, an even rate is the optimum to within the edges.
MANY_WINDOWS = 8
STEPS = 4000
# The solution's integral is within this part of the optimum.
TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Window:
    """At most `calls` in any `seconds` seconds; `calls` 0 is no limit."""

    calls: int
    seconds: float

    def earliest(self, number: int) -> float:
        """When call `number`, counted from 0, can go at the earliest if all wish to go at once."""
        return (number // self.calls) * self.seconds if self.calls else 0.0


@dataclass(frozen=True, slots=True)
class Rules:
    """The limits that `answers` share. `posts` is how many messages each one needs beyond its first: they
    refresh the text, too, and spend another limit."""

    answers: int
    first: Window
    edit: Window
    last: Window
    latency: float
    posts: int = 0


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
    delay = rules.latency / 2
    firsts = [rules.first.earliest(number) for number in range(rules.answers)]
    first_max = firsts[-1] + delay
    return Bound(
        first_mean=sum(firsts) / rules.answers + delay,
        first_max=first_max,
        stale_mean=mean_staleness(rules, seconds),
        stale_max=max(min(first_max, seconds), _least_gap(rules, seconds) + delay),
        last_max=rules.last.earliest(rules.answers - 1) + delay,
    )


@lru_cache(maxsize=256)
def mean_staleness(rules: Rules, seconds: float) -> float:
    """The least mean age of the oldest invisible character."""
    window, delay = rules.edit, rules.latency / 2
    most = rules.answers * int(seconds / rules.latency)
    if window.calls and seconds > MANY_WINDOWS * window.seconds:
        calls = window.calls * math.ceil(seconds / window.seconds) + rules.posts
        return rules.answers * seconds / (2 * (calls + rules.answers)) + delay
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


def blind(limit: int, delay: float, shortest: float, longest: float) -> float:
    """The smallest ratio to the clairvoyant bound that a scheduler which does not know how long an answer
    will be can guarantee for every length from `shortest` to `longest` seconds, where both lie in one
    window.

    At rate r(t) the mean for length D is 1/D * integral of 1/(2r) + delay; the bound is D / (2 limit) +
    delay. For a ratio q the integral may grow up to G(D) = D (q (D / (2 limit) + delay) - delay), which is
    convex: the fewest calls come from an even rate up to the shortest length and from following G after it.
    The ratio is the one for which the calls just suffice.
    """
    low, high = 1.0, 100.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        if _blind_calls(middle, limit, delay, shortest, longest) > limit:
            low = middle
        else:
            high = middle
    return high


def _blind_calls(ratio: float, limit: int, delay: float, shortest: float, longest: float) -> float:
    def slope(length: float) -> float:
        return ratio * (length / limit + delay) - delay

    allowed = shortest * (ratio * (shortest / (2 * limit) + delay) - delay)
    until_shortest = shortest**2 / (2 * allowed)
    return until_shortest + limit / (2 * ratio) * math.log(slope(longest) / slope(shortest))


def _least_gap(rules: Rules, seconds: float) -> float:
    """No schedule keeps all gaps smaller: in one window each answer has its share of the calls, no more."""
    window = rules.edit
    if not window.calls:
        return min(seconds, rules.latency)
    within = min(seconds, window.seconds) / (window.calls // rules.answers + 1)
    alone = window.seconds / window.calls if rules.answers == 1 and seconds > window.seconds else 0.0
    return max(within, alone, min(seconds, rules.latency))


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of a schedule: whose answer it refreshes, and whether it spends from the window of edits."""

    answer: int
    counted: bool


def _with_calls(rules: Rules, seconds: float, edits: int) -> float:
    """The least mean age with so many edits, their times free."""
    firsts = [rules.first.earliest(number) for number in range(rules.answers)]
    calls = _sequence(rules, firsts, seconds, edits)
    counted = [place for place, call in enumerate(calls) if call.counted]
    apart = rules.edit.calls
    pairs = list(zip(counted, counted[apart:], strict=False)) if apart else []
    delay = rules.latency / 2
    problem = _Problem(calls, firsts, seconds, delay, pairs, rules.edit.seconds)
    return problem.solve() / (rules.answers * seconds)


def _sequence(rules: Rules, firsts: Sequence[float], seconds: float, edits: int) -> list[_Call]:
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
        calls.append(_Call(answer, place not in free))
    return calls


class _Problem:
    """Minimise 1/2 x'Hx - b'x subject to x[j] - x[i] >= apart for each pair (i, j). Each answer's calls
    form a chain between its first text and the end, so that H is one small tridiagonal matrix for each
    answer."""

    def __init__(
        self,
        calls: Sequence[_Call],
        firsts: Sequence[float],
        seconds: float,
        delay: float,
        pairs: Sequence[tuple[int, int]],
        apart: float,
    ) -> None:
        self._firsts = firsts
        self._seconds = seconds
        self._delay = delay
        self._pairs = pairs
        self._apart = apart
        self._size = len(calls)
        self._chains = [
            [place for place, call in enumerate(calls) if call.answer == answer]
            for answer in range(len(firsts))
        ]

    def solve(self) -> float:
        """The least sum of all answers' integrals."""
        if not self._pairs:
            return self._integral(self._times([0.0] * self._size))
        best, bottom = math.inf, -math.inf
        weights = ahead = [0.0] * len(self._pairs)
        momentum, step = 1.0, 1 / self._stiffness()
        for number in range(STEPS):
            slacks = self._slacks(self._times(self._pull(ahead)))
            moved = [max(0.0, weight + step * slack) for weight, slack in zip(ahead, slacks, strict=True)]
            grown = (1 + math.sqrt(1 + 4 * momentum**2)) / 2
            rest = (momentum - 1) / grown
            ahead = [new + rest * (new - old) for new, old in zip(moved, weights, strict=True)]
            weights, momentum = moved, grown
            if number % 50 == 49:
                times = self._times(self._pull(weights))
                slack = sum(w * s for w, s in zip(weights, self._slacks(times), strict=True))
                bottom = max(bottom, self._integral(times) + slack)
                best = min(best, self._integral(self._feasible(times)))
                if best - bottom <= TOLERANCE * best:
                    break
        return bottom

    def _integral(self, times: Sequence[float]) -> float:
        total = 0.0
        for first, chain in zip(self._firsts, self._chains, strict=True):
            if first >= self._seconds:
                total += self._seconds**2 / 2
                continue
            nodes = [first, *(times[place] for place in chain)]
            total += (first + self._delay) ** 2 / 2 + ((self._seconds - nodes[-1]) ** 2 - self._delay**2) / 2
            total += sum((b - a) ** 2 / 2 + (b - a) * self._delay for a, b in itertools.pairwise(nodes))
        return total

    def _times(self, pull: Sequence[float]) -> list[float]:
        """The minimum of 1/2 x'Hx - (b + pull)'x, chain by chain: H is 2 on the diagonal and -1 beside it."""
        times = [0.0] * self._size
        for first, chain in zip(self._firsts, self._chains, strict=True):
            rising: list[float] = []
            carried = first
            for number, place in enumerate(chain, 1):
                end = self._seconds - self._delay if number == len(chain) else 0.0
                carried = (pull[place] + end + carried) * number / (number + 1)
                rising.append(carried)
            after = 0.0
            for number in range(len(chain), 0, -1):
                after = rising[number - 1] + after * number / (number + 1)
                times[chain[number - 1]] = after
        return times

    def _pull(self, weights: Sequence[float]) -> list[float]:
        pull = [0.0] * self._size
        for (before, after), weight in zip(self._pairs, weights, strict=True):
            pull[before] -= weight
            pull[after] += weight
        return pull

    def _slacks(self, times: Sequence[float]) -> list[float]:
        """By how much each pair is too close."""
        return [self._apart - (times[after] - times[before]) for before, after in self._pairs]

    def _feasible(self, times: Sequence[float]) -> list[float]:
        """The same schedule, each call put off until it may go."""
        moved = list(times)
        for before, after in self._pairs:
            moved[after] = max(moved[after], moved[before] + self._apart)
        return moved

    def _stiffness(self) -> float:
        """The largest eigenvalue of A H^-1 A', by power iteration, and a little more."""
        origin = self._slacks(self._times([0.0] * self._size))
        vector = [1.0 + number % 3 for number in range(len(self._pairs))]
        size = 1.0
        for _ in range(60):
            image = [
                one - zero
                for one, zero in zip(origin, self._slacks(self._times(self._pull(vector))), strict=True)
            ]
            size = math.sqrt(sum(value * value for value in image)) or 1.0
            vector = [value / size for value in image]
        return 1.05 * size
