"""Questions that are edited or deleted where another process answers them, or where one has just ended."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.store import Store
from bridge.types import Message, Person, Thread
from sandbox.dify import Answer, Dify
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import SlackPlace
from tests.e2e.test_replicas import replicas, slack_place, speaks
from tests.postgres import Postgres

ROOT = Path(__file__).resolve().parents[2]
WORDS = " ".join(f"word{number}" for number in range(60))


@pytest.fixture
async def database(postgres: Postgres) -> AsyncIterator[str]:
    async with postgres.fresh_database() as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture
async def place() -> AsyncIterator[SlackPlace]:
    async with slack_place(1) as stand_in:
        yield stand_in


def answer(query: str) -> Answer:
    """Slow to what is edited later, quick to all else."""
    return Answer(f"To {query} {WORDS}", tokens_per_second=5 if query.startswith("Old") else 0)


async def test_edits_and_deletions_reach_whoever_answers(database: str) -> None:
    async with slack_place(3) as place, Dify(version="1.16.0") as dify:
        dify.script = lambda request, turns: answer(request.query)
        async with replicas(place, dify, database, 3) as apps:
            threads = [await place.ask(f"Old {number}") for number in range(6)]
            await until(lambda: all(speaks(place, thread) for thread in threads))
            for number, thread in enumerate(threads):
                if number % 2:
                    await place.take_back(thread, f"Old {number}")
                else:
                    await place.change(thread, f"Old {number}", f"New {number}")
            await answered(apps[0], 6)
            await until(lambda: dify.running == 0)
    shown = [place.replies(thread) for thread in threads]
    assert shown == [[] if number % 2 else [f"To New {number} {WORDS}"] for number in range(6)]
    assert len({one.task_id for one in dify.stopped}) == 6
    # One restart for each edit, however many ways it was heard of.
    assert len(dify.requests) == 9


async def test_a_waiting_question_is_edited_whichever_replica_hears_of_it(database: str) -> None:
    async with slack_place(3) as place, Dify(version="1.16.0") as dify:
        dify.script = lambda request, turns: Answer(f"To {request.query} {WORDS}", tokens_per_second=20)
        async with replicas(place, dify, database, 3) as apps:
            threads = [await place.ask(f"First {number}") for number in range(3)]
            await until(lambda: all(speaks(place, thread) for thread in threads))
            for thread in threads:
                await place.say(thread, "Old")
            await until(lambda: all(place.marked(thread) == ["Old"] for thread in threads))
            for thread in threads:
                await place.change(thread, "Old", "New")
            await answered(apps[0], 6)
    assert [place.replies(thread)[1] for thread in threads] == [f"To New {WORDS}"] * 3


@asynccontextmanager
async def killed(place: SlackPlace, dify: Dify, database: str, thread: list[str]) -> AsyncIterator[Store]:
    """A bridge in a process of its own has begun to answer what begins `thread`, and is killed. The block is
    what another one would do to the database before anybody looks for what waits."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DIFY_API_URL": dify.url,
        "DIFY_API_KEY": dify.key,
        "SLACK_BOT_TOKEN": place.slack.bot_token,
        "SLACK_APP_TOKEN": place.slack.app_token,
        "SLACK_API_URL": place.slack.url,
        "DATABASE_URL": database,
    }
    command = (sys.executable, "-m", "bridge", "run")
    process = await asyncio.create_subprocess_exec(*command, env=environment, cwd="/")
    try:
        await place.connected()
        thread.append(await place.ask("Old"))
        await until(lambda: speaks(place, thread[0]))
    finally:
        process.kill()
        await process.wait()
    async with Store(database) as store:
        yield store


def question(place: SlackPlace, ts: str) -> Message:
    thread = Thread("slack", place.slack.team_id, place.channel, ts)
    return Message(
        f"{thread.workspace}:{thread.channel}:{ts}", thread, Person("U"), "Old", 0.0, addressed=True
    )


async def test_a_question_edited_just_before_a_crash_is_asked_in_its_new_words(
    place: SlackPlace, dify: Dify, bridge: Bridge, tmp_path: Path
) -> None:
    dify.script = lambda request, turns: answer(request.query)
    thread: list[str] = []
    async with killed(place, dify, f"sqlite:///{tmp_path / 'bridge.db'}", thread) as store:
        assert await store.edit(replace(question(place, thread[0]), text="New")) is not None
    async with bridge() as app:
        await answered(app, 1)
        await until(lambda: dify.running == 0)
    assert place.replies(thread[0]) == [f"To New {WORDS}"]
    assert [request.query for request in dify.requests] == ["Old", "New"]
    assert len(dify.stopped) == 1


async def test_a_question_deleted_just_before_a_crash_takes_its_answer_along(
    place: SlackPlace, dify: Dify, bridge: Bridge, tmp_path: Path
) -> None:
    dify.script = lambda request, turns: answer(request.query)
    thread: list[str] = []
    async with killed(place, dify, f"sqlite:///{tmp_path / 'bridge.db'}", thread) as store:
        assert await store.delete("slack", question(place, thread[0]).id) is not None
    async with bridge() as app:
        await answered(app, 1)
        await until(lambda: dify.running == 0)
    assert place.replies(thread[0]) == []
    assert len(dify.requests) == len(dify.stopped) == 1
