"""Waiting that can be cut short at any moment."""

import asyncio

import pytest

from bridge.patience import waited


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
