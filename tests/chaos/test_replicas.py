"""Two processes on one database: one dies, leaves, or sleeps for longer than its lease; the other goes on."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from bridge.replica import GIVE_UP_SECONDS
from tests.chaos.bridges import Bridge, Fleet, until
from tests.chaos.conftest import Tell
from tests.chaos.ending import well_ended
from tests.chaos.town import Said, Town

pytestmark = pytest.mark.chaos

HEARS_DISCORD = "Discord: signed in"
TAKES_OVER = "taking over a question that waits"
FROZEN_SECONDS = GIVE_UP_SECONDS + 4.0
PATIENCE_SECONDS = 60.0


async def two(fleet: Fleet, settings: Mapping[str, str] | None = None) -> tuple[Bridge, Bridge]:
    """The one that hears Discord, and the other."""
    first = await fleet.start(settings)
    await first.says(HEARS_DISCORD)
    return first, await fleet.start()


async def asked(town: Town, seconds: float) -> list[Said]:
    """Some questions whose answers have begun and take so long."""
    said = [await town.ask(town.discord_channel, tokens=200, seconds=seconds) for _ in range(4)]
    said += [await town.ask(town.slack_channel, tokens=200, seconds=seconds) for _ in range(2)]
    said.append(await town.ask(town.slack_direct, tokens=200, seconds=seconds))
    await until(lambda: all(town.room(one.spot).shown for one in said), PATIENCE_SECONDS)
    await asyncio.sleep(0.5)
    return said


async def seen_again(town: Town, said: list[Said], since: float) -> float:
    """How long after `since` the last of Discord's answers was seen to grow again. (Slack's share calls.)"""
    words = {one.asked.word for one in said if one.spot.platform == "discord"}

    def grown() -> dict[str, float]:
        found: dict[str, float] = {}
        for at, _, text in town.frames:
            word = text.split("-", 1)[0]
            if word in words and at > since:
                found[word] = min(at, found.get(word, at))
        return found

    await until(lambda: grown().keys() == words, PATIENCE_SECONDS)
    return max(grown().values()) - since


async def test_the_other_goes_on_when_one_is_killed(tmp_path: Path, shared: str, tell: Tell) -> None:
    async with Town() as town, Fleet(tmp_path, town.settings(shared)) as fleet:
        one, other = await two(fleet)
        said = await asked(town, seconds=20.0)
        killed_at = time.monotonic()
        await one.kill()
        await until(lambda: TAKES_OVER in other.log, PATIENCE_SECONDS)
        taken = time.monotonic() - killed_at
        seen = await seen_again(town, said, killed_at + 0.1)
        tell(f"taken over {taken:.1f} s after kill -9, seen on screen after {seen + 0.1:.1f} s")
        tell(await well_ended(town, fleet, shared))
        assert taken <= 10.0


@pytest.mark.parametrize("drain", ["0", "1"])
async def test_the_other_goes_on_at_once_when_one_leaves(
    tmp_path: Path, shared: str, tell: Tell, drain: str
) -> None:
    async with Town() as town, Fleet(tmp_path, town.settings(shared)) as fleet:
        one, other = await two(fleet, {"DRAIN_SECONDS": drain})
        said = await asked(town, seconds=20.0)
        asked_at = time.monotonic()
        one.ask_to_leave()
        await until(lambda: TAKES_OVER in other.log, PATIENCE_SECONDS)
        taken = time.monotonic() - asked_at - float(drain)
        assert await one.ended() == 0
        gone = time.monotonic() - asked_at
        seen = await seen_again(town, said, asked_at + float(drain) + taken)
        tell(f"taken over {taken:.2f} s after the end of its {drain} s to finish, seen {seen:.1f} s later")
        tell(f"the process had ended {gone:.1f} s after SIGTERM")
        tell(await well_ended(town, fleet, shared))
        assert taken <= 1.0


async def test_one_that_was_frozen_says_nothing_of_what_it_has_lost(
    tmp_path: Path, shared: str, tell: Tell
) -> None:
    async with Town() as town, Fleet(tmp_path, town.settings(shared)) as fleet:
        one, _ = await two(fleet)
        said = await asked(town, seconds=6.0)
        frozen_at = time.monotonic()
        one.freeze()
        await until(lambda: all(town.is_answered(each) for each in said), PATIENCE_SECONDS)
        await asyncio.sleep(max(2.0, frozen_at + FROZEN_SECONDS - time.monotonic()))
        frames, writes = len(town.frames), written(town)
        one.wake()
        await one.says("begins anew")
        await asyncio.sleep(5.0)
        effects = len(town.frames) - frames, written(town) - writes
        tell(
            f"frozen with {len(said)} answers running: {effects[0]} changes, {effects[1]} writes after waking"
        )
        assert effects == (0, 0)
        await asked(town, seconds=1.0)
        tell(await well_ended(town, fleet, shared))


async def test_ones_that_are_frozen_again_and_again_under_traffic_do_nothing_twice(
    tmp_path: Path, shared: str, tell: Tell
) -> None:
    async with Town(seed=5) as town, Fleet(tmp_path, town.settings(shared)) as fleet:
        bridges = await two(fleet)
        async with town.traffic(slack_seconds=4.0, discord_seconds=1.5):
            for number in range(4):
                await town.ask(town.discord_channel, tokens=200, seconds=20.0)
                await asyncio.sleep(2.0)
                bridges[number % 2].freeze()
                await asyncio.sleep(FROZEN_SECONDS)
                bridges[number % 2].wake()
        told = await well_ended(town, fleet, shared)
        lost = fleet.count("begins anew")
        tell(f"4 freezes of {FROZEN_SECONDS:g} s, noticed {lost} times: {told}")
        assert lost >= 3


async def test_one_listens_to_discord_and_the_other_soon_after_it_was_killed(
    tmp_path: Path, shared: str, tell: Tell
) -> None:
    async with Town() as town, Fleet(tmp_path, town.settings(shared)) as fleet:
        one, other = await two(fleet)
        before = await town.ask(town.discord_channel)
        # Of a direct message that is the first ever, Discord tells only whoever listens.
        direct = await town.ask(town.discord_direct)
        await until(lambda: town.is_answered(before) and town.is_answered(direct), PATIENCE_SECONDS)
        assert (town.discord.connections, HEARS_DISCORD in other.log) == (1, False)
        killed_at = time.monotonic()
        await one.kill()
        for spot in (town.discord_channel, before.spot, town.discord_direct):
            await town.ask(spot)
            await asyncio.sleep(1.0)
        await until(lambda: HEARS_DISCORD in other.log, PATIENCE_SECONDS)
        heard = time.monotonic() - killed_at
        told = await well_ended(town, fleet, shared)
        tell(f"the other listened {heard:.1f} s after kill -9; asked meanwhile: {told}")
        assert heard <= 15.0


async def test_four_first_starts_at_once_all_serve(tmp_path: Path, shared: str, tell: Tell) -> None:
    async with Town() as town, Fleet(tmp_path, town.settings(shared)) as fleet:
        for _ in range(4):
            await fleet.start(ready=False)
        took = await asyncio.gather(*(bridge.says("Slack: listening") for bridge in fleet.all))
        await until(lambda: town.slack.connections == 4, PATIENCE_SECONDS)
        for _ in range(12):
            await town.ask(town.slack_channel, seconds=0.5)
            await asyncio.sleep(0.5)
        told = await well_ended(town, fleet, shared)
        served = [bridge.log.count(": answered") for bridge in fleet.all]
        tell(f"all four listened after {max(took):.1f} s and answered {served}: {told}")
        assert min(served) > 0


def written(town: Town) -> int:
    """Calls that post, change or take away messages."""
    slack = [call for call in town.slack.calls if call.method.startswith("chat.")]
    discord = [call for call in town.discord.calls if call.method != "GET" and "/messages" in call.route]
    return len(slack) + len(discord)
