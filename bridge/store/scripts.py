"""Every transaction of the bridge, one plain function each: what it is given, it does or leaves undone as a
whole. The runner opens the transaction and commits it."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, update
from sqlalchemy.dialects.sqlite import insert
from sqlmodel import col, select

from bridge.store.tables import ChatThread, Question, ReplyMessage
from bridge.types import Message, MessageRef, Thread


@dataclass(frozen=True, slots=True)
class Opened:
    """An accepted question and the conversation its thread holds: `conversation_id` is empty before Dify
    has given one, `dify_user` never changes within a conversation."""

    question_id: int
    thread_id: int
    conversation_id: str
    dify_user: str


@dataclass(frozen=True, slots=True)
class KnownThread:
    """A line of the table of threads. `finished` counts the questions that have been dealt with."""

    key: str
    conversation_id: str
    dify_user: str
    finished: int


_CONVERSATION = select(ChatThread.id, ChatThread.conversation_id, ChatThread.dify_user)


def find_thread(conn: Connection, thread: Thread, replies_to: str) -> Thread | None:
    """The thread of ours that a message belongs to: its own, or that of the reply it answers."""
    if conn.execute(select(ChatThread.id).where(col(ChatThread.key) == thread.key)).first() is not None:
        return thread
    if not replies_to:
        return None
    found = conn.execute(
        select(ChatThread.key)
        .join(Question, col(Question.thread_id) == col(ChatThread.id))
        .join(ReplyMessage, col(ReplyMessage.question_id) == col(Question.id))
        .where(col(ReplyMessage.channel) == thread.channel, col(ReplyMessage.message_id) == replies_to)
    ).first()
    return None if found is None else Thread.from_key(found[0])


def accept(conn: Connection, message: Message, app: str, dify_user: str, now_ms: int) -> Opened | None:
    """Store a message once. None: it was accepted before."""
    conn.execute(
        insert(ChatThread)
        .values(key=message.thread.key, app=app, dify_user=dify_user, updated_at=now_ms)
        .on_conflict_do_nothing(index_elements=["key"])
    )
    thread_id, conversation_id, user = conn.execute(
        _CONVERSATION.where(col(ChatThread.key) == message.thread.key)
    ).one()
    question = conn.execute(
        insert(Question)
        .values(
            platform=message.thread.platform, message_id=message.id, thread_id=thread_id, received_at=now_ms
        )
        .on_conflict_do_nothing(index_elements=["platform", "message_id"])
        .returning(col(Question.id))
    ).first()
    return None if question is None else _opened(question[0], thread_id, conversation_id, user)


def current(conn: Connection, question_id: int) -> Opened:
    """The conversation as it stands now, which an earlier question of the thread may just have begun."""
    thread_id, conversation_id, user = conn.execute(
        _CONVERSATION.join(Question, col(Question.thread_id) == col(ChatThread.id)).where(
            col(Question.id) == question_id
        )
    ).one()
    return _opened(question_id, thread_id, conversation_id, user)


def remember_turn(
    conn: Connection, opened: Opened, conversation_id: str, message_id: str, task_id: str, now_ms: int
) -> None:
    """Keep what Dify calls the conversation, the message and the task of this turn."""
    conn.execute(
        update(ChatThread)
        .where(col(ChatThread.id) == opened.thread_id)
        .values(conversation_id=conversation_id, updated_at=now_ms)
    )
    conn.execute(
        update(Question)
        .where(col(Question.id) == opened.question_id)
        .values(dify_message_id=message_id or None, dify_task_id=task_id or None)
    )


def forget_conversation(conn: Connection, opened: Opened, dify_user: str, now_ms: int) -> None:
    """Let the thread begin a new conversation, under the user who asks now."""
    conn.execute(
        update(ChatThread)
        .where(col(ChatThread.id) == opened.thread_id)
        .values(conversation_id=None, dify_user=dify_user, updated_at=now_ms)
    )


def remember_reply(conn: Connection, question_id: int, page: int, ref: MessageRef) -> None:
    """Keep where a message of the reply stands."""
    conn.execute(
        insert(ReplyMessage)
        .values(question_id=question_id, page=page, channel=ref.channel, message_id=ref.id)
        .on_conflict_do_update(
            index_elements=["question_id", "page"], set_={"channel": ref.channel, "message_id": ref.id}
        )
    )


def finish(conn: Connection, question_id: int, outcome: str, now_ms: int) -> None:
    """The question has been dealt with."""
    conn.execute(
        update(Question).where(col(Question.id) == question_id).values(finished_at=now_ms, outcome=outcome)
    )


def list_threads(conn: Connection, limit: int) -> list[KnownThread]:
    """The threads that were spoken in last, newest first."""
    finished = (
        select(func.count(col(Question.finished_at)))
        .where(col(Question.thread_id) == col(ChatThread.id))
        .scalar_subquery()
    )
    rows = conn.execute(
        select(ChatThread.key, ChatThread.conversation_id, ChatThread.dify_user, finished)
        .order_by(col(ChatThread.updated_at).desc(), col(ChatThread.id).desc())
        .limit(limit)
    )
    return [KnownThread(key, conversation or "", user, count) for key, conversation, user, count in rows]


def recent_threads(conn: Connection, platform: str, limit: int) -> tuple[Thread, ...]:
    """The threads of a platform that were spoken in last, newest first."""
    rows = conn.execute(
        select(ChatThread.key)
        .where(col(ChatThread.key).startswith(f"{platform}:"))
        .order_by(col(ChatThread.updated_at).desc(), col(ChatThread.id).desc())
        .limit(limit)
    )
    return tuple(Thread.from_key(key) for (key,) in rows)


def _opened(question_id: int | None, thread_id: int | None, conversation_id: str | None, user: str) -> Opened:
    if question_id is None or thread_id is None:
        raise AssertionError("a stored row has a number")
    return Opened(question_id, thread_id, conversation_id or "", user)
