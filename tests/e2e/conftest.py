"""A running bridge between one platform's stand-in and Dify's."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from bridge.app import App, assemble
from sandbox.dify import Dify
from tests.e2e.places import DiscordPlace, Place, SlackPlace

PATIENCE_SECONDS = 10.0

Bridge: TypeAlias = Callable[[], AbstractAsyncContextManager[App]]
Configure: TypeAlias = Callable[[str], None]

# For stories that only one platform has.
ON_SLACK = pytest.mark.parametrize("place", [SlackPlace], ids=["slack"], indirect=True)
ON_DISCORD = pytest.mark.parametrize("place", [DiscordPlace], ids=["discord"], indirect=True)


@pytest.fixture
async def dify() -> AsyncIterator[Dify]:
    async with Dify(version="1.16.0") as stand_in:
        yield stand_in


@pytest.fixture(params=[SlackPlace, DiscordPlace], ids=["slack", "discord"])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    async with request.param() as stand_in:
        yield stand_in


@pytest.fixture
def configure(place: Place, tmp_path: Path) -> Configure:
    """Writes `bridge.toml`."""

    def write(text: str) -> None:
        file = tmp_path / "apps.toml"
        file.write_text(text, encoding="utf-8")
        place.bridge_config = str(file)

    return write


@pytest.fixture
def bridge(place: Place, dify: Dify, tmp_path: Path) -> Bridge:
    """`async with bridge() as app` runs one; entered again, it is the same bridge after a restart."""

    @asynccontextmanager
    async def running() -> AsyncIterator[App]:
        settings = place.settings(dify, f"sqlite:///{tmp_path / 'bridge.db'}")
        async with assemble(settings) as app:
            serving = asyncio.create_task(app.run())
            try:
                await place.connected()
                yield app
            finally:
                app.leave()
                await serving

    return running


async def answered(app: App, questions: int, patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until so many questions have been dealt with."""
    async with asyncio.timeout(patience_seconds):
        while sum(thread.finished for thread in await app.store.list_threads()) < questions:
            await asyncio.sleep(0.01)


async def until(come: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not come():
            await asyncio.sleep(0.01)
