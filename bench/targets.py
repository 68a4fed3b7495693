"""The targets, and what was measured against them. Pure.

Where a target is missed although nothing better was possible, the bound that forbids it stands beside it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from bench.blind import blind, blind_max
from bench.rules import SLACK_APPEND, SLACK_UPDATE, bound_of, rules_of
from bench.scenarios import LATENCY_SECONDS, Platform, Scenario
from bench.texts import Kind
from bench.trial import Result

# Until the bridge has passed on a token, and one call.
FIRST_TEXT_SECONDS = 0.15 + LATENCY_SECONDS
# Answers last from a few seconds to about a minute; a good schedule is good for all of them.
SHORTEST_SECONDS, LONGEST_SECONDS = 5.0, 60.0


class Verdict(Enum):
    MET = "met"
    MISSED = "missed"
    FORBIDDEN = "missed; no scheduler can promise it"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Row:
    """`floor` is the least that could be reached, where that is known. The goal is what may be
    measured at most, or `at_least`."""

    target: str
    goal: float
    measured: float | None
    floor: float | None = None
    unit: str = " s"
    at_least: bool = False

    @property
    def verdict(self) -> Verdict:
        if self.measured is None:
            return Verdict.NOT_RUN
        if self.measured >= self.goal if self.at_least else self.measured <= self.goal:
            return Verdict.MET
        return Verdict.FORBIDDEN if self.floor is not None and self.floor > self.goal else Verdict.MISSED


Results = Mapping[str, Result]


def rows(results: Results) -> list[Row]:
    """All targets; `results` are those of the bridge, by the name of their scenario."""
    return [
        *_everywhere(results),
        *_one_answer(results),
        *_many_answers(results),
        *_resources(results),
    ]


def blind_ratios(scenario: Scenario) -> tuple[float, float] | None:
    """What no scheduler that does not know an answer's length beforehand can promise to stay below, as ratios
    to the bound of the mean and of the oldest age. None on Discord: its windows are so short that it makes no
    difference there."""
    if scenario.platform is Platform.DISCORD:
        return None
    limit = (SLACK_APPEND if scenario.native else SLACK_UPDATE).calls
    delay = rules_of(scenario).head_start
    lengths = SHORTEST_SECONDS, LONGEST_SECONDS
    return blind(limit, delay, *lengths), blind_max(limit, delay, *lengths)


def _everywhere(results: Results) -> Iterator[Row]:
    steady = [one for one in results.values() if one.scenario.shrink is None]
    shrunk = [one for one in results.values() if one.scenario.shrink is not None]
    yield Row("429s, all scenarios together", 0, _total(steady, lambda one: one.calls.too_fast), unit="")
    most = max((one.calls.too_fast for one in shrunk), default=None)
    yield Row("429s where a limit shrinks unannounced, most in one scenario", 1, most, unit="")
    yield Row(
        "words lost, repeated or disordered, all scenarios",
        0,
        _total(list(results.values()), lambda one: one.lost + one.repeated + one.disordered),
        unit="",
    )
    yield Row(
        "replies left open, all scenarios", 0, _total(list(results.values()), lambda one: one.open), unit=""
    )


def _one_answer(results: Results) -> Iterator[Row]:
    for transport in ("slack-edit", "slack-native", "discord"):
        alone = [results.get(f"{transport}-1-{kind.label}") for kind in Kind if kind is not Kind.SLOW]
        worst = max((one.first_max for one in alone if one is not None), default=None)
        yield Row(f"first text, one answer of any kind, {transport}", FIRST_TEXT_SECONDS, worst)
    para = results.get("slack-native-1-para")
    yield Row(
        "first text, one paragraph, slack-native",
        FIRST_TEXT_SECONDS,
        None if para is None else para.first_max,
    )
    for name in ("slack-edit-1-mixed", "slack-native-1-mixed", "discord-1-mixed"):
        yield from _staleness(name, results.get(name))
    long = results.get("discord-1-long")
    yield Row("staleness, 6.5k on Discord, max", 2.0, None if long is None else long.stale_max)
    yield Row("messages with torn code, 6.5k on Discord", 0, None if long is None else long.torn, unit="")


def _staleness(name: str, result: Result | None) -> Iterator[Row]:
    possible = None if result is None else bound_of(result.scenario)
    if result is None or possible is None:
        mean = most = blindly = None
    else:
        mean, most = result.stale_mean / possible.stale_mean, result.stale_max / possible.stale_max
        blindly = blind_ratios(result.scenario)
    least_mean, least_most = blindly or (None, None)
    yield Row(f"staleness, {name}, mean over the bound", 1.15, mean, least_mean, unit="x")
    yield Row(f"staleness, {name}, max over the bound", 1.5, most, least_most, unit="x")


def _many_answers(results: Results) -> Iterator[Row]:
    yield from _ends(results, "discord-10-mixed-no-threads", 5.0, 5.0)
    yield from _ends(results, "slack-edit-10-mixed", None, 3.0)
    yield from _ends(results, "slack-auto-30-mixed", 8.0, 8.0)
    yield from _ends(results, "slack-auto-30-mixed-direct", 8.0, 8.0)


def _ends(results: Results, name: str, first: float | None, last: float) -> Iterator[Row]:
    result = results.get(name)
    possible = None if result is None else bound_of(result.scenario)
    if first is not None:
        yield Row(
            f"first text, {name}, max",
            first,
            None if result is None else result.first_max,
            None if possible is None else possible.first_max,
        )
    yield Row(
        f"last words, {name}, max",
        last,
        None if result is None else result.last_max,
        None if possible is None else possible.last_max,
    )


def _resources(results: Results) -> Iterator[Row]:
    for name in ("slack-edit-10-mixed", "slack-native-10-mixed", "discord-10-mixed"):
        result = results.get(name)
        measured = None if result is None else result.cpu_per_1000_tokens
        yield Row(f"CPU for 1,000 tokens, {name}", 0.10, measured)
    many = results.get("discord-1000-para")
    lag = None if many is None or many.lag is None else 1000 * many.lag.p99
    yield Row("event loop lag with 1,000 streams, p99", 50.0, lag, unit=" ms")
    memory = None if many is None else many.use.growth_bytes / 1000 / many.scenario.answers
    yield Row("memory for each of 1,000 streams", 150.0, memory, unit=" KB")


def _total(results: list[Result], count: Callable[[Result], int]) -> int | None:
    return sum(count(one) for one in results) if results else None
