"""Edits and deletions on their way to the host, one after the other.

Discord tells of them once. So what the host could not take is told it again, for as long as the connection
lasts; of each message, only what became of it last.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterable

from adapters.discord.events import PLATFORM
from bridge.errors import BridgeError, Leaving
from bridge.ports import Host
from bridge.types import Message

log = logging.getLogger(__name__)

# Far more than change while the host takes one.
MOST_WAITING = 10_000
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0


class Changing:
    """Takes changes at once, and tells the host of them in `run`."""

    def __init__(self, host: Host) -> None:
        self._host = host
        # Without a message where it is gone.
        self._waiting: OrderedDict[str, Message | None] = OrderedDict()
        self._wake = asyncio.Event()

    def edited(self, message: Message) -> None:
        """Somebody has changed what they said. Never waits."""
        if self._waiting.get(message.id, message) is not None:
            self._add(message.id, message)

    def gone(self, message_ids: Iterable[str]) -> None:
        """These messages are there no longer. Never waits."""
        for message_id in message_ids:
            self._add(message_id, None)

    async def run(self) -> None:
        """Tell the host, until cancelled."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                if await self._tell(*self._waiting.popitem(last=False)):
                    pause = FIRST_PAUSE_SECONDS
                else:
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _tell(self, message_id: str, message: Message | None) -> bool:
        """Whether that is done with."""
        try:
            if message is None:
                await self._host.deleted(PLATFORM, message_id)
            else:
                await self._host.edited(message)
        except Leaving:
            log.info("Discord: what became of message %s is left to whoever comes next", message_id)
        except BridgeError as error:
            log.error("Discord: what became of message %s was not taken: %s", message_id, error)
            self._waiting.setdefault(message_id, message)
            self._waiting.move_to_end(message_id, last=False)
            return False
        except Exception:
            # The one guard of this task: a defect in one change is not to keep the next ones.
            log.exception("Discord: what became of message %s could not be told", message_id)
        return True

    def _add(self, message_id: str, message: Message | None) -> None:
        self._waiting[message_id] = message
        if len(self._waiting) > MOST_WAITING:
            self._waiting.popitem(last=False)
        self._wake.set()
