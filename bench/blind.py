"""What it costs not to know how long an answer will be, where every length lies in one window. Pure."""

import math
from collections.abc import Callable


def blind(limit: int, delay: float, shortest: float, longest: float) -> float:
    """The smallest ratio to the bound of the mean that a scheduler which does not know how long an answer
    will be can promise for every length from `shortest` to `longest` seconds, where both lie in one window.

    At rate r(t) the mean for length D is 1/D * integral of 1/(2r) + delay; the bound is D / (2 limit) +
    delay. For a ratio q the integral may grow up to G(D) = D (q (D / (2 limit) + delay) - delay), which is
    convex: the fewest calls come from an even rate up to the shortest length and from following G after it.
    The ratio is the one for which the calls just suffice.
    """

    def calls(ratio: float) -> float:
        allowed = shortest * (ratio * (shortest / (2 * limit) + delay) - delay)
        return shortest**2 / (2 * allowed) + _following(ratio, limit, delay, shortest, longest) / 2

    return _least_ratio(calls, limit)


def blind_max(limit: int, delay: float, shortest: float, longest: float) -> float:
    """The same for the oldest age: at t it is 1/r(t) + delay, and the bound is max(t, shortest) / limit +
    delay."""

    def calls(ratio: float) -> float:
        until_shortest = shortest / (ratio * (shortest / limit + delay) - delay)
        return until_shortest + _following(ratio, limit, delay, shortest, longest)

    return _least_ratio(calls, limit)


def _following(ratio: float, limit: int, delay: float, shortest: float, longest: float) -> float:
    """The integral of 1 / (ratio (t / limit + delay) - delay) between both lengths."""
    low, high = (ratio * (length / limit + delay) - delay for length in (shortest, longest))
    return limit / ratio * math.log(high / low)


def _least_ratio(calls: Callable[[float], float], limit: int) -> float:
    low, high = 1.0, 100.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if calls(middle) > limit else (low, middle)
    return high
