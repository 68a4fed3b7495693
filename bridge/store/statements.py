"""How statements are written: as text that both databases read alike."""

import re

from sqlalchemy import BigInteger, Connection, String, TextClause, bindparam, text

# What replicas are told of: that something may wait for somebody, and that a question's answer should end.
WAKE, STOP = "bridge_wake", "bridge_stop"

_NUMBERS = frozenset(
    {"now", "token", "thread", "question", "page", "number", "limit", "sent", "since", "version"}
)
# By its id alone: PostgreSQL may take the index of all threads that have an owner for a short one, and then
# each write reads whatever the replica holds.
_UNDER_LEASE = "WHERE id = :thread AND token = :token AND COALESCE(owner_id, '') = :owner"


def sql(statement: str) -> TextClause:
    """A statement with named parameters, typed so that every database reads them alike. UNDER LEASE is the
    one thread that is held under a lease."""
    statement = statement.replace("UNDER LEASE", _UNDER_LEASE)
    names = dict.fromkeys(re.findall(r"(?<!:):([a-z_]+)", statement))
    return text(statement).bindparams(
        *(bindparam(name, type_=BigInteger() if name in _NUMBERS else String()) for name in names)
    )


_NOTIFY = sql("SELECT pg_notify(:channel, :payload)")


def notify(conn: Connection, channel: str, payload: str = "") -> None:
    """Tell all replicas something, once the transaction is committed; SQLite's only one knows by itself."""
    if conn.dialect.name == "postgresql":
        conn.execute(_NOTIFY, {"channel": channel, "payload": payload})


def wake(conn: Connection) -> None:
    """Tell all replicas that a thread may wait for somebody."""
    notify(conn, WAKE)
