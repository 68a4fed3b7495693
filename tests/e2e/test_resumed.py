"""Questions that somebody may not ask any more when their answer, which was cut off, goes on."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bridge.words import english
from sandbox.dify import Answer, Dify
from tests.e2e.conftest import ON_SLACK, Bridge, Configure, answered, until
from tests.e2e.places import SlackPlace
from tests.e2e.test_changed_replicas import killed

WORDS = " ".join(f"word{number}" for number in range(60))

pytestmark = ON_SLACK


@pytest.fixture
async def denied(place: SlackPlace, dify: Dify, configure: Configure, tmp_path: Path) -> str:
    """The thread of a half-written answer, whose asker is denied from now on."""
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=20)
    thread: list[str] = []
    async with killed(place, dify, f"sqlite:///{tmp_path / 'bridge.db'}", thread):
        configure(f'[apps.default]\ndeny = ["{place.names["person"]}"]\n')
    return thread[0]


async def test_an_answer_that_the_app_has_begun_is_seen_to_its_end(
    place: SlackPlace, dify: Dify, bridge: Bridge, denied: str
) -> None:
    async with bridge() as app:
        await answered(app, 1)
        await until(lambda: dify.running == 0)
    assert place.replies(denied) == [WORDS]
    assert "Stop" not in place.buttons(denied)
    assert place.told() == []


async def test_what_stands_of_an_answer_to_somebody_who_is_refused_is_removed(
    place: SlackPlace, bridge: Bridge, denied: str, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "bridge.db")) as connection, connection:
        connection.execute("UPDATE question SET dify_message_id = NULL, dify_task_id = NULL")
    assert "Stop" in place.buttons(denied)
    async with bridge() as app:
        await answered(app, 1)
        assert place.told() == [english.NOT_FOR_YOU]
    assert place.replies(denied) == []
