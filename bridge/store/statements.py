"""How statements are written: as text that both databases read alike."""

import re

from sqlalchemy import BigInteger, Connection, String, TextClause, bindparam, text

_NUMBERS = frozenset({"now", "token", "thread", "question", "page", "number", "limit", "sent"})
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


_WAKE = text("SELECT pg_notify('bridge_wake', '')")


def wake(conn: Connection) -> None:
    """Tell all replicas that a thread waits for somebody; SQLite's only one knows by itself."""
    if on_server(conn):
        conn.execute(_WAKE)


def on_server(conn: Connection) -> bool:
    return conn.dialect.name == "postgresql"
