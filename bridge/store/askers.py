"""What is looked up of people and places: what a thread holds, and where somebody asked lately. Each is one
transaction, see `bridge.store.scripts`."""

from sqlalchemy import Connection

from bridge.store.jobs import ThreadState, Visit, unpacked_inputs
from bridge.store.statements import sql
from bridge.types import Thread

# So many of somebody's newest questions are looked at: no one who has asked more is kept waiting for it.
_LOOKED_AT = 1_000

_STATE = sql("SELECT app, conversation_id, inputs FROM chat_thread WHERE key = :key")
_VISITS = sql(f"""
    SELECT t.key, t.app, t.conversation_id, t.dify_user, MAX(newest.received_at) AS at
    FROM (
        SELECT thread_id, received_at, dify_task_id FROM question
        WHERE asker = :asker ORDER BY received_at DESC LIMIT {_LOOKED_AT}
    ) newest JOIN chat_thread t ON t.id = newest.thread_id
    WHERE newest.dify_task_id <> '' AND SUBSTR(t.key, 1, LENGTH(:prefix)) = :prefix
    GROUP BY t.id, t.key, t.app, t.conversation_id, t.dify_user
    ORDER BY at DESC, t.id DESC LIMIT :limit
""")  # noqa: S608 - of a constant


def thread_state(conn: Connection, thread: Thread) -> ThreadState | None:
    """What a thread holds; None where the bot has no part in it."""
    found = conn.execute(_STATE, {"key": thread.key}).first()
    if found is None:
        return None
    app, conversation, inputs = found
    return ThreadState(app, conversation or "", unpacked_inputs(inputs))


def visits(conn: Connection, asker: str, platform: str, workspace: str, limit: int) -> list[Visit]:
    """The threads of a workspace in which Dify has answered somebody, those where they asked last first."""
    names = {"asker": asker, "prefix": f"{platform}:{workspace}:", "limit": limit}
    return [
        Visit(Thread.from_key(key), app, conversation or "", user, at / 1000)
        for key, app, conversation, user, at in conn.execute(_VISITS, names)
    ]
