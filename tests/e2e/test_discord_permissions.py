"""Where the bot may not speak, Discord never has to refuse it, and whoever asked can be told."""

import time
from collections.abc import AsyncIterator

import pytest

from bridge.errors import NotAllowed, RateLimited
from bridge.settings import DiscordReplies
from bridge.types import Body, File
from sandbox.dify import Answer, Dify
from sandbox.discord import Limits, Permission
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.discord_hosts import Listener, adapter
from tests.e2e.places import DiscordPlace

USUAL = Permission.usual()


@pytest.fixture
async def place() -> AsyncIterator[DiscordPlace]:
    async with DiscordPlace() as stand_in:
        stand_in.discord.limits = Limits.off()
        yield stand_in


def refused(place: DiscordPlace) -> list[str]:
    """What Discord had to refuse."""
    return [f"{call.method} {call.route} {call.status}" for call in place.discord.calls if call.status >= 400]


def told(place: DiscordPlace) -> list[str]:
    """What the person was told in private."""
    return place.replies(place.discord.open_dm(place.person))


def in_channel(place: DiscordPlace) -> list[str]:
    bot = place.discord.bot_id
    return [one.content for one in place.discord.messages(place.channel) if one.author_id == bot]


@pytest.mark.parametrize("lacking", [Permission.CREATE_PUBLIC_THREADS, Permission.SEND_MESSAGES_IN_THREADS])
async def test_without_threads_the_answer_is_a_reply_and_no_thread_is_tried(
    place: DiscordPlace, dify: Dify, bridge: Bridge, lacking: Permission
) -> None:
    dify.script = lambda request, turns: Answer("Here.")
    place.discord.rooms.permit(place.channel, USUAL & ~lacking)
    async with bridge() as app:
        await place.ask("Where?")
        await answered(app, 1)
    assert in_channel(place) == ["Here."]
    assert refused(place) == []


async def test_where_the_bot_may_not_write_the_app_is_not_asked_and_nothing_is_tried(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("Where?")
    writing = Permission.SEND_MESSAGES | Permission.SEND_MESSAGES_IN_THREADS
    place.discord.rooms.permit(place.channel, USUAL & ~writing)
    async with bridge() as app:
        await place.ask("Do you hear me?")
        await answered(app, 1)
        assert not dify.conversations
        assert ["Send Messages." in one for one in told(place)] == [True]
        place.discord.rooms.permit(place.channel, USUAL)
        thread = await place.ask("And now?")
        await answered(app, 2)
    assert place.replies(thread) == ["Where?"]
    assert refused(place) == []


async def test_whoever_is_told_nothing_in_private_is_told_nothing_where_the_bot_may_not_write(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    writing = Permission.SEND_MESSAGES | Permission.SEND_MESSAGES_IN_THREADS
    place.discord.rooms.permit(place.channel, USUAL & ~writing)
    place.discord.refuse_directs(place.person)
    async with bridge() as app:
        await place.ask("Do you hear me?")
        await answered(app, 1)
        await place.ask("And now?")
        await answered(app, 2)
    # Only the first direct message had to be refused: nobody can know before.
    assert refused(place) == ["POST /channels/{id}/messages 403"]


async def test_who_asked_is_told_when_the_answer_is_refused_at_its_end(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("Nowhere.")
    place.discord.fail("POST", "/channels/{id}/messages", 403, code=50013, message="Missing Permissions")
    async with bridge() as app:
        thread = await place.ask("Do you hear me?")
        await answered(app, 1)
        await until(lambda: len(told(place)) == 1)
    assert "may not write" in told(place)[0]
    assert place.replies(thread) == []


async def test_whoever_asks_where_the_bot_may_not_write_is_told_what_is_missing(
    place: DiscordPlace,
) -> None:
    writing = Permission.SEND_MESSAGES | Permission.SEND_MESSAGES_IN_THREADS
    place.discord.rooms.permit(place.channel, USUAL & ~writing)
    host = Listener()
    async with adapter(place.discord, host) as running:
        await place.ask("Do you hear me?")
        await until(lambda: len(host.heard) == 1)
        (message,) = host.heard
        assert "Send Messages." in running.obstacle(message)
        await running.open(message)
        with pytest.raises(NotAllowed):
            await running.post(message.thread, Body("Yes."), "a")
        with pytest.raises(NotAllowed):
            await running.show_waiting(message.thread)
        place.discord.rooms.permit(place.channel, USUAL)
        await until(lambda: running.obstacle(message) == "")
    assert refused(place) == []


async def test_in_a_locked_thread_nothing_is_tried_and_the_person_can_be_told(place: DiscordPlace) -> None:
    host = Listener()
    async with adapter(place.discord, host) as running:
        question = await place.ask("One?")
        await until(lambda: len(host.heard) == 1)
        await running.open(host.heard[0])
        await place.say(question, "Two?")
        await until(lambda: len(host.heard) == 2)
        assert running.obstacle(host.heard[1]) == ""
        place.discord.rooms.lock(question)
        await until(lambda: "locked" in running.obstacle(host.heard[1]))
        with pytest.raises(NotAllowed):
            await running.post(host.heard[1].thread, Body("Two."), "a")
    assert refused(place) == []


async def test_what_was_refused_though_nothing_was_known_is_not_tried_again_at_once(
    place: DiscordPlace,
) -> None:
    host = Listener()
    async with adapter(place.discord, host) as running:
        question = await place.ask("One?")
        await until(lambda: len(host.heard) == 1)
        await running.open(host.heard[0])
        place.discord.fail("POST", "/channels/{id}/messages", 403, code=50013, message="Missing Permissions")
        for key in "abc":
            with pytest.raises(NotAllowed):
                await running.post(host.heard[0].thread, Body("Here."), key)
        await place.say(question, "Well?")
        await until(lambda: len(host.heard) == 2)
        assert "may not write" in running.obstacle(host.heard[1])
    assert len(refused(place)) == 1


async def test_courtesies_that_are_not_permitted_are_left_out(place: DiscordPlace) -> None:
    lacking = Permission.ADD_REACTIONS | Permission.ATTACH_FILES
    place.discord.rooms.permit(place.channel, USUAL & ~lacking)
    host = Listener()
    started = await place.say_in_channel("Let us talk.")
    theirs = place.discord.start_thread(started, "Theirs", place.person)
    async with adapter(place.discord, host) as running:
        await place.discord.wait_for(lambda: place.discord.identifies == 1)
        await place.say(theirs, "Hello?")
        await until(lambda: len(host.heard) == 1)
        (message,) = host.heard
        with pytest.raises(NotAllowed):
            await running.mark_queued(message)
        with pytest.raises(NotAllowed):
            await running.send_file(message.thread, File("a.txt", "text/plain", b"a"), "a")
        with pytest.raises(NotAllowed):
            await running.name_thread(message.thread, "Ours")
        await running.post(message.thread, Body("But words are fine."), "b")
    assert place.replies(theirs) == ["But words are fine."]
    assert refused(place) == []


async def test_slow_mode_is_kept_to(place: DiscordPlace, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer(f"{request.query}!")
    place.answers = DiscordReplies.PLAIN
    place.discord.rooms.slow_down(place.channel, 2)
    async with bridge() as app:
        for question in ("One", "Two", "Three"):
            await place.ask(question)
        await answered(app, 3)
    assert sorted(in_channel(place)) == ["One!", "Three!", "Two!"]
    assert refused(place) == []


async def test_who_may_bypass_slow_mode_does(place: DiscordPlace, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer(f"{request.query}!")
    place.answers = DiscordReplies.PLAIN
    place.discord.rooms.permit(place.channel, USUAL | Permission.BYPASS_SLOWMODE)
    place.discord.rooms.slow_down(place.channel, 3600)
    began = time.monotonic()
    async with bridge() as app:
        await place.ask("One")
        await place.ask("Two")
        await answered(app, 2)
    assert sorted(in_channel(place)) == ["One!", "Two!"]
    assert time.monotonic() - began < 60
    assert refused(place) == []


async def test_where_slow_mode_takes_too_long_the_person_can_be_told_when(place: DiscordPlace) -> None:
    place.discord.rooms.slow_down(place.channel, 600)
    host = Listener()
    async with adapter(place.discord, host, plain=True) as running:
        await place.ask("One?")
        await until(lambda: len(host.heard) == 1)
        assert running.obstacle(host.heard[0]) == ""
        await running.post(host.heard[0].thread, Body("One."), "a")
        await place.ask("Two?")
        await until(lambda: len(host.heard) == 2)
        assert "in 10 min" in running.obstacle(host.heard[1])
        (slow,) = [one for one in running.post_lanes(host.heard[1].thread) if "slow" in one.scope]
        assert (slow.limit, slow.seconds) == (1, 600.0)
        # Should it be met all the same, that is whose limit it is.
        with pytest.raises(RateLimited) as met:
            await running.post(host.heard[1].thread, Body("Two."), "b")
        assert met.value.scope == slow.scope
        assert 590 < met.value.retry_after <= 600


async def test_a_channels_limit_of_writing_is_waited_for(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("So.")
    place.discord.fail("POST", "/channels/{id}/messages", 429, code=20028, retry_after=0.5)
    async with bridge() as app:
        thread = await place.ask("How?")
        await answered(app, 1)
    assert place.replies(thread) == ["So."]
