"""kill -9 at random moments under traffic, two hundred times."""

from pathlib import Path

import pytest

from tests.chaos.bridges import Fleet
from tests.chaos.conftest import Tell
from tests.chaos.kills import killed_again_and_again
from tests.chaos.town import Town

pytestmark = pytest.mark.chaos


# Without a flow, Dify forgets an answer that nobody hears to the end: it is looked for, and asked for again,
# which takes about four seconds. A process that never lives so long would answer nothing.
CALM_SECONDS = 6.0


async def test_nothing_is_lost_in_eighty_kills_of_the_only_process(
    tmp_path: Path, sqlite: str, tell: Tell
) -> None:
    async with Town(seed=11) as town, Fleet(tmp_path, town.settings(sqlite)) as fleet:
        tell(await killed_again_and_again(town, fleet, sqlite, kills=80, replicas=1, seed=11))


async def test_nothing_is_lost_in_twenty_kills_of_the_only_process_where_answers_are_lost_with_it(
    tmp_path: Path, sqlite: str, tell: Tell
) -> None:
    async with Town(mode="chat", seed=12) as town, Fleet(tmp_path, town.settings(sqlite)) as fleet:
        kills = killed_again_and_again(
            town, fleet, sqlite, kills=20, replicas=1, seed=12, calm_seconds=CALM_SECONDS
        )
        tell(await kills)


@pytest.mark.parametrize(("mode", "replicas", "seed"), [("advanced-chat", 2, 21), ("chat", 3, 22)])
async def test_nothing_is_lost_in_fifty_kills_of_some_of_the_processes(
    tmp_path: Path, shared: str, tell: Tell, mode: str, replicas: int, seed: int
) -> None:
    async with Town(mode=mode, seed=seed) as town, Fleet(tmp_path, town.settings(shared)) as fleet:
        tell(await killed_again_and_again(town, fleet, shared, kills=50, replicas=replicas, seed=seed))
