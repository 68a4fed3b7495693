"""What is remembered of a question beyond its answer: what was filled in for it, what its flow waits for,
what may be asked next, and what people thought of it. Each is one transaction, see `bridge.store.scripts`."""

from collections.abc import Sequence

from sqlalchemy import Connection

from bridge.store.jobs import Job, Known, packed_inputs, unpacked, unpacked_inputs
from bridge.store.scripts import held
from bridge.store.statements import sql
from bridge.types import Filled, Thread

_REMEMBER_INPUTS = sql("UPDATE chat_thread SET inputs = :inputs UNDER LEASE RETURNING id")
_REMEMBER_DECISION = sql("UPDATE question SET decision = :decision WHERE id = :question")
_SUGGEST = sql("""
    INSERT INTO suggestion (question_id, number, text)
    SELECT id, :number, :text FROM question WHERE id = :question
    ON CONFLICT (question_id, number) DO UPDATE SET text = excluded.text
""")
_SUGGESTED = sql("SELECT text FROM suggestion WHERE question_id = :question AND number = :number")
_KNOWN = sql("""
    SELECT q.id, t.key, t.app, COALESCE(q.dify_user, t.dify_user),
           CASE WHEN q.dify_user IS NULL THEN t.conversation_id ELSE q.conversation_id END,
           q.dify_message_id, q.dify_run_id, q.payload, q.decision, q.rating, t.inputs
    FROM question q JOIN chat_thread t ON t.id = q.thread_id WHERE q.id = :question
""")
_RATE = sql("UPDATE question SET rating = :rating WHERE id = :question")


def remember_inputs(conn: Connection, job: Job, filled: Filled) -> None:
    """Keep what was filled into the app's form, for every later question of the thread."""
    held(conn, _REMEMBER_INPUTS, job, {"inputs": packed_inputs(filled)})


def remember_decision(conn: Connection, question_id: int, decision: str) -> None:
    """Keep what a flow waits for; empty when it waits no longer."""
    conn.execute(_REMEMBER_DECISION, {"question": question_id, "decision": decision})


def suggest(conn: Connection, question_id: int, texts: Sequence[str]) -> None:
    """Keep what is offered to be asked next."""
    for number, text in enumerate(texts):
        conn.execute(_SUGGEST, {"question": question_id, "number": number, "text": text})


def suggested(conn: Connection, question_id: int, number: int) -> str:
    """What was offered; empty when that is not known any more."""
    found = conn.execute(_SUGGESTED, {"question": question_id, "number": number}).first()
    return found[0] if found is not None else ""


def known(conn: Connection, question_id: int) -> Known | None:
    """A question, as long as it is remembered."""
    found = conn.execute(_KNOWN, {"question": question_id}).first()
    if found is None:
        return None
    number, key, app, user, conversation, message, run, payload, decision, rating, inputs = found
    return Known(
        number,
        Thread.from_key(key),
        app,
        user,
        conversation or "",
        message or "",
        run or "",
        unpacked(payload) if payload else None,
        decision or "",
        rating or "",
        unpacked_inputs(inputs),
    )


def rate(conn: Connection, question_id: int, rating: str) -> None:
    """Keep what somebody thinks of the answer."""
    conn.execute(_RATE, {"question": question_id, "rating": rating})
