"""Shards by recommendation, and sessions that are never begun too fast or too often."""

import logging
import time
from collections.abc import AsyncIterator

import pytest

from sandbox.discord import Discord, Limits
from tests.e2e.conftest import until
from tests.e2e.discord_hosts import Listener, Roles, adapter
from tests.e2e.test_discord_replicas import rooms

# Two rounds of identifies, or a restart, on a slow machine.
PATIENCE_SECONDS = 30.0


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    async with Discord(limits=Limits.off()) as stand_in:
        # A little less than Discord's own, as clocks differ.
        stand_in.starts.every_seconds = 4.9
        yield stand_in
    assert stand_in.starts.too_fast == 0
    assert not stand_in.starts.reset


@pytest.fixture
def ann(discord: Discord) -> str:
    return discord.add_user("ann")


async def test_one_process_runs_as_many_shards_as_discord_recommends_by_turns(
    discord: Discord, ann: str
) -> None:
    discord.starts.shards, discord.starts.fewest_shards, discord.starts.max_concurrency = 4, 4, 2
    channels = await rooms(discord, 4)
    roles, host = Roles(), Listener()
    host.roles = roles
    async with adapter(discord, host):
        await discord.wait_for(lambda: discord.identifies == 4, PATIENCE_SECONDS)
        for number, channel in enumerate(channels):
            await discord.say(channel, ann, f"to shard {number}")
        await discord.say(discord.open_dm(ann), ann, "privately")
        await until(lambda: len(host.texts) == 5)
    assert roles.wanted == ["discord"]
    assert sorted(host.texts) == ["privately", *(f"to shard {number}" for number in range(4))]
    times = [at for at, _ in discord.starts.began]
    assert sorted(shard for _, shard in discord.starts.began) == [0, 1, 2, 3]
    # Shards of different buckets need not wait for each other.
    assert times[1] - times[0] < 4.9 <= times[2] - times[0]


async def test_a_bot_that_has_grown_out_of_its_shards_gets_more(discord: Discord, ann: str) -> None:
    starts = discord.starts
    starts.max_concurrency = 16
    host = Listener()
    async with adapter(discord, host):
        await discord.wait_for(lambda: discord.identifies == 1)
        starts.shards = starts.fewest_shards = 2
        await discord.invalid_session()
        await discord.cut()
        await discord.wait_for(lambda: discord.identifies == 3, PATIENCE_SECONDS)
        for channel in await rooms(discord, 2):
            await discord.say(channel, ann, f"in {channel}")
        await until(lambda: len(host.texts) == 2)


async def test_when_no_session_is_left_the_next_one_waits_for_new_ones(
    discord: Discord, ann: str, caplog: pytest.LogCaptureFixture
) -> None:
    channel = discord.add_channel(discord.add_guild(), "general")
    discord.starts.total = 10
    discord.starts.leave(0, 3.0)
    began = time.monotonic()
    host = Listener()
    with caplog.at_level(logging.WARNING, "adapters.discord"):
        async with adapter(discord, host):
            await discord.wait_for(lambda: discord.identifies == 1, PATIENCE_SECONDS)
            waited = time.monotonic() - began
            await discord.say(channel, ann, "At last?")
            await until(lambda: "At last?" in host.texts)
    assert 3.0 <= waited < PATIENCE_SECONDS
    assert any("0 of 10 sessions are left" in one for one in caplog.messages)


async def test_processes_that_crash_and_come_back_over_and_over_never_use_up_the_sessions(
    discord: Discord,
) -> None:
    starts = discord.starts
    starts.every_seconds = 0.0
    starts.total = 20
    starts.leave(4, 30.0)
    host = Listener()
    until_then = time.monotonic() + 10.0
    while time.monotonic() < until_then:
        before = discord.identifies
        async with adapter(discord, host):
            try:
                await discord.wait_for(lambda: discord.identifies > before, 2.0)  # noqa: B023 - used at once
            except TimeoutError:
                continue
    # The fewer are left, the longer each waits: 2, 5, 12 and 30 s here.
    assert 0 < starts.remaining < 4


async def test_a_session_that_would_have_to_wait_long_is_begun_by_a_new_connection(
    discord: Discord, ann: str
) -> None:
    channel = discord.add_channel(discord.add_guild(), "general")
    host = Listener()
    async with adapter(discord, host):
        await discord.wait_for(lambda: discord.identifies == 1)
        discord.starts.leave(0, 1.0)
        await discord.invalid_session()
        await discord.wait_for(lambda: discord.identifies == 2, PATIENCE_SECONDS)
        await discord.say(channel, ann, "Back?")
        await until(lambda: "Back?" in host.texts)
