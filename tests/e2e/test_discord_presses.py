"""Buttons and forms on Discord, from the press to what the person sees of it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from adapters.discord.adapter import DiscordAdapter
from adapters.discord.presses import MOST_AT_ONCE
from bridge.errors import DifyFormOver
from bridge.types import (
    Action,
    Body,
    Button,
    Field,
    FieldKind,
    Form,
    Message,
    MessageRef,
    Person,
    Press,
    Style,
    Thread,
    Whisper,
)
from bridge.words import english
from tests.e2e.conftest import until
from tests.e2e.discord_hosts import Listener, adapter
from tests.e2e.places import DiscordPlace, ShownForm

STOP = Button("Stop", Action.STOP, "7", Style.DANGER)
DETAILS = Button("Details", Action.FILL, "form:1")
COLOURS = ("red", "green")


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


async def asked(place: DiscordPlace, host: Listener, bot: DiscordAdapter) -> Message:
    """A question whose thread is there."""
    question = await place.ask("Why?")
    await until(lambda: any(message.id == question for message in host.heard))
    await bot.open(host.heard[-1])
    return host.heard[-1]


async def shown(place: DiscordPlace, host: Listener, bot: DiscordAdapter, *buttons: Button) -> str:
    """The thread in which an answer stands with these buttons."""
    question = await asked(place, host, bot)
    await bot.post(question.thread, Body("Because.", final=True, buttons=buttons), "a")
    return question.thread.id


def direct_message(place: DiscordPlace) -> Thread:
    channel = place.discord.open_dm(place.person)
    return Thread("discord", "@me", channel, channel)


def answers(place: DiscordPlace) -> list[str]:
    return [one.answer for one in place.discord.interactions]


def fields(count: int) -> tuple[Field, ...]:
    return tuple(Field(f"f{number}", f"Field {number}", required=True) for number in range(count))


def form(*fields: Field, title: str = "Details") -> Form:
    return Form(title, fields, Action.FILL, "form:1")


async def test_a_press_reaches_the_host_and_is_acknowledged(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    thread = await shown(place, host, bot, STOP, Button("Again", Action.ASK, "8"))
    assert place.buttons(thread) == ["Stop", "Again"]
    await place.press(thread, "Stop")
    (press,) = host.pressed
    (happened,) = place.discord.interactions
    person, where = Person(place.person, "Ada", locale="en-US"), host.heard[-1].thread
    assert press == Press(happened.id, "discord", person, Action.STOP, "7", press.at, place=where)
    assert 0 <= press.at - host.heard[-1].sent_at < 60
    assert happened.answer == "deferred_update_message"
    assert place.whispers() == []


async def test_what_is_whispered_only_the_one_sees_who_pressed(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    thread = await shown(place, host, bot, STOP)
    other = place.another_person()
    host.reactions.append(Whisper("Only Ada may stop this."))
    await place.press(thread, "Stop", person=other)
    assert host.pressed[0].person == Person(other, "Bob", locale="en-US")
    assert place.whispers() == []
    assert [one.content for one in place.discord.whispers(other)] == ["Only Ada may stop this."]
    assert place.replies(thread) == ["Because."]


async def test_what_went_wrong_is_whispered(place: DiscordPlace, host: Listener, bot: DiscordAdapter) -> None:
    thread = await shown(place, host, bot, STOP)
    host.reactions.append(DifyFormOver("token 7"))
    await place.press(thread, "Stop")
    assert place.whispers() == [DifyFormOver.notice]


async def test_buttons_go_when_a_body_has_none(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    question = await asked(place, host, bot)
    busy, done = Body("Because", buttons=(STOP,)), Body("Because", final=True)
    ref = await bot.post(question.thread, busy, "a")
    assert place.buttons(question.thread.id) == ["Stop"]
    assert not bot.same(busy, done)
    assert bot.same(done, Body("Because", final=True, sources=(), buttons=()))
    await bot.edit(ref, done)
    assert place.buttons(question.thread.id) == []
    await bot.edit(ref, busy)
    assert place.buttons(question.thread.id) == ["Stop"]


async def test_as_many_buttons_are_shown_as_discord_takes(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    many = [Button("x" * 200, Action.ASK, f"{number}{'v' * 58}"[:60]) for number in range(10, 40)]
    thread = await shown(place, host, bot, Button("👍", Action.LIKE, "1"), *many)
    labels = place.buttons(thread)
    assert len(labels) == 25
    assert labels[0] == "👍"
    await place.press(thread, labels[0])
    assert host.pressed[0].action is Action.LIKE


async def test_a_body_of_nothing_but_buttons_is_empty(place: DiscordPlace, bot: DiscordAdapter) -> None:
    thread = direct_message(place)
    assert bot.empty(thread, Body("", buttons=(STOP,)))
    assert not bot.empty(thread, Body("", notice="Waiting.", buttons=(STOP,)))


async def test_buttons_of_before_a_restart_still_work_also_in_a_direct_message(place: DiscordPlace) -> None:
    first, direct = Listener(), direct_message(place)
    async with adapter(place.discord, first) as bot:
        await place.connected()
        await bot.post(direct, Body("Hello.", buttons=(STOP,)), "a")
    second = Listener()
    async with adapter(place.discord, second):
        await place.connected()
        await place.press(direct.id, "Stop")
    assert [press.value for press in second.pressed] == ["7"]
    assert first.pressed == []


async def test_a_form_opens_at_once_and_comes_back_filled(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    thread = await shown(place, host, bot, DETAILS)
    host.reactions.append(
        form(
            Field("name", "Name", required=True, default="Ada"),
            Field("colour", "Colour", FieldKind.CHOICE, options=COLOURS),
            Field("agree", "Agree", FieldKind.CHECK),
        )
    )
    await place.press(thread, "Details")
    assert place.form() == ShownForm("Details", ("Name", "Colour", "Agree"), ("Ada", "", "No"))
    await place.fill({"Colour": "green", "Agree": "Yes"})
    assert place.form() is None
    press = host.pressed[-1]
    assert (press.action, press.value) == (Action.FILL, "form:1")
    assert press.filled == (("name", "Ada"), ("colour", "green"), ("agree", "true"))
    assert press.id == place.discord.interactions[-1].id != host.pressed[0].id
    assert answers(place) == ["modal", "deferred_update_message"]


async def test_a_form_opened_before_a_restart_is_taken_after_it(place: DiscordPlace) -> None:
    first, direct = Listener(), direct_message(place)
    async with adapter(place.discord, first) as bot:
        await place.connected()
        await bot.post(direct, Body("Hello.", buttons=(DETAILS,)), "a")
        first.reactions.append(form(Field("name", "Name")))
        await place.press(direct.id, "Details")
    second = Listener()
    async with adapter(place.discord, second):
        await place.connected()
        await place.fill({"Name": "Ada"})
    assert [press.filled for press in second.pressed] == [(("name", "Ada"),)]


async def test_a_long_form_is_filled_page_by_page(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    thread = await shown(place, host, bot, DETAILS)
    host.reactions.append(form(*fields(12)))
    await place.press(thread, "Details")
    first = place.form()
    assert first is not None
    assert (first.title, len(first.labels)) == ("Details (1/3)", 5)
    await place.fill({f"Field {number}": f"value {number}" for number in range(12)})
    expected = tuple((f"f{number}", f"value {number}") for number in range(12))
    assert [press.filled for press in host.pressed] == [None, expected]
    assert place.whispers() == ["Part 1 of 3 is filled in.", "Part 2 of 3 is filled in."]
    # What was sent is done with: its button opens nothing any more.
    await place.press(thread, "Continue")
    assert place.form() is None
    assert place.whispers()[-1] == english.DISCORD_FORM_LOST


async def test_a_page_that_was_closed_can_be_opened_again(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    thread = await shown(place, host, bot, DETAILS)
    host.reactions.extend([form(*fields(6)), Whisper("No number in field 5."), None])
    await place.press(thread, "Details")
    await place.discord.submit(place.person, {f"Field {number}": "a" for number in range(5)})
    await until(lambda: bool(place.whispers()))
    for value in ("b", "6"):
        await place.press(thread, "Continue")
        place.discord.dismiss(place.person)
        await place.press(thread, "Continue")
        await place.fill({"Field 5": value})
    assert host.pressed[-1].filled == (*((f"f{number}", "a") for number in range(5)), ("f5", "6"))
    assert place.whispers()[-1] == "No number in field 5."


async def test_a_page_that_nobody_remembers_is_told_of(place: DiscordPlace) -> None:
    first, direct = Listener(), direct_message(place)
    async with adapter(place.discord, first) as bot:
        await place.connected()
        await bot.post(direct, Body("Hello.", buttons=(DETAILS,)), "a")
        first.reactions.append(form(*fields(6)))
        await place.press(direct.id, "Details")
        await place.discord.submit(place.person, {f"Field {number}": "a" for number in range(5)})
        await until(lambda: bool(place.whispers()))
    second = Listener()
    async with adapter(place.discord, second):
        await place.connected()
        await place.press(direct.id, "Continue")
    assert place.whispers()[-1] == english.DISCORD_FORM_LOST
    assert second.pressed == []


async def test_a_form_that_answers_a_form_is_offered(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    thread = await shown(place, host, bot, DETAILS)
    host.reactions.extend([form(Field("a", "A")), form(Field("b", "B"), title="And one more")])
    await place.press(thread, "Details")
    await place.fill({"A": "1"})
    assert place.whispers() == ["And one more"]
    await place.press(thread, "Continue")
    await place.fill({"B": "2"})
    assert host.pressed[-1].filled == (("b", "2"),)


async def test_a_host_that_takes_its_time_is_still_heard(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    thread = await shown(place, host, bot, STOP, DETAILS)
    host.ready.clear()
    host.reactions.extend([Whisper("At last."), form(Field("a", "A"))])
    await asyncio.gather(place.press(thread, "Stop"), place.press(thread, "Details"))
    assert answers(place) == ["deferred_update_message"] * 2
    assert place.whispers() == []
    host.ready.set()
    await until(lambda: len(place.whispers()) == 2)
    assert sorted(place.whispers()) == ["At last.", "Details"]
    await place.press(thread, "Continue")
    await place.fill({"A": "1"})
    assert host.pressed[-1].filled == (("a", "1"),)


async def test_what_is_not_ours_is_acknowledged_and_left_alone(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    thread = await shown(place, host, bot)
    await _post_raw(place, thread, "of another bot:1")
    with caplog.at_level(logging.DEBUG, "adapters.discord"):
        await place.press(thread, "Strange")
    assert answers(place) == ["deferred_update_message"]
    assert host.pressed == []
    assert [record.levelname for record in caplog.records] == ["DEBUG"]
    assert "of another bot" not in caplog.text


async def test_no_payload_ends_the_connection(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    thread = await shown(place, host, bot, STOP)
    payloads: list[Any] = [{}, [], None, "x", {"id": "1", "type": 3}, {"type": 5, "data": {"components": 7}}]
    for payload in payloads:
        await place.discord.dispatch("INTERACTION_CREATE", payload)
    await place.press(thread, "Stop")
    assert len(host.pressed) == 1
    assert (place.discord.identifies, place.discord.resumes) == (1, 0)


async def test_a_press_that_cannot_be_answered_harms_no_other(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    thread = await shown(place, host, bot, STOP)
    place.discord.interaction_seconds = 0.2
    place.discord.fail("POST", "/interactions/{id}/{token}/callback", 502)
    host.reactions.extend([None, RuntimeError("a defect"), Whisper("Well.")])
    for _ in range(2):
        with pytest.raises(AssertionError, match="this interaction failed"):
            await place.press(thread, "Stop")
    place.discord.interaction_seconds = 3.0
    await place.press(thread, "Stop")
    assert place.whispers() == ["Well."]


async def test_many_presses_at_once_spend_nothing_of_the_bots_budget(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    thread = await shown(place, host, bot, STOP)
    await asyncio.gather(*(place.press(thread, "Stop") for _ in range(60)))
    assert len({press.id for press in host.pressed}) == 60
    assert place.too_fast == 0


async def test_more_presses_than_can_be_taken_are_refused_and_harm_no_later_one(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    thread = await shown(place, host, bot, STOP)
    host.ready.clear()
    for number in range(MOST_AT_ONCE + 5):
        await place.discord.dispatch("INTERACTION_CREATE", pressed(place, number))
    await until(lambda: caplog.text.count("too much is pressed at once") == 5)
    await until(lambda: len(host.pressed) == MOST_AT_ONCE)
    host.ready.set()
    # The stand-in knows none of these, so each ends with an answer that is refused.
    await until(lambda: caplog.text.count("was not answered") >= MOST_AT_ONCE)
    await place.press(thread, "Stop")
    assert len(host.pressed) == MOST_AT_ONCE + 1


def pressed(place: DiscordPlace, number: int) -> dict[str, Any]:
    """As the gateway tells of a press."""
    return {
        "id": str(175928847299117063 + number),
        "type": 3,
        "token": "made-up",
        "application_id": place.discord.application_id,
        "data": {"custom_id": "bridge:stop:7", "component_type": 2},
        "user": {"id": place.person, "username": "ada"},
    }


async def _post_raw(place: DiscordPlace, channel: str, custom_id: str) -> MessageRef:
    """A message of the bot's with a button that the adapter would not make."""
    row = {"type": 1, "components": [{"type": 2, "style": 1, "label": "Strange", "custom_id": custom_id}]}
    body = {"content": "Hm.", "components": [row]}
    headers = {"Authorization": f"Bot {place.discord.token}"}
    url = f"{place.discord.url}/channels/{channel}/messages"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, json=body, headers=headers) as response,
    ):
        return MessageRef(channel, (await response.json())["id"])
