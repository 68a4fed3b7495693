"""Discord's own commands with the whole bridge behind them: what is asked is answered, and goes on."""

import logging
from collections.abc import AsyncIterator, Callable

import pytest

from bridge.words import english
from sandbox.dify import Answer, AppSetup, Dify
from sandbox.discord import Limits, Permission
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import DiscordPlace

WORDS = " ".join(f"word{number}" for number in range(60))


@pytest.fixture
async def place() -> AsyncIterator[DiscordPlace]:
    async with DiscordPlace() as stand_in:
        stand_in.discord.apps.install_for(stand_in.person)
        yield stand_in


def among_people(place: DiscordPlace) -> str:
    return place.discord.apps.add_group(place.person, place.another_person(), place.another_person())


def elsewhere(place: DiscordPlace) -> str:
    """In a server that the bot is no member of."""
    return place.discord.add_channel(place.discord.add_guild("Elsewhere", bot=False), "lounge")


def unseen(place: DiscordPlace) -> str:
    """In a channel that the bot may not see."""
    return place.discord.add_channel(place.guild, "board", permissions=Permission(0))


def shown(place: DiscordPlace, channel: str) -> list[str]:
    return [one.content for one in place.discord.messages(channel)]


async def test_what_is_asked_in_a_channel_goes_on_in_its_thread(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"To {request.query}, turn {turns + 1}")
    async with bridge() as app:
        await place.command(place.channel, "ask", question="Why?")
        await answered(app, 1)
        (thread,) = place.discord.threads(place.channel)
        assert thread.name == "Why?"
        await place.say(thread.id, "And then?")
        await answered(app, 2)
    assert place.replies(thread.id) == ["To Why?, turn 1", "To And then?, turn 2"]
    assert shown(place, place.channel) == [f"<@{place.person}> asks:\n> Why?"]
    assert place.pings == []


async def test_a_new_conversation_begins_by_command(place: DiscordPlace, dify: Dify, bridge: Bridge) -> None:
    async with bridge() as app:
        thread = await place.tell("One?")
        await answered(app, 1)
        await place.command(thread, "new")
        await answered(app, 2)
        await place.command(thread, "ask", question="Two?")
        await answered(app, 3)
    assert [one.conversation_id for one in dify.requests] == ["", ""]
    assert len(dify.conversations) == 2


async def test_an_answer_is_stopped_by_command(place: DiscordPlace, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=5)
    async with bridge() as app:
        thread = await place.tell("One?")
        await until(lambda: any("word0" in reply for reply in place.replies(thread)))
        await place.command(thread, "stop")
        await answered(app, 1)
    assert place.whispers() == [english.STOPPED_ONE]
    assert english.STOPPED in place.replies(thread)[0]


async def test_help_says_who_answers(place: DiscordPlace, dify: Dify, bridge: Bridge) -> None:
    async with bridge():
        await place.command(place.channel, "help")
    (told,) = place.whispers()
    assert english.HELP_ASK in told


async def test_a_message_is_asked_about_in_its_own_thread(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("Because it is.")
    async with bridge() as app:
        about = await place.discord.say(place.channel, place.another_person(), "The sky is blue.")
        await place.command_on(about)
        form = place.form()
        assert form is not None
        assert "The sky is blue." in form.values
        await place.fill({})
        await answered(app, 1)
    (request,) = dify.requests
    assert "The sky is blue." in request.query
    (reply,) = place.replies(about)
    assert reply.endswith("Because it is.")
    assert reply.startswith("> ")
    assert shown(place, place.channel) == ["The sky is blue."]


@pytest.mark.parametrize("where", [among_people, elsewhere, unseen])
async def test_where_the_bot_is_not_each_question_has_a_conversation_of_its_own(
    place: DiscordPlace, dify: Dify, bridge: Bridge, where: Callable[[DiscordPlace], str]
) -> None:
    channel = where(place)
    dify.script = lambda request, turns: Answer(f"To {request.query}, turn {turns + 1}")
    async with bridge() as app:
        for question in ("One?", "Two?"):
            await place.command(channel, "ask", question=question)
        await answered(app, 2)
    assert shown(place, channel) == ["> One?\n\nTo One?, turn 1", "> Two?\n\nTo Two?, turn 1"]
    assert len(dify.conversations) == 2
    assert len({one.user for one in dify.requests}) == 1


async def test_what_is_suggested_there_can_be_pressed_after_a_restart(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    channel = among_people(place)
    dify.setup = AppSetup(suggested_questions_after_answer=True, follow_ups=("And then?",))
    async with bridge() as app:
        await place.command(channel, "ask", question="One?")
        await answered(app, 1)
        await until(lambda: "And then?" in place.buttons(channel))
    async with bridge() as app:
        await place.press(channel, "And then?")
        await answered(app, 2)
        await until(lambda: len(place.replies(channel)) == 2)
    first, second = dify.requests
    assert second.query == "And then?"
    assert second.conversation_id in dify.conversations
    assert first.user == second.user


async def test_a_long_answer_is_told_as_far_as_there_is_room(
    place: DiscordPlace, dify: Dify, bridge: Bridge, caplog: pytest.LogCaptureFixture
) -> None:
    place.discord.limits = Limits.off()
    channel = among_people(place)
    dify.script = lambda request, turns: Answer("\n\n".join(["A line that is quite long. " * 20] * 40))
    with caplog.at_level(logging.INFO, "bridge.inbox"):
        async with bridge() as app:
            await place.command(channel, "ask", question="One?")
            await answered(app, 1)
    assert len(shown(place, channel)) == 6
    assert "lost: NotAllowed" in caplog.text


async def test_when_its_time_is_over_what_stood_stays(
    place: DiscordPlace, dify: Dify, bridge: Bridge, caplog: pytest.LogCaptureFixture
) -> None:
    channel = among_people(place)
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=20)
    with caplog.at_level(logging.INFO, "bridge.inbox"):
        async with bridge() as app:
            await place.command(channel, "ask", question="One?")
            await until(lambda: any("word0" in one for one in place.replies(channel)))
            place.discord.interaction_token_seconds = 0.0
            await answered(app, 1)
    (reply,) = place.replies(channel)
    assert reply.startswith("> One?\n\nword0")
    assert "lost: MessageGone" in caplog.text


async def test_after_a_restart_what_stood_stays_and_is_not_asked_again_and_again(
    place: DiscordPlace, dify: Dify, bridge: Bridge, caplog: pytest.LogCaptureFixture
) -> None:
    place.drain_seconds = 0
    channel = among_people(place)
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=20)
    async with bridge():
        await place.command(channel, "ask", question="One?")
        await until(lambda: any("word0" in one for one in place.replies(channel)))
    stood = place.replies(channel)
    with caplog.at_level(logging.INFO, "bridge.inbox"):
        async with bridge() as app:
            await answered(app, 1)
    assert place.replies(channel) == stood
    assert "lost: MessageGone" in caplog.text
    assert len(dify.requests) <= 2
