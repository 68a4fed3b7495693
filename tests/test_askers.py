"""What is looked up of people and places, alike on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from bridge.store import Job, Store, ThreadState, TurnIds, Visit
from bridge.types import Message, Person, Thread
from tests.postgres import Postgres

THREAD = Thread("slack", "T1", "C1", "1.5")
OTHER = Thread("slack", "T1", "C1", "2.5")
ELSEWHERE = Thread("slack", "T1", "C2", "3.5")
ABROAD = Thread("slack", "T2", "C1", "1.5")
ADA, GRACE = Person("U1", "Ada"), Person("U2", "Grace")


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "sqlite":
        async with Store(f"sqlite:///{tmp_path / 'bridge.db'}") as opened:
            await opened.register("here")
            yield opened
        return
    server: Postgres = request.getfixturevalue("postgres")
    async with (
        server.fresh_database() as database,
        Store(database.render_as_string(hide_password=False)) as opened,
    ):
        await opened.register("here")
        yield opened


async def asked(store: Store, name: str, thread: Thread, person: Person = ADA) -> Job:
    message = Message(name, thread, person, "Why?", 1.0, addressed=True)
    taken = await store.accept(message, "default", f"user of {person.id}", "here")
    assert taken is not None
    assert taken.job is not None
    return taken.job


async def answered(store: Store, name: str, thread: Thread, person: Person = ADA, at: int = 1_000) -> None:
    """Asked at this time, in milliseconds, and answered by Dify."""
    job = await asked(store, name, thread, person)
    await store.remember_turn(job, f"conversation in {thread.id}", TurnIds(f"m-{name}", f"t-{name}"))
    await store.finish(job, "answered", go_on=0)

    def date_back(conn: Connection) -> None:
        conn.execute(
            text("UPDATE question SET received_at = :at WHERE message_id = :name"), {"at": at, "name": name}
        )

    await store.runner.run(date_back)


async def test_a_thread_is_known_by_its_app_its_conversation_and_its_form(store: Store) -> None:
    assert await store.thread_state(THREAD) is None
    job = await asked(store, "m1", THREAD)
    assert await store.thread_state(THREAD) == ThreadState("default", "")
    await store.remember_turn(job, "c1", TurnIds("d1", "t1"))
    await store.remember_inputs(job, (("city", "Rome"),))
    assert await store.thread_state(THREAD) == ThreadState("default", "c1", (("city", "Rome"),))
    assert await store.thread_state(OTHER) is None


async def test_visits_are_those_of_one_person_in_one_workspace_the_last_first(store: Store) -> None:
    await answered(store, "m1", THREAD, at=1_000)
    await answered(store, "m2", OTHER, at=2_000)
    await answered(store, "m3", ELSEWHERE, GRACE, at=3_000)
    await answered(store, "m4", ABROAD, at=4_000)
    await answered(store, "m5", THREAD, at=5_000)
    assert await store.visits("slack", "T1", "U1", 10) == [
        Visit(THREAD, "default", "conversation in 1.5", "user of U1", 5.0),
        Visit(OTHER, "default", "conversation in 2.5", "user of U1", 2.0),
    ]
    assert [one.thread for one in await store.visits("slack", "T1", "U1", 1)] == [THREAD]
    assert [one.thread for one in await store.visits("slack", "T1", "U2", 10)] == [ELSEWHERE]
    assert await store.visits("discord", "T1", "U1", 10) == []


async def test_where_dify_was_never_asked_is_no_visit(store: Store) -> None:
    job = await asked(store, "m1", THREAD)
    await store.finish(job, "command help", go_on=0)
    assert await store.visits("slack", "T1", "U1", 10) == []
