"""kill -9 again and again while people ask."""

import asyncio
import random
from collections import Counter

from tests.chaos.bridges import Fleet
from tests.chaos.ending import well_ended
from tests.chaos.moments import Moment, wait_for
from tests.chaos.town import Town

SETTLE_SECONDS = 150.0


async def killed_again_and_again(
    town: Town,
    fleet: Fleet,
    database: str,
    *,
    kills: int,
    replicas: int,
    seed: int,
    calm_seconds: float = 0.0,
) -> str:
    """So many kills, each followed by a start; then everything has to be right. What was seen. Up to
    `calm_seconds` pass before each."""
    rng, hit = random.Random(seed), Counter[Moment]()
    for _ in range(replicas):
        await fleet.start()
    async with town.traffic(slack_seconds=3.0, discord_seconds=1.2):
        for _ in range(kills):
            await asyncio.sleep(rng.uniform(0.0, calm_seconds))
            moment = rng.choice(list(Moment))
            if await wait_for(moment, town, rng):
                hit[moment] += 1
            await rng.choice(fleet.running).kill()
            await fleet.start()
    told = await well_ended(town, fleet, database, SETTLE_SECONDS, marks=False)
    moments = ", ".join(f"{count} {moment}" for moment, count in sorted(hit.items()))
    return f"{kills} kills of {replicas} ({moments}): {told}"
