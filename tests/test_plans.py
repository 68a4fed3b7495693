"""No transaction that is part of everyday life reads a whole table, however much is remembered."""

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from sqlalchemy import Connection, event

from bridge.store import Job, Lease, Store, TurnIds, housekeeping, replicas, scripts
from bridge.types import Message, MessageRef, Person, Thread
from tests.postgres import Postgres

Script: TypeAlias = Callable[[Connection], object]

ROWS = 20_000
NOW = 2_000_000_000_000
DAY = 86_400_000
ME = "me"
KNOWN = Thread("slack", "T1", "C1", "7.0")
NEW = Thread("slack", "T1", "C1", "new")

_NUMBERS = {
    "postgresql": f"SELECT n FROM generate_series(1, {ROWS}) AS n",  # noqa: S608 - numbers of ours
    "sqlite": "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s "
    f"WHERE n < {ROWS}) SELECT n FROM s",  # noqa: S608 - same
}


def fill(conn: Connection) -> None:
    """Long lived, but nothing is open: one thread waits, another is held by a replica."""
    numbers = _NUMBERS[conn.dialect.name]
    for statement in (
        f"INSERT INTO replica (id, started_at, heartbeat_at) VALUES ('{ME}', 1, 1)",  # noqa: S608 - same
        "INSERT INTO chat_thread (key, app, dify_user, updated_at) SELECT CASE WHEN n % 2 = 0 THEN 'discord'"
        " ELSE 'slack' END || ':T1:C1:' || n || '.0', 'default', 'u', "
        f"{NOW - DAY} + n FROM ({numbers}) AS numbers",  # noqa: S608 - same
        "INSERT INTO question (platform, message_id, thread_id, state, received_at, finished_at) "
        "SELECT 'slack', 'm' || id, id, 2, updated_at, updated_at FROM chat_thread",
        "INSERT INTO reply_message (question_id, page, channel, message_id) "
        "SELECT id, 0, 'C1', 'r' || id FROM question",
        f"UPDATE chat_thread SET owner_id = '{ME}', wake_at = 1, backlog = 1 WHERE id = 8",  # noqa: S608
        "UPDATE chat_thread SET wake_at = 1, backlog = 1 WHERE id = 9",
        "UPDATE question SET state = 0, payload = '' WHERE id IN (8, 9)",
    ):
        conn.exec_driver_sql(statement)
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql("ANALYZE")


def message(thread: Thread, replies_to: str = "") -> Message:
    return Message("new", thread, Person("U1"), "Well?", 0.0, addressed=False, replies_to=replies_to)


HELD = Job(Lease(8, ME, 0), (8,), (message(KNOWN),), "", "u")
EVERYDAY: dict[str, Script] = {
    "find a thread": lambda conn: scripts.find_thread(conn, KNOWN, ""),
    "find a thread by a reply": lambda conn: scripts.find_thread(conn, NEW, "r7"),
    "accept": lambda conn: scripts.accept(conn, message(KNOWN), "default", "u", ME, 1, NOW),
    "claim": lambda conn: scripts.claim(conn, ME, 1, ["slack"], 200, 1, NOW),
    "finish": lambda conn: scripts.finish(conn, HELD, "answered", 1, NOW),
    "hand over": lambda conn: scripts.hand_over(conn, HELD),
    "ask to stop": lambda conn: scripts.ask_to_stop(conn, 8, NOW),
    "held by": lambda conn: scripts.held_by(conn, ME),
    "remember a turn": lambda conn: scripts.remember_turn(conn, HELD, "c", TurnIds("m", "t", "r"), NOW),
    "remember a reply": lambda conn: scripts.remember_reply(conn, HELD, 0, MessageRef("C1", "r"), NOW),
    "recent threads": lambda conn: scripts.recent_threads(conn, "slack", 200),
    "recent threads of a platform without any": lambda conn: scripts.recent_threads(conn, "teams", 200),
    "list threads": lambda conn: scripts.list_threads(conn, 100),
    "housekeeping": lambda conn: housekeeping.tidy(conn, 90 * DAY, NOW),
    "heartbeat": lambda conn: replicas.beat(conn, ME, 7000),
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
    for name, script in EVERYDAY.items():
        plans = await store.runner.run(lambda conn, script=script: plans_of(conn, script))
        found += [f"{name}: {plan}" for plan in plans if reads_all(plan)]
    assert not found, "\n\n".join(found)


class _Undone(Exception):
    pass


def plans_of(conn: Connection, script: Script) -> list[str]:
    """How the database goes about each statement of a transaction, which is then undone."""
    statements: list[tuple[str, object]] = []

    def note(_c: object, _cur: object, statement: str, parameters: object, *_: object) -> None:
        statements.append((statement, parameters))

    undone = conn.begin_nested()
    event.listen(conn, "before_cursor_execute", note)
    try:
        script(conn)
    finally:
        event.remove(conn, "before_cursor_execute", note)
        undone.rollback()
    explain = "EXPLAIN QUERY PLAN " if conn.dialect.name == "sqlite" else "EXPLAIN "
    plans = []
    for statement, parameters in statements:
        rows = conn.exec_driver_sql(explain + statement, parameters)
        plans.append(statement + "\n" + "\n".join(str(row[-1]) for row in rows))
    return plans


def reads_all(plan: str) -> bool:
    """Whether a table that grows without end is read from one end to the other, or sorted."""
    return bool(
        re.search(r"Seq Scan on (chat_thread|question|reply_message)", plan)
        or re.search(r"^SCAN (chat_thread|question|reply_message|[a-z])\b(?! USING)", plan, re.MULTILINE)
    )
