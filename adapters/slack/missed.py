"""What was said while nobody listened: read up in the open threads, and delivered like what is heard.

Slack delivers by itself again what nobody acknowledged, at once and after one and five minutes; this is the
net below that, for a longer absence.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from math import inf
from typing import TypeVar

from adapters.slack.events import DIRECT_MESSAGE, PLATFORM, read_message
from adapters.slack.pacing import Pace
from adapters.slack.posts import Json
from adapters.slack.web import Page, SlackWeb
from bridge.errors import BridgeError, Leaving, PlatformDown, RateLimited, StoreError
from bridge.ports import Host
from bridge.types import Message, Thread

log = logging.getLogger(__name__)

T = TypeVar("T")

# The threads that were spoken in last, and the latest messages of each place.
MAX_THREADS = 50
MAX_PAGES = 5
# Of the 50 that Slack allows for each method, and outside of the budget, in which finding posts has the rest.
CALLS_PER_MINUTE = 15
RETRY_SECONDS = 5.0
TRIES = 12

# Takes a message, and the event that it was read from.
Take = Callable[[Json, Message], Awaitable[None]]


class Missed:
    """Reads what was missed in one workspace, as often as it is asked to, beside everything else."""

    def __init__(self, web: SlackWeb, host: Host, take: Take) -> None:
        self._web = web
        self._host = host
        self._take = take
        self._wanted = asyncio.Event()
        self._pace = Pace(CALLS_PER_MINUTE)

    def look(self) -> None:
        """Have it read what was missed until now. Returns at once."""
        self._wanted.set()

    async def run(self) -> None:
        """Read whenever that is asked for, until cancelled, or until nothing is taken any more."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            seconds = self._host.missed_seconds
            if seconds <= 0:
                continue
            read = partial(self._read, time.time() - seconds)
            role = f"{PLATFORM}:{self._web.team_id}:missed"
            try:
                await self._patiently("open threads", partial(self._host.alone, role, read))
            except Leaving:
                return
            except Exception:
                # The one guard of this task: a defect in reading up must not end what is heard live.
                log.exception("Slack: what was missed could not be read")

    async def _read(self, since: float) -> None:
        """Everything from `since` on. The channels first: threads may have begun there."""
        threads = [thread for thread in await self._host.threads(PLATFORM) if self._is_ours(thread)]
        begun: list[Thread] = []
        for channel in dict.fromkeys(thread.channel for thread in threads[:MAX_THREADS]):
            begun += await self._patiently(channel, partial(self._read_channel, channel, since)) or []
        places = list(dict.fromkeys((*begun, *threads)))[:MAX_THREADS]
        for thread in places:
            await self._patiently(thread.key, partial(self._read_thread, thread, since))
        log.info("Slack: looked for what was missed in %d threads", len(places))

    async def _read_channel(self, channel: str, since: float) -> list[Thread]:
        """Deliver what was said to the bot outside of threads. Returns the threads that grew from it."""
        begun = []
        for event, message in await self._said(channel, since, partial(self._web.history, channel, since)):
            if message.addressed:
                await self._take(event, message)
                if event.get("reply_count"):
                    begun.append(message.thread)
        return begun

    async def _read_thread(self, thread: Thread, since: float) -> None:
        for event, message in await self._said(
            thread.channel, since, partial(self._web.replies, thread, since)
        ):
            await self._take(event, message)

    async def _said(
        self, channel: str, since: float, read_page: Callable[[str], Awaitable[Page]]
    ) -> list[tuple[Json, Message]]:
        """What people said in a place, as events and as messages, oldest first."""
        kind = "im" if channel.startswith(DIRECT_MESSAGE) else ""
        said, cursor = [], ""
        for _ in range(MAX_PAGES):
            await self._pace.turn(inf, "what was missed")
            page = await read_page(cursor)
            for one in page.messages:
                event = {**one, "channel": channel, "channel_type": kind}
                message = read_message(event, self._web.team_id, self._web.bot_user_id)
                # Slack puts the first message of a thread into every answer, however old it is.
                if message is not None and message.sent_at >= since:
                    said.append((event, message))
            if not (cursor := page.next):
                break
        return sorted(said, key=lambda one: one[1].sent_at)

    async def _patiently(self, what: str, step: Callable[[], Awaitable[T]]) -> T | None:
        """Do it, again after a while where that may help. None where it did not."""
        tries = 0
        while tries < TRIES:
            wait = RETRY_SECONDS
            try:
                return await step()
            except Leaving:
                raise
            except StoreError as error:
                log.warning("Slack: missed in %s: %s; trying again in %g s", what, error, wait)
            except (PlatformDown, RateLimited) as error:
                tries += 1
                wait = error.retry_after if isinstance(error, RateLimited) else wait
                log.warning("Slack: missed in %s: %s; trying again in %g s", what, error, wait)
            except BridgeError as error:
                log.warning("Slack: what was missed in %s cannot be read: %s", what, error)
                return None
            await asyncio.sleep(wait)
        return None

    def _is_ours(self, thread: Thread) -> bool:
        return thread.workspace == self._web.team_id
