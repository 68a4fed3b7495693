"""Runs transaction scripts on one SQLite file: one process, one connection, one thread that writes.

Each script runs in its own `BEGIN IMMEDIATE` transaction on that thread, so that the event loop never blocks
and no transaction ever meets another's half-done work.
"""

import asyncio
import contextlib
import fcntl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from bridge.errors import StoreError
from bridge.store.migrate import migrate

T = TypeVar("T")

BUSY_TIMEOUT_MS = 30_000


class SqliteRunner:
    """`await runner.run(script, ...)` runs `script(conn, ...)`; committed when it returns."""

    def __init__(self, url: URL) -> None:
        self._path = Path(url.database) if url.database not in (None, "", ":memory:") else None
        self._engine = create_engine(url, pool_size=1, max_overflow=0) if self._path else create_engine(url)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._lock = contextlib.ExitStack()
        _prepare(self._engine)

    async def open(self) -> None:
        """Take the file for this process and bring its tables up to date. `StoreError` if that fails."""
        await self._in_thread(self._open)

    async def run(self, script: Callable[[Connection], T]) -> T:
        """Run one transaction. `StoreError` when the database cannot be used; then nothing was stored."""
        return await self._in_thread(lambda: self._transaction(script))

    async def close(self) -> None:
        await self._in_thread(self._engine.dispose)
        self._thread.shutdown()
        self._lock.close()

    def _transaction(self, script: Callable[[Connection], T]) -> T:
        with self._engine.begin() as conn:
            return script(conn)

    def _open(self) -> None:
        if self._path is not None:
            self._lock.enter_context(_only_process(self._path))
        with self._engine.connect() as conn:
            migrate(conn)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except (SQLAlchemyError, OSError) as error:
            raise StoreError(f"the database failed: {type(error).__name__}") from error


@contextlib.contextmanager
def _only_process(path: Path) -> Iterator[None]:
    """Hold the file's lock, which the system releases when the process ends, however it ends."""
    with path.with_name(path.name + ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(f"{path.name} is already in use by another running bridge") from error
        yield


def _prepare(engine: Engine) -> None:
    """Durable on commit, and transactions that begin when we say so.

    Python's sqlite3 begins a transaction only before the first write, which silently loses updates that
    depend on an earlier read; so its own handling is switched off and every transaction takes the write lock
    at once.
    """

    @event.listens_for(engine, "connect")
    def _connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        conn.exec_driver_sql("BEGIN IMMEDIATE")
