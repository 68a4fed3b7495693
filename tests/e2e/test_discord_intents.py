"""What the bot can do where Discord does not let it read what is said to others."""

import logging
from collections.abc import AsyncIterator

import pytest

from sandbox.dify import Answer, Dify
from sandbox.discord import ChannelType, Limits
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.discord_hosts import Listener, adapter
from tests.e2e.places import DiscordPlace

# What Discord calls them.
MESSAGE_CONTENT, GUILD_MESSAGES = 1 << 15, 1 << 9


@pytest.fixture
async def place() -> AsyncIterator[DiscordPlace]:
    async with DiscordPlace() as stand_in:
        stand_in.discord.limits = Limits.off()
        stand_in.discord.message_content_allowed = False
        yield stand_in


async def test_a_thread_is_answered_where_the_bot_is_mentioned_or_replied_to_and_else_left_alone(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"{request.query} ({turns + 1})")
    bot = place.discord.bot_id
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        await place.say(thread, "This is between us.")
        (first,) = [one for one in place.discord.messages(thread) if one.author_id == bot]
        await place.discord.say(thread, place.person, "Two?", reply_to=first.id, mention_bot=True)
        await answered(app, 2)
        await place.say(thread, "Between us, too.")
        await place.say(thread, f"<@{bot}> Three?")
        await answered(app, 3)
    assert place.replies(thread) == ["One? (1)", "Two? (2)", "Three? (3)"]
    assert len(dify.conversations) == 1


async def test_what_an_edit_hides_from_the_bot_is_not_asked(place: DiscordPlace) -> None:
    host = Listener()
    bot = place.discord.bot_id
    async with adapter(place.discord, host):
        await place.discord.wait_for(lambda: place.discord.identifies == 1)
        question = await place.ask("One?")
        await until(lambda: len(host.heard) == 1)
        await place.discord.edit(question, f"<@{bot}> Two?")
        await until(lambda: [one.text for one in host.changed] == ["Two?"])
        await place.discord.edit(question, "Without the bot.")
        await place.discord.edit(question, f"<@{bot}> Three?")
        await until(lambda: len(host.changed) >= 2)
    assert [one.text for one in host.changed] == ["Two?", "Three?"]


async def test_direct_messages_and_posts_that_mention_the_bot_are_answered(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"{request.query}!")
    forum = place.discord.rooms.add(place.guild, "help", ChannelType.FORUM)
    mention = f"<@{place.discord.bot_id}>"
    async with bridge() as app:
        direct = await place.tell("Hello")
        post = place.discord.rooms.post(forum, place.person, "Broken", f"{mention} It is dark.")
        unasked = place.discord.rooms.post(forum, place.person, "Fine", "Nothing to ask.")
        await answered(app, 2)
    assert place.replies(direct) == ["Hello!"]
    assert place.replies(post) == ["Broken\n\nIt is dark.!"]
    assert place.replies(unasked) == []


async def test_the_log_says_once_what_is_missing(
    place: DiscordPlace, caplog: pytest.LogCaptureFixture
) -> None:
    host = Listener()
    with caplog.at_level(logging.WARNING, "adapters.discord"):
        async with adapter(place.discord, host, (), 2):
            await place.discord.wait_for(lambda: place.discord.identifies == 2, 30)
    said = [one for one in caplog.messages if "message content intent is off" in one]
    assert len(said) == 1


@pytest.mark.parametrize("retired", [MESSAGE_CONTENT, GUILD_MESSAGES])
async def test_intents_that_discord_does_not_know_end_the_bot_instead_of_being_tried_for_ever(
    place: DiscordPlace, caplog: pytest.LogCaptureFixture, retired: int
) -> None:
    place.discord.message_content_allowed = True
    place.discord.starts.retired_intents = retired
    host = Listener()
    async with adapter(place.discord, host):
        await until(lambda: any("4013" in str(one) for one in host.ends))
    assert len(place.discord.starts.began) == 1
