"""Answers below the questions in the channel, without threads; and threads that were archived."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bridge.settings import ArchiveMinutes, DiscordReplies
from bridge.types import Body, Thread
from sandbox.dify import Answer, Dify
from sandbox.discord import DiscordMessage, Limits, Permission
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.discord_hosts import Listener, adapter
from tests.e2e.places import DiscordPlace


@pytest.fixture
async def place() -> AsyncIterator[DiscordPlace]:
    async with DiscordPlace() as stand_in:
        stand_in.discord.limits = Limits.off()
        stand_in.answers = DiscordReplies.PLAIN
        yield stand_in


def below(place: DiscordPlace) -> list[DiscordMessage]:
    """What the bot has said in the channel."""
    return [one for one in place.discord.messages(place.channel) if one.author_id == place.discord.bot_id]


def threads_made(place: DiscordPlace) -> int:
    return sum(call.route.endswith("/threads") for call in place.discord.calls)


async def test_each_question_is_answered_below_it_and_is_a_conversation_of_its_own(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"{request.query} ({turns + 1})")
    async with bridge() as app:
        first = await place.ask("One?")
        await answered(app, 1)
        second = await place.ask("Two?")
        await answered(app, 2)
        # A reply to the bot goes on with that conversation, and is itself replied to.
        third = await place.discord.say(
            place.channel, place.person, "And three?", reply_to=below(place)[0].id
        )
        await answered(app, 3)
        await place.say_in_channel("Not for the bot.")
    assert [(one.content, one.reference) for one in below(place)] == [
        ("One? (1)", first),
        ("Two? (1)", second),
        ("And three? (2)", third),
    ]
    assert len(dify.conversations) == 2
    assert threads_made(place) == 0
    assert not [call for call in place.discord.calls if call.status >= 400]


async def test_a_conversation_goes_on_after_a_restart_without_a_call_that_fails(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"Turn {turns + 1}")
    async with bridge() as app:
        await place.ask("One?")
        await answered(app, 1)
    (first,) = below(place)
    async with bridge() as app:
        question = await place.discord.say(place.channel, place.person, "Two?", reply_to=first.id)
        await answered(app, 2)
    assert [one.content for one in below(place)] == ["Turn 1", "Turn 2"]
    assert below(place)[1].reference == question
    assert not [call for call in place.discord.calls if call.status >= 400]


async def test_in_threads_and_direct_messages_all_is_as_ever(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"{request.query} ({turns + 1})")
    started = await place.say_in_channel("Let us talk here.")
    theirs = place.discord.start_thread(started, "Talk", place.person)
    async with bridge() as app:
        await place.say(theirs, f"<@{place.discord.bot_id}> One?")
        await answered(app, 1)
        await place.say(theirs, "Two?")
        direct = await place.tell("Three?")
        await answered(app, 3)
    assert place.replies(theirs) == ["One? (1)", "Two? (2)"]
    assert place.replies(direct) == ["Three? (1)"]
    assert below(place) == []


async def test_the_answer_to_a_question_that_is_gone_is_a_plain_message(
    place: DiscordPlace,
) -> None:
    host = Listener()
    async with adapter(place.discord, host, plain=True) as running:
        question = await place.ask("Never mind?")
        await until(lambda: len(host.heard) == 1)
        await running.open(host.heard[0])
        await place.discord.remove(question)
        await running.post(host.heard[0].thread, Body("All the same."), "a")
    assert [(one.content, one.reference) for one in below(place)] == [("All the same.", None)]


async def test_a_replica_that_does_not_listen_finds_the_place_too(place: DiscordPlace) -> None:
    host, other = Listener(), Listener()
    other.roles = host.roles
    async with adapter(place.discord, host, plain=True):
        question = await place.ask("Where?")
        await until(lambda: len(host.heard) == 1)
        async with adapter(place.discord, other, plain=True) as standby:
            await until(lambda: len(host.roles.wanted) == 2)
            await standby.open(host.heard[0])
            await standby.post(host.heard[0].thread, Body("Here."), "a")
    assert [(one.content, one.reference) for one in below(place)] == [("Here.", question)]
    assert threads_made(place) == 0


async def test_where_nothing_can_be_replied_to_the_answer_is_a_plain_message(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("Here.")
    lacking = Permission.usual() & ~Permission.READ_MESSAGE_HISTORY
    place.discord.rooms.permit(place.channel, lacking)
    async with bridge() as app:
        await place.ask("Where?")
        await answered(app, 1)
    assert [(one.content, one.reference) for one in below(place)] == [("Here.", None)]
    assert not [call for call in place.discord.calls if call.status >= 400]


async def test_a_thread_is_archived_after_the_minutes_that_were_set(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("So.")
    place.answers, place.archive_minutes = DiscordReplies.THREAD, ArchiveMinutes.WEEK
    async with bridge() as app:
        await place.ask("How long?")
        await answered(app, 1)
    (made,) = [call for call in place.discord.calls if call.route.endswith("/threads")]
    assert made.body["auto_archive_duration"] == 10_080


async def test_an_answer_in_a_thread_that_is_archived_meanwhile_still_lands(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    text = "word " * 60 + "end"
    dify.script = lambda request, turns: Answer(text, tokens_per_second=60)
    place.answers = DiscordReplies.THREAD
    async with bridge() as app:
        thread = await place.ask("Go on")
        await until(lambda: len(place.replies(thread)) == 1)
        place.discord.archive(thread)
        await answered(app, 1)
    assert place.replies(thread) == [text]


async def test_a_thread_that_was_archived_is_written_to_again(place: DiscordPlace) -> None:
    host = Listener()
    async with adapter(place.discord, host) as running:
        question = await place.ask("One?")
        await until(lambda: len(host.heard) == 1)
        await running.open(host.heard[0])
        place.discord.archive(question)
        ref = await running.post(Thread("discord", place.guild, place.channel, question), Body("So."), "a")
    assert ref.channel == question
    (thread,) = place.discord.threads(place.channel)
    assert not thread.archived


async def test_what_was_asked_where_the_bot_is_not_has_nothing_to_be_marked(place: DiscordPlace) -> None:
    host = Listener()
    async with adapter(place.discord, host, plain=True) as running:
        await place.ask("Are the servers known?")
        await until(lambda: len(host.heard) == 1)
        heard = host.heard[0]
        away = replace(heard, pressed=True, thread=replace(heard.thread, id="i1234"))
        await running.mark_queued(away)
        await running.unmark_queued(away)
    assert not [call for call in place.discord.calls if "reactions" in call.route]


@pytest.mark.parametrize("restarted", [False, True])
async def test_what_is_asked_in_a_thread_is_answered_in_it_also_once_it_is_archived(
    place: DiscordPlace, restarted: bool
) -> None:
    host = Listener()
    started = await place.say_in_channel("Let us talk here.")
    theirs = place.discord.start_thread(started, "Talk", place.person)
    async with adapter(place.discord, host, plain=True) as running:
        await place.say(theirs, f"<@{place.discord.bot_id}> One?")
        await until(lambda: any(one.thread.id == theirs for one in host.heard))
        asked = next(one for one in host.heard if one.thread.id == theirs)
        place.discord.archive(theirs)
        if not restarted:
            await place.ask("Is it told by now that it is archived?")
            await until(lambda: "Is it told by now that it is archived?" in host.texts)
            await running.open(asked)
            await running.post(asked.thread, Body("So."), "a")
    if restarted:
        again = Listener(missed_seconds=0)
        async with adapter(place.discord, again, plain=True) as running:
            await until(lambda: place.discord.identifies == 2)
            await place.ask("Are the servers known?")
            await until(lambda: "Are the servers known?" in again.texts)
            await running.open(asked)
            await running.post(asked.thread, Body("So."), "a")
    assert place.replies(theirs) == ["So."]
    assert below(place) == []
