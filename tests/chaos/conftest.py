"""What the tests of chaos share, and the figures that they tell at the end."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.postgres import Postgres

FIGURES = pytest.StashKey[list[str]]()

Tell: TypeAlias = Callable[[str], None]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    figures = config.stash.get(FIGURES, [])
    if figures:
        terminalreporter.section("figures")
        for line in figures:
            terminalreporter.write_line(line)


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    """Have a line printed at the end of the run."""
    figures = request.config.stash.setdefault(FIGURES, [])
    name = request.node.name
    return lambda line: figures.append(f"{name}: {line}")


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'bridge.db'}"


@pytest.fixture
async def shared(postgres: Postgres) -> AsyncIterator[str]:
    """An empty database of the server."""
    async with postgres.fresh_database() as url:
        yield url.render_as_string(hide_password=False)
