"""The thread of a message among very many."""

import itertools
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from bench.durability.figures import LookUps, Quantiles, quantiles
from bench.durability.filling import REMEMBERED_EVERY, fill, reply_to
from bench.durability.replica import question, settled, thread
from bridge.store import Job, Store, Taken, threads
from bridge.types import Thread

SAMPLES = 2_000
OWNER = "bench"
SEED = 1


def among(url: str, threads: int) -> LookUps:
    """Fill an empty store with so many threads, and look some up."""
    return settled(_among(url, threads))


async def _among(url: str, threads: int) -> LookUps:
    numbers = _numbers(threads)
    async with Store(url) as store:
        await store.register(OWNER)
    await _fill(url, threads)
    async with Store(url) as store:
        some = _Some(store, threads)
        return LookUps(
            threads,
            first=await _timed(numbers, some.find),
            found=await _timed(numbers, some.find),
            replied=await _timed(numbers, some.find_by_reply),
            ignored=await _timed(numbers, some.ignore),
            accepted=await _accepts(numbers, some),
        )


class _Some:
    """The transactions that are timed, each of which looks up thread `number`."""

    def __init__(self, store: Store, threads: int) -> None:
        self._store = store
        self._fresh = itertools.count(threads + 1)

    async def find(self, number: int) -> None:
        there = thread(number)
        await self._finds(there, "", there)

    async def find_by_reply(self, number: int) -> None:
        there = thread(number - number % REMEMBERED_EVERY or REMEMBERED_EVERY)
        await self._finds(replace(there, id="elsewhere"), reply_to(there), there)

    async def ignore(self, number: int) -> None:
        fresh = next(self._fresh)
        if await self._accept(fresh, fresh) is not None:
            raise AssertionError(f"message {fresh} is not for the bot")

    async def accept(self, number: int) -> Job:
        taken = await self._accept(next(self._fresh), number)
        if taken is None or taken.job is None:
            raise AssertionError(f"thread {number} is free")
        return taken.job

    async def finish(self, job: Job) -> None:
        await self._store.finish(job, "answered", go_on=1)

    async def _finds(self, named: Thread, replies_to: str, expected: Thread) -> None:
        found = await self._store.runner.run(lambda conn: threads.find_thread(conn, named, replies_to))
        if found != expected:
            raise AssertionError(f"{expected.key} is there")

    async def _accept(self, number: int, in_thread: int) -> Taken | None:
        said = replace(question(number, in_thread), addressed=False)
        return await self._store.accept(said, "default", said.author.id, OWNER)


async def _timed(numbers: Iterator[int], look: Callable[[int], Awaitable[None]]) -> Quantiles:
    """How long it takes, one at a time."""
    took = []
    for number in itertools.islice(numbers, SAMPLES):
        began = time.perf_counter()
        await look(number)
        took.append(time.perf_counter() - began)
    return quantiles(took)


async def _accepts(numbers: Iterator[int], some: _Some) -> Quantiles:
    """The same, with threads that have to be free again afterwards."""
    took = []
    for number in itertools.islice(numbers, SAMPLES):
        began = time.perf_counter()
        job = await some.accept(number)
        took.append(time.perf_counter() - began)
        await some.finish(job)
    return quantiles(took)


def _numbers(threads: int) -> Iterator[int]:
    """Threads anywhere in the table, hardly any twice."""
    chance = random.Random(SEED)
    while True:
        yield chance.randint(1, threads)


async def _fill(url: str, threads: int) -> None:
    """On a connection of its own: it takes longer than any statement of the bridge may."""
    if url.startswith("sqlite"):
        engine = create_engine(url)
        with engine.begin() as conn:
            fill(conn, threads)
        engine.dispose()
        return
    apart = create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"))
    async with apart.begin() as there:
        await there.run_sync(fill, threads)
    await apart.dispose()
