"""A look into the bridge's database from outside: what was begun in which order, and whether it is whole."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
from sqlalchemy.engine import make_url

QUESTIONS = """
    SELECT message_id, starts, received_at, COALESCE(first_started_at, 9000000000000) FROM question
    ORDER BY COALESCE(first_started_at, 9000000000000), id
"""
OPEN = "SELECT COUNT(*) FROM question WHERE state < 2"
MISCOUNTED = """
    SELECT t.key, t.backlog FROM chat_thread t WHERE t.backlog <>
    (SELECT COUNT(*) FROM question q WHERE q.thread_id = t.id AND q.state < 2)
"""
FORGOTTEN = "SELECT key FROM chat_thread WHERE backlog > 0 AND owner_id IS NULL AND wake_at IS NULL"
HELD = "SELECT key FROM chat_thread WHERE backlog = 0 AND (owner_id IS NOT NULL OR wake_at IS NOT NULL)"
Row = Sequence[object]


@dataclass(frozen=True, slots=True)
class Kept:
    """A question in the table. Times are in milliseconds since 1970; of what was not begun, far off."""

    message: str
    starts: int
    received_at: int
    begun_at: int


@dataclass(frozen=True, slots=True)
class Remembered:
    """`questions` in the order in which they were begun, and what contradicts itself."""

    questions: Sequence[Kept]
    open: int
    faults: Sequence[str]


async def remembered(url: str) -> Remembered:
    queries = (QUESTIONS, OPEN, MISCOUNTED, FORGOTTEN, HELD)
    if url.startswith("sqlite"):
        answers = _from_file(make_url(url).database or "", queries)
    else:
        answers = await _from_server(url, queries)
    questions, opened, miscounted, forgotten, held = answers
    return Remembered(
        [Kept(_last(row[0]), _number(row[1]), _number(row[2]), _number(row[3])) for row in questions],
        _number(opened[0][0]),
        [
            *(f"{row[0]} counts {row[1]} open questions" for row in miscounted),
            *(f"{row[0]} waits for nobody" for row in forgotten),
            *(f"{row[0]} is held for nothing" for row in held),
        ],
    )


def _from_file(path: str, queries: Sequence[str]) -> list[list[Row]]:
    conn = sqlite3.connect(path, timeout=10.0, isolation_level=None)
    try:
        conn.execute("BEGIN")
        return [conn.execute(query).fetchall() for query in queries]
    finally:
        conn.close()


async def _from_server(url: str, queries: Sequence[str]) -> list[list[Row]]:
    conn = await asyncpg.connect(url, timeout=10.0)
    try:
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            return [[tuple(row.values()) for row in await conn.fetch(query)] for query in queries]
    finally:
        await conn.close()


def _last(message_id: object) -> str:
    """Slack's messages are named "workspace:channel:ts"."""
    return str(message_id).rpartition(":")[2]


def _number(value: object) -> int:
    return int(str(value))
