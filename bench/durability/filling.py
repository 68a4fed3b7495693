"""A store as it is after years: filled by the database itself."""

from sqlalchemy import Connection

from bench.durability.replica import PLATFORM
from bridge.types import Thread

# One thread in so many has a question and a reply that are still remembered: those are forgotten after two
# weeks, threads only on request.
REMEMBERED_EVERY = 10
# One millisecond after the other, so that every thread has a time of its own.
FIRST_MS = 1_700_000_000_000

_NUMBERS = {
    "postgresql": "generate_series(1, {threads}) AS s(n)",
    "sqlite": (
        "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {threads})"
        " SELECT n FROM s)"
    ),
}
_FILL = """
    INSERT INTO chat_thread (key, platform, app, dify_user, conversation_id, updated_at)
        SELECT '{platform}:W1:C' || n || ':' || n || '.0', '{platform}', 'default', '{platform}:W1:U' || n,
               'c0ffee00-0000-4000-8000-' || n, {first_ms} + n
        FROM {numbers};
    INSERT INTO question (platform, message_id, thread_id, state, starts, received_at, finished_at, outcome)
        SELECT '{platform}', 'old' || id, id, 2, 1, updated_at, updated_at, 'answered'
        FROM chat_thread WHERE id % {every} = 0;
    INSERT INTO reply_message (question_id, page, channel, message_id)
        SELECT id, 0, 'C' || thread_id, 'r' || thread_id FROM question
"""


def fill(conn: Connection, threads: int) -> None:
    """Put so many threads into a store that is still empty: thread number n has the id n."""
    numbers = _NUMBERS[conn.dialect.name].format(threads=threads)
    statements = _FILL.format(numbers=numbers, platform=PLATFORM, first_ms=FIRST_MS, every=REMEMBERED_EVERY)
    for statement in statements.split(";"):
        conn.exec_driver_sql(statement)
    if conn.dialect.name == "postgresql":
        # As it does by itself sooner or later; SQLite never does.
        conn.exec_driver_sql("ANALYZE")


def reply_to(thread: Thread) -> str:
    """The bot's message in a thread whose number is a multiple of `REMEMBERED_EVERY`."""
    return f"r{thread.channel.removeprefix('C')}"
