"""The transactions of replicas: who is there, who is gone, and who may do what only one does.

A replica that was given up loses everything at once: deleting its row frees the threads and roles it held.
"""

from sqlalchemy import Connection, TextClause, text

from bridge.stop import Halt, Why
from bridge.store.jobs import Pulse
from bridge.store.statements import sql, wake


def _by_clock(statement: str) -> TextClause:
    """CLOCK is the time in ms on the one clock that all replicas have: the database's."""
    return sql(statement.replace("CLOCK", "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"))


_REGISTER = sql("INSERT INTO replica (id, started_at, heartbeat_at) VALUES (:owner, :now, :now)")
_REGISTER_BY_CLOCK = _by_clock(
    "INSERT INTO replica (id, started_at, heartbeat_at) VALUES (:owner, CLOCK, CLOCK)"
)
_BEAT = _by_clock("UPDATE replica SET heartbeat_at = CLOCK WHERE id = :owner RETURNING id")
_REAP = _by_clock("DELETE FROM replica WHERE heartbeat_at < CLOCK - :number")
_NO_LONG_WAIT = text("SET LOCAL lock_timeout = '1s'")
_COUNT = text("SELECT COUNT(*) FROM replica")
_TO_STOP = sql("""
    SELECT q.id, q.change, q.stop_asked_at FROM question q JOIN chat_thread t ON t.id = q.thread_id
    WHERE q.stop_asked_at IS NOT NULL AND t.owner_id = :owner
""")
_SIGN_OFF = sql("DELETE FROM replica WHERE id = :owner")
_EVERYBODY = text("DELETE FROM replica")
_NAME_ROLE = sql("INSERT INTO role (name) VALUES (:role) ON CONFLICT (name) DO NOTHING")
_TAKE_ROLE = sql("""
    UPDATE role SET owner_id = :owner
    WHERE name = :role AND (owner_id IS NULL OR owner_id = :owner)
    AND EXISTS (SELECT 1 FROM replica WHERE id = :owner)
    RETURNING name
""")
_LEAVE_ROLE = sql("UPDATE role SET owner_id = NULL WHERE name = :role AND owner_id = :owner")


def register_alone(conn: Connection, owner: str, now_ms: int) -> None:
    """The only process of this database begins: whatever was held before is free."""
    conn.execute(_EVERYBODY)
    conn.execute(_REGISTER, {"owner": owner, "now": now_ms})


def register(conn: Connection, owner: str) -> None:
    """One more replica."""
    conn.execute(_REGISTER_BY_CLOCK, {"owner": owner})


def beat(conn: Connection, owner: str) -> Pulse:
    """Show that `owner` lives."""
    alive = conn.execute(_BEAT, {"owner": owner}).first() is not None
    rows = conn.execute(_TO_STOP, {"owner": owner})
    to_stop = tuple(Halt(number, Why(change or Why.STOPPED), at) for number, change, at in rows)
    return Pulse(alive, conn.execute(_COUNT).scalar_one(), to_stop)


def give_up(conn: Connection, after_ms: int) -> int:
    """Give up those who have not shown that they live for so long; how many that were. Not in one transaction
    with `beat`: whoever was frozen in the midst of something may hold locks that this has to wait for."""
    conn.execute(_NO_LONG_WAIT)
    freed = conn.execute(_REAP, {"number": after_ms}).rowcount
    if freed:
        wake(conn)
    return freed


def sign_off(conn: Connection, owner: str) -> None:
    """Leave: everything that `owner` still holds is free."""
    conn.execute(_SIGN_OFF, {"owner": owner})
    wake(conn)


def take_role(conn: Connection, owner: str, role: str) -> bool:
    """Whether `owner` has the role from now on."""
    conn.execute(_NO_LONG_WAIT)
    conn.execute(_NAME_ROLE, {"role": role})
    return conn.execute(_TAKE_ROLE, {"owner": owner, "role": role}).first() is not None


def leave_role(conn: Connection, owner: str, role: str) -> None:
    """Somebody else may have the role. Harmless when `owner` has it no longer."""
    conn.execute(_LEAVE_ROLE, {"owner": owner, "role": role})
    wake(conn)
