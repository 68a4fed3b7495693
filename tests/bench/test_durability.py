"""What is said of keeping questions follows from what was measured."""

from math import inf

import pytest

from bench.durability.figures import Crowd, Figures, LookUps, Quantiles, Rates, Starts, Times, quantiles
from bench.durability.report import report
from bench.durability.targets import rows
from bench.machine import Machine
from bench.targets import Verdict

MACHINE = Machine("a fast one", 2, "3.11", "2026-01-01", "python -m bench.durability")
QUICK = Quantiles(0.001, 0.002, 0.003)
CROWD = Crowd(5_000, 0.0, 5.9, 36.0, 249_000_000, 10)
FIGURES = Figures(
    Starts(QUICK, QUICK),
    Rates(1500.0, 900.0, 0.0003, 0.0006),
    CROWD,
    CROWD,
    LookUps(1_000_000, QUICK, QUICK, QUICK, QUICK, QUICK),
)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3.0], Quantiles(3.0, 3.0, 3.0)),
        ([float(number) for number in range(100, 0, -1)], Quantiles(50.0, 99.0, 100.0)),
        ([1.0, 2.0, 3.0], Quantiles(2.0, 3.0, 3.0)),
    ],
)
def test_quantiles_are_values_that_were_measured(values: list[float], expected: Quantiles) -> None:
    assert quantiles(values) == expected


def test_a_message_that_never_arrives_is_not_forgotten() -> None:
    starts = Times({"a": 1.0, "b": 2.0}, {"a": 1.5, "b": 2.25}).starts({"a": 1.75})
    assert starts.begun == Quantiles(0.25, 0.5, 0.5)
    assert (starts.asked.p50, starts.asked.max) == (0.75, inf)


def test_every_target_is_judged_on_each_database() -> None:
    found = rows({"SQLite": FIGURES, "PostgreSQL": FIGURES})
    assert {row.verdict for row in found} == {Verdict.MET}
    assert len(found) == 18
    assert {row.verdict for row in rows({})} == {Verdict.NOT_RUN}


def test_a_rate_has_to_be_at_least_its_goal() -> None:
    slow = Figures(rates=Rates(1499.0, 2000.0, 0.0, 0.0))
    verdicts = [row.verdict for row in rows({"SQLite": slow, "PostgreSQL": slow}) if row.measured is not None]
    assert verdicts == [Verdict.MISSED, Verdict.MET]


def test_the_report_says_on_how_much_it_rests_and_what_came_to_no_end() -> None:
    text = report(MACHINE, {"SQLite": FIGURES, "PostgreSQL": Figures()}, ["rates: no luck"], runs=3)
    assert "| messages accepted in a second, SQLite | ≥ 1500 | 1500 | met |" in text
    assert "| found among 1,000,000, ms: p50 / p99 / max | 1.00 / 2.00 / 3.00 | - |" in text
    assert "best of 3 runs" in text
    assert "* rates: no luck" in text
