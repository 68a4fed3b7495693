"""Buttons that are pressed when nobody expects it any more: after a restart, in another replica, twice, by
somebody else, and after twenty minutes. Each press has an end that makes sense."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import pytest

from bridge.app import App, assemble
from bridge.words import english
from sandbox.dify import Answer, AppSetup, Dify, Source
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import DiscordPlace, Place, SlackPlace
from tests.postgres import Postgres

SUGGESTED = "And then?"
BELOW = (english.GOOD_ANSWER, english.BAD_ANSWER, english.SHOW_SOURCES, english.ASK_AGAIN, SUGGESTED)
WORDS = " ".join(f"word{number}" for number in range(60))
TWENTY_MINUTES_MS = 20 * 60 * 1000
# All that the bridge notes of time, by table.
MOMENTS = {
    "chat_thread": ("updated_at",),
    "question": ("received_at", "finished_at"),
}

each_button = pytest.mark.parametrize("label", BELOW)


@pytest.fixture
async def dify() -> AsyncIterator[Dify]:
    setup = AppSetup(suggested_questions_after_answer=True, follow_ups=(SUGGESTED,))
    async with Dify(version="1.16.0", setup=setup) as stand_in:
        stand_in.script = lambda request, turns: Answer(f"Turn {turns + 1}.", sources=(Source("faq.md"),))
        yield stand_in


def outcome(place: Place, dify: Dify, label: str, person: str = "") -> Callable[[], bool]:
    """Whether somebody who presses this has got what it promises."""
    match label:
        case english.GOOD_ANSWER:
            return lambda: [one.rating for one in dify.ratings] == ["like"]
        case english.BAD_ANSWER:
            return lambda: [one.rating for one in dify.ratings] == ["dislike"]
        case english.SHOW_SOURCES:
            who = person or place.person
            return lambda: any("faq.md" in text for text in place.whispers_to(who))
        case english.ASK_AGAIN:
            return lambda: [one.query for one in dify.requests] == ["One?", "One?"]
        case _:
            return lambda: [one.query for one in dify.requests] == ["One?", SUGGESTED]


async def asked(place: Place) -> str:
    """A question whose answer has all of its buttons."""
    thread = await place.ask("One?")
    await until(lambda: tuple(place.buttons(thread)) == BELOW)
    return thread


async def pressed(place: Place, dify: Dify, thread: str, label: str, person: str = "") -> None:
    """Press it, and wait until it has done what it promises."""
    await place.press(thread, label, person=person)
    await until(outcome(place, dify, label, person))
    if label in (english.ASK_AGAIN, SUGGESTED):
        await until(lambda: len(place.replies(thread)) == 2)
        first, second = dify.requests
        assert (second.user, second.conversation_id in dify.conversations) == (first.user, True)


def database(tmp_path: Path) -> Path:
    return tmp_path / "bridge.db"


def age(tmp_path: Path) -> None:
    """Let everything have happened twenty minutes earlier."""
    with closing(sqlite3.connect(database(tmp_path))) as connection, connection:
        for table, columns in MOMENTS.items():
            for column in columns:
                connection.execute(
                    f"UPDATE {table} SET {column} = {column} - ?",  # noqa: S608 - names of our own
                    (TWENTY_MINUTES_MS,),
                )


@each_button
async def test_after_a_restart(place: Place, dify: Dify, bridge: Bridge, label: str) -> None:
    async with bridge():
        thread = await asked(place)
    async with bridge():
        await pressed(place, dify, thread, label)


@each_button
async def test_after_twenty_minutes(
    place: Place, dify: Dify, bridge: Bridge, label: str, tmp_path: Path
) -> None:
    async with bridge():
        thread = await asked(place)
    age(tmp_path)
    async with bridge():
        await pressed(place, dify, thread, label)


@each_button
async def test_by_somebody_else(place: Place, dify: Dify, bridge: Bridge, label: str) -> None:
    async with bridge():
        thread = await asked(place)
        other = place.another_person()
        await pressed(place, dify, thread, label, other)
        assert place.form() is None


async def test_a_thumb_that_is_pressed_twice_is_taken_back(place: Place, dify: Dify, bridge: Bridge) -> None:
    async with bridge():
        thread = await asked(place)
        await place.press(thread, english.GOOD_ANSWER)
        await until(lambda: place.whispers() == [english.THANKS])
        await place.press(thread, english.GOOD_ANSWER)
        await until(lambda: place.whispers() == [english.THANKS, english.TAKEN_BACK])
    assert [one.rating for one in dify.ratings] == ["like", ""]


async def test_sources_that_are_asked_for_twice_are_told_twice(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    async with bridge():
        thread = await asked(place)
        for count in (1, 2):
            await place.press(thread, english.SHOW_SOURCES)
            await until(lambda: sum("faq.md" in one for one in place.whispers()) == count)  # noqa: B023 - awaited here


@pytest.mark.parametrize("label", [english.ASK_AGAIN, SUGGESTED])
async def test_a_question_that_is_pressed_twice_is_asked_twice_one_after_the_other(
    place: Place, dify: Dify, bridge: Bridge, label: str
) -> None:
    async with bridge() as app:
        thread = await asked(place)
        dify.script = lambda request, turns: Answer(f"Turn {turns + 1}.", tokens_per_second=20)
        for _ in range(2):
            await place.press(thread, label)
        await answered(app, 3)
    assert len({one.conversation_id for one in dify.requests[1:]}) == 1
    for number, reply in enumerate(place.replies(thread), 1):
        assert f"Turn {number}." in reply


async def test_a_stop_that_is_pressed_twice_stops_once(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=5)
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: any("word0" in reply for reply in place.replies(thread)))
        await asyncio.gather(*(place.press(thread, english.STOP) for _ in range(2)))
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert reply.count(english.STOPPED) == 1
    assert len(dify.stopped) == 1


@each_button
async def test_what_is_remembered_no_more_is_said_to_be_too_long_ago(
    place: Place, dify: Dify, bridge: Bridge, label: str, tmp_path: Path
) -> None:
    async with bridge():
        thread = await asked(place)
    with closing(sqlite3.connect(database(tmp_path))) as connection, connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("DELETE FROM chat_thread")
    async with bridge():
        await place.press(thread, label)
        await until(lambda: place.whispers() == [english.TOO_LONG_AGO])
    assert place.form() is None
    assert (len(dify.requests), dify.ratings) == (1, [])


@asynccontextmanager
async def replica(place: Place, dify: Dify, database: str) -> AsyncIterator[App]:
    """One of several, which may be left early."""
    async with assemble(place.settings(dify, database)) as app:
        serving = asyncio.create_task(app.run())
        try:
            yield app
        finally:
            app.leave()
            await serving


@pytest.mark.parametrize("label", BELOW)
@pytest.mark.parametrize("kind", [SlackPlace, DiscordPlace])
async def test_in_another_replica(kind: type[Place], dify: Dify, postgres: Postgres, label: str) -> None:
    async with kind() as place, postgres.fresh_database() as url:
        shared = url.render_as_string(hide_password=False)
        async with AsyncExitStack() as later:
            async with replica(place, dify, shared):
                await place.connected()
                thread = await asked(place)
                await later.enter_async_context(replica(place, dify, shared))
            await place.connected()
            await pressed(place, dify, thread, label)


@pytest.mark.parametrize("kind", [SlackPlace, DiscordPlace])
async def test_a_stop_reaches_the_replica_that_still_answers(
    kind: type[Place], dify: Dify, postgres: Postgres
) -> None:
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=5)
    async with kind() as place, postgres.fresh_database() as url:
        place.drain_seconds = 30
        shared = url.render_as_string(hide_password=False)
        async with AsyncExitStack() as later, replica(place, dify, shared) as first:
            await place.connected()
            thread = await place.ask("One?")
            await until(lambda: any("word0" in reply for reply in place.replies(thread)))
            second = await later.enter_async_context(replica(place, dify, shared))
            first.leave()
            await place.connected()
            await place.press(thread, english.STOP)
            await answered(second, 1)
        (reply,) = place.replies(thread)
        assert reply.startswith("word0")
        assert english.STOPPED in reply
        assert english.STOP not in place.buttons(thread)
