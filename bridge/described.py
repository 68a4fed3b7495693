"""What a platform tells of an attached file only when it is asked; where it does not, the file cannot go."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from bridge.attached import not_passed_on
from bridge.budget import Budget, Option, Ticket
from bridge.errors import FileUnreadable, PlatformDown, PlatformError, RateLimited
from bridge.ports import Adapter, DescribesFiles
from bridge.types import Attachment, Lane, Thread
from bridge.window import Priority

log = logging.getLogger(__name__)

MOST_TRIES = 3
# Before the second try; twice as long before each further one.
FIRST_PAUSE_SECONDS = 0.5
# Nobody's answer waits longer for all of it.
DESCRIBED_WITHIN_SECONDS = 20.0


@dataclass(slots=True)
class Described:
    """Files of which enough is known, and a sentence for every other."""

    attachments: list[Attachment] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


async def described(
    adapter: Adapter, budget: Budget, thread: Thread, attachments: Sequence[Attachment], locale: str = ""
) -> Described:
    """What is attached, with what the platform says of it when it is asked; what is `refused`, in this
    language."""
    found = Described()
    until = asyncio.get_running_loop().time() + DESCRIBED_WITHIN_SECONDS
    for attachment in attachments:
        lanes = adapter.describe_lanes(attachment) if isinstance(adapter, DescribesFiles) else ()
        if not isinstance(adapter, DescribesFiles) or not lanes:
            found.attachments.append(attachment)
            continue
        try:
            async with asyncio.timeout_at(until):
                found.attachments.append(await _asked(adapter, budget, thread, attachment, lanes))
        except (PlatformError, TimeoutError) as error:
            log.warning("%s: nothing is known of a file: %s", thread.key, str(error) or "not told in time")
            unreadable = error if isinstance(error, FileUnreadable) else FileUnreadable()
            found.refused.append(not_passed_on(attachment, unreadable.sentence(locale), locale))
    return found


async def _asked(
    adapter: DescribesFiles, budget: Budget, thread: Thread, attachment: Attachment, lanes: tuple[Lane, ...]
) -> Attachment:
    """Once more after a while, where that may help. The budget knows how long a limit lasts."""
    pause = FIRST_PAUSE_SECONDS
    for _ in range(MOST_TRIES - 1):
        try:
            return await _once(adapter, budget, thread, attachment, lanes)
        except RateLimited:
            continue
        except PlatformDown:
            await asyncio.sleep(pause)
            pause *= 2
    return await _once(adapter, budget, thread, attachment, lanes)


async def _once(
    adapter: DescribesFiles, budget: Budget, thread: Thread, attachment: Attachment, lanes: tuple[Lane, ...]
) -> Attachment:
    async with budget.slot(Ticket((Option(lanes),), Priority.FIRST, thread.key)):
        return await adapter.describe(attachment)
