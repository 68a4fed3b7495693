"""Discord's own commands, from what somebody types to what everybody sees of it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.discord.adapter import DiscordAdapter
from adapters.discord.presses import ANSWER_WITHIN_SECONDS
from bridge.errors import DifyDown, StoreError
from bridge.types import (
    Action,
    Begin,
    Body,
    Button,
    Field,
    FieldKind,
    Form,
    Message,
    Order,
    Thread,
    Whisper,
)
from bridge.words import english
from tests.e2e.conftest import until
from tests.e2e.discord_hosts import Listener, adapter
from tests.e2e.places import DiscordPlace, ShownForm

WHY = Begin("Why is the sky blue?")
QUOTE = "> Why is the sky blue?"


@pytest.fixture
async def place() -> AsyncIterator[DiscordPlace]:
    async with DiscordPlace() as stand_in:
        yield stand_in


@pytest.fixture
def host() -> Listener:
    return Listener()


@pytest.fixture
async def bot(place: DiscordPlace, host: Listener) -> AsyncIterator[DiscordAdapter]:
    async with adapter(place.discord, host) as running:
        await place.connected()
        yield running


def direct_message(place: DiscordPlace) -> str:
    return place.discord.open_dm(place.person)


def shown(place: DiscordPlace, channel: str) -> list[str]:
    """What the bot has said there."""
    bot = place.discord.bot_id
    return [one.content for one in place.discord.messages(channel) if one.author_id == bot]


def answer_of(place: DiscordPlace) -> str:
    """The kind of the first answer that the last interaction had."""
    return place.discord.interactions[-1].answer


def form(count: int) -> Form:
    fields = tuple(Field(f"f{number}", f"Field {number}") for number in range(count))
    return Form("Details", fields, Action.GENERATE, "7")


async def thread_in(place: DiscordPlace) -> str:
    message = await place.discord.say(place.channel, place.person, "Something else.")
    return place.discord.start_thread(message, "Talk", place.person)


async def taken(host: Listener, text: str = WHY.text) -> Message:
    """The question with this text, once it is delivered."""
    await until(lambda: text in host.texts)
    return next(one for one in host.heard if one.text == text)


@pytest.mark.parametrize(
    ("order", "values"),
    [
        (Order.ASK, {"question": "Why?"}),
        (Order.NEW, {}),
        (Order.STOP, {}),
        (Order.GENERATE, {}),
        (Order.HELP, {}),
    ],
)
async def test_each_command_reaches_the_host(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter, order: Order, values: dict[str, Any]
) -> None:
    used = await place.command(place.channel, order.value, **values)
    (one,) = host.invoked
    assert (one.id, one.order, one.text, one.about) == (used, order, values.get("question", ""), "")
    assert (one.person.id, one.person.name) == (place.person, "Ada")
    assert one.place == Thread("discord", place.guild, place.channel, place.channel)
    assert place.whispers() == [english.DISCORD_NOTED]
    assert shown(place, place.channel) == []


async def test_a_command_tells_in_which_thread_it_was_used(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    thread, direct = await thread_in(place), direct_message(place)
    await place.command(thread, "new")
    await place.command(direct, "new")
    assert [one.place for one in host.invoked] == [
        Thread("discord", place.guild, place.channel, thread),
        Thread("discord", "@me", direct, direct),
    ]


@pytest.mark.parametrize("reads_everything", [True, False])
async def test_a_message_can_be_asked_about_also_where_the_bot_cannot_read_it(
    place: DiscordPlace, host: Listener, reads_everything: bool
) -> None:
    place.discord.message_content_allowed = reads_everything
    other = place.another_person()
    message = await place.discord.say(place.channel, other, f"Lunch with <@{place.person}> at 12")
    async with adapter(place.discord, host):
        await place.connected()
        await place.command_on(message)
    (one,) = host.invoked
    assert (one.order, one.about, one.text) == (Order.ABOUT, message, "Lunch with @Ada at 12")
    assert one.place == Thread("discord", place.guild, place.channel, place.channel)


async def test_a_whisper_is_seen_by_nobody_else(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    other = place.another_person()
    host.reactions.append(Whisper("This is what the bot can do."))
    await place.command(place.channel, "help", person=other)
    assert place.whispers_to(other) == ["This is what the bot can do."]
    assert place.whispers() == []
    assert shown(place, place.channel) == []


async def test_what_went_wrong_is_whispered(place: DiscordPlace, host: Listener, bot: DiscordAdapter) -> None:
    host.reactions.append(DifyDown("no"))
    await place.command(place.channel, "ask", question="Why?")
    assert place.whispers() == [DifyDown.notice]


async def test_the_form_of_the_app_opens_at_once(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    fields = (Field("name", "Name", required=True), Field("agree", "Agree", FieldKind.CHECK))
    host.reactions.extend([Form("Letter", fields, Action.GENERATE, "7"), Begin("", (("name", "Ada"),))])
    await place.command(place.channel, "generate")
    assert place.form() == ShownForm("Letter", ("Name", "Agree"), ("", "No"))
    await place.fill({"Name": "Ada"})
    (press,) = host.pressed
    assert (press.action, press.value) == (Action.GENERATE, "7")
    assert press.filled == (("name", "Ada"), ("agree", "false"))
    assert press.place == host.invoked[0].place
    message = await taken(host, "")
    assert message.filled == (("name", "Ada"),)
    (said,) = shown(place, place.channel)
    assert said == english.DISCORD_FILLED_IN.format(person=f"<@{place.person}>")


async def test_a_long_form_of_a_command_has_pages(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    host.reactions.extend([form(12), Begin("A letter")])
    await place.command(place.channel, "generate")
    await place.fill({f"Field {number}": str(number) for number in range(12)})
    assert host.pressed[-1].filled == tuple((f"f{number}", str(number)) for number in range(12))
    assert (await taken(host, "A letter")).text == "A letter"


async def test_a_question_can_be_read_by_everybody_and_its_thread_grows_from_it(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    host.reactions.append(WHY)
    await place.command(place.channel, "ask", question="Why is the sky blue?")
    message = await taken(host)
    (quoted,) = place.discord.messages(place.channel)
    assert quoted.content == f"<@{place.person}> asks:\n{QUOTE}"
    assert quoted.pings == ()
    expected = Thread("discord", place.guild, place.channel, quoted.id)
    assert (message.id, message.thread, message.text) == (quoted.id, expected, "Why is the sky blue?")
    assert (message.author.id, message.addressed, message.pressed) == (place.person, True, False)
    await bot.open(message)
    await bot.post(message.thread, Body("Because.", final=True), "a")
    (thread,) = place.discord.threads(place.channel)
    assert (thread.id, thread.name) == (quoted.id, "Why is the sky blue?")
    assert shown(place, thread.id) == ["Because."]
    assert place.whispers() == []


async def test_a_question_in_a_thread_is_answered_there(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    thread = await thread_in(place)
    host.reactions.append(WHY)
    await place.command(thread, "ask", question="Why?")
    message = await taken(host)
    assert message.thread == Thread("discord", place.guild, place.channel, thread)
    assert bot.open_lanes(message) == ()
    await bot.post(message.thread, Body("Because.", final=True), "a")
    assert shown(place, thread) == [f"<@{place.person}> asks:\n{QUOTE}", "Because."]


async def test_a_question_in_a_direct_message_is_answered_there(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    direct = direct_message(place)
    host.reactions.append(WHY)
    await place.command(direct, "ask", question="Why?")
    message = await taken(host)
    assert message.thread == Thread("discord", "@me", direct, direct)
    await bot.post(message.thread, Body("Because.", final=True), "a")
    assert shown(place, direct) == [f"<@{place.person}> asks:\n{QUOTE}", "Because."]


async def test_a_very_long_question_is_quoted_as_far_as_it_fits_and_asked_whole(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    long = "\n".join(["@everyone why 😀?"] * 300)
    host.reactions.append(Begin(long))
    await place.command(place.channel, "ask", question="Why?")
    (quoted,) = place.discord.messages(place.channel)
    assert (await taken(host, long)).text == long
    assert len(quoted.content.encode("utf-16-le")) // 2 <= 2000
    assert quoted.content.endswith("…")
    assert (quoted.pings, quoted.mentions) == ((), ())


async def test_a_question_about_a_message_is_answered_in_its_thread(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    about = await place.discord.say(place.channel, place.another_person(), "The sky is blue.")
    host.reactions.append(Begin(WHY.text, about=about))
    await place.command_on(about)
    message = await taken(host)
    assert message.thread == Thread("discord", place.guild, place.channel, about)
    assert message.pressed
    await bot.open(message)
    await bot.post(message.thread, Body("> Why?\n\nBecause.", final=True), "a")
    assert shown(place, about) == ["> Why?\n\nBecause."]
    assert shown(place, place.channel) == []
    (told,) = place.whispers()
    assert f"/{place.guild}/{place.channel}/{about}" in told


async def test_a_message_that_has_a_thread_is_asked_about_in_it(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    about = await place.discord.say(place.channel, place.person, "The sky is blue.")
    place.discord.start_thread(about, "Talk", place.person)
    host.reactions.append(Begin(WHY.text, about=about))
    await place.command_on(about)
    message = await taken(host)
    await bot.open(message)
    await bot.post(message.thread, Body("Because.", final=True), "a")
    assert shown(place, about) == ["Because."]


async def test_where_no_thread_can_be_made_the_answer_is_a_reply_to_the_message(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    place.discord.forbid_threads(place.channel)
    about = await place.discord.say(place.channel, place.person, "The sky is blue.")
    host.reactions.append(Begin(WHY.text, about=about))
    await place.command_on(about)
    message = await taken(host)
    await bot.open(message)
    await bot.post(message.thread, Body("Because.", final=True), "a")
    (said,) = [one for one in place.discord.messages(place.channel) if one.content == "Because."]
    assert said.reference == about


async def test_a_message_in_a_thread_is_asked_about_there(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    thread = await thread_in(place)
    about = await place.discord.say(thread, place.person, "The sky is blue.")
    host.reactions.append(Begin("Why is the sky blue?", about=about))
    await place.command_on(about)
    assert (await taken(host)).thread.id == thread
    assert shown(place, thread) == [f"<@{place.person}> asks:\n{QUOTE}"]


async def test_what_comes_late_is_as_private_as_it_was_announced(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    host.ready.clear()
    host.reactions.append(Whisper("At last."))
    await place.command(place.channel, "help")
    assert answer_of(place) == "deferred_channel_message_with_source"
    assert place.whispers() == [""]
    host.ready.set()
    await until(lambda: place.whispers() == ["At last."])
    assert shown(place, place.channel) == []


async def test_a_form_that_comes_late_is_offered(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    host.ready.clear()
    host.reactions.append(form(1))
    await place.command(place.channel, "generate")
    host.ready.set()
    await until(lambda: place.whispers() == ["Details"])
    await place.press(place.channel, "Continue")
    await place.fill({"Field 0": "late"})
    assert host.pressed[-1].filled == (("f0", "late"),)


async def test_a_question_that_is_taken_late_is_put_there_all_the_same(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    host.ready.clear()
    host.reactions.append(WHY)
    await place.command(place.channel, "ask", question="Why?")
    assert shown(place, place.channel) == []
    host.ready.set()
    message = await taken(host)
    (quoted,) = place.discord.messages(place.channel)
    assert quoted.content == f"<@{place.person}> asks:\n{QUOTE}"
    assert message.thread.id == message.id == quoted.id
    await until(lambda: place.whispers() == [])


@pytest.mark.parametrize("afterwards", [False, True])
async def test_a_question_whose_answer_was_lost_stands_there_once_and_is_taken(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter, afterwards: bool
) -> None:
    place.discord.fail("POST", "/interactions/{id}/{token}/callback", 502, afterwards=afterwards)
    host.reactions.append(WHY)
    await place.command(place.channel, "ask", question="Why?")
    message = await taken(host)
    (quoted,) = place.discord.messages(place.channel)
    assert quoted.content == f"<@{place.person}> asks:\n{QUOTE}"
    assert message.thread.id == message.id == quoted.id


async def test_a_command_that_is_taken_late_without_a_word_is_confirmed(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    host.ready.clear()
    await place.command(place.channel, "stop")
    host.ready.set()
    await until(lambda: place.whispers() == [english.DISCORD_NOTED])


async def test_a_question_that_cannot_be_taken_leaves_nothing_behind(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    host.failing = 1
    host.reactions.append(WHY)
    await place.command(place.channel, "ask", question="Why?")
    await until(lambda: place.whispers() == [StoreError.notice])
    assert shown(place, place.channel) == []


@pytest.mark.parametrize("late", [False, True])
async def test_a_button_may_begin_a_question_and_stays_where_it_is(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter, late: bool
) -> None:
    direct = direct_message(place)
    thread = Thread("discord", "@me", direct, direct)
    await bot.post(thread, Body("Hello.", buttons=(Button("Again", Action.AGAIN, "7"),)), "a")
    host.failing = 1
    if late:
        host.ready.clear()
    host.reactions.extend([WHY, WHY])
    for _ in range(2):
        await place.press(direct, "Again")
    host.ready.set()
    await taken(host)
    await until(lambda: place.whispers() == [StoreError.notice])
    quoted = f"<@{place.person}> asks:\n{QUOTE}"
    await until(lambda: shown(place, direct) == ["Hello.", quoted])


async def test_a_command_that_was_forgotten_is_told_of(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    payload: dict[str, Any] = {
        "id": "175928847299117063",
        "type": 2,
        "token": "made-up",
        "application_id": place.discord.application_id,
        "channel_id": place.channel,
        "data": {"id": "1", "name": "of-before", "type": 1},
        "user": {"id": place.person, "username": "ada"},
    }
    await place.discord.dispatch("INTERACTION_CREATE", payload)
    route = "/interactions/{id}/{token}/callback"
    await until(lambda: any(call.route == route for call in place.discord.calls))
    (call,) = [one for one in place.discord.calls if one.route == route]
    assert call.body["data"]["content"] == english.DISCORD_UNKNOWN_COMMAND
    assert host.invoked == []


async def test_no_token_is_logged(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "adapters")
    place.discord.interaction_seconds = 0.2
    place.discord.fail("POST", "/interactions/{id}/{token}/callback", 502)
    with pytest.raises(AssertionError, match="this interaction failed"):
        await place.command(place.channel, "help")
    await until(lambda: "was not answered" in caplog.text)
    (path,) = [one.path for one in place.discord.calls if one.path.endswith("/callback")]
    token = path.split("/")[3]
    assert len(token) > 20
    assert token not in caplog.text


async def test_many_commands_at_once_spend_nothing_of_the_bots_budget(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    host.reactions.extend([Whisper("Yes.")] * 60)
    await asyncio.gather(*(place.command(place.channel, "help") for _ in range(60)))
    assert place.whispers() == ["Yes."] * 60
    assert place.too_fast == 0


def test_the_host_has_most_of_the_time_that_discord_waits() -> None:
    assert 1.0 < ANSWER_WITHIN_SECONDS < 3.0
