"""What a run of the tests of chaos has seen, as a part of `bench/RESULTS.md`. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.machine import Machine

INTRODUCTION = """\
Running bridges (processes of their own, over real sockets, on SQLite files and a real PostgreSQL) that are
killed, frozen, cut off and flooded under traffic. A question counts as *lost* when no answer to it can be
seen in the end, as answered *twice* when two can, as *disordered* when one that was stored was passed over by
a later one of its thread, and a message as *open* when it ends half done. Each line is what one test has
told; a test passes only when nothing of that was seen and the books of the database balance."""


@dataclass(frozen=True, slots=True)
class Told:
    """One line that a test has told of itself."""

    test: str
    figure: str


def part(machine: Machine, told: Sequence[Told], passed: int, failed: Sequence[str]) -> str:
    """The part. `failed` names the tests that did not pass."""
    verdict = f"{passed} tests passed, {len(failed)} failed"
    rows = [f"| {_words(one.test)} | {_cell(one.figure)} |" for one in told]
    failures = [f"Failed: {', '.join(_words(test) for test in failed)}."] if failed else []
    table = ["| test | seen |", "|---|---|", *rows]
    return "\n\n".join(
        ["## Crashes and outages", f"{machine}: {verdict}.", *failures, INTRODUCTION, "\n".join(table)]
    )


def _words(test: str) -> str:
    """The sentence that the name of a test is."""
    name, _, parameters = test.partition("[")
    words = name.removeprefix("test_").replace("_", " ")
    return f"{words} ({parameters.removesuffix(']')})" if parameters else words


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "/").split())
