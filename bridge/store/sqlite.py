"""Runs transaction scripts on one SQLite file: one process, one connection, one thread that writes.

Scripts that wait at the same time share a transaction, so that they share the wait for the disk at its end.
Each has a savepoint of its own: one that fails is undone alone.
"""

import asyncio
import contextlib
import fcntl
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from bridge.errors import StoreError
from bridge.store.failures import translated
from bridge.store.migrate import migrate
from bridge.store.runner import OnNotify, Script

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

# How long to wait for somebody else's lock on the file, such as that of a backup.
BUSY_TIMEOUT_MS = 30_000
# A failing COMMIT fails them all, and the first waits for the last; more no longer makes it faster.
GROUP = 64


class SqliteRunner:
    """The `Runner` of a file that belongs to this process alone."""

    def __init__(self, url: URL) -> None:
        self._path = Path(url.database) if url.database not in (None, "", ":memory:") else None
        self._engine = _engine(url, in_file=self._path is not None)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._lock = contextlib.ExitStack()
        self._waiting: deque[_Job[object]] = deque()
        self._called = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None
        self._closed = False

    async def open(self) -> None:
        """Take the file for this process and bring its tables up to date. `StoreError` if that fails."""
        with translated(sqlite3.Error):
            await self._in_thread(self._open)
        self._writing = asyncio.create_task(self._write(), name="store")

    async def run(self, script: Script[T]) -> T:
        """Run one transaction, together with those that wait beside it."""
        if self._writing is None:
            raise StoreError("the database is not open")
        job = _Job(script)
        self._waiting.append(job)
        self._called.set()
        await job.over
        with translated(sqlite3.Error):
            return job.result()

    async def run_apart(self, script: Script[T]) -> T:
        """As `run`: nobody else watches whether this process is alive."""
        return await self.run(script)

    def listen(self, channels: Sequence[str], on_notify: OnNotify, on_connected: Callable[[], None]) -> None:
        """Nothing: no other process could notify this one."""

    async def close(self) -> None:
        """Finish what waits, then let go of the file."""
        if self._closed:
            return
        self._closed = True
        writing, self._writing = self._writing, None
        if writing is not None:
            self._called.set()
            await writing
        with translated(sqlite3.Error):
            await self._in_thread(self._engine.dispose)
        self._thread.shutdown()
        self._lock.close()

    async def _write(self) -> None:
        """Run what waits, group after group, until closed and nothing waits any more."""
        while self._writing is not None or self._waiting:
            if not self._waiting:
                self._called.clear()
                await self._called.wait()
                continue
            group = [self._waiting.popleft() for _ in range(min(GROUP, len(self._waiting)))]
            group = [job for job in group if not job.over.cancelled()]
            await self._in_thread(partial(self._transaction, group))
            for job in group:
                job.end()

    def _transaction(self, group: "list[_Job[object]]") -> None:
        """Never raises: what fails here belongs to those who wait."""
        try:
            with self._engine.begin() as conn:
                raw = _driver(conn)
                for job in group:
                    job.run(conn, raw)
        except Exception as error:  # noqa: BLE001 - handed to everybody whose work was in the transaction
            for job in group:
                job.fail(error)

    def _open(self) -> None:
        if self._path is not None:
            self._lock.enter_context(_only_process(self._path))
        with self._engine.connect() as conn:
            # Alembic changes a table by replacing it; with foreign keys on, dropping the old one would delete
            # every row that refers to it. The switch works only outside of a transaction.
            raw = _driver(conn)
            raw.execute("PRAGMA foreign_keys=OFF")
            with conn.begin():
                if migrate(conn) and raw.execute("PRAGMA foreign_key_check").fetchone() is not None:
                    raise StoreError("the database holds rows that refer to nothing")
            raw.execute("PRAGMA foreign_keys=ON")

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


class _Job(Generic[T_co]):
    """A script and what became of it. `over` ends when the outcome is final, that is after COMMIT."""

    def __init__(self, script: Script[T_co]) -> None:
        self._script = script
        self._results: list[T_co] = []
        self._error: Exception | None = None
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def run(self, conn: Connection, raw: sqlite3.Connection) -> None:
        """Run the script in a savepoint. Raises only if the transaction around it is lost."""
        raw.execute("SAVEPOINT script")
        try:
            self._results.append(self._script(conn))
        except Exception as error:  # noqa: BLE001 - handed to whoever asked for this script
            self._error = error
            # Fails if SQLite has undone the whole transaction by itself, as it may when the disk is full.
            raw.execute("ROLLBACK TO script")
        raw.execute("RELEASE script")

    def fail(self, error: Exception) -> None:
        self._error = self._error or error

    def end(self) -> None:
        if not self.over.done():
            self.over.set_result(None)

    def result(self) -> T_co:
        if self._error is not None:
            raise self._error
        return self._results[0]


@contextlib.contextmanager
def _only_process(path: Path) -> Iterator[None]:
    """Hold the file's lock, which the system releases when the process ends, however it ends."""
    with path.with_name(path.name + ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(f"{path.name} is already in use by another running bridge") from error
        yield


def _driver(conn: Connection) -> sqlite3.Connection:
    raw = conn.connection.driver_connection
    if not isinstance(raw, sqlite3.Connection):
        raise TypeError("not a connection of sqlite3")
    return raw


def _engine(url: URL, *, in_file: bool) -> Engine:
    """One connection, durable on commit, and transactions that begin when we say so.

    Python's sqlite3 begins a transaction only before the first write, which silently loses updates that
    depend on an earlier read; so its own handling is switched off and every transaction takes the write lock
    at once.
    """
    engine = (
        create_engine(url, pool_size=1, max_overflow=0, hide_parameters=True)
        if in_file
        else create_engine(url, hide_parameters=True)
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            # Only in a file that is still empty, so it comes before everything else. Space is given back
            # piece by piece when asked for, which needs no second copy of the file.
            "auto_vacuum=INCREMENTAL",
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

    return engine
