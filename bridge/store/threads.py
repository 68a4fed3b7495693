"""Which threads there are: looked up, and listed."""

from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import Connection

from bridge.store.jobs import Following, KnownThread
from bridge.store.statements import sql
from bridge.types import Message, Thread

_IS_OURS = sql("SELECT key, dify_user, updated_at FROM chat_thread WHERE key = :key")
_REPLIED_IN = sql("""
    SELECT t.key, t.dify_user, t.updated_at FROM reply_message r JOIN question q ON q.id = r.question_id
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


class _Found(NamedTuple):
    """A thread that the bot takes part in, who opened its conversation, and when it was last spoken in."""

    key: str
    dify_user: str
    updated_at: int


def find_thread(conn: Connection, thread: Thread, replies_to: str) -> Thread | None:
    """The thread of ours that a message belongs to: its own, or that of the reply it answers."""
    found = _found(conn, thread, replies_to)
    return None if found is None else Thread.from_key(found.key)


def in_its_thread(
    conn: Connection, message: Message, dify_user: str, following: Following, now_ms: int
) -> Message | None:
    """The message, in the thread that it belongs to; None where it does not count. Nothing is looked up where
    it addresses the bot and answers nothing."""
    if message.addressed and not message.replies_to:
        return message
    if message.to_others and not message.addressed:
        return None
    found = _found(conn, message.thread, message.replies_to)
    if not message.addressed and (found is None or not _counts(found, dify_user, following, now_ms)):
        return None
    return message if found is None else replace(message, thread=Thread.from_key(found.key))


def _counts(found: _Found, dify_user: str, following: Following, now_ms: int) -> bool:
    """Whether something counts that does not address the bot."""
    silent_seconds = (now_ms - found.updated_at) / 1000
    awake = not following.idle_seconds or silent_seconds <= following.idle_seconds
    return awake and (not following.opener_only or found.dify_user == dify_user)


def _found(conn: Connection, thread: Thread, replies_to: str) -> _Found | None:
    found = conn.execute(_IS_OURS, {"key": thread.key}).first()
    if found is None and replies_to:
        found = conn.execute(_REPLIED_IN, {"channel": thread.channel, "message": replies_to}).first()
    return None if found is None else _Found(*found)


def list_threads(conn: Connection, limit: int) -> list[KnownThread]:
    """The threads that were spoken in last, newest first."""
    rows = conn.execute(_LIST, {"limit": limit})
    return [KnownThread(key, conversation or "", user, count) for key, conversation, user, count in rows]


def recent_threads(conn: Connection, platform: str, limit: int) -> tuple[Thread, ...]:
    """The threads of a platform that were spoken in last, newest first."""
    rows = conn.execute(_RECENT, {"platform": platform, "limit": limit})
    return tuple(Thread.from_key(key) for (key,) in rows)
