"""Tells somebody something that is nobody else's business."""

import asyncio
import logging

from bridge.budget import Budget, Option, Ticket
from bridge.errors import PlatformDown, PlatformError, RateLimited
from bridge.ports import Adapter, Whispers
from bridge.types import Message
from bridge.window import Priority

log = logging.getLogger(__name__)

# Said later, nobody would know what it is about.
SAID_WITHIN_SECONDS = 60.0
AGAIN_AFTER_SECONDS = 2.0


async def whispered(adapter: Adapter, budget: Budget, message: Message, text: str) -> bool:
    """Tell whoever wrote `message`. False where the platform has no way to, or it could not be done."""
    if not isinstance(adapter, Whispers):
        return False
    try:
        async with asyncio.timeout(SAID_WITHIN_SECONDS):
            await _until_said(adapter, budget, message, text)
    except TimeoutError:
        log.warning("%s: no room to say something in private", message.thread.key)
        return False
    except PlatformError as error:
        log.warning("%s: nothing can be said in private: %s", message.thread.key, error)
        return False
    return True


async def _until_said(adapter: Whispers, budget: Budget, message: Message, text: str) -> None:
    while True:
        ticket = Ticket((Option(adapter.whisper_lanes(message)),), Priority.CONTROL, message.thread.key)
        try:
            async with budget.slot(ticket):
                await adapter.whisper(message, text)
        except RateLimited as error:
            # The budget has been told, and waits.
            log.info("%s: not said yet: %s", message.thread.key, error)
        except PlatformDown as error:
            log.info("%s: not said yet: %s", message.thread.key, error)
            await asyncio.sleep(AGAIN_AFTER_SECONDS)
        else:
            return
