"""Brings the tables up to date, from the first version on."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from bridge.errors import StoreError

MIGRATIONS = Path(__file__).parent / "migrations"

# Any number that nobody else takes as a lock in this database.
_LOCK = 4_937_710_812_345


def migrate(conn: Connection) -> bool:
    """Upgrade to the newest version, within the transaction of `conn`, which the caller commits. Returns
    whether there was anything to do.

    Processes that start at the same moment take turns: on PostgreSQL by a lock that ends with the
    transaction, on SQLite because the caller's transaction holds the write lock. `StoreError` if the database
    was written by a newer bridge.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    known = versions()
    current = _current(conn)
    if current == known[-1]:
        return False
    if current is not None and current not in known:
        raise StoreError(f"the database has version {current}, which only a newer bridge can read")
    _upgrade(conn)
    return True


def versions() -> list[str]:
    """All versions in their order. The name of a migration's file begins with its version, so that Alembic
    need not be imported at every start only to learn that there is nothing to do."""
    return sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _current(conn: Connection) -> str | None:
    if not inspect(conn).has_table("alembic_version"):
        return None
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(conn: Connection) -> None:
    # Alembic takes 0.4 s to import; only this one moment needs it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = conn
    command.upgrade(config, "head")
