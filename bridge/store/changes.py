"""What becomes of questions whose message is edited or deleted, and of answers that are to end. Each is one
transaction, see `bridge.store.scripts`.

Whoever hears of it marks the question, and tells the replicas. Whoever answers it looks at the marks once
more before the answer begins anew, so that nothing is lost that comes meanwhile.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import Connection

from bridge.commands import command_of
from bridge.stop import Halt, Why
from bridge.store.jobs import (
    REFUSED,
    Job,
    TurnIds,
    Underway,
    message_of,
    packed,
    place_of,
    unpacked,
    unpacked_inputs,
)
from bridge.store.scripts import BEGIN_ANEW, THREAD, held
from bridge.store.statements import STOP, notify, sql
from bridge.types import Attachment, Message, Thread

# Locks the row, so that what is decided by it stays true until the end of the transaction.
_LOOK = sql("""
    UPDATE question SET state = state WHERE platform = :platform AND message_id = :message
    RETURNING id, state, payload, change, outcome
""")
_EDIT = sql("""
    UPDATE question
    SET payload = :payload,
        change = CASE WHEN state = 1 OR dify_task_id IS NOT NULL THEN 'edited' ELSE change END,
        stop_asked_at = CASE WHEN state = 1 THEN :now ELSE stop_asked_at END
    WHERE id = :question
""")
_DELETE = sql("""
    UPDATE question
    SET payload = NULL, change = 'deleted', stop_asked_at = :now
    WHERE id = :question
""")
_ERASE = sql("UPDATE question SET payload = NULL WHERE id = :question AND payload IS NOT NULL")
_AS_IT_IS = sql("""
    UPDATE question SET state = state
    WHERE id = :question RETURNING id, message_id, payload, received_at, change, stop_asked_at
""")
_HOLD_BEGUN = sql("UPDATE chat_thread SET token = token UNDER LEASE RETURNING id")
# Where this question has begun the conversation, what was asked before in it are its own old words.
_HOLD_ANEW = sql("UPDATE chat_thread SET conversation_id = NULL UNDER LEASE RETURNING id")
_ASK_TO_STOP = """
    UPDATE question SET stop_asked_at = :now, change = 'stopped'
    WHERE {which} AND state < 2 AND state = 1 AND (stop_asked_at IS NULL OR change = 'edited')
    RETURNING id
"""
_ASK_TO_STOP_ONE = sql(_ASK_TO_STOP.format(which="id = :question"))
_ASK_TO_STOP_EARLIER = sql(
    _ASK_TO_STOP.format(
        which="""
        thread_id = :thread AND id < :question
        AND (:asker = '' OR asker IS NULL OR EXISTS (
            SELECT 1 FROM question other
            WHERE other.thread_id = :thread AND other.state < 2 AND other.state = 1
            AND other.asker = :asker))
        """
    )
)
_RUNNING = """
    SELECT o.id, t.key, t.app, o.asker FROM chat_thread t
    JOIN question o ON o.thread_id = t.id AND o.state < 2 AND o.state = 1
    {where} ORDER BY o.sent_at, o.id
"""
_RUNNING_BESIDE = sql(
    _RUNNING.format(
        where="""
        WHERE t.id = (SELECT thread_id FROM question WHERE id = :question AND state < 2 AND state = 1)
        """
    )
)
_RUNNING_IN = sql(_RUNNING.format(where="WHERE t.key = :key"))
_RUNNING_OF = sql("""
    SELECT o.id, t.key, t.app, o.asker FROM question o JOIN chat_thread t ON t.id = o.thread_id
    WHERE o.place = :place AND o.asker = :asker AND o.received_at > :now AND o.state < 2 AND o.state = 1
    ORDER BY t.id, o.sent_at, o.id
""")
_RAN_BESIDE = sql("""
    SELECT o.asker FROM question q JOIN question o ON o.thread_id = q.thread_id AND o.id < q.id
    WHERE q.id = :question AND o.state = 2
    AND o.finished_at >= q.received_at AND o.first_started_at <= q.received_at
    ORDER BY o.id
""")
# No answer runs for longer.
RUNNING_MS = 86_400_000


class _Row(NamedTuple):
    id: int
    state: int
    payload: str | None
    change: str | None
    outcome: str | None

    @property
    def halts(self) -> bool:
        """Whether an answer has to end where this changes; what was refused is in none."""
        return self.state == 1 and not (self.outcome or "").startswith(REFUSED)


def edit(conn: Connection, message: Message, now_ms: int) -> Halt | None:
    """Let a question that is not answered yet have new words; and where it is being answered, what has to
    begin anew. A command that is being obeyed is obeyed as it was, and what was refused stays so."""
    row = _look(conn, message.thread.platform, message.id)
    known = unpacked(row.payload) if row is not None and row.payload else None
    if row is None or known is None or row.state == 2 or row.change in (Why.DELETED, Why.STOPPED):
        return None
    # Platforms tell of an edit again, and maybe later than of the next one.
    if 0 < message.edited_at < known.edited_at:
        return None
    if _same_words(known, message) or not (message.text or message.attachments):
        return None
    if row.state == 1 and (not row.halts or command_of(known.text) is not None):
        return None
    payload = packed(
        replace(known, text=message.text, attachments=message.attachments, edited_at=message.edited_at)
    )
    conn.execute(_EDIT, {"question": row.id, "payload": payload, "now": now_ms})
    return _told(conn, Halt(row.id, Why.EDITED, now_ms)) if row.halts else None


def delete(conn: Connection, platform: str, message_id: str, now_ms: int) -> Halt | None:
    """Take a question back; and where it is being answered, what has to end. Its turn comes all the same, and
    is then over at once. Of one that was answered, only the text is forgotten."""
    row = _look(conn, platform, message_id)
    if row is None:
        return None
    if row.state == 2:
        conn.execute(_ERASE, {"question": row.id})
        return None
    conn.execute(_DELETE, {"question": row.id, "now": now_ms if row.halts else None})
    return _told(conn, Halt(row.id, Why.DELETED, now_ms)) if row.halts else None


def renew(conn: Connection, job: Job) -> Job:
    """The job as its questions are now, to be answered anew: nothing of its turn is known any more."""
    held(conn, _HOLD_BEGUN if job.conversation_id else _HOLD_ANEW, job, {})
    key, conversation_id, user, _, inputs = conn.execute(THREAD, {"thread": job.lease.thread_id}).one()
    rows = [conn.execute(_AS_IT_IS, {"question": number}).one() for number in job.question_ids]
    for row in rows:
        conn.execute(BEGIN_ANEW, {"question": row.id})
    thread = Thread.from_key(key)
    return replace(
        job,
        messages=tuple(
            message_of(thread, row.id, row.message_id, row.payload, row.received_at) for row in rows
        ),
        gone=frozenset(row.id for row in rows if row.change == Why.DELETED),
        changed_at=max((row.stop_asked_at or 0 for row in rows), default=0),
        conversation_id=conversation_id or "",
        dify_user=user,
        inputs=unpacked_inputs(inputs),
        turn=TurnIds(),
        anew=False,
    )


def ask_to_stop(conn: Connection, question_id: int, now_ms: int) -> None:
    """Let whoever answers this question know that the answer should end."""
    for (number,) in conn.execute(_ASK_TO_STOP_ONE, {"question": question_id, "now": now_ms}).all():
        _told(conn, Halt(number, Why.STOPPED, now_ms))


def ask_to_stop_earlier(conn: Connection, thread_id: int, before: int, asker: str, now_ms: int) -> None:
    """Let whoever answers in a thread know that the answer should end, if its question is an earlier one, and
    one of this asker's; '' is anybody."""
    names = {"thread": thread_id, "question": before, "asker": asker, "now": now_ms}
    for (number,) in conn.execute(_ASK_TO_STOP_EARLIER, names).all():
        _told(conn, Halt(number, Why.STOPPED, now_ms))


def underway(conn: Connection, question_id: int) -> Underway | None:
    """The answer to this question, if it is being given."""
    found = _answers(conn.execute(_RUNNING_BESIDE, {"question": question_id}).all())
    return found[0] if found else None


def underway_in(conn: Connection, place: Thread, asker: str, now_ms: int) -> tuple[Underway, ...]:
    """The answer that is being given in this thread; where it names a channel that is no thread of ours, all
    that this asker is being given there."""
    found = _answers(conn.execute(_RUNNING_IN, {"key": place.key}).all())
    if found or place.id != place.channel:
        return found
    names = {"place": place_of(place), "asker": asker, "now": now_ms - RUNNING_MS}
    return _answers(conn.execute(_RUNNING_OF, names).all())


def ran_beside(conn: Connection, question_id: int) -> tuple[str, ...]:
    """Who had asked what was being answered in the thread when this question came."""
    rows = conn.execute(_RAN_BESIDE, {"question": question_id}).all()
    return tuple(asker for (asker,) in rows if asker)


def _look(conn: Connection, platform: str, message_id: str) -> _Row | None:
    found = conn.execute(_LOOK, {"platform": platform, "message": message_id}).first()
    return None if found is None else _Row(*found)


def _told(conn: Connection, halt: Halt) -> Halt:
    notify(conn, STOP, halt.packed)
    return halt


def _same_words(known: Message, now: Message) -> bool:
    """Whether nothing was changed that is asked. Where the files are is told anew each time."""
    return known.text == now.text and _files(known.attachments) == _files(now.attachments)


def _files(attachments: Sequence[Attachment]) -> list[tuple[str, int | None]]:
    return [(one.name, one.size) for one in attachments]


def _answers(rows: Sequence[tuple[int, str, str, str | None]]) -> tuple[Underway, ...]:
    """One answer for each thread; some may be to several questions."""
    threads: dict[str, Underway] = {}
    for number, key, app, asker in rows:
        asked = threads.setdefault(key, Underway(number, Thread.from_key(key), app))
        threads[key] = replace(asked, askers=asked.askers | {asker or ""})
    return tuple(threads.values())
