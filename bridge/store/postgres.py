"""Runs transaction scripts on PostgreSQL, for bridges of several processes.

Nothing here lasts longer than a transaction (no lock and no setting of a session), so a pooler such as
pgbouncer may stand between; only listening needs a way around it.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from asyncpg.exceptions import InterfaceError, InvalidCachedStatementError, PostgresError
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

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

_DRIVER = (PostgresError, InterfaceError)


class PostgresRunner:
    """The `Runner` of a database that several bridges share.

    With `listen_url`, which leads straight to the server, `url` is taken for that of a pooler.
    """

    def __init__(self, url: URL, listen_url: URL | None) -> None:
        self._address = _address(url)
        self._pooled = listen_url is not None
        self._work = self._engine(POOL, STATEMENT_SECONDS)
        self._apart = self._engine(1, STATEMENT_SECONDS)
        self._listening = Listening(_address(listen_url or url))
        self._open = False
        self._running = 0
        self._idle = asyncio.Event()

    async def open(self) -> None:
        """Bring the tables up to date. `StoreError` if the database cannot be used."""
        engine = self._engine(1, MIGRATION_SECONDS)
        try:
            with translated(*_DRIVER):
                await _transaction(engine, migrate)
        finally:
            await engine.dispose()
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
        while self._running:
            self._idle.clear()
            await self._idle.wait()
        await self._work.dispose()
        await self._apart.dispose()

    async def _run(self, engine: AsyncEngine, script: Script[T]) -> T:
        if not self._open:
            raise StoreError("the database is not open")
        self._running += 1
        try:
            with translated(*_DRIVER):
                return await _transaction(engine, script)
        finally:
            self._running -= 1
            self._idle.set()

    def _engine(self, connections: int, statement_seconds: float) -> AsyncEngine:
        settings: dict[str, object] = {
            "dsn": self._address,
            "timeout": CONNECT_SECONDS,
            "command_timeout": statement_seconds,
        }
        if self._pooled:
            # The next transaction may meet another connection of the server, which knows none of our prepared
            # statements, or a name that another client took.
            settings |= {
                "statement_cache_size": 0,
                "prepared_statement_cache_size": 0,
                "prepared_statement_name_func": str,
            }
        return create_async_engine(
            "postgresql+asyncpg://",
            connect_args=settings,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=QUEUE_SECONDS,
            hide_parameters=True,
        )


async def _transaction(engine: AsyncEngine, script: Script[T]) -> T:
    """Run it, and once more if the first time was certainly undone by no fault of its own.

    So nothing needs to be asked before each transaction to learn whether a connection still stands: the first
    one that fails makes the pool open new ones.
    """
    for first in (True, False):
        asked_to_commit = False
        try:
            async with engine.connect() as conn:
                result = await conn.run_sync(script)
                asked_to_commit = True
                await conn.commit()
                return result
        except DBAPIError as error:
            if not first or not _was_undone(error, asked_to_commit):
                raise
    raise AssertionError("the second time ends one way or the other")


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
