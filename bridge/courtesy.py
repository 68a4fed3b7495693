"""What is done around an answer so that people know where it will be, and that it comes. Where it cannot be
done, the answer comes all the same."""

import asyncio
import logging
from collections.abc import Callable

from bridge.budget import Budget, Option, Ticket
from bridge.errors import PlatformDown, PlatformError, RateLimited
from bridge.ports import Adapter, HoldsSessions, OpensThreads, ShowsWaiting
from bridge.types import Message, Thread
from bridge.window import Priority

log = logging.getLogger(__name__)

WAITING_SHOWN_EVERY_SECONDS = 8.0
WAITING_SHOWN_WITHIN_SECONDS = 2.0
# What the app is busy with may be another thing much sooner than that.
STEP_LOOKED_AT_EVERY_SECONDS = 0.5
# Whoever waits for a session to be released is whoever asks next.
RELEASED_WITHIN_SECONDS = 10.0
RELEASE_AGAIN_AFTER_SECONDS = 1.0


async def open_thread(adapter: OpensThreads, budget: Budget, message: Message) -> None:
    """Make the thread. Without one the answer still finds its place in the channel."""
    try:
        lanes = adapter.open_lanes(message)
        async with budget.slot(Ticket((Option(lanes),), Priority.FIRST, message.thread.key)):
            await adapter.open(message)
    except PlatformError as error:
        log.warning("%s: no thread was made: %s", message.thread.key, error)


async def show_waiting(
    adapter: Adapter,
    budget: Budget,
    thread: Thread,
    step_now: Callable[[], str],
    locale_now: Callable[[], str],
) -> None:
    """Show that an answer is being worked on, and with what, until cancelled, where the budget has room for
    it; in the language that is known by then."""
    while isinstance(adapter, ShowsWaiting):
        step = step_now()
        try:
            lanes = adapter.waiting_lanes(thread)
            async with (
                asyncio.timeout(WAITING_SHOWN_WITHIN_SECONDS),
                budget.slot(Ticket((Option(lanes),), Priority.COURTESY, thread.key)),
            ):
                await adapter.show_waiting(thread, step, locale_now())
        except TimeoutError:
            log.debug("%s: no room to show that an answer is coming", thread.key)
        except PlatformError as error:
            log.debug("%s: %s", thread.key, error)
            return
        tells = isinstance(adapter, HoldsSessions)
        again_at = asyncio.get_running_loop().time() + WAITING_SHOWN_EVERY_SECONDS
        while (left := again_at - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(min(left, STEP_LOOKED_AT_EVERY_SECONDS) if tells else left)
            if tells and step_now() != step:
                break


async def release(adapter: Adapter, budget: Budget, thread: Thread) -> None:
    """Let nothing be shown any more that says that the bot is at work in this thread. Tried for a while."""
    if not isinstance(adapter, HoldsSessions):
        return
    try:
        async with asyncio.timeout(RELEASED_WITHIN_SECONDS):
            while True:
                if await _released(adapter, budget, thread):
                    return
                await asyncio.sleep(RELEASE_AGAIN_AFTER_SECONDS)
    except TimeoutError:
        log.warning("%s: it may seem that the bot is still at work there", thread.key)


async def _released(adapter: HoldsSessions, budget: Budget, thread: Thread) -> bool:
    """Whether it is, or cannot be."""
    try:
        async with budget.slot(Ticket((Option(adapter.release_lanes(thread)),), Priority.FINAL, thread.key)):
            await adapter.release(thread)
    except (PlatformDown, RateLimited) as error:
        log.warning("%s: %s", thread.key, error)
        return False
    except PlatformError as error:
        log.warning("%s: it may seem that the bot is still at work there: %s", thread.key, error)
    return True
