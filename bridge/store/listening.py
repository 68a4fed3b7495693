"""Hears PostgreSQL's notifications on a connection of its own, and comes back when that is lost."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence

import asyncpg
from asyncpg.exceptions import InterfaceError, PostgresError

from bridge.store.failures import described
from bridge.store.runner import OnNotify

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
# Back at once after a short break, and soon after a long one, without hammering a server that starts.
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 3.0
# A router that forgets an idle connection tells nobody: only asking shows that it is gone.
CHECK_SECONDS = 30.0

_FAILURES = (PostgresError, InterfaceError, OSError)


class Listening:
    """At most one task, that listens at `address` (a URL for asyncpg) between `start` and `stop`."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._task: asyncio.Task[None] | None = None

    def start(self, channels: Sequence[str], on_notify: OnNotify, on_connected: Callable[[], None]) -> None:
        if self._task is not None:
            raise RuntimeError("already listening")
        self._task = asyncio.create_task(self._stay(channels, on_notify, on_connected), name="listening")

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _stay(
        self, channels: Sequence[str], on_notify: OnNotify, on_connected: Callable[[], None]
    ) -> None:
        def heard(_conn: object, _pid: int, channel: str, payload: object) -> None:
            on_notify(channel, str(payload))

        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                async with self._connected() as (conn, lost):
                    for channel in channels:
                        await conn.add_listener(channel, heard)
                    pause = FIRST_PAUSE_SECONDS
                    on_connected()
                    await _until_lost(conn, lost)
                log.warning("the connection for notifications was closed; connecting again")
            except _FAILURES as error:
                log.warning("no connection for notifications (%s); trying again", described(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncpg.Connection, asyncio.Event]]:
        """A connection, and what tells that it has ended."""
        conn = await asyncpg.connect(
            self._address, timeout=CONNECT_SECONDS, command_timeout=CONNECT_SECONDS, statement_cache_size=0
        )
        lost = asyncio.Event()
        conn.add_termination_listener(lambda _conn: lost.set())
        try:
            yield conn, lost
        finally:
            with contextlib.suppress(*_FAILURES):
                await conn.close(timeout=CONNECT_SECONDS)


async def _until_lost(conn: asyncpg.Connection, lost: asyncio.Event) -> None:
    while not lost.is_set():
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await lost.wait()
        except TimeoutError:
            await conn.execute("SELECT 1")
