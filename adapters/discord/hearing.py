"""What one connection hears, on its way to the host: what is said now, and what was said before.

Discord asks for no acknowledgement. What the host could not take is therefore read once more, a little later,
like everything that was said while nobody listened.
"""

import asyncio
import logging
import time
from contextlib import aclosing
from datetime import UTC, datetime

import discord

from adapters.discord.changes import Removal, read_edit, removed
from adapters.discord.changing import Changing
from adapters.discord.events import PLATFORM, is_hidden, read_message
from adapters.discord.missed import missed
from adapters.discord.places import Places
from bridge.errors import BridgeError, Leaving
from bridge.ports import Host
from bridge.types import Message

log = logging.getLogger(__name__)

# While messages cannot be taken, what was missed is read after 1, 2, 4, ... seconds.
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0


class Hearing:
    """The ear of one client. `attend` is to run as long as the client does."""

    def __init__(self, client: discord.Client, host: Host, places: Places) -> None:
        self._client = client
        self._host = host
        self._places = places
        self._look = asyncio.Event()
        self._failing = False
        self._changing = Changing(host)

    async def attend(self) -> None:
        """See to all that is not told just now, until cancelled."""
        await asyncio.gather(self.catch_up(), self._changing.run())

    def edited(self, message: discord.Message) -> None:
        """Something has become of a message. Never waits."""
        user = self._client.user
        try:
            read = read_edit(message, user.id) if user is not None else None
        except Exception:
            # As with what is said.
            log.exception("Discord: what became of message %d could not be understood", message.id)
            return
        if read is not None and not self._is_hidden(message, read):
            self._changing.edited(read)

    def removed(self, event: Removal) -> None:
        """Messages are gone. Never waits."""
        self._changing.gone(removed(event))

    def begins(self) -> None:
        """A new session has begun: what was said before it was not told. Never waits."""
        self._look.set()

    async def take(self, message: discord.Message) -> None:
        """Deliver what was said just now."""
        try:
            await self._deliver(message)
        except Leaving:
            log.info("Discord: message %d is left to whoever comes next", message.id)
        except BridgeError as error:
            log.error("Discord: message %d was not taken: %s", message.id, error)
            self._again()

    async def catch_up(self) -> None:
        """Deliver what was missed, whenever something may have been, until it worked. Until cancelled."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            await self._look.wait()
            if self._failing:
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            self._failing = False
            self._look.clear()
            await self._catch_up_once()
            if not self._failing:
                pause = FIRST_PAUSE_SECONDS

    async def _catch_up_once(self) -> None:
        if self._host.missed_seconds <= 0:
            return
        since = datetime.fromtimestamp(time.time() - self._host.missed_seconds, UTC)
        try:
            known = await self._host.threads(PLATFORM)
            # Of the others, the messages stand in channels, which are read anyway.
            threads = [thread for thread in known if not self._places.are_in_channel(thread)]
            async with aclosing(missed(self._client, threads, since)) as messages:
                async for message in messages:
                    await self._deliver(message)
        except Leaving:
            log.info("Discord: what was missed is left to whoever comes next")
        except BridgeError as error:
            log.warning("Discord: not all that was missed was taken: %s", error)
            self._again()
        except Exception:
            # The one guard of this task: nothing that is said later is to suffer.
            log.exception("Discord: what was missed could not be read")
            self._again()

    async def _deliver(self, message: discord.Message) -> None:
        user = self._client.user
        try:
            read = read_message(message, user.id) if user is not None else None
            if read is None or self._is_hidden(message, read):
                return
            if read.addressed:
                self._places.heard(read)
            if isinstance(message.channel, discord.Thread):
                self._places.keep_in_thread(read.thread)
            await self._host.deliver(read)
            # What was missed may have been edited since it was first heard.
            if read.edited_at:
                await self._host.edited(read)
        except BridgeError:
            raise
        except Exception:
            # The library leaves out of a message what it could not read; the next ones are not to suffer.
            log.exception("Discord: message %d could not be understood", message.id)

    def _is_hidden(self, message: discord.Message, read: Message) -> bool:
        """Whether Discord does not tell the bot what was said."""
        return not self._client.intents.message_content and is_hidden(message, read)

    def _again(self) -> None:
        self._failing = True
        self._look.set()
