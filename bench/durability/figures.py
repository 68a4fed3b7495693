"""What was measured. Pure. Times are in seconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Quantiles:
    """How long it took in the middle, for all but one in a hundred, and at most."""

    p50: float
    p99: float
    max: float


def quantiles(values: Sequence[float]) -> Quantiles:
    """The least values that so many are not above: the nearest rank, without anything in between."""
    ordered = sorted(values)
    return Quantiles(*(ordered[max(0, -(-len(ordered) * percent // 100) - 1)] for percent in (50, 99, 100)))


@dataclass(frozen=True, slots=True)
class Starts:
    """From the delivery of a message until its answer was begun, and until Dify was asked."""

    begun: Quantiles
    asked: Quantiles


@dataclass(frozen=True, slots=True)
class Rates:
    """Messages in a second: stored and given an owner; and the same, each also answered and finished. What
    one costs the process is in seconds of CPU."""

    accepted: float
    finished: float
    accepted_cpu: float
    finished_cpu: float


@dataclass(frozen=True, slots=True)
class Crowd:
    """Many answers at once. `began` is the first delivery, on the monotonic clock; `started` is from then
    until the last answer had begun, `ended` until all had ended. `connections` is the most that the process
    ever held to the database."""

    answers: int
    began: float
    started: float
    ended: float
    peak_bytes: int
    connections: int


@dataclass(frozen=True, slots=True)
class LookUps:
    """In a store of so many threads. `found` finds a thread by its name, `replied` by a message of the bot in
    it; `accepted` stores a message in a thread that is known, `ignored` refuses one that is not for the bot.
    `first` is `found` right after the store was filled."""

    threads: int
    first: Quantiles
    found: Quantiles
    replied: Quantiles
    ignored: Quantiles
    accepted: Quantiles


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured on one database, as far as it was."""

    starts: Starts | None = None
    rates: Rates | None = None
    waiting: Crowd | None = None
    conversing: Crowd | None = None
    look_ups: LookUps | None = None


# By the name of the database.
Measured = Mapping[str, Figures]


@dataclass(frozen=True, slots=True)
class Times:
    """When each message was delivered, and when its answer was begun, by the text of the question."""

    delivered: dict[str, float] = field(default_factory=dict)
    begun: dict[str, float] = field(default_factory=dict)

    def starts(self, asked: Mapping[str, float]) -> Starts:
        return Starts(quantiles(self._since(self.begun)), quantiles(self._since(asked)))

    def _since(self, then: Mapping[str, float]) -> list[float]:
        return [then.get(text, float("inf")) - at for text, at in self.delivered.items()]
