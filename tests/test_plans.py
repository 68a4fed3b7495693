"""No transaction that is part of everyday life reads a whole table, however much is remembered."""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest
from sqlalchemy import Connection, event

from bridge.store import (
    By,
    Job,
    Lease,
    Limit,
    Store,
    TurnIds,
    askers,
    changes,
    housekeeping,
    quotas,
    replicas,
    scripts,
    threads,
)
from bridge.types import Message, MessageRef, Person, Thread
from tests.postgres import Postgres

Script: TypeAlias = Callable[[Connection], object]

ROWS = 5_000
NOW = 2_000_000_000_000
DAY = 86_400_000
ME = "me"
KNOWN = Thread("slack", "T1", "C1", "7.0")
NEW = Thread("slack", "T1", "C1", "new")
PLACE = Thread("slack", "T1", "C1", "C1")

_NUMBERS = {
    "postgresql": "generate_series(1, {rows}) AS s(n)",
    "sqlite": (
        "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {rows}) SELECT n FROM s)"
    ),
}
# Long lived, but one thread waits, and another is held by a replica.
_FILL = """
    INSERT INTO replica (id, started_at, heartbeat_at) VALUES ('me', 1, 1);
    INSERT INTO chat_thread (key, platform, app, dify_user, updated_at)
        SELECT 'slack:T1:C1:' || n || '.0', 'slack', 'default', 'u', {now} + n FROM {numbers};
    INSERT INTO question (platform, message_id, thread_id, state, received_at, finished_at, asker, place)
        SELECT 'slack', 'm' || id, id, 2, updated_at, updated_at,
               'slack:U' || (id % 9), 'slack:T1:C' || (id % 9)
        FROM chat_thread;
    INSERT INTO reply_message (question_id, page, channel, message_id)
        SELECT id, 0, 'C1', 'r' || id FROM question;
    UPDATE chat_thread SET owner_id = 'me', wake_at = 1, backlog = 1 WHERE id = 8;
    UPDATE chat_thread SET wake_at = 1, backlog = 1 WHERE id = 9;
    UPDATE question SET state = 0, payload = '' WHERE id IN (8, 9)
"""


def fill(conn: Connection) -> None:
    numbers = _NUMBERS[conn.dialect.name].format(rows=ROWS)
    for statement in _FILL.format(numbers=numbers, now=NOW - DAY).split(";"):
        conn.exec_driver_sql(statement)
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql("ANALYZE")


def message(thread: Thread, replies_to: str = "") -> Message:
    return Message("new", thread, Person("U1"), "Well?", 0.0, addressed=False, replies_to=replies_to)


PERSON = (Limit(By.PERSON, 5, 5, "default"),)
CHANNEL = (Limit(By.CHANNEL, 5, 5),)
HELD = Job(Lease(8, ME, 0), (8,), (message(KNOWN),), "", "u")
EVERYDAY: dict[str, Script] = {
    "find a thread": lambda conn: threads.find_thread(conn, KNOWN, ""),
    "find a thread by a reply": lambda conn: threads.find_thread(conn, NEW, "r7"),
    "accept": lambda conn: scripts.accept(conn, message(KNOWN), "default", "u", ME, 1, NOW),
    "limits of a person": lambda conn: quotas.over(conn, "slack:U1", KNOWN, PERSON, 7, NOW),
    "limits of a channel": lambda conn: quotas.over(conn, "slack:U1", KNOWN, CHANNEL, None, NOW),
    "refuse": lambda conn: quotas.refuse(conn, 8, "refused"),
    "claim": lambda conn: scripts.claim(conn, ME, 1, ["slack"], 200, 1, NOW),
    "finish": lambda conn: scripts.finish(conn, HELD, "answered", 1, NOW),
    "hand over": lambda conn: scripts.hand_over(conn, HELD, counted=True),
    "ask to stop": lambda conn: changes.ask_to_stop_earlier(conn, 8, 9, "slack:U1", NOW),
    "edit": lambda conn: changes.edit(conn, replace(message(KNOWN), id="m9"), NOW),
    "delete": lambda conn: changes.delete(conn, "slack", "m9", NOW),
    "renew": lambda conn: changes.renew(conn, HELD),
    "running": lambda conn: changes.underway(conn, 8),
    "running in": lambda conn: changes.underway_in(conn, PLACE, "slack:U1", NOW),
    "ran beside": lambda conn: changes.ran_beside(conn, 8),
    "held by": lambda conn: scripts.held_by(conn, ME),
    "remember a turn": lambda conn: scripts.remember_turn(conn, HELD, "c", TurnIds("m", "t", "r")),
    "remember a reply": lambda conn: scripts.remember_reply(conn, HELD, 0, MessageRef("C1", "r")),
    "recent threads": lambda conn: threads.recent_threads(conn, "discord", 200),
    "look at a thread": lambda conn: askers.thread_state(conn, KNOWN),
    "what runs in a thread": lambda conn: askers.running(conn, KNOWN, everywhere=False),
    "what runs in a channel": lambda conn: askers.running(conn, KNOWN, everywhere=True),
    "where somebody asked": lambda conn: askers.visits(conn, "slack:U1", "slack", "T1", 10),
    "list threads": lambda conn: threads.list_threads(conn, 100),
    "housekeeping": lambda conn: housekeeping.tidy(conn, 90 * DAY, NOW),
    "sign off": lambda conn: replicas.sign_off(conn, ME),
}


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "sqlite":
        async with Store(f"sqlite:///{tmp_path / 'bridge.db'}") as store:
            await store.runner.run(fill)
            yield store
        return
    server: Postgres = request.getfixturevalue("postgres")
    async with (
        server.fresh_database() as url,
        Store(url.render_as_string(hide_password=False)) as store,
    ):
        await store.runner.run(fill)
        yield store


async def test_no_table_that_grows_is_read_as_a_whole(store: Store) -> None:
    found = []
    heartbeat: dict[str, Script] = {
        "heartbeat": lambda conn: replicas.beat(conn, ME),
        "give up": lambda conn: replicas.give_up(conn, 7000),
    }
    for name, script in (EVERYDAY | (heartbeat if store.shared else {})).items():
        plans = await store.runner.run(partial(plans_of, script=script))
        found += [f"{name}: {plan}" for plan in plans if reads_all(plan)]
    assert not found, "\n\n".join(found)


async def test_the_threads_of_a_quiet_platform_are_not_looked_for_among_all_others(store: Store) -> None:
    (plan,) = await store.runner.run(lambda conn: plans_of(conn, EVERYDAY["recent threads"]))
    assert "ix_chat_thread_platform_updated_at" in plan


async def test_a_thread_that_is_held_is_found_by_its_id(store: Store) -> None:
    plans = await store.runner.run(lambda conn: plans_of(conn, EVERYDAY["finish"]))
    assert "ix_chat_thread_owner_id" not in "".join(plans)


async def test_what_runs_in_a_busy_channel_is_not_looked_for_among_all_that_was_asked_there(
    store: Store,
) -> None:
    (plan,) = await store.runner.run(lambda conn: plans_of(conn, EVERYDAY["what runs in a channel"]))
    assert "ix_question_open" in plan


async def test_where_somebody_asked_is_looked_for_among_their_own_questions(store: Store) -> None:
    (plan,) = await store.runner.run(lambda conn: plans_of(conn, EVERYDAY["where somebody asked"]))
    assert "ix_question_asker_received_at" in plan


def plans_of(conn: Connection, script: Script) -> list[str]:
    """How the database goes about each statement of a transaction, which is then undone."""
    statements: list[tuple[str, tuple[object, ...]]] = []

    def note(_c: object, _cur: object, statement: str, values: tuple[object, ...], *_: object) -> None:
        if not statement.startswith("SET "):
            statements.append((statement, values))

    undone = conn.begin_nested()
    event.listen(conn, "before_cursor_execute", note)
    try:
        script(conn)
    finally:
        event.remove(conn, "before_cursor_execute", note)
        undone.rollback()
    explain = "EXPLAIN QUERY PLAN " if conn.dialect.name == "sqlite" else "EXPLAIN "
    plans = []
    for statement, values in statements:
        rows = conn.exec_driver_sql(explain + statement, values)
        plans.append(statement + "\n" + "\n".join(str(row[-1]) for row in rows))
    return plans


def reads_all(plan: str) -> bool:
    """Whether a table that grows without end is read from one end to the other; not what an index knows of
    open questions, nor the newest of all."""
    few = "ix_question_open|ix_question_stop_asked_at|ix_chat_thread_wake_at|ix_chat_thread_updated_at"
    scan = rf"SCAN (chat_thread|question|reply_message|[qrt])\b(?! USING (COVERING )?INDEX ({few})\b)"
    return re.search(rf"Seq Scan on (chat_thread|question|reply_message)|{scan}", plan) is not None
