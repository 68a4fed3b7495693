"""Each measurement from its empty database to its figures, in a process of its own, so that none inherits
another one's memory."""

import asyncio
import multiprocessing
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from functools import partial
from typing import ParamSpec, TypeAlias, TypeVar

from bench.durability import crowd, flow, look_ups
from bench.durability.dify import dify_aside
from bench.durability.figures import Figures, Rates
from sandbox.dify import Answer

P = ParamSpec("P")
T = TypeVar("T")

SHORT = Answer("About as long as a short answer.")
LONG = replace(SHORT, first_token_after=crowd.ANSWER_SECONDS)


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured. Of `runs` the best one counts, where another process may have disturbed one."""

    seconds: float
    messages: int
    answers: int
    threads: int
    runs: int


# Opens an empty database, and gives its address.
Fresh: TypeAlias = Callable[[], AbstractAsyncContextManager[str]]
Measurement: TypeAlias = Callable[[Fresh, Extent, Figures], Awaitable[Figures]]


async def starts(fresh: Fresh, extent: Extent, figures: Figures) -> Figures:
    found = []
    for _ in range(extent.runs):
        async with fresh() as url:
            with dify_aside(SHORT) as dify:
                times = await _apart(flow.evenly, url, dify.url, extent.seconds)
                found.append(times.starts(dify.arrivals()))
    return replace(figures, starts=min(found, key=lambda one: one.asked.p99))


async def rates(fresh: Fresh, extent: Extent, figures: Figures) -> Figures:
    found = []
    for _ in range(extent.runs):
        async with fresh() as url:
            found.append(await _apart(flow.at_most, url, extent.messages))
    best = Rates(
        max(one.accepted for one in found),
        max(one.finished for one in found),
        min(one.accepted_cpu for one in found),
        min(one.finished_cpu for one in found),
    )
    return replace(figures, rates=best)


async def waiting(fresh: Fresh, extent: Extent, figures: Figures) -> Figures:
    found = []
    for _ in range(extent.runs):
        async with fresh() as url:
            found.append(await _apart(crowd.waiting, url, extent.answers))
    return replace(figures, waiting=min(found, key=lambda one: one.started))


async def conversing(fresh: Fresh, extent: Extent, figures: Figures) -> Figures:
    found = []
    for _ in range(extent.runs):
        async with fresh() as url:
            with dify_aside(LONG) as dify:
                one = await _apart(crowd.asking, url, dify.url, extent.answers)
                arrivals = dify.arrivals()
        last = max(arrivals.values()) if len(arrivals) == extent.answers else float("inf")
        found.append(replace(one, started=last - one.began))
    return replace(figures, conversing=min(found, key=lambda one: one.started))


async def look_up(fresh: Fresh, extent: Extent, figures: Figures) -> Figures:
    async with fresh() as url:
        return replace(figures, look_ups=await _apart(look_ups.among, url, extent.threads))


ALL: Mapping[str, Measurement] = {
    "starts": starts,
    "rates": rates,
    "waiting": waiting,
    "conversing": conversing,
    "look-ups": look_up,
}


async def _apart(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return await asyncio.get_running_loop().run_in_executor(process, partial(work, *args, **kwargs))
