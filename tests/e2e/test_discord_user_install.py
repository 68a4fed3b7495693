"""The bot where it is not itself: in servers it is no member of, and among people who brought it along."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

import pytest

from adapters.discord.adapter import DiscordAdapter
from adapters.discord.away import MOST_FOLLOW_UPS
from bridge.errors import MessageGone, NotAllowed, StoreError
from bridge.types import Action, Begin, Body, Button, File, Message, MessageRef, Style, Whisper
from bridge.words import english
from sandbox.discord import Limits, MessageFlag, Permission
from tests.e2e.conftest import until
from tests.e2e.discord_hosts import Listener, adapter
from tests.e2e.places import DiscordPlace

WHY = Begin("Why?")
AGAIN = Button("Again", Action.AGAIN, "7", Style.PLAIN)


@pytest.fixture
async def place() -> AsyncIterator[DiscordPlace]:
    async with DiscordPlace() as stand_in:
        stand_in.discord.apps.install_for(stand_in.person)
        yield stand_in


@pytest.fixture
def host() -> Listener:
    return Listener()


@pytest.fixture
async def bot(place: DiscordPlace, host: Listener) -> AsyncIterator[DiscordAdapter]:
    async with adapter(place.discord, host) as running:
        await place.connected()
        yield running


def group(place: DiscordPlace) -> str:
    """Where people are among themselves."""
    return place.discord.apps.add_group(place.person, place.another_person(), place.another_person())


def foreign(place: DiscordPlace) -> str:
    """A channel of a server that the bot is no member of."""
    return place.discord.add_channel(place.discord.add_guild("Elsewhere", bot=False), "lounge")


def unseen(place: DiscordPlace) -> str:
    """A channel of its own server that the bot may not see."""
    return place.discord.add_channel(place.guild, "board", permissions=Permission(0))


WHERE = pytest.mark.parametrize("where", [group, foreign, unseen])


async def asked(place: DiscordPlace, host: Listener, channel: str) -> Message:
    """What is delivered for a question there."""
    before = len(host.heard)
    host.reactions.append(WHY)
    await place.command(channel, "ask", question="Why?")
    await until(lambda: len(host.heard) > before)
    return host.heard[-1]


def shown(place: DiscordPlace, channel: str) -> list[str]:
    return [one.content for one in place.discord.messages(channel)]


@WHERE
async def test_a_question_is_answered_in_its_interaction(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter, where: Callable[[DiscordPlace], str]
) -> None:
    channel = where(place)
    message = await asked(place, host, channel)
    (told,) = place.discord.messages(channel)
    assert told.flags & MessageFlag.LOADING
    assert (message.text, message.pressed, message.addressed) == ("Why?", True, True)
    assert message.thread.channel == channel
    ref = await bot.post(message.thread, Body("Because", step="Thinking"), "a")
    await bot.edit(ref, Body("Because of the light.", final=True, buttons=(AGAIN,)))
    (told,) = place.discord.messages(channel)
    assert told.content == "Because of the light."
    assert [one.label for one in told.buttons] == ["Again"]
    assert not told.flags & MessageFlag.LOADING
    assert {call.route for call in place.discord.calls if "channels" in call.route} == set()


async def test_each_question_there_begins_its_own_conversation(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    channel = group(place)
    first, second = [await asked(place, host, channel) for _ in range(2)]
    assert first.thread != second.thread
    assert first.id != second.id
    for message in (second, first):
        await bot.post(message.thread, Body(message.id, final=True), "a")
    assert shown(place, channel) == [first.id, second.id]


async def test_nothing_is_asked_of_a_channel_that_is_not_the_bots(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    message = await asked(place, host, group(place))
    assert bot.open_lanes(message) == ()
    assert bot.name_lanes(message.thread) == ()
    assert bot.waiting_lanes(message.thread) == ()
    assert bot.mark_lanes(message) == ()
    assert bot.find_lanes(message.thread) == ()
    await bot.open(message)
    await bot.show_waiting(message.thread)
    await bot.mark_queued(message)
    await bot.unmark_queued(message)
    await bot.name_thread(message.thread, "A title")
    assert await bot.find(message.thread, "a", 0.0, ()) is None
    assert not bot.ours_to_name(message.thread)
    assert [call.route for call in place.discord.calls if "channels" in call.route] == []


async def test_a_long_answer_has_one_message_and_five_more(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    place.discord.limits = Limits.off()
    channel = group(place)
    message = await asked(place, host, channel)
    refs = [
        await bot.post(message.thread, Body(f"Part {number}", final=True), str(number))
        for number in range(1 + MOST_FOLLOW_UPS)
    ]
    assert len(set(refs)) == 6
    with pytest.raises(NotAllowed):
        await bot.post(message.thread, Body("Part 6", final=True), "6")
    for number, ref in enumerate(refs):
        await bot.edit(ref, Body(f"Part {number}, at last", final=True))
    assert shown(place, channel) == [f"Part {number}, at last" for number in range(6)]
    assert place.discord.interactions[-1].follow_ups == MOST_FOLLOW_UPS


async def test_a_message_too_many_can_be_taken_away(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    channel = group(place)
    message = await asked(place, host, channel)
    first = await bot.post(message.thread, Body("One", final=True), "a")
    second = await bot.post(message.thread, Body("Two", final=True), "b")
    await bot.delete(second)
    assert shown(place, channel) == ["One"]
    await bot.delete(first)
    assert shown(place, channel) == []


async def test_each_interaction_has_a_limit_of_its_own(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    channel = group(place)
    first, second = [await asked(place, host, channel) for _ in range(2)]
    (one,), (other,) = bot.post_lanes(first.thread), bot.post_lanes(second.thread)
    assert one.scope != other.scope
    assert (one.private, one.limit) == (True, 5)
    ref = await bot.post(first.thread, Body("Because."), "a")
    assert [lane.scope for lane in bot.edit_lanes(ref, Body("x"))] == [one.scope]
    assert [lane.scope for lane in bot.delete_lanes(ref)] == [one.scope]
    assert bot.closing_lane(first.thread).scope == one.scope


async def test_a_file_is_put_there_too(place: DiscordPlace, host: Listener, bot: DiscordAdapter) -> None:
    channel = group(place)
    message = await asked(place, host, channel)
    await bot.post(message.thread, Body("Here it is.", final=True), "a")
    await bot.send_file(message.thread, File("plan.txt", "text/plain", b"one, two"), "f")
    _, with_file = place.discord.messages(channel)
    (file,) = place.discord.files(with_file.id)
    assert (file.name, file.content) == ("plan.txt", b"one, two")
    assert bot.file_limit(message.thread) == 10 * 1024 * 1024


async def test_a_file_may_be_all_there_is(place: DiscordPlace, host: Listener, bot: DiscordAdapter) -> None:
    channel = group(place)
    message = await asked(place, host, channel)
    await bot.send_file(message.thread, File("plan.txt", "text/plain", b"one"), "f")
    (told,) = place.discord.messages(channel)
    assert told.attachments == ("plan.txt",)


async def test_what_is_told_in_private_goes_by_the_interaction_too(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    channel = group(place)
    message = await asked(place, host, channel)
    assert [lane.scope for lane in bot.whisper_lanes(message)] == [
        lane.scope for lane in bot.post_lanes(message.thread)
    ]
    await bot.whisper(message, "Not now.")
    assert place.whispers() == ["Not now."]
    await until(lambda: shown(place, channel) == [])


async def test_where_others_may_not_see_it_nobody_else_does(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    channel = foreign(place)
    place.discord.apps.forbid_external(channel)
    message = await asked(place, host, channel)
    await bot.post(message.thread, Body("Because.", final=True), "a")
    await bot.post(message.thread, Body("And so on.", final=True), "b")
    assert shown(place, channel) == []
    assert place.whispers() == ["Because.", "And so on."]
    (call,) = [one for one in place.discord.calls if one.path.endswith("/callback")]
    assert call.body["data"]["flags"] & MessageFlag.EPHEMERAL


async def test_a_late_refusal_is_never_seen_by_the_others(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    channel = group(place)
    host.ready.clear()
    host.reactions.append(Whisper("This is not open to you here."))
    await place.command(channel, "ask", question="Why?")
    assert [one.flags & MessageFlag.LOADING > 0 for one in place.discord.messages(channel)] == [True]
    host.ready.set()
    await until(lambda: place.whispers() == ["This is not open to you here."])
    assert shown(place, channel) == []


async def test_a_question_that_is_taken_late_is_answered_for_everybody(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    channel = group(place)
    host.ready.clear()
    host.reactions.append(WHY)
    await place.command(channel, "ask", question="Why?")
    host.ready.set()
    await until(lambda: bool(host.heard))
    await bot.post(host.heard[-1].thread, Body("Because.", final=True), "a")
    assert shown(place, channel) == ["Because."]


async def test_a_question_that_cannot_be_taken_leaves_nothing_behind(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    channel = group(place)
    host.failing = 1
    host.reactions.append(WHY)
    await place.command(channel, "ask", question="Why?")
    await until(lambda: place.whispers() == [StoreError.notice])
    assert shown(place, channel) == []


async def test_a_message_among_people_can_be_asked_about(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    channel = group(place)
    about = await place.discord.say(channel, place.person, "The sky is blue.")
    assert host.heard == []
    host.reactions.append(Begin("Why?", about=about))
    await place.command_on(about)
    assert host.invoked[0].text == "The sky is blue."
    await until(lambda: bool(host.heard))
    await bot.post(host.heard[-1].thread, Body("Because.", final=True), "a")
    assert shown(place, channel) == ["The sky is blue.", "Because."]


async def test_when_its_time_is_over_an_answer_stays_as_it_stood(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    channel = group(place)
    message = await asked(place, host, channel)
    ref = await bot.post(message.thread, Body("Becau"), "a")
    place.discord.interaction_token_seconds = 0.0
    with pytest.raises(MessageGone):
        await bot.edit(ref, Body("Because.", final=True))
    with pytest.raises(MessageGone):
        await bot.post(message.thread, Body("More"), "b")
    assert shown(place, channel) == ["Becau"]


async def test_after_a_restart_an_answer_stays_as_it_stood(place: DiscordPlace, host: Listener) -> None:
    channel = group(place)
    async with adapter(place.discord, host) as bot:
        await place.connected()
        message = await asked(place, host, channel)
        ref = await bot.post(message.thread, Body("Becau"), "a")
    async with adapter(place.discord, host) as bot:
        await place.connected()
        calls = len(place.discord.calls)
        with pytest.raises(MessageGone):
            await bot.edit(ref, Body("Because.", final=True))
        with pytest.raises(MessageGone):
            await bot.post(message.thread, Body("More"), "b")
        assert [one for one in place.discord.calls[calls:] if "webhooks" in one.route] == []
    assert shown(place, channel) == ["Becau"]


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_button_gives_its_answer_new_time(
    place: DiscordPlace, host: Listener, restarted: bool
) -> None:
    channel = group(place)
    async with adapter(place.discord, host) as bot:
        await place.connected()
        message = await asked(place, host, channel)
        ref = await bot.post(message.thread, Body("Because.", final=True, buttons=(AGAIN,)), "a")
        if not restarted:
            await place.press(channel, "Again")
            await spoken_on(place, bot, message, ref)
    if restarted:
        async with adapter(place.discord, host) as bot:
            await place.connected()
            await place.press(channel, "Again")
            await spoken_on(place, bot, message, ref)
    assert shown(place, channel) == ["Because.", "And so on."]
    assert place.discord.interactions[-1].follow_ups == 1


async def spoken_on(place: DiscordPlace, bot: DiscordAdapter, message: Message, before: MessageRef) -> None:
    """By the token of the press."""
    ref = await bot.post(message.thread, Body("And"), "b")
    assert ref.channel != before.channel
    await bot.edit(ref, Body("And so on.", final=True))


async def test_a_private_word_about_a_button_is_private_there_too(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    channel = group(place)
    message = await asked(place, host, channel)
    await bot.post(message.thread, Body("Because.", final=True, buttons=(AGAIN,)), "a")
    host.reactions.append(Whisper("Noted."))
    await place.press(channel, "Again")
    assert place.whispers() == ["Noted."]
    assert shown(place, channel) == ["Because."]


async def test_in_its_own_server_the_bot_speaks_for_itself(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    message = await asked(place, host, place.channel)
    assert message.thread.id == message.id
    await bot.open(message)
    await bot.post(message.thread, Body("Because.", final=True), "a")
    assert place.discord.threads(place.channel) != []


async def test_whoever_has_not_brought_it_along_is_not_offered_it(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    stranger = place.another_person()
    channel = place.discord.apps.add_group(place.person, stranger)
    with pytest.raises(ValueError, match="is offered"):
        await place.command(channel, "ask", person=stranger, question="Why?")
    with pytest.raises(ValueError, match="is offered"):
        await place.command(channel, "new")


async def test_no_token_is_logged_or_shown(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "adapters")
    message = await asked(place, host, group(place))
    ref = await bot.post(message.thread, Body("Because."), "a")
    place.discord.interaction_token_seconds = 0.0
    with pytest.raises(MessageGone) as gone:
        await bot.edit(ref, Body("Because.", final=True))
    path = next(one.path for one in place.discord.calls if "webhooks" in one.path)
    token = path.split("/")[3]
    assert len(token) > 20
    for text in (caplog.text, str(gone.value), repr(message), message.thread.key, repr(ref)):
        assert token not in text


async def test_many_answers_at_once_do_not_disturb_each_other(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    channel = group(place)
    messages = [await asked(place, host, channel) for _ in range(12)]
    refs = await asyncio.gather(*(bot.post(one.thread, Body(f"To {one.id}"), "a") for one in messages))
    await asyncio.gather(*(bot.edit(ref, Body("Done.", final=True)) for ref in refs))
    assert shown(place, channel) == ["Done."] * 12
    assert place.too_fast == 0


async def test_a_command_without_a_word_is_confirmed_in_private(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    channel = group(place)
    await place.command(channel, "stop")
    assert place.whispers() == [english.DISCORD_NOTED]
    assert shown(place, channel) == []
