"""Many answers at once in one process."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg

from bench.durability.figures import Crowd
from bench.durability.files import allow_many_files, peak_bytes
from bench.durability.replica import by_several, conversing, question, replica, settled
from bridge.inbox import Asked, Inbox

ANSWER_SECONDS = 30.0
# As many come at the same moment.
AT_ONCE = 64
LOOK_EVERY_SECONDS = 0.25
# Not what the server itself does in the database, such as tidying.
CONNECTIONS = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


def waiting(url: str, answers: int) -> Crowd:
    """Answers that do nothing but take their time."""
    return settled(_waiting(url, answers))


def asking(url: str, dify_url: str, answers: int) -> Crowd:
    """Answers of that Dify, which has to take its time. It knows best when they have started."""
    return settled(_asking(url, dify_url, answers))


async def _waiting(url: str, answers: int) -> Crowd:
    starts: list[float] = []

    async def answer(_: Asked) -> str:
        starts.append(time.monotonic())
        await asyncio.sleep(ANSWER_SECONDS)
        return "answered"

    async with _watched(url) as connections:
        began = time.monotonic()
        async with replica(url, lambda _: answer) as inbox:
            await _all(inbox, answers)
        return _crowd(answers, began, starts, connections())


async def _asking(url: str, dify_url: str, answers: int) -> Crowd:
    allow_many_files()
    starts: list[float] = []

    def begun(_: Asked) -> None:
        starts.append(time.monotonic())

    async with _watched(url) as connections:
        began = time.monotonic()
        async with conversing(url, dify_url, begun) as inbox:
            await _all(inbox, answers)
        return _crowd(answers, began, starts, connections())


async def _all(inbox: Inbox, answers: int) -> None:
    await by_several(inbox.deliver, (question(number, number) for number in range(answers)), AT_ONCE)


def _crowd(answers: int, began: float, starts: list[float], connections: int) -> Crowd:
    started = max(starts) - began if len(starts) == answers else float("inf")
    return Crowd(answers, began, started, time.monotonic() - began, peak_bytes(), connections)


@asynccontextmanager
async def _watched(url: str) -> AsyncIterator[Callable[[], int]]:
    """Look again and again how many connections there are, besides the one that looks; gives the most."""
    if url.startswith("sqlite"):
        yield lambda: 1
        return
    most = 0

    async def look() -> None:
        nonlocal most
        while True:
            most = max(most, int(await conn.fetchval(CONNECTIONS)))
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    conn = await asyncpg.connect(url)
    looking = asyncio.create_task(look())
    try:
        yield lambda: most
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        await conn.close()
