"""What is said on Discord while nobody listens, or while it cannot be taken, is heard all the same, once."""

from collections.abc import AsyncIterator

import pytest

from bridge.types import Thread
from sandbox.dify import Answer, Dify
from sandbox.discord import Discord, Limits, Permission
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.discord_hosts import Listener, adapter
from tests.e2e.places import DiscordPlace

READS = "/channels/{id}/messages"


@pytest.fixture
async def place() -> AsyncIterator[DiscordPlace]:
    async with DiscordPlace() as stand_in:
        yield stand_in


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    async with Discord(limits=Limits.off()) as stand_in:
        yield stand_in


@pytest.fixture
def guild(discord: Discord) -> str:
    return discord.add_guild("Office")


@pytest.fixture
def channel(discord: Discord, guild: str) -> str:
    return discord.add_channel(guild, "general")


@pytest.fixture
def ann(discord: Discord) -> str:
    return discord.add_user("ann")


def reads(discord: Discord) -> list[str]:
    """The places whose history was read, by id, in order."""
    return [call.path.split("/")[2] for call in discord.calls if (call.method, call.route) == ("GET", READS)]


async def test_what_was_said_while_the_bridge_was_away_is_answered_once(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"{request.query}!")
    async with bridge() as app:
        thread, direct = await place.ask("First"), await place.tell("Hello")
        await answered(app, 2)
    await place.say(thread, "Second")
    elsewhere = await place.ask("Elsewhere")
    await place.tell("Anybody?")
    async with bridge() as app:
        await answered(app, 5)
    seen = len(reads(place.discord))
    async with bridge() as app:
        await until(lambda: {thread, elsewhere, direct, place.channel} <= set(reads(place.discord)[seen:]))
        last = await place.ask("Is that all?")
        await answered(app, 6)
    assert place.replies(thread) == ["First!", "Second!"]
    assert place.replies(direct) == ["Hello!", "Anybody?!"]
    assert place.replies(elsewhere) == ["Elsewhere!"]
    assert place.replies(last) == ["Is that all?!"]


async def test_everywhere_something_was_said_is_read_and_nowhere_else(
    discord: Discord, guild: str, channel: str, ann: str
) -> None:
    silent, hidden = (
        discord.add_channel(guild, "silent"),
        discord.add_channel(guild, "hidden", permissions=Permission.usual() & ~Permission.VIEW_CHANNEL),
    )
    await discord.say(silent, ann, "too old", age=3600)
    await discord.say(hidden, ann, "hidden")
    await discord.say(channel, ann, "old", age=3600)
    for number in range(3):
        await discord.say(channel, ann, f"in order {number}", age=300 - number)
    await discord.say(channel, ann, "by a machine", bot=True)
    direct = discord.open_dm(ann)
    await discord.say(direct, ann, "privately")
    host = Listener(None, Thread("discord", "@me", direct, direct), Thread("discord", guild, channel, "1234"))
    async with adapter(discord, host):
        await until(lambda: len(host.heard) == 4)
    assert host.texts == ["in order 0", "in order 1", "in order 2", "privately"]
    assert [message.thread.id == direct for message in host.heard] == [False, False, False, True]
    assert reads(discord) == [channel, direct]


async def test_more_than_a_page_is_read_in_order(discord: Discord, channel: str, ann: str) -> None:
    for number in range(150):
        await discord.say(channel, ann, f"{number}", age=300 - number)
    host = Listener()
    async with adapter(discord, host):
        await until(lambda: len(host.heard) == 150)
    assert host.texts == [str(number) for number in range(150)]


async def test_a_thread_that_was_archived_meanwhile_is_read_too(
    discord: Discord, guild: str, channel: str, ann: str
) -> None:
    host = Listener()
    async with adapter(discord, host) as running:
        question = await discord.say(channel, ann, f"<@{discord.bot_id}> hello")
        await until(lambda: len(host.heard) == 1)
        await running.open(host.heard[0])
    await discord.say(question, ann, "still there?")
    discord.archive(question)
    again = Listener(None, Thread("discord", guild, channel, question))
    async with adapter(discord, again):
        await until(lambda: "still there?" in again.texts)
    (said,) = [message for message in again.heard if message.text == "still there?"]
    assert said.thread == Thread("discord", guild, channel, question)


async def test_what_is_said_now_is_heard_while_older_things_are_read(
    discord: Discord, guild: str, ann: str
) -> None:
    channels = [discord.add_channel(guild, f"room-{number}") for number in range(5)]
    for one in channels:
        await discord.say(one, ann, "before")
    host = Listener()
    async with adapter(discord, host):
        await until(lambda: len(host.heard) == 1)
        await discord.say(channels[0], ann, "now")
        await until(lambda: len(host.heard) >= 6)
    order = [message.text for message in host.heard]
    assert "now" in order[1:5]


async def test_a_place_that_may_not_be_read_does_not_keep_the_others_from_it(
    discord: Discord, guild: str, channel: str, ann: str
) -> None:
    other = discord.add_channel(guild, "other")
    await discord.say(channel, ann, "here")
    await discord.say(other, ann, "there")
    discord.fail("GET", READS, 403, code=50001, message="Missing Access")
    host = Listener()
    async with adapter(discord, host):
        await until(lambda: len(host.heard) == 1)
    assert reads(discord) == [other, channel]


async def test_a_message_that_cannot_be_understood_keeps_no_other_from_being_heard(
    discord: Discord, channel: str, ann: str
) -> None:
    discord.garble(await discord.say(channel, ann, "from tomorrow"))
    await discord.say(channel, ann, "from today")
    host = Listener()
    async with adapter(discord, host):
        await until(lambda: host.texts == ["from today"])


async def test_a_place_that_could_not_be_read_is_read_once_more(
    discord: Discord, channel: str, ann: str
) -> None:
    await discord.say(channel, ann, "before")
    discord.fail("GET", READS, 503)
    host = Listener()
    async with adapter(discord, host):
        await until(lambda: host.texts == ["before"])
    assert reads(discord) == [channel, channel]


async def test_what_is_said_between_two_sessions_is_heard_unless_that_is_switched_off(
    discord: Discord, channel: str, ann: str
) -> None:
    host, off = Listener(), Listener(missed_seconds=0)
    async with adapter(discord, host), adapter(discord, off):
        await discord.wait_for(lambda: discord.identifies == 2)
        await discord.say(channel, ann, "before")
        await until(lambda: reads(discord) == [channel])
        await discord.invalid_session()
        await discord.say(channel, ann, "between")
        await until(lambda: host.texts == ["before", "between"] and discord.identifies == 4)
        await discord.say(channel, ann, "after")
        await until(lambda: off.texts == ["before", "after"])
    assert reads(discord) == [channel, channel]


async def test_a_session_that_goes_on_needs_no_reading(discord: Discord, channel: str, ann: str) -> None:
    host = Listener()
    async with adapter(discord, host):
        await discord.wait_for(lambda: discord.identifies == 1)
        await discord.cut()
        await discord.say(channel, ann, "meanwhile")
        await until(lambda: host.texts == ["meanwhile"])
    assert (discord.identifies, discord.resumes) == (1, 1)
    assert reads(discord) == []


@pytest.mark.parametrize("failing", [1, 2])
async def test_what_cannot_be_taken_is_read_until_it_can(
    discord: Discord, channel: str, ann: str, failing: int
) -> None:
    host = Listener()
    async with adapter(discord, host):
        await discord.wait_for(lambda: discord.identifies == 1)
        host.failing = failing
        await discord.say(channel, ann, "Is anybody there?")
        await until(lambda: host.texts == ["Is anybody there?"])
    assert host.failed == failing
    assert len(host.heard) == 1


async def test_what_was_asked_where_the_bot_is_not_keeps_nothing_else_from_being_read(
    discord: Discord, guild: str, channel: str, ann: str
) -> None:
    await discord.say(channel, ann, "before")
    host = Listener(None, Thread("discord", guild, channel, "i1234"))
    async with adapter(discord, host, plain=True):
        await until(lambda: host.texts == ["before"])
