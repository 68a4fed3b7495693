"""The best times for a given sequence of edits. Pure.

An edit shows the text as it was when it was sent, `delay` seconds later (half of a call: the way there).
Sent just when a token has come, it leaves nothing invisible until the next one, `token` seconds later: from
then on that one grows old. So the integral of the age of the oldest invisible token, over an answer of length
D with sends at p = s0 <= s1 <= ... <= sm and gaps g between them, is with d = delay - token

    (p + delay)^2 / 2  +  sum over gaps of (g^2 / 2 + g * d)  +  ((D - token - sm)^2 - d^2) / 2

to be minimised subject to t[k + calls] >= t[k] + seconds for the calls t of a window: a quadratic programme,
solved through its dual by accelerated projected gradient steps.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from bench.limits import Rules

STEPS = 4000
# The solution's integral is within this part of the optimum.
TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a schedule: whose answer it refreshes, and whether it spends from the window of edits."""

    answer: int
    counted: bool


class Timing:
    """Minimise 1/2 x'Hx - b'x subject to x[j] - x[i] >= apart for each pair (i, j). Each answer's calls
    form a chain between its first text and the end, so that H is one small tridiagonal matrix for each
    answer."""

    def __init__(
        self,
        rules: Rules,
        calls: Sequence[Call],
        firsts: Sequence[float],
        seconds: float,
        pairs: Sequence[tuple[int, int]],
    ) -> None:
        self._rules = rules
        self._firsts = firsts
        self._seconds = seconds
        self._pairs = pairs
        self._apart = rules.edit.seconds
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
            early = self._rules.head_start
            rest = self._seconds - self._rules.token - nodes[-1]
            total += (first + self._rules.delay) ** 2 / 2 + (rest**2 - early**2) / 2
            total += sum((b - a) ** 2 / 2 + (b - a) * early for a, b in itertools.pairwise(nodes))
        return total

    def _times(self, pull: Sequence[float]) -> list[float]:
        """The minimum of 1/2 x'Hx - (b + pull)'x, chain by chain: H is 2 on the diagonal and -1 beside it."""
        times = [0.0] * self._size
        for first, chain in zip(self._firsts, self._chains, strict=True):
            rising: list[float] = []
            carried = first
            for number, place in enumerate(chain, 1):
                end = self._seconds - self._rules.delay if number == len(chain) else 0.0
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
