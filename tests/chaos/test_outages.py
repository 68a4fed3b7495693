"""What the bridge needs goes away for a while under traffic, and comes back."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.chaos.bridges import HEARS_DISCORD, Fleet, until
from tests.chaos.conftest import Tell
from tests.chaos.ending import well_ended
from tests.chaos.town import Town
from tests.postgres import Postgres

pytestmark = pytest.mark.chaos

PATIENCE_SECONDS = 60.0


@pytest.mark.parametrize("away_seconds", [10.0, 30.0])
async def test_nothing_is_lost_while_the_database_is_away(
    tmp_path: Path, postgres: Postgres, shared: str, tell: Tell, away_seconds: float
) -> None:
    server = postgres.outages
    if server is None:
        pytest.skip("NOT TESTED: the server of TEST_DATABASE_URL is not ours to stop")
    async with Town(seed=7) as town, Fleet(tmp_path, town.settings(shared)) as fleet:
        for _ in range(2):
            await fleet.start()
        async with town.traffic(slack_seconds=3.0, discord_seconds=1.5):
            await asyncio.sleep(6.0)
            await asyncio.to_thread(server.stop)
            try:
                await asyncio.sleep(away_seconds)
            finally:
                await asyncio.to_thread(server.start)
        back_at = time.monotonic()
        first = [await town.ask(town.slack_channel), await town.ask(town.discord_channel)]
        await until(lambda: all(town.room(one.spot).shown for one in first), PATIENCE_SECONDS)
        served = time.monotonic() - back_at
        told = await well_ended(town, fleet, shared)
        tell(f"away {away_seconds:g} s, both platforms served {served:.1f} s after it was back: {told}")
        assert served <= 5.0


async def test_nothing_is_lost_while_dify_is_away(tmp_path: Path, sqlite: str, tell: Tell) -> None:
    async with Town(seed=8) as town, Fleet(tmp_path, town.settings(sqlite)) as fleet:
        # A first direct message on Discord that nobody hears cannot be found by anybody.
        await (await fleet.start()).says(HEARS_DISCORD)
        async with town.traffic(slack_seconds=3.0, discord_seconds=1.5):
            await asyncio.sleep(5.0)
            async with town.dify.away():
                await asyncio.sleep(10.0)
            await asyncio.sleep(3.0)
        tell(f"away 10 s: {await well_ended(town, fleet, sqlite)}")
