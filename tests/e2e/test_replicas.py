"""Several bridges that share a PostgreSQL, in one process: each with connections of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from bridge.app import App, assemble
from bridge.settings import Busy
from bridge.words import english
from sandbox.dify import Answer, Dify
from tests.e2e.conftest import answered, until
from tests.e2e.places import Place, SlackPlace
from tests.postgres import Postgres

WORDS = " ".join(f"word{number}" for number in range(60))


@pytest.fixture
async def database(postgres: Postgres) -> AsyncIterator[str]:
    async with postgres.fresh_database() as url:
        yield url.render_as_string(hide_password=False)


@asynccontextmanager
async def replicas(place: Place, dify: Dify, database: str, count: int) -> AsyncIterator[list[App]]:
    async with AsyncExitStack() as stack:
        apps = [
            await stack.enter_async_context(assemble(place.settings(dify, database))) for _ in range(count)
        ]
        serving = [asyncio.create_task(app.run()) for app in apps]
        try:
            await place.connected()
            yield apps
        finally:
            for app in apps:
                app.leave()
            await asyncio.gather(*serving)


@asynccontextmanager
async def slack_place(connections: int) -> AsyncIterator[SlackPlace]:
    async with SlackPlace() as place:
        place.connections = connections
        yield place


def speaks(place: SlackPlace, thread: str) -> bool:
    """Whether an answer can be read there, and stopped."""
    return any("word0" in reply for reply in place.replies(thread)) and "Stop" in place.buttons(thread)


async def test_questions_of_a_thread_are_answered_in_order_whoever_hears_them(database: str) -> None:
    async with slack_place(3) as place, Dify(version="1.16.0") as dify:
        dify.script = lambda request, turns: Answer(f"To {request.query}", tokens_per_second=60)
        async with replicas(place, dify, database, 3) as apps:
            thread = await place.ask("Question 0")
            for number in range(1, 5):
                await asyncio.sleep(0.2)  # nobody types faster, and then the order would be anybody's guess
                await place.say(thread, f"Question {number}")
            await answered(apps[0], 5)
            await until(lambda: place.marked(thread) == [])
    assert place.replies(thread) == [f"To Question {number}" for number in range(5)]
    assert len({request.conversation_id for request in dify.requests[1:]}) == 1


async def test_an_answer_is_interrupted_whichever_replica_hears_of_it(database: str) -> None:
    async with slack_place(3) as place, Dify(version="1.16.0") as dify:
        place.busy = Busy.INTERRUPT
        dify.script = lambda request, turns: Answer(f"To {request.query} {WORDS}", tokens_per_second=10)
        async with replicas(place, dify, database, 3) as apps:
            thread = await place.ask("Question 0")
            for number in range(1, 4):
                await until(lambda: len(dify.requests) == number)  # noqa: B023 - awaited here
                if number == 3:
                    dify.script = lambda request, turns: Answer("The last one.")
                await place.say(thread, f"Question {number}")
            await answered(apps[0], 4)
    *stopped, last = place.replies(thread)
    assert [english.STOPPED in reply for reply in stopped] == [True, True, True]
    assert last == "The last one."


async def test_a_button_stops_an_answer_whichever_replica_hears_of_it(database: str) -> None:
    async with slack_place(3) as place, Dify(version="1.16.0") as dify:
        dify.script = lambda request, turns: Answer(f"To {request.query} {WORDS}", tokens_per_second=5)
        async with replicas(place, dify, database, 3) as apps:
            threads = [await place.ask(f"Question {number}") for number in range(6)]
            await until(lambda: all(speaks(place, thread) for thread in threads))
            for thread in threads:
                await place.press(thread, "Stop")
            await answered(apps[0], 6)
            await until(lambda: dify.running == 0)
    for number, thread in enumerate(threads):
        (reply,) = place.replies(thread)
        assert reply.startswith(f"To Question {number} word0")
        assert english.STOPPED in reply
    assert len({one.task_id for one in dify.stopped}) == 6


async def test_a_leaving_replica_hands_its_answers_to_the_others(database: str) -> None:
    async with slack_place(2) as place, Dify(version="1.16.0") as dify:
        place.drain_seconds = 0
        dify.script = lambda request, turns: Answer(f"To {request.query} {WORDS}", tokens_per_second=60)
        async with replicas(place, dify, database, 2) as apps:
            threads = [await place.ask(f"Question {number}") for number in range(6)]
            await until(lambda: all(place.replies(thread) for thread in threads))
            apps[0].leave()
            await answered(apps[1], 6)
    assert [place.replies(thread) for thread in threads] == [[f"To Question {n} {WORDS}"] for n in range(6)]
    assert len(dify.requests) == 6
