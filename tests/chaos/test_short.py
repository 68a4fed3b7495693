"""A few kills under traffic with every test run; `make chaos` does a lot more."""

from pathlib import Path

from tests.chaos.bridges import Fleet
from tests.chaos.conftest import Tell
from tests.chaos.kills import killed_again_and_again
from tests.chaos.town import Town


async def test_nothing_is_lost_by_a_process_that_is_killed_and_started_again(
    tmp_path: Path, sqlite: str, tell: Tell
) -> None:
    async with Town() as town, Fleet(tmp_path, town.settings(sqlite)) as fleet:
        tell(await killed_again_and_again(town, fleet, sqlite, kills=3, replicas=1, seed=1))


async def test_nothing_is_lost_by_two_processes_of_which_one_is_killed(
    tmp_path: Path, shared: str, tell: Tell
) -> None:
    async with Town(mode="chat") as town, Fleet(tmp_path, town.settings(shared)) as fleet:
        tell(await killed_again_and_again(town, fleet, shared, kills=3, replicas=2, seed=2))
