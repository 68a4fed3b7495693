"""What is done around an answer so that people know where it will be, and that it comes. Where it cannot be
done, the answer comes all the same."""

import asyncio
import logging

from bridge.budget import Budget, Option, Ticket
from bridge.errors import PlatformError
from bridge.ports import Adapter, OpensThreads, ShowsWaiting
from bridge.types import Message, Thread
from bridge.window import Priority

log = logging.getLogger(__name__)

WAITING_SHOWN_EVERY_SECONDS = 8.0
WAITING_SHOWN_WITHIN_SECONDS = 2.0


async def open_thread(adapter: OpensThreads, budget: Budget, message: Message) -> None:
    """Make the thread. Without one the answer still finds its place in the channel."""
    try:
        lanes = adapter.open_lanes(message)
        async with budget.slot(Ticket((Option(lanes),), Priority.FIRST, message.thread.key)):
            await adapter.open(message)
    except PlatformError as error:
        log.warning("%s: no thread was made: %s", message.thread.key, error)


async def show_waiting(adapter: Adapter, budget: Budget, thread: Thread) -> None:
    """Show that an answer is being worked on, until cancelled, where the budget has room for it."""
    while isinstance(adapter, ShowsWaiting):
        try:
            lanes = adapter.waiting_lanes(thread)
            async with (
                asyncio.timeout(WAITING_SHOWN_WITHIN_SECONDS),
                budget.slot(Ticket((Option(lanes),), Priority.COURTESY, thread.key)),
            ):
                await adapter.show_waiting(thread)
        except TimeoutError:
            log.debug("%s: no room to show that an answer is coming", thread.key)
        except PlatformError as error:
            log.debug("%s: %s", thread.key, error)
            return
        await asyncio.sleep(WAITING_SHOWN_EVERY_SECONDS)
