"""What is kept of a run."""

from bench.machine import Machine
from tests.chaos.figures import Told, part

MACHINE = Machine("A CPU", 2, "3.11", "2026-11-24", "make chaos")


def test_every_figure_stands_beside_the_sentence_of_its_test() -> None:
    text = part(MACHINE, [Told("test_nothing_is_lost[sqlite]", "80 kills |\n 0 lost")], 3, [])
    assert "| nothing is lost (sqlite) | 80 kills / 0 lost |" in text
    assert "`make chaos`: 3 tests passed, 0 failed." in text
    assert "Failed:" not in text


def test_what_failed_is_named() -> None:
    text = part(MACHINE, [], 0, ["test_all_is_well"])
    assert "0 tests passed, 1 failed." in text
    assert "Failed: all is well." in text
