"""Waiting, and no longer than one has patience for."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress

# A platform waits three seconds for what is to be shown at once.
REACT_WITHIN_SECONDS = 2.2


async def waited(event: asyncio.Event, seconds: float) -> None:
    """Wait for `event`, for so many seconds at most."""
    # Not `wait_for`: that of Python 3.11 forgets that it was cancelled, if that comes along with the event.
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


async def seen_through(work: Coroutine[object, object, None]) -> None:
    """Do `work` to its end, also when cancelled meanwhile: then that goes on afterwards."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    finally:
        await asyncio.wait({task})
