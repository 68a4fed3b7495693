"""The kinds of channels that Slack has: where the bot is addressed by name, and where by writing at all."""

from collections.abc import AsyncIterator

import pytest

from sandbox.dify import Answer, Dify
from sandbox.slack import SlackMessage
from tests.e2e.conftest import Bridge, answered
from tests.e2e.places import SlackPlace


@pytest.fixture
async def place() -> AsyncIterator[SlackPlace]:
    async with SlackPlace() as stand_in:
        yield stand_in


def own(place: SlackPlace, channel: str, thread: str) -> list[SlackMessage]:
    return [one for one in place.slack.messages(channel, thread) if one.bot_id]


@pytest.mark.parametrize("kind", ["channel", "group", "mpim"])
async def test_where_several_talk_the_bot_is_called_by_name_and_follows_its_threads(
    place: SlackPlace, dify: Dify, bridge: Bridge, kind: str
) -> None:
    """In the direct messages of several people, too: they talk with each other there."""
    dify.script = lambda request, turns: Answer(f"To {request.query}")
    channel, grace = place.slack.add_channel("place", kind=kind), place.another_person()
    async with bridge() as app:
        unheard = await place.slack.say(channel, place.person, "Not to you")
        thread = await place.slack.say(channel, place.person, f"<@{place.slack.bot_user_id}> One?")
        await answered(app, 1)
        await place.slack.say(channel, grace, "Two?", thread_ts=thread)
        await answered(app, 2)
    assert [one.text for one in own(place, channel, thread)] == ["To One?", "To Two?"]
    assert own(place, channel, unheard) == []
    assert len(dify.requests) == 2


async def test_in_direct_messages_all_is_said_to_the_bot_and_answered_in_threads(
    place: SlackPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"To {request.query}")
    direct = place.slack.open_dm(place.person)
    async with bridge() as app:
        first = await place.slack.say(direct, place.person, "One?")
        await answered(app, 1)
        second = await place.slack.say(direct, place.person, "Two?")
        await answered(app, 2)
    assert [one.text for one in own(place, direct, first)] == ["To One?"]
    assert [one.text for one in own(place, direct, second)] == ["To Two?"]
    # Each begins a conversation of its own.
    assert [request.conversation_id for request in dify.requests] == ["", ""]


async def test_a_mention_counts_once_in_whichever_kind_of_channel(
    place: SlackPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("Yes.")
    async with bridge() as app:
        for number, kind in enumerate(("channel", "group", "mpim"), start=1):
            channel = place.slack.add_channel(kind, kind=kind)
            await place.slack.say(channel, place.person, f"<@{place.slack.bot_user_id}> Once?")
            await answered(app, number)
    assert len(dify.requests) == 3
