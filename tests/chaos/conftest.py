"""What the tests of chaos share, and the figures that they tell at the end."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from bench.machine import this_machine
from bench.results import Part, keep
from tests.chaos.figures import Told, part
from tests.postgres import Postgres

FIGURES = pytest.StashKey[list[Told]]()
CHAOS = "chaos"

Tell: TypeAlias = Callable[[str], None]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the figures; those of the whole suite are kept."""
    told = config.stash.get(FIGURES, [])
    if not told:
        return
    terminalreporter.section("figures")
    for one in told:
        terminalreporter.write_line(f"{one.test}: {one.figure}")
    if config.option.markexpr == CHAOS and not config.option.keyword:
        passed = terminalreporter.stats.get("passed", [])
        failed = [_name(report.nodeid) for report in terminalreporter.stats.get("failed", [])]
        machine = replace(this_machine("pytest"), command="make chaos")
        keep(Part.CHAOS, part(machine, told, len(passed), failed))


def _name(nodeid: str) -> str:
    return nodeid.rpartition("::")[2]


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    """Have a line printed at the end of the run."""
    figures = request.config.stash.setdefault(FIGURES, [])
    name = request.node.name
    return lambda line: figures.append(Told(name, line))


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'bridge.db'}"


@pytest.fixture
async def shared(postgres: Postgres) -> AsyncIterator[str]:
    """An empty database of the server."""
    async with postgres.fresh_database() as url:
        yield url.render_as_string(hide_password=False)
