"""Which threads there are: looked up, and listed."""

from sqlalchemy import Connection

from bridge.store.jobs import KnownThread
from bridge.store.statements import sql
from bridge.types import Thread

_IS_OURS = sql("SELECT 1 FROM chat_thread WHERE key = :key")
_REPLIED_IN = sql("""
    SELECT t.key FROM reply_message r JOIN question q ON q.id = r.question_id
    JOIN chat_thread t ON t.id = q.thread_id
    WHERE r.channel = :channel AND r.message_id = :message
""")


_LIST = sql("""
    SELECT key, conversation_id, dify_user,
           (SELECT COUNT(finished_at) FROM question WHERE thread_id = chat_thread.id)
    FROM chat_thread ORDER BY updated_at DESC, id DESC LIMIT :limit
""")
_RECENT = sql("""
    SELECT key FROM chat_thread WHERE platform = :platform ORDER BY updated_at DESC, id DESC LIMIT :limit
""")


def find_thread(conn: Connection, thread: Thread, replies_to: str) -> Thread | None:
    """The thread of ours that a message belongs to: its own, or that of the reply it answers."""
    if conn.execute(_IS_OURS, {"key": thread.key}).first() is not None:
        return thread
    if not replies_to:
        return None
    found = conn.execute(_REPLIED_IN, {"channel": thread.channel, "message": replies_to}).first()
    return None if found is None else Thread.from_key(found[0])


def list_threads(conn: Connection, limit: int) -> list[KnownThread]:
    """The threads that were spoken in last, newest first."""
    rows = conn.execute(_LIST, {"limit": limit})
    return [KnownThread(key, conversation or "", user, count) for key, conversation, user, count in rows]


def recent_threads(conn: Connection, platform: str, limit: int) -> tuple[Thread, ...]:
    """The threads of a platform that were spoken in last, newest first."""
    rows = conn.execute(_RECENT, {"platform": platform, "limit": limit})
    return tuple(Thread.from_key(key) for (key,) in rows)
