"""kill -9 at random moments under traffic, two hundred times."""

from pathlib import Path

import pytest

from tests.chaos.bridges import Fleet
from tests.chaos.conftest import Tell
from tests.chaos.kills import killed_again_and_again
from tests.chaos.town import Town

pytestmark = pytest.mark.chaos


@pytest.mark.parametrize(("mode", "seed"), [("advanced-chat", 11), ("chat", 12)])
async def test_nothing_is_lost_in_fifty_kills_of_the_only_process(
    tmp_path: Path, sqlite: str, tell: Tell, mode: str, seed: int
) -> None:
    async with Town(mode=mode, seed=seed) as town, Fleet(tmp_path, town.settings(sqlite)) as fleet:
        tell(await killed_again_and_again(town, fleet, sqlite, kills=50, replicas=1, seed=seed))


@pytest.mark.parametrize(("mode", "replicas", "seed"), [("advanced-chat", 2, 21), ("chat", 3, 22)])
async def test_nothing_is_lost_in_fifty_kills_of_some_of_the_processes(
    tmp_path: Path, shared: str, tell: Tell, mode: str, replicas: int, seed: int
) -> None:
    async with Town(mode=mode, seed=seed) as town, Fleet(tmp_path, town.settings(shared)) as fleet:
        tell(await killed_again_and_again(town, fleet, shared, kills=50, replicas=replicas, seed=seed))
