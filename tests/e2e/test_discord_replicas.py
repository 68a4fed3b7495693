"""Several processes with one Discord bot: one listens, all can answer, and shards divide what is heard."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from adapters.discord.adapter import DiscordAdapter
from bridge.types import Body
from sandbox.discord import Discord, Limits
from tests.e2e.conftest import until
from tests.e2e.discord_hosts import Listener, Roles, adapter


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    async with Discord(limits=Limits.off()) as stand_in:
        yield stand_in


@pytest.fixture
def ann(discord: Discord) -> str:
    return discord.add_user("ann")


async def rooms(discord: Discord, shards: int) -> list[str]:
    """One channel for each shard, in its order."""
    found: dict[int, str] = {}
    while len(found) < shards:
        await asyncio.sleep(0.001)  # ids made within one millisecond fall to the same shard
        guild = discord.add_guild()
        found.setdefault((int(guild) >> 22) % shards, discord.add_channel(guild, "general"))
    return [found[number] for number in range(shards)]


async def test_one_listens_and_the_other_takes_over(discord: Discord, ann: str) -> None:
    channel = discord.add_channel(discord.add_guild(), "general")
    roles = Roles()
    one, other = Listener(roles), Listener(roles)
    async with adapter(discord, one):
        await discord.wait_for(lambda: discord.identifies == 1)
        async with adapter(discord, other) as standby:
            question = await discord.say(channel, ann, f"<@{discord.bot_id}> first")
            await until(lambda: len(one.heard) == 1)
            assert roles.wanted == ["discord", "discord"]
            assert (discord.connections, other.heard) == (1, [])
            await standby.open(one.heard[0])
            await standby.post(one.heard[0].thread, Body("From the one that stands by."), "a")
            assert discord.messages(question)[-1].content == "From the one that stands by."

            roles.take_away("discord")
            await discord.wait_for(lambda: discord.connections == 0)
            await discord.say(channel, ann, "between")
            await until(lambda: "between" in other.texts)
            await discord.say(channel, ann, "last")
            await until(lambda: "last" in other.texts)
            assert (discord.connections, discord.identifies, one.texts) == (1, 2, ["first"])


async def test_each_shard_hears_its_own_servers_and_the_first_what_is_private(
    discord: Discord, ann: str
) -> None:
    channels = await rooms(discord, 2)
    roles = Roles()
    hosts = Listener(roles), Listener(roles)
    async with adapter(discord, hosts[0], (0,), 2), adapter(discord, hosts[1], (1,), 2):
        await discord.wait_for(lambda: discord.identifies == 2)
        for number, channel in enumerate(channels):
            await discord.say(channel, ann, f"to shard {number}")
        await discord.say(discord.open_dm(ann), ann, "privately")
        await until(lambda: len(hosts[0].heard) + len(hosts[1].heard) >= 3)
    assert sorted(roles.wanted) == ["discord:0/2", "discord:1/2"]
    assert sorted(hosts[0].texts) == ["privately", "to shard 0"]
    assert hosts[1].texts == ["to shard 1"]


async def test_one_process_serves_all_shards_and_catches_up_in_each(discord: Discord, ann: str) -> None:
    channels = await rooms(discord, 2)
    for number, channel in enumerate(channels):
        await discord.say(channel, ann, f"to shard {number}")
    roles = Roles()
    host = Listener(roles)
    async with adapter(discord, host, (), 2):
        await until(lambda: sorted(host.texts) == ["to shard 0", "to shard 1"])
    assert roles.wanted == ["discord:0,1/2"]
    assert discord.identifies == 2
    await discord.wait_for(lambda: discord.connections == 0)


def beating() -> list[threading.Thread]:
    """The threads in which the library keeps connections alive."""
    return [one for one in threading.enumerate() if one.name.startswith("keep-alive-handler")]


async def test_who_loses_the_role_and_leaves_while_it_closes_leaves_no_connection_behind() -> None:
    before = set(beating())
    async with Discord(limits=Limits.off()) as discord:
        discord.add_channel(discord.add_guild("Bridges"), "general")
        host = Listener()
        running = asyncio.create_task(DiscordAdapter(discord.token, discord.url).run(host))
        await discord.wait_for(lambda: discord.identifies == 1)
        await until(lambda: len(set(beating()) - before) == 1)
        # Told who it is by now, it waits a second for its servers.
        await asyncio.sleep(0.2)
        host.roles.take_away(host.roles.wanted[0])
        # Until that second is over, it is closing.
        await asyncio.sleep(0.05)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        for thread in set(beating()) - before:
            thread.join(1.0)
        assert set(beating()) <= before
