"""Where the bot is installed: the transactions that keep what it may be used with there, as it is written."""

from sqlalchemy import Connection

from bridge.store.statements import sql
from bridge.types import Installation

# Threads that are forgotten in one transaction.
BATCH = 500

_FIND = sql("""
    SELECT workspace, secret, updated_at FROM installation
    WHERE platform = :platform AND workspace = :workspace
""")
_ALL = sql("""
    SELECT workspace, secret, updated_at FROM installation WHERE platform = :platform ORDER BY id
""")
# The number must be another one each time, also within one tick of the clock.
_LATER = "CASE WHEN updated_at < :now THEN :now ELSE updated_at + 1 END"
_KEEP = sql(f"""
    INSERT INTO installation (platform, workspace, secret, updated_at)
    VALUES (:platform, :workspace, :secret, :now)
    ON CONFLICT (platform, workspace) DO UPDATE
    SET secret = excluded.secret, updated_at = {_LATER.replace("updated_at", "installation.updated_at")}
""")  # noqa: S608 - put together from what stands here
_REPLACE = sql(f"""
    UPDATE installation SET secret = :secret, updated_at = {_LATER}
    WHERE platform = :platform AND workspace = :workspace AND updated_at = :version RETURNING id
""")  # noqa: S608 - same
_FORGET = sql("DELETE FROM installation WHERE platform = :platform AND workspace = :workspace")
_FORGET_THREADS = sql("""
    DELETE FROM chat_thread WHERE id IN (
        SELECT id FROM chat_thread WHERE platform = :platform
        AND SUBSTR(key, 1, LENGTH(:beginning)) = :beginning LIMIT :limit)
""")


def find(conn: Connection, platform: str, workspace: str) -> Installation | None:
    row = conn.execute(_FIND, {"platform": platform, "workspace": workspace}).first()
    return None if row is None else Installation(row[0], row[1], row[2])


def all_of(conn: Connection, platform: str) -> tuple[Installation, ...]:
    rows = conn.execute(_ALL, {"platform": platform})
    return tuple(Installation(workspace, secret, version) for workspace, secret, version in rows)


def keep(conn: Connection, platform: str, workspace: str, secret: str, now_ms: int) -> None:
    names = {"platform": platform, "workspace": workspace, "secret": secret, "now": now_ms}
    conn.execute(_KEEP, names)


def replace(conn: Connection, platform: str, known: Installation, secret: str, now_ms: int) -> bool:
    """Whether what is `known` was still there to be replaced."""
    names = {"platform": platform, "workspace": known.workspace, "secret": secret, "now": now_ms}
    return conn.execute(_REPLACE, {**names, "version": known.version}).first() is not None


def forget(conn: Connection, platform: str, workspace: str) -> None:
    conn.execute(_FORGET, {"platform": platform, "workspace": workspace})


def forget_threads(conn: Connection, platform: str, workspace: str) -> int:
    """Forget some threads of a workspace, with all that belongs to them; how many that were."""
    names = {"platform": platform, "beginning": f"{platform}:{workspace}:", "limit": BATCH}
    return conn.execute(_FORGET_THREADS, names).rowcount
