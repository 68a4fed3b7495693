"""The tables, in Markdown. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.bound import Bound
from bench.machine import Machine
from bench.rules import bound_of
from bench.scenarios import Group, Scenario
from bench.tables import number, table
from bench.targets import LONGEST_SECONDS, SHORTEST_SECONDS, blind_ratios, rows
from bench.trial import Result, System

HEAD = (
    *("scenario", "who", "first text", "stale", "last words", "calls", "429", "lost", "twice"),
    *("disordered", "torn", "open", "CPU s", "MB", "lag ms"),
)

LEGEND = """\
Times are in seconds, mean / max over the answers of a scenario. *First text*: from an answer's first token
until four of its characters can be read. *Stale*: the age of the oldest character that was written and
cannot be read yet, every 100 ms from the first token to the last. *Last words*: from the last token until
the whole answer can be read, the slowest answer. *Lost*, *twice*, *disordered*: words. *Torn*: messages
that end up with half a code block. *Open*: answers that do not end up whole and closed. *CPU s*: for 1,000
tokens. *MB*: the most memory the process held. *Lag*: by how much its event loop woke up late, p99. The
*bound* is the least that is possible for each figure under the same limits and latency, knowing every
answer's length beforehand (`bench/bound.py`)."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A trial that could not be brought to its end."""

    scenario: Scenario
    system: System
    reason: str


def report(machine: Machine, results: Sequence[Result], failures: Sequence[Failure]) -> str:
    """Everything: the machine, the targets, one table for each group of scenarios."""
    ours = {one.scenario.name: one for one in results if one.system is System.BRIDGE}
    parts = [
        "## Answers on the screen",
        str(machine),
        "### Targets",
        targets_table(ours),
        *_blind_note(ours),
        "### Scenarios",
        LEGEND,
        _trust(results),
        *group_tables(results),
    ]
    if failures:
        parts.append("### Trials without an end")
        parts += [f"* {one.scenario.name}, {one.system.value}: {one.reason}" for one in failures]
    return "\n\n".join(parts)


def targets_table(results: Mapping[str, Result]) -> str:
    lines = []
    for row in rows(results):
        measured = "-" if row.measured is None else f"{number(row.measured)}{row.unit}"
        floor = "" if row.floor is None else f"{number(row.floor)}{row.unit}"
        lines.append((row.target, f"{row.goal:g}{row.unit}", measured, floor, row.verdict.value))
    return table(("target", "at most", "measured", "the least possible", "verdict"), lines)


def group_tables(results: Sequence[Result]) -> Iterator[str]:
    for group in Group:
        lines = list(_lines(group, results))
        if lines:
            yield f"#### {group.value}\n\n{table(HEAD, lines)}"


def line(result: Result) -> str:
    """One trial in one line, for whoever waits."""
    return " | ".join(_cells(result))


def _blind_note(results: Mapping[str, Result]) -> Iterator[str]:
    for name in ("slack-edit-1-mixed", "slack-native-1-mixed"):
        ratios = blind_ratios(results[name].scenario) if name in results else None
        if ratios is not None:
            yield (
                f"{name}: a scheduler cannot know how long an answer will be. Whichever way it spends a "
                f"minute's calls, there is a length between {SHORTEST_SECONDS:g} and {LONGEST_SECONDS:g} s "
                f"for which its mean staleness is at least {ratios[0]:.2f} times the bound, and one for "
                f"which its oldest age is at least {ratios[1]:.2f} times the bound (`bench/blind.py`)."
            )


def _trust(results: Sequence[Result]) -> str:
    """Whether it was the bots that were measured, and not the stand-ins."""
    ours = [one for one in results if one.system is System.BRIDGE]
    worst = max(ours, key=lambda one: one.source_late, default=None)
    if worst is None:
        return ""
    return (
        f"The stand-in for Dify sent its tokens at most {1000 * worst.source_late:.0f} ms late "
        f"(p99; {worst.scenario.name})."
    )


def _lines(group: Group, results: Iterable[Result]) -> Iterator[Sequence[str]]:
    told: set[str] = set()
    for result in results:
        scenario = result.scenario
        if scenario.group is not group or scenario.name in told:
            continue
        told.add(scenario.name)
        same = [one for one in results if one.scenario.name == scenario.name]
        yield from (_cells(one) for one in sorted(same, key=lambda one: one.system.value))
        possible = bound_of(scenario)
        if possible is not None:
            yield _bound_cells(possible)


def _cells(result: Result) -> Sequence[str]:
    return (
        result.scenario.name,
        result.system.value,
        _pair(result.first_mean, result.first_max),
        _pair(result.stale_mean, result.stale_max),
        number(result.last_max),
        ", ".join(f"{count} {kind}" for kind, count in sorted(result.calls.kinds.items())),
        str(result.calls.too_fast),
        *(
            str(count)
            for count in (result.lost, result.repeated, result.disordered, result.torn, result.open)
        ),
        number(result.cpu_per_1000_tokens),
        f"{result.use.peak_bytes / 1e6:.0f}",
        "" if result.lag is None else f"{1000 * result.lag.p99:.1f}",
    )


def _bound_cells(possible: Bound) -> Sequence[str]:
    return (
        "",
        "*bound*",
        _pair(possible.first_mean, possible.first_max),
        _pair(possible.stale_mean, possible.stale_max),
        number(possible.last_max),
        *("",) * (len(HEAD) - 5),
    )


def _pair(mean: float, most: float) -> str:
    return f"{number(mean)} / {number(most)}"
