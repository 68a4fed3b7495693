"""The targets of keeping questions, and what was measured against them. Pure.

Those that need processes to be killed are `make chaos`'s.
"""

from collections.abc import Iterator

from bench.durability.figures import Crowd, Figures, Measured
from bench.targets import Row

DATABASES = ("SQLite", "PostgreSQL")
ACCEPTED_PER_SECOND = {"SQLite": 1500.0, "PostgreSQL": 500.0}


def rows(measured: Measured) -> list[Row]:
    """All targets, on each database."""
    return [row for database in DATABASES for row in _rows(database, measured.get(database, Figures()))]


def _rows(database: str, found: Figures) -> Iterator[Row]:
    starts, rates, looks = found.starts, found.rates, found.look_ups
    yield Row(
        f"delivered until Dify is asked, 50 messages a second, p99, {database}",
        25,
        None if starts is None else 1000 * starts.asked.p99,
        unit=" ms",
    )
    yield Row(
        f"messages accepted in a second, {database}",
        ACCEPTED_PER_SECOND[database],
        None if rates is None else rates.accepted,
        unit="",
        at_least=True,
    )
    yield from _crowd(f"that wait, {database}", found.waiting)
    yield from _crowd(f"that ask Dify, {database}", found.conversing)
    yield Row(
        f"a thread found among {10_000_000 if looks is None else looks.threads:,}, p99, {database}",
        2,
        None if looks is None else 1000 * looks.found.p99,
        unit=" ms",
    )


def _crowd(which: str, found: Crowd | None) -> Iterator[Row]:
    answers = f"{5_000 if found is None else found.answers:,} answers {which}"
    yield Row(f"{answers}: all begun", 6, None if found is None else found.started)
    yield Row(f"{answers}: memory", 250, None if found is None else found.peak_bytes / 1e6, unit=" MB")
    yield Row(f"{answers}: connections", 10, None if found is None else found.connections, unit="")
