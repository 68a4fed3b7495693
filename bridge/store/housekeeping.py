"""The transactions that forget: texts after a day, finished questions after two weeks, idle threads on
request."""

from sqlalchemy import Connection

from bridge.store.jobs import Tidied
from bridge.store.statements import sql

BATCH = 1000
DAY_MS = 86_400_000
KEEP_TEXT_MS = DAY_MS
# Far longer than any platform delivers a message again.
KEEP_FINISHED_MS = 14 * DAY_MS

_BY_ONE_REPLICA = sql("SELECT pg_try_advisory_xact_lock(726174) AS mine")
_ERASE_TEXTS = sql("""
    UPDATE question SET payload = NULL WHERE id IN (
        SELECT id FROM question WHERE state < 2 AND received_at < :now AND payload IS NOT NULL LIMIT :limit)
""")
_ERASE_KEPT = sql("""
    UPDATE question SET payload = NULL WHERE id IN (
        SELECT id FROM question WHERE state = 2 AND payload IS NOT NULL AND received_at < :now LIMIT :limit)
""")
_FORGET_QUESTIONS = sql("""
    DELETE FROM question WHERE id IN (
        SELECT id FROM question WHERE state = 2 AND finished_at < :now ORDER BY finished_at LIMIT :limit)
""")
_FORGET_THREADS = sql("""
    DELETE FROM chat_thread WHERE id IN (
        SELECT id FROM chat_thread WHERE updated_at < :now AND wake_at IS NULL
        ORDER BY updated_at LIMIT :limit)
    AND wake_at IS NULL
""")


def tidy(conn: Connection, thread_ttl_ms: int | None, now_ms: int) -> Tidied:
    """One batch of everything that is to be forgotten; all zero when there is no more, or when another
    replica is at it."""
    if conn.dialect.name == "postgresql" and not conn.execute(_BY_ONE_REPLICA).scalar_one():
        return Tidied(0, 0, 0)

    old = {"now": now_ms - KEEP_TEXT_MS, "limit": BATCH}
    texts = conn.execute(_ERASE_TEXTS, old).rowcount + conn.execute(_ERASE_KEPT, old).rowcount
    questions = conn.execute(_FORGET_QUESTIONS, {"now": now_ms - KEEP_FINISHED_MS, "limit": BATCH}).rowcount
    threads = 0
    if thread_ttl_ms is not None:
        threads = conn.execute(_FORGET_THREADS, {"now": now_ms - thread_ttl_ms, "limit": BATCH}).rowcount
    return Tidied(texts, questions, threads)
