"""Brings the tables up to date, from the first version on."""

from pathlib import Path

from sqlalchemy import Connection

from bridge.errors import StoreError

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(conn: Connection) -> None:
    """Upgrade to the newest version. `StoreError` if the database was written by a newer bridge."""
    # Alembic takes 0.4 s to import; only this one moment needs it.
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = conn
    current = MigrationContext.configure(conn).get_current_revision()
    # The version was read in a transaction that began by itself; Alembic begins its own.
    conn.rollback()
    scripts = ScriptDirectory.from_config(config)
    if current == scripts.get_current_head():
        return
    try:
        if current is not None:
            scripts.get_revision(current)
    except CommandError as error:
        raise StoreError(f"the database has version {current}, which only a newer bridge can read") from error
    command.upgrade(config, "head")
    conn.commit()
