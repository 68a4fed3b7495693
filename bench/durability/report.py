"""The part of the report on keeping questions, in Markdown. Pure."""

from collections.abc import Iterator, Sequence

from bench.durability.figures import Crowd, Figures, LookUps, Measured, Quantiles
from bench.durability.targets import rows
from bench.machine import Machine
from bench.tables import number, table

LEGEND = """\
Measured inside one replica with the bridge's own inbox, conversation and store, beside the server and the
stand-in for Dify on the same cores; a SQLite file that is synced at every commit, and a PostgreSQL on
loopback that is, too. The platform is one that takes everything at once. *Begun*: from the delivery of a
message until its answer is; *asked*: until the question has arrived at Dify; both at an even 50 messages a
second, every fifth in a thread that is known. *Accepted*: messages a second by 64 senders at once, each in a
new thread, stored and given to this replica, with answers that never end; *finished*: with answers that end
at once, until the last outcome is noted. *Answers at once*: delivered by 64 senders, each lasts 30 s; those
*that wait* do nothing, those *that ask Dify* have a line to it each; memory is the most that the process
held. Look-ups are made one at a time, anywhere in the table: *first* right after it was filled, *found* by
the thread's name, *replied* by a message of the bot in it; *ignored* is the whole transaction for a message
that is not for the bot, *accepted* for one in a thread that is known."""


def report(machine: Machine, measured: Measured, failures: Sequence[str], runs: int) -> str:
    """Everything that this command measures."""
    parts = [
        "## Keeping questions",
        str(machine),
        "### Targets of keeping questions",
        targets_table(measured),
        "### All figures of keeping questions",
        LEGEND,
        f"All but the look-ups are those of the best of {runs} runs, since other work may disturb one.",
        table(("what", *measured), _lines(measured)),
    ]
    if failures:
        parts += ["### What came to no end", *(f"* {reason}" for reason in failures)]
    return "\n\n".join(parts)


def targets_table(measured: Measured) -> str:
    lines = []
    for row in rows(measured):
        sign = "≥" if row.at_least else "≤"
        found = "-" if row.measured is None else f"{number(row.measured)}{row.unit}"
        lines.append((row.target, f"{sign} {row.goal:g}{row.unit}", found, row.verdict.value))
    return table(("target", "goal", "measured", "verdict"), lines)


def _lines(measured: Measured) -> Iterator[Sequence[str]]:
    columns = [dict(_figures(found)) for found in measured.values()]
    names = dict.fromkeys(name for column in columns for name in column)
    for name in names:
        yield (name, *(column.get(name, "-") for column in columns))


def _figures(found: Figures) -> Iterator[tuple[str, str]]:
    if found.starts is not None:
        yield "begun, ms: p50 / p99 / max", _ms(found.starts.begun)
        yield "asked, ms: p50 / p99 / max", _ms(found.starts.asked)
    if found.rates is not None:
        yield "accepted a second / CPU ms for one", _rate(found.rates.accepted, found.rates.accepted_cpu)
        yield "finished a second / CPU ms for one", _rate(found.rates.finished, found.rates.finished_cpu)
    for which, crowd in (("wait", found.waiting), ("ask Dify", found.conversing)):
        if crowd is not None:
            yield from _crowd(f"{crowd.answers:,} answers that {which}", crowd)
    if found.look_ups is not None:
        yield from _look_ups(found.look_ups)


def _rate(a_second: float, cpu_seconds: float) -> str:
    return f"{a_second:.0f} / {1000 * cpu_seconds:.2f}"


def _crowd(which: str, crowd: Crowd) -> Iterator[tuple[str, str]]:
    yield f"{which}, s: all begun / all ended", f"{number(crowd.started)} / {number(crowd.ended)}"
    yield f"{which}: memory / connections", f"{crowd.peak_bytes / 1e6:.0f} MB / {crowd.connections}"


def _look_ups(found: LookUps) -> Iterator[tuple[str, str]]:
    among = f"among {found.threads:,}, ms: p50 / p99 / max"
    for name, took in (
        ("first", found.first),
        ("found", found.found),
        ("replied", found.replied),
        ("ignored", found.ignored),
        ("accepted", found.accepted),
    ):
        yield f"{name} {among}", _ms(took)


def _ms(took: Quantiles) -> str:
    return " / ".join(f"{1000 * value:.2f}" for value in (took.p50, took.p99, took.max))
