"""What is remembered, and that it is remembered once."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

from bridge.errors import StoreError
from bridge.store import Store
from bridge.store.migrate import migrate
from bridge.store.tables import METADATA
from bridge.types import Message, MessageRef, Person, Thread

THREAD = Thread("slack", "T1", "C1", "1.5")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'bridge.db'}"


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    async with Store(url) as opened:
        yield opened


def message(number: int, thread: Thread = THREAD) -> Message:
    return Message(f"m{number}", thread, Person("U1"), "Hello?", 0.0, addressed=True)


async def test_a_message_is_accepted_once_however_often_it_comes(store: Store) -> None:
    accepted = await asyncio.gather(*(store.accept(message(1), "default", "u") for _ in range(20)))
    assert sum(one is not None for one in accepted) == 1


async def test_the_user_is_fixed_when_the_conversation_begins(store: Store) -> None:
    first = await store.accept(message(1), "default", "opener")
    second = await store.accept(message(2), "default", "somebody else")
    assert first is not None
    assert second is not None
    assert (first.dify_user, second.dify_user) == ("opener", "opener")


async def test_a_conversation_is_known_to_the_next_question_and_after_a_restart(url: str) -> None:
    async with Store(url) as store:
        first = await store.accept(message(1), "default", "u")
        second = await store.accept(message(2), "default", "u")
        assert first is not None
        assert second is not None
        await store.remember_turn(first, "conversation", "message", "task")
        assert (await store.current(second.question_id)).conversation_id == "conversation"
    async with Store(url) as store:
        third = await store.accept(message(3), "default", "u")
        assert third is not None
        assert third.conversation_id == "conversation"
        assert await store.accept(message(1), "default", "u") is None


async def test_a_forgotten_conversation_begins_anew_under_whoever_asks(store: Store) -> None:
    opened = await store.accept(message(1), "default", "opener")
    assert opened is not None
    await store.remember_turn(opened, "conversation", "", "")
    await store.forget_conversation(opened, "another")
    now = await store.current(opened.question_id)
    assert (now.conversation_id, now.dify_user) == ("", "another")


async def test_a_thread_is_found_by_itself_or_by_the_reply_that_is_answered(store: Store) -> None:
    elsewhere = Thread("slack", "T1", "C1", "9.9")
    assert await store.find_thread(elsewhere, "reply") is None
    opened = await store.accept(message(1), "default", "u")
    assert opened is not None
    await store.remember_reply(opened.question_id, 0, MessageRef("C1", "reply"))
    assert await store.find_thread(THREAD, "") == THREAD
    assert await store.find_thread(elsewhere, "reply") == THREAD
    assert await store.find_thread(elsewhere, "another") is None


async def test_a_finished_question_is_counted(store: Store) -> None:
    opened = await store.accept(message(1), "default", "u")
    assert opened is not None
    assert [thread.finished for thread in await store.list_threads()] == [0]
    await store.finish(opened.question_id, "answered")
    assert [thread.finished for thread in await store.list_threads()] == [1]


async def test_a_database_of_a_newer_bridge_is_refused(url: str, tmp_path: Path) -> None:
    async with Store(url):
        pass
    with sqlite3.connect(tmp_path / "bridge.db") as conn:
        conn.execute("UPDATE alembic_version SET version_num = '9999'")
    conn.close()
    with pytest.raises(StoreError, match="newer"):
        async with Store(url):
            pass


async def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        async with Store(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}"):
            pass


async def test_one_file_belongs_to_one_process(store: Store, url: str) -> None:
    with pytest.raises(StoreError, match="already in use"):
        async with Store(url):
            pass


def test_the_migrations_make_exactly_the_tables_that_are_declared() -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as conn:
        migrate(conn)
        assert compare_metadata(MigrationContext.configure(conn), METADATA) == []
    engine.dispose()
