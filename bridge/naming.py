"""A thread gets the name of its conversation. A courtesy: where it cannot be, it is not."""

import asyncio
import logging

from bridge.budget import Budget, Option, Ticket
from bridge.errors import PlatformError
from bridge.ports import Adapter, NamesThreads
from bridge.types import Thread
from bridge.window import Priority

log = logging.getLogger(__name__)

# Platforms let threads be renamed very seldom.
NAMED_WITHIN_SECONDS = 30.0


def ours_to_name(adapter: Adapter, thread: Thread) -> bool:
    """Whether a name may be found for the thread without anybody asking for one."""
    return isinstance(adapter, NamesThreads) and adapter.ours_to_name(thread)


async def name_thread(adapter: Adapter, budget: Budget, thread: Thread, title: str) -> None:
    """Name it, if that is possible soon."""
    if not isinstance(adapter, NamesThreads) or not title:
        return
    try:
        lanes = adapter.name_lanes(thread)
        if lanes:
            async with (
                asyncio.timeout(NAMED_WITHIN_SECONDS),
                budget.slot(Ticket((Option(lanes),), Priority.COURTESY, thread.key)),
            ):
                await adapter.name_thread(thread, title)
    except TimeoutError:
        log.debug("%s: no room to name the thread", thread.key)
    except PlatformError as error:
        log.info("%s: the thread was not named: %s", thread.key, error)
