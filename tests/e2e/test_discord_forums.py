"""Posts of forums, and other places on Discord that are no plain channels."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.dify import Answer, Dify
from sandbox.discord import ChannelType, Limits, Permission
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.discord_hosts import Listener, adapter
from tests.e2e.places import DiscordPlace


@pytest.fixture
async def place() -> AsyncIterator[DiscordPlace]:
    async with DiscordPlace() as stand_in:
        stand_in.discord.limits = Limits.off()
        yield stand_in


@pytest.fixture
def forum(place: DiscordPlace) -> str:
    return place.discord.rooms.add(place.guild, "help", ChannelType.FORUM)


def mention(place: DiscordPlace) -> str:
    return f"<@{place.discord.bot_id}>"


@pytest.mark.parametrize("kind", [ChannelType.FORUM, ChannelType.MEDIA])
async def test_a_post_that_mentions_the_bot_is_answered_in_the_post(
    place: DiscordPlace, dify: Dify, bridge: Bridge, kind: ChannelType
) -> None:
    dify.script = lambda request, turns: Answer(f"{request.query} ({turns + 1})")
    forum = place.discord.rooms.add(place.guild, "help", kind)
    async with bridge() as app:
        post = place.discord.rooms.post(forum, place.person, "No light", f"{mention(place)} What now?")
        await answered(app, 1)
        await place.say(post, "And then?")
        await answered(app, 2)
    assert place.replies(post) == ["No light\n\nWhat now? (1)", "And then? (2)"]
    assert len(dify.conversations) == 1
    assert [one.name for one in place.discord.threads(forum)] == ["No light"]
    assert not [call for call in place.discord.calls if call.status >= 400]


async def test_a_post_that_does_not_mention_the_bot_is_left_to_people(
    place: DiscordPlace, dify: Dify, bridge: Bridge, forum: str
) -> None:
    dify.script = lambda request, turns: Answer("So.")
    async with bridge() as app:
        post = place.discord.rooms.post(forum, place.person, "To all of you", "Who was it?")
        await place.say(post, "Not me.")
        asked = place.discord.rooms.post(forum, place.person, "To the bot", mention(place))
        await answered(app, 1)
        assert place.replies(post) == []
        await place.say(post, f"{mention(place)} Do you know?")
        await answered(app, 2)
    assert place.replies(asked) == ["So."]
    assert place.replies(post) == ["So."]


async def test_in_a_forum_that_a_route_names_every_post_is_answered(
    place: DiscordPlace, dify: Dify, bridge: Bridge, forum: str, tmp_path: Path
) -> None:
    dify.script = lambda request, turns: Answer(f"{request.query}!")
    config = tmp_path / "bridge.toml"
    config.write_text(
        f"""
        [[routes]]
        platform = "discord"
        channel = "{forum}"
        app = "default"
        """
    )
    place.bridge_config = str(config)
    other = place.discord.rooms.add(place.guild, "chatter", ChannelType.FORUM)
    async with bridge() as app:
        elsewhere = place.discord.rooms.post(other, place.person, "Hm", "Nobody?")
        post = place.discord.rooms.post(forum, place.person, "Broken", "It is dark.")
        await answered(app, 1)
        await place.say_in_channel("Not a post.")
        await place.say(post, "Still dark.")
        await answered(app, 2)
    assert place.replies(post) == ["Broken\n\nIt is dark.!", "Still dark.!"]
    assert place.replies(elsewhere) == []


async def test_a_post_that_was_written_while_nobody_listened_is_answered(
    place: DiscordPlace, dify: Dify, bridge: Bridge, forum: str
) -> None:
    dify.script = lambda request, turns: Answer("Late.")
    post = place.discord.rooms.post(forum, place.person, "Early", f"{mention(place)} Hello?", age=60)
    async with bridge() as app:
        await answered(app, 1)
    assert place.replies(post) == ["Late."]


async def test_a_post_is_where_it_is_also_for_a_replica_that_does_not_listen(
    place: DiscordPlace, forum: str
) -> None:
    host, other = Listener(), Listener()
    async with adapter(place.discord, host):
        await place.discord.wait_for(lambda: place.discord.identifies == 1)
        place.discord.rooms.post(forum, place.person, "Broken", f"{mention(place)} It is dark.")
        await until(lambda: len(host.heard) == 1)
    (message,) = host.heard
    assert message.heads_thread
    assert message.text == "Broken\n\nIt is dark."
    other.roles = host.roles
    async with adapter(place.discord, other) as standby:
        assert standby.open_lanes(message) == ()
        assert not standby.ours_to_name(message.thread)


async def test_a_thread_below_an_announcement_is_a_thread(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("In a thread.")
    place.channel = place.discord.rooms.add(place.guild, "news", ChannelType.ANNOUNCEMENT)
    async with bridge() as app:
        question = await place.ask("What is new?")
        await answered(app, 1)
    assert place.replies(question) == ["In a thread."]


@pytest.mark.parametrize("kind", [ChannelType.VOICE, ChannelType.STAGE])
async def test_where_there_can_be_no_threads_the_answer_is_a_reply_and_no_thread_is_tried(
    place: DiscordPlace, dify: Dify, bridge: Bridge, kind: ChannelType
) -> None:
    dify.script = lambda request, turns: Answer("Here.")
    place.channel = place.discord.rooms.add(place.guild, "talk", kind)
    async with bridge() as app:
        question = await place.ask("Anybody?")
        await answered(app, 1)
    (reply,) = [one for one in place.discord.messages(place.channel) if one.content == "Here."]
    assert reply.reference == question
    assert not [call for call in place.discord.calls if call.route.endswith("/threads")]


async def test_in_a_private_thread_the_bot_answers_where_it_was_added(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("Quietly.")
    async with bridge() as app:
        rooms = place.discord.rooms
        shut = rooms.start_private_thread(place.channel, place.person, "secret", with_bot=False)
        added = rooms.start_private_thread(place.channel, place.person, "shared", with_bot=True)
        await place.say(shut, f"{mention(place)} Do you hear?")
        await place.say(added, f"{mention(place)} And here?")
        await answered(app, 1)
    assert place.replies(shut) == []
    assert place.replies(added) == ["Quietly."]


async def test_a_forwarded_message_is_what_is_asked(place: DiscordPlace, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer(f"{request.query}!")
    said = await place.say_in_channel(f"Is <@{place.person}> right?")
    async with bridge() as app:
        direct = place.discord.open_dm(place.person)
        await place.discord.say(direct, place.person, "", forwards=said)
        await answered(app, 1)
    assert place.replies(direct) == ["Is @someone right?!"]


async def test_a_post_whose_thread_is_gone_is_answered_nowhere_else(
    place: DiscordPlace, dify: Dify, bridge: Bridge, forum: str
) -> None:
    lacking = Permission.usual() & ~Permission.SEND_MESSAGES_IN_THREADS
    place.discord.rooms.permit(forum, lacking)
    dify.script = lambda request, turns: Answer("Nowhere.")
    async with bridge() as app:
        post = place.discord.rooms.post(forum, place.person, "Broken", f"{mention(place)} It is dark.")
        await answered(app, 1)
    assert place.replies(post) == []
    assert not [call for call in place.discord.calls if call.status >= 400]
