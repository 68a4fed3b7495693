"""The transactions that questions and threads go through, one plain function each: what it is given, it does
or leaves undone as a whole. The runner opens the transaction and commits it.

Whoever changes a thread's rows holds its lease; functions that need it raise `LeaseLost` without it.
Decisions rest on columns of the row that the same statement locks, never on a look at other rows beforehand:
under PostgreSQL's READ COMMITTED such a look may be outdated by then.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, TextClause, bindparam
from sqlalchemy.exc import IntegrityError

from bridge.commands import command_of
from bridge.errors import LeaseLost
from bridge.stop import Why
from bridge.store.failures import UNIQUE_VIOLATION, sqlstate
from bridge.store.jobs import (
    COMMAND,
    UNFILLED,
    Following,
    Job,
    Lease,
    Taken,
    TurnIds,
    asker_of,
    message_of,
    packed,
    place_of,
    suspicious,
    unpacked_inputs,
)
from bridge.store.merging import MOST_OPEN, OpenQuestion, asked_together
from bridge.store.statements import sql, wake
from bridge.store.threads import in_its_thread
from bridge.types import Message, MessageRef, Thread

# So many messages of a reply are remembered, and of other replies told to whoever looks for a lost one.
MOST_MESSAGES = 200

_OPEN_THREAD = """
    INSERT INTO chat_thread (key, platform, app, dify_user, updated_at, backlog, owner_id, token, wake_at)
    SELECT :key, :platform, :app, :dify_user, :now, 1,
           (SELECT id FROM replica WHERE id = :owner), :token, :now
    WHERE NOT EXISTS (SELECT 1 FROM question WHERE platform = :platform AND message_id = :message)
    ON CONFLICT (key) DO UPDATE SET
        owner_id = CASE WHEN chat_thread.wake_at IS NULL THEN excluded.owner_id ELSE chat_thread.owner_id END,
        token = CASE WHEN chat_thread.wake_at IS NULL THEN excluded.token ELSE chat_thread.token END,
        wake_at = COALESCE(chat_thread.wake_at, excluded.wake_at),
        backlog = chat_thread.backlog + 1,
        updated_at = excluded.updated_at
    RETURNING id, owner_id, token, conversation_id, dify_user, app, inputs
"""
_ADD_QUESTION = """
    INSERT INTO question
        (platform, message_id, thread_id, state, payload, starts, sent_at, received_at, first_started_at,
         asker, place, outcome)
    SELECT :platform, :message, thread, mine, :payload, mine, :sent, :now, CASE WHEN mine = 1 THEN :now END,
           :asker, :place, :outcome
    FROM ({opened}) opened
    RETURNING id
"""
# Both in one statement spare PostgreSQL a round trip of four; SQLite cannot write two tables at once.
_OPEN, _ADD = sql(_OPEN_THREAD), sql(_ADD_QUESTION.format(opened="SELECT :thread AS thread, :number AS mine"))
_OPENED = "SELECT id AS thread, CASE WHEN owner_id IS NOT NULL AND token = :token THEN 1 ELSE 0 END AS mine"
_ADDED = _ADD_QUESTION.format(opened=_OPENED + " FROM opened")
_OPEN_AND_ADD = sql(
    f"WITH opened AS ({_OPEN_THREAD}), added AS ({_ADDED}) SELECT opened.*, added.id FROM opened, added"  # noqa: S608 - of constants
)
_WAITS = sql("SELECT id FROM question WHERE platform = :platform AND message_id = :message AND state = 0")
_FINISH_IN_THREAD = sql("""
    UPDATE chat_thread SET
        backlog = backlog - :number,
        owner_id = CASE WHEN backlog <= :number THEN NULL ELSE owner_id END,
        wake_at = CASE WHEN backlog <= :number THEN NULL ELSE wake_at END
    UNDER LEASE
    RETURNING backlog
""")
_FINISH_QUESTION = sql("""
    UPDATE question
    SET state = 2, payload = CASE WHEN :outcome = :unfilled THEN payload END, stop_asked_at = NULL,
        finished_at = :now, outcome = CASE WHEN outcome LIKE 'refused%' THEN outcome ELSE :outcome END
    WHERE id = :question
""")
# Locks the row. No index knows of what changes here and below, which is a cheap change for PostgreSQL.
_HOLD = sql("UPDATE chat_thread SET token = token UNDER LEASE RETURNING id")
_LET_GO = sql("UPDATE chat_thread SET owner_id = NULL UNDER LEASE RETURNING id")
_UNSTART = sql("UPDATE question SET state = 0, starts = starts - :number WHERE id = :question AND state = 1")
_START = sql("""
    UPDATE question
    SET state = 1, starts = starts + :number, first_started_at = COALESCE(first_started_at, :now)
    WHERE id = :question RETURNING first_started_at, payload, change
""")
# Nothing is known of the turn any more, and the marks of edits and deletions are seen to.
BEGIN_ANEW = sql("""
    UPDATE question SET
        dify_message_id = NULL, dify_task_id = NULL, dify_run_id = NULL,
        stop_asked_at = CASE WHEN change IN ('edited', 'deleted') THEN NULL ELSE stop_asked_at END,
        change = CASE WHEN change = 'edited' THEN NULL ELSE change END
    WHERE id = :question
""")
_COUNT_START = sql("UPDATE question SET starts = starts + 1 WHERE id = :question")
_OPEN_QUESTIONS = sql("""
    SELECT id, message_id, payload, received_at, dify_message_id, dify_task_id, dify_run_id, starts
    FROM question WHERE thread_id = :thread AND state < 2
    ORDER BY state DESC, sent_at, id LIMIT :limit
""")
_WAITING_THREADS = """
    SELECT id FROM chat_thread WHERE owner_id IS NULL AND wake_at IS NOT NULL
    AND EXISTS (SELECT 1 FROM replica WHERE id = :owner)
    AND platform IN :platforms
    AND EXISTS (SELECT 1 FROM question WHERE thread_id = chat_thread.id AND state < 2)
    ORDER BY wake_at LIMIT :limit
"""
# SQLite's transactions exclude each other anyhow.
_LOCKING = {"sqlite": "", "postgresql": "FOR UPDATE SKIP LOCKED"}
_WAITING = {
    dialect: sql(_WAITING_THREADS + locking).bindparams(bindparam("platforms", expanding=True))
    for dialect, locking in _LOCKING.items()
}
_HELD = sql("SELECT id, token FROM chat_thread WHERE owner_id = :owner")
_CLAIM = sql("UPDATE chat_thread SET owner_id = :owner, token = :token WHERE id = :thread")
THREAD = sql("SELECT key, conversation_id, dify_user, app, inputs FROM chat_thread WHERE id = :thread")
_REPLIES = sql("""
    SELECT r.channel, r.message_id FROM reply_message r JOIN question q ON q.id = r.question_id
    WHERE q.id = :question AND q.thread_id = :thread ORDER BY r.page LIMIT :limit
""")
_BESIDE = sql("""
    SELECT r.channel, r.message_id FROM reply_message r JOIN question q ON q.id = r.question_id
    WHERE q.thread_id = :thread AND q.id <> :question ORDER BY q.id DESC, r.page LIMIT :limit
""")
_REMEMBER_CONVERSATION = sql("""
    UPDATE chat_thread SET conversation_id = :conversation UNDER LEASE RETURNING id
""")
_REMEMBER_TURN = sql("""
    UPDATE question SET dify_message_id = :message, dify_task_id = :task, dify_run_id = :run
    WHERE id = :question
""")
# What was answered before stays with the conversation that it belongs to.
_KEEP_CONVERSATION = sql("""
    UPDATE question SET
        conversation_id = (SELECT conversation_id FROM chat_thread WHERE id = :thread),
        dify_user = (SELECT dify_user FROM chat_thread WHERE id = :thread)
    WHERE thread_id = :thread AND state = 2 AND dify_user IS NULL AND dify_message_id IS NOT NULL
""")
_FORGET_CONVERSATION = sql("""
    UPDATE chat_thread SET conversation_id = NULL, dify_user = :dify_user UNDER LEASE RETURNING id
""")
_REMEMBER_REPLY = sql("""
    INSERT INTO reply_message (question_id, page, channel, message_id)
    VALUES (:question, :page, :channel, :message)
    ON CONFLICT (question_id, page) DO UPDATE SET channel = excluded.channel, message_id = excluded.message_id
""")


class AcceptedBefore(Exception):
    """The same message came at the same moment by another way; nothing of this one is kept."""


class _Added(NamedTuple):
    """The thread of a question as it is now, and the question's number."""

    thread_id: int
    holder: str | None
    token: int
    conversation_id: str | None
    dify_user: str
    app: str
    inputs: str | None
    question_id: int


def accept(
    conn: Connection,
    said: Message,
    app: str,
    dify_user: str,
    owner: str,
    token: int,
    now_ms: int,
    following: Following = Following(),  # noqa: B008 - frozen
) -> Taken | None:
    """Store a message once, and give its thread to `owner` if nobody holds it ('' claims nothing). None: it
    does not concern us, or was accepted before. May raise `AcceptedBefore`."""
    message = in_its_thread(conn, said, dify_user, following, now_ms)
    if message is None:
        return None
    new = {
        "key": message.thread.key,
        "platform": message.thread.platform,
        "app": app,
        "dify_user": dify_user,
        "owner": owner,
        "token": token,
        "message": message.id,
        "asker": asker_of(message),
        "place": place_of(message.thread),
        "outcome": COMMAND if command_of(message.text) is not None else None,
        "payload": packed(message),
        "sent": int(message.sent_at * 1_000_000),
        "now": now_ms,
    }
    added = _added(conn, new)
    if added is None:
        return None
    job = None
    if added.holder is None:
        wake(conn)
    elif added.token == token:
        job = Job(
            Lease(added.thread_id, added.holder, token),
            (added.question_id,),
            (message,),
            added.conversation_id or "",
            added.dify_user,
            app=added.app,
            inputs=unpacked_inputs(added.inputs),
            first_started_at=now_ms / 1000,
        )
    held = added.holder is not None and job is None
    return Taken(message, added.thread_id, added.question_id, job, held=held)


def _added(conn: Connection, new: dict[str, object]) -> _Added | None:
    """None if the question was there already."""
    if conn.dialect.name == "postgresql":
        try:
            row = conn.execute(_OPEN_AND_ADD, new).first()
        except IntegrityError as error:
            if sqlstate(error) == UNIQUE_VIOLATION:
                raise AcceptedBefore from None
            raise
        return None if row is None else _Added(*row)
    opened = conn.execute(_OPEN, new).first()
    if opened is None:
        return None
    mine = opened.owner_id is not None and opened.token == new["token"]
    number = conn.execute(_ADD, {**new, "thread": opened.id, "number": int(mine)}).scalar_one()
    return _Added(*(*opened, number))


def waits(conn: Connection, message: Message) -> bool:
    """Whether a message that was accepted still waits for its turn."""
    names = {"platform": message.thread.platform, "message": message.id}
    return conn.execute(_WAITS, names).first() is not None


def finish(conn: Connection, job: Job, outcome: str, go_on: int, now_ms: int) -> Job | None:
    """The job has been dealt with. Gives what is next in its thread under the same lease: the first of the
    open questions, or up to `go_on` of them together; None where there are none, and then nobody holds the
    thread any more. With `go_on` 0 the thread is let go anyhow."""
    left = conn.execute(_FINISH_IN_THREAD, {"number": len(job.question_ids), **_lease(job.lease)}).first()
    if left is None:
        raise LeaseLost(f"the thread of question {job.id} was taken over")
    for question_id in job.question_ids:
        names = {"question": question_id, "outcome": outcome, "unfilled": UNFILLED, "now": now_ms}
        conn.execute(_FINISH_QUESTION, names)
    if left[0] <= 0:
        return None
    if go_on:
        return _start(conn, job.lease, go_on, now_ms, found_at=job.found_at)
    conn.execute(_LET_GO, _lease(job.lease))
    wake(conn)
    return None


def count_start(conn: Connection, job: Job) -> None:
    """A suspicious job is begun."""
    held(conn, _HOLD, job, {})
    for question_id in job.question_ids:
        conn.execute(_COUNT_START, {"question": question_id})


def hand_over(conn: Connection, job: Job, *, counted: bool) -> None:
    """Let another replica go on with the job, now or after a restart; `counted` if its start was."""
    if conn.execute(_LET_GO, _lease(job.lease)).first() is None:
        raise LeaseLost(f"the thread of question {job.id} was taken over")
    for question_id in job.question_ids:
        conn.execute(_UNSTART, {"question": question_id, "number": int(counted)})
    wake(conn)


def claim(
    conn: Connection, owner: str, token: int, platforms: Sequence[str], limit: int, merge: int, now_ms: int
) -> list[Job]:
    """Take over threads of these platforms that wait for somebody, the longest waiting first, with what is to
    be answered in them. Whatever runs there belonged to somebody who is gone."""
    which = {"owner": owner, "limit": limit, "platforms": list(platforms)}
    waiting = conn.execute(_WAITING[conn.dialect.name], which).all()
    jobs = []
    for (thread_id,) in waiting:
        conn.execute(_CLAIM, {"owner": owner, "token": token, "thread": thread_id})
        job = _start(conn, Lease(thread_id, owner, token), merge, now_ms, found_at=now_ms / 1000)
        if job is not None:
            jobs.append(job)
    return jobs


def held_by(conn: Connection, owner: str) -> list[Lease]:
    """All threads that `owner` holds, as far as the database knows."""
    rows = conn.execute(_HELD, {"owner": owner})
    return [Lease(thread_id, owner, token) for thread_id, token in rows]


def let_go(conn: Connection, lease: Lease) -> None:
    """Let somebody else have a thread. Harmless when it is not held any more."""
    if conn.execute(_LET_GO, _lease(lease)).first() is not None:
        wake(conn)


def remember_turn(conn: Connection, job: Job, conversation_id: str, turn: TurnIds) -> None:
    """Keep what Dify calls the conversation and this turn of it."""
    held(conn, _REMEMBER_CONVERSATION, job, {"conversation": conversation_id})
    ids = {"message": turn.message_id, "task": turn.task_id, "run": turn.run_id}
    for question_id in job.question_ids:
        conn.execute(_REMEMBER_TURN, {**ids, "question": question_id})


def forget_conversation(conn: Connection, job: Job, dify_user: str) -> None:
    """Let the thread begin a new conversation, under the user who asks now."""
    held(conn, _HOLD, job, {})
    conn.execute(_KEEP_CONVERSATION, {"thread": job.lease.thread_id})
    held(conn, _FORGET_CONVERSATION, job, {"dify_user": dify_user})


def remember_reply(conn: Connection, job: Job, page: int, ref: MessageRef) -> None:
    """Keep where a message of the reply stands."""
    held(conn, _HOLD, job, {})
    conn.execute(
        _REMEMBER_REPLY, {"question": job.id, "page": page, "channel": ref.channel, "message": ref.id}
    )


def held(conn: Connection, statement: TextClause, job: Job, values: dict[str, object]) -> None:
    """Change the thread's row, which only its holder can."""
    if conn.execute(statement, {**_lease(job.lease), **values}).first() is None:
        raise LeaseLost(f"the thread of question {job.id} was taken over")


def _lease(lease: Lease) -> dict[str, object]:
    return {"thread": lease.thread_id, "owner": lease.owner, "token": lease.token}


def _start(conn: Connection, lease: Lease, limit: int, now_ms: int, *, found_at: float) -> Job | None:
    """Begin with what is open in a thread, the oldest first, up to so many questions together."""
    names = {"thread": lease.thread_id, "limit": MOST_OPEN}
    rows = asked_together([OpenQuestion(*row) for row in conn.execute(_OPEN_QUESTIONS, names)], limit)
    if not rows:
        return None
    key, conversation_id, user, app, inputs = conn.execute(THREAD, {"thread": lease.thread_id}).one()
    thread = Thread.from_key(key)
    head = rows[0]
    starts = head.starts + 1
    counted = int(not suspicious(starts))
    # Their words and marks are those that they have now that their rows are locked.
    began = [
        conn.execute(_START, {"question": row.id, "number": counted, "now": now_ms}).one() for row in rows
    ]
    anew = any(one.change in (Why.EDITED, Why.DELETED) for one in began)
    for row in rows if anew else ():
        conn.execute(BEGIN_ANEW, {"question": row.id})
    return Job(
        lease,
        tuple(row.id for row in rows),
        tuple(
            message_of(thread, row.id, row.message_id, one.payload, row.received_at)
            for row, one in zip(rows, began, strict=True)
        ),
        conversation_id or "",
        user,
        app=app,
        inputs=unpacked_inputs(inputs),
        starts=starts,
        replies=_refs(conn, _REPLIES, head.id, lease.thread_id, thread),
        beside=_refs(conn, _BESIDE, head.id, lease.thread_id, thread),
        turn=TurnIds(head.dify_message_id or "", head.dify_task_id or "", head.dify_run_id or ""),
        first_started_at=began[0].first_started_at / 1000,
        waited=True,
        found_at=found_at,
        gone=frozenset(row.id for row, one in zip(rows, began, strict=True) if one.change == Why.DELETED),
        anew=anew,
    )


def _refs(
    conn: Connection, select_refs: TextClause, question_id: int, thread_id: int, thread: Thread
) -> tuple[MessageRef, ...]:
    names = {"question": question_id, "thread": thread_id, "limit": MOST_MESSAGES}
    return tuple(MessageRef(row[0], row[1], thread.workspace) for row in conn.execute(select_refs, names))
