"""Much of the same: events that come again and again, a thread that everybody writes in, a question that ends
every process that begins with it."""

import asyncio
from functools import partial
from pathlib import Path

import pytest

from bridge.conversation import MOST_STARTS
from bridge.words import english
from tests.chaos.bridges import Fleet, until
from tests.chaos.conftest import Tell
from tests.chaos.ending import well_ended
from tests.chaos.memory import remembered
from tests.chaos.town import Said, Town

pytestmark = pytest.mark.chaos

PATIENCE_SECONDS = 60.0


async def test_an_event_that_comes_to_two_processes_at_once_is_answered_once(
    tmp_path: Path, shared: str, tell: Tell
) -> None:
    async with Town() as town, Fleet(tmp_path, town.settings(shared)) as fleet:
        for _ in range(2):
            await fleet.start()
        await until(lambda: town.discord.connections > 0, PATIENCE_SECONDS)
        for _ in range(10):
            known = set(town.slack.events)
            await town.ask(town.slack_channel, seconds=0.5)
            for event in [one for one in town.slack.events if one not in known] * 4:
                await town.slack.redeliver(event)
            said = await town.ask(town.discord_channel, seconds=0.5)
            for _ in range(4):
                await town.discord.redeliver(said.message)
            await asyncio.sleep(0.7)
        told = await well_ended(town, fleet, shared)
        tell(f"{len(town.slack.acks)} events acknowledged: {told}")
        assert set(town.turns.values()) == {1}


async def test_a_hot_thread_is_answered_in_order_by_two_processes(
    tmp_path: Path, shared: str, tell: Tell
) -> None:
    async with Town() as town, Fleet(tmp_path, town.settings(shared)) as fleet:
        for _ in range(2):
            await fleet.start()
        begun = [await town.ask(town.slack_channel), await town.ask(town.discord_channel)]
        await until(lambda: all(town.is_answered(one) for one in begun), PATIENCE_SECONDS)
        for _ in range(25):
            for one in begun:
                await town.ask(one.spot, tokens=5, seconds=0.2)
            await asyncio.sleep(0.1)
        tell(await well_ended(town, fleet, shared, 180.0))
        assert set(town.turns.values()) == {1}


async def test_a_question_that_ends_every_process_is_given_up_and_no_other_is(
    tmp_path: Path, sqlite: str, tell: Tell
) -> None:
    # A chatflow of this version would go on by itself, and be found finished.
    async with Town(mode="chat") as town, Fleet(tmp_path, town.settings(sqlite)) as fleet:

        def begun(said: Said, times: int) -> bool:
            return town.turns[said.asked.word] > times or shown(said)

        def shown(said: Said) -> bool:
            return bool(town.room(said.spot).shown)

        bridge = await fleet.start()
        poison = await town.ask(town.slack_channel, sorry=english.GIVEN_UP)
        for _ in range(3):
            await town.ask(town.discord_channel)
            await town.ask(town.slack_channel)
        kills = 0
        while True:
            await until(partial(begun, poison, kills), PATIENCE_SECONDS)
            if shown(poison):
                break
            kills += 1
            await bridge.kill()
            bridge = await fleet.start()
            await town.ask(town.discord_channel)
        told = await well_ended(town, fleet, sqlite)
        starts = sorted(one.starts for one in (await remembered(sqlite)).questions)
        tell(f"given up after {kills} kills, starts {starts}: {told}")
        assert kills == MOST_STARTS
