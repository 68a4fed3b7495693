"""How much somebody, or a channel, has asked lately: counted over all replicas, in what is remembered of
questions. What was refused, is a command, or waits for a form is not counted.

An answer that has been running for more than an hour is not counted as running any more, so that no look-up
reads more than the questions of an hour.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from bridge.store.jobs import UNFILLED, place_of
from bridge.store.statements import sql
from bridge.types import Thread

HOUR_MS = 3_600_000
# Later than every question there is.
_LAST = (1 << 62) - 1


class By(StrEnum):
    """Whose questions are counted; the columns of the table."""

    PERSON = "asker"
    CHANNEL = "place"


@dataclass(frozen=True, slots=True)
class Limit:
    """How many questions may be asked in any hour, and be answered at once; 0 is any number. Those of `app`
    are counted, empty for all."""

    by: By
    hour: int
    running: int
    app: str = ""


@dataclass(frozen=True, slots=True)
class Over:
    """A limit is reached: that of an hour until `free_at`, in seconds since 1970; or that of running answers,
    until one is done: then it is 0."""

    limit: Limit
    free_at: float = 0.0


_COUNTED = """
    q.received_at > :since
    AND (q.outcome IS NULL
         OR q.outcome NOT LIKE 'refused%' AND q.outcome NOT LIKE 'command%' AND q.outcome <> :unfilled)
    AND (:app = '' OR (SELECT t.app FROM chat_thread t WHERE t.id = q.thread_id) = :app)
"""
_WHEN = sql("SELECT received_at, COALESCE(first_started_at, received_at) FROM question WHERE id = :question")
# The last question that may not be younger than an hour.
_HOUR = {
    by: sql(f"""
        SELECT q.received_at FROM question q WHERE q.{by} = :who AND {_COUNTED}
        AND q.received_at <= :now AND (q.received_at < :now OR q.id < :question)
        ORDER BY q.received_at DESC LIMIT 1 OFFSET :limit
    """)  # noqa: S608 - of constants
    for by in By
}
_THREAD = sql("SELECT id FROM chat_thread WHERE key = :key")
# In a thread, one is answered at a time anyhow.
_RUNNING = {
    by: sql(f"""
        SELECT COUNT(*) FROM question q WHERE q.{by} = :who AND {_COUNTED}
        AND q.state = 1 AND q.thread_id <> :thread
        AND (q.first_started_at < :now OR q.first_started_at = :now AND q.id < :question)
    """)  # noqa: S608 - of constants
    for by in By
}
_REFUSE = sql("UPDATE question SET outcome = :outcome WHERE id = :question AND state < 2")


def over(
    conn: Connection,
    asker: str,
    thread: Thread,
    limits: Sequence[Limit],
    question_id: int | None,
    now_ms: int,
) -> Over | None:
    """The limit that is in the way the longest, of one that is asked now; or of this question, as it was when
    it came and was begun."""
    asked_at = began_at = now_ms
    if question_id is not None:
        row = conn.execute(_WHEN, {"question": question_id}).first()
        if row is None:
            return None
        asked_at, began_at = row
    who = {By.PERSON: asker, By.CHANNEL: place_of(thread)}
    there = conn.execute(_THREAD, {"key": thread.key}).first()
    names: dict[str, object] = {
        "question": _LAST if question_id is None else question_id,
        "thread": 0 if there is None else there[0],
        "since": asked_at - HOUR_MS,
        "unfilled": UNFILLED,
    }
    found = [
        one
        for limit in limits
        for one in _over(conn, limit, {**names, "who": who[limit.by], "app": limit.app}, asked_at, began_at)
    ]
    return max(found, key=lambda one: one.free_at, default=None)


def refuse(conn: Connection, question_id: int, outcome: str) -> None:
    """Note that a question is refused, before that is said: from now on it is not counted."""
    conn.execute(_REFUSE, {"question": question_id, "outcome": outcome})


def _over(
    conn: Connection, limit: Limit, names: dict[str, object], asked_at: int, began_at: int
) -> Iterator[Over]:
    if limit.hour:
        found = conn.execute(_HOUR[limit.by], {**names, "now": asked_at, "limit": limit.hour - 1}).first()
        if found is not None:
            yield Over(limit, (found[0] + HOUR_MS) / 1000)
    if limit.running:
        running = conn.execute(_RUNNING[limit.by], {**names, "now": began_at}).scalar_one()
        if running >= limit.running:
            yield Over(limit)
