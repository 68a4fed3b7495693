"""Waiting that can be cut short at any moment."""

import asyncio

import pytest

from bridge.patience import seen_through, waited


async def test_it_ends_with_the_event_or_with_the_time() -> None:
    event = asyncio.Event()
    async with asyncio.timeout(5.0):
        await waited(event, 0.01)
        event.set()
        await waited(event, 60.0)


@pytest.mark.parametrize("ticks", range(5))
async def test_who_is_cancelled_just_as_the_event_comes_is_cancelled(ticks: int) -> None:
    event, never = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        await waited(event, 60.0)
        await never.wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    event.set()
    for _ in range(ticks):
        await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=1.0)
    never.set()
    await asyncio.gather(task, return_exceptions=True)
    assert done
    assert task.cancelled()


async def test_what_is_seen_through_ends_though_whoever_does_it_is_cancelled() -> None:
    go_on, done = asyncio.Event(), []

    async def work() -> None:
        await go_on.wait()
        done.append("all of it")

    task = asyncio.create_task(seen_through(work()))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0.01)
    assert not task.done()
    go_on.set()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert done == ["all of it"]
