"""Runs transaction scripts on PostgreSQL, for bridges of several processes.

Nothing here lasts longer than a transaction (no lock and no setting of a session), so a pooler such as
pgbouncer may stand between; only listening needs a way around it.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import TypeVar

from asyncpg.exceptions import InterfaceError, InvalidCachedStatementError, PostgresError
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bridge.errors import StoreError
from bridge.store.failures import sqlstate, translated
from bridge.store.listening import Listening
from bridge.store.migrate import migrate
from bridge.store.runner import OnNotify, Script

T = TypeVar("T")

# Connections for work. More do not make a server faster, and many bridges share what it allows.
POOL = 8
CONNECT_SECONDS = 5.0
# For one statement. Ours take milliseconds: who waits this long waits for a lock or for a server that hangs.
STATEMENT_SECONDS = 10.0
# For a connection of the pool to become free.
QUEUE_SECONDS = 10.0
# A migration may rebuild a large table, or wait for another process that does.
MIGRATION_SECONDS = 900.0

# The server undid the transaction by itself: a deadlock, or a conflict with another transaction.
_UNDONE = ("40P01", "40001")

# A process that is frozen, or gone without a word, in the midst of a transaction keeps its locks for so long.
IDLE_MS = 3_000

_DRIVER = (PostgresError, InterfaceError)


class PostgresRunner:
    """The `Runner` of a database that several bridges share.

    With `listen_url`, which leads straight to the server, `url` is taken for that of a pooler.
    """

    def __init__(self, url: URL, listen_url: URL | None) -> None:
        self._url = url
        self._pooled = listen_url is not None
        self._work = self._lane(POOL, STATEMENT_SECONDS)
        self._apart = self._lane(1, STATEMENT_SECONDS)
        self._listening = Listening(_address(listen_url or url))
        self._open = False

    async def open(self) -> None:
        """Bring the tables up to date. `StoreError` if the database cannot be used."""
        lane = self._lane(1, MIGRATION_SECONDS)
        try:
            with translated(*_DRIVER):
                await lane.run(migrate)
        finally:
            await lane.close()
        self._open = True

    async def run(self, script: Script[T]) -> T:
        """Run one transaction on one of the connections for work."""
        return await self._run(self._work, script)

    async def run_apart(self, script: Script[T]) -> T:
        """As `run`, on a connection that is kept for this alone."""
        return await self._run(self._apart, script)

    def listen(self, channels: Sequence[str], on_notify: OnNotify, on_connected: Callable[[], None]) -> None:
        """Listen until `close`, and connect again whenever the connection is lost."""
        self._listening.start(channels, on_notify, on_connected)

    async def close(self) -> None:
        """Stop listening, let the transactions end that still run, and disconnect."""
        self._open = False
        await self._listening.stop()
        await self._work.close()
        await self._apart.close()

    async def _run(self, lane: "_Lane", script: Script[T]) -> T:
        if not self._open:
            raise StoreError("the database is not open")
        with translated(*_DRIVER):
            return await lane.run(script)

    def _lane(self, connections: int, statement_seconds: float) -> "_Lane":
        return _Lane(_engine(self._url, connections, statement_seconds, pooled=self._pooled), connections)


class _Lane:
    """Some connections. Who comes first is served first, which SQLAlchemy's own queue does not promise: under
    load, it was measured to keep some waiting for eight times as long as others. Those that are idle are not
    given back to its pool, which costs as much as a short transaction itself."""

    def __init__(self, engine: AsyncEngine, connections: int) -> None:
        self._engine = engine
        self._connections = connections
        self._idle: list[AsyncConnection] = []
        self._free = asyncio.Semaphore(connections)

    async def run(self, script: Script[T]) -> T:
        async with asyncio.timeout(QUEUE_SECONDS):
            await self._free.acquire()
        try:
            return await self._transaction(script)
        finally:
            self._free.release()

    async def close(self) -> None:
        """Wait until nothing runs, then disconnect."""
        for _ in range(self._connections):
            await self._free.acquire()
        await self._close_idle()
        await self._engine.dispose()
        for _ in range(self._connections):
            self._free.release()

    async def _transaction(self, script: Script[T]) -> T:
        """Run it, and once more if the first time was certainly undone by no fault of its own.

        So nothing needs to be asked before each transaction to learn whether a connection still stands: the
        first one that fails makes all be opened anew.
        """
        for first in (True, False):
            asked_to_commit = False
            try:
                async with AsyncExitStack() as giving_back:
                    conn = self._idle.pop() if self._idle else await self._engine.connect()
                    giving_back.push_async_exit(conn)
                    result = await conn.run_sync(script)
                    asked_to_commit = True
                    await conn.commit()
                    giving_back.pop_all()
                    self._idle.append(conn)
                    return result
            except DBAPIError as error:
                if error.connection_invalidated:
                    await self._close_idle()
                if not first or not _was_undone(error, asked_to_commit):
                    raise
        raise AssertionError("the second time ends one way or the other")

    async def _close_idle(self) -> None:
        idle, self._idle = self._idle, []
        for conn in idle:
            await conn.close()


def _engine(url: URL, connections: int, statement_seconds: float, *, pooled: bool) -> AsyncEngine:
    settings: dict[str, object] = {
        "dsn": _address(url),
        "timeout": CONNECT_SECONDS,
        "command_timeout": statement_seconds,
    }
    if pooled:
        # The next transaction may meet another connection of the server, which knows none of our prepared
        # statements, or a name that another client took. So they have no names and are kept nowhere.
        settings |= {
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": str,
        }
    else:
        # A pooler would not know what to do with it; there, the server's own setting has to do.
        settings["server_settings"] = {"idle_in_transaction_session_timeout": str(IDLE_MS)}
    return create_async_engine(
        "postgresql+asyncpg://",
        connect_args=settings,
        pool_size=connections,
        # The lane lets no more in than there are connections, so nobody waits in the pool.
        max_overflow=-1,
        hide_parameters=True,
    )


def _was_undone(error: DBAPIError, asked_to_commit: bool) -> bool:
    if sqlstate(error) in _UNDONE:
        return True
    # Of a connection lost before COMMIT was sent, the server keeps nothing. Lost after, nobody knows.
    if error.connection_invalidated:
        return not asked_to_commit
    # Another process changed a table after the statement was prepared; it is prepared anew the next time.
    return error.orig is not None and isinstance(error.orig.__cause__, InvalidCachedStatementError)


def _address(url: URL) -> str:
    """As asyncpg reads it, which knows the parameters of libpq (`?sslmode=require`)."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
