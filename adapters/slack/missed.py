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

from adapters.slack.events import DIRECT_MESSAGE, ORGANISATION, PLATFORM, read_message
from adapters.slack.fields import Json
from adapters.slack.pacing import Pace
from adapters.slack.web import Page, SlackWeb
from adapters.slack.workspaces import Workspaces
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
    """Reads what was missed in all workspaces, as often as it is asked to, beside everything else."""

    def __init__(self, workspaces: Workspaces, host: Host, take: Take) -> None:
        self._workspaces = workspaces
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
            role = f"{PLATFORM}:{self._workspaces.name}:missed"
            try:
                await self._patiently("open threads", partial(self._host.alone, role, read))
            except Leaving:
                return
            except Exception:
                # The one guard of this task: a defect in reading up must not end what is heard live.
                log.exception("Slack: what was missed could not be read")

    async def _read(self, since: float) -> None:
        """Everything from `since` on. The channels first: threads may have begun there."""
        threads = [one for one in await self._host.threads(PLATFORM) if await self._is_ours(one)]
        begun: list[Thread] = []
        channels = {(thread.workspace, thread.channel): thread for thread in threads[:MAX_THREADS]}
        for place in channels.values():
            begun += await self._patiently(place.channel, partial(self._read_channel, place, since)) or []
        places = list(dict.fromkeys((*begun, *threads)))[:MAX_THREADS]
        for thread in places:
            await self._patiently(thread.key, partial(self._read_thread, thread, since))
        log.info("Slack: looked for what was missed in %d threads", len(places))

    async def _read_channel(self, place: Thread, since: float) -> list[Thread]:
        """Deliver what was said to the bot outside of threads, in the channel of this one. Returns the
        threads that grew from it."""
        web, begun = await self._workspaces.ready(place.workspace), []
        for event, message in await self._said(web, place, since, partial(web.history, place.channel, since)):
            if message.addressed:
                await self._take(event, message)
                if event.get("reply_count"):
                    begun.append(message.thread)
        return begun

    async def _read_thread(self, thread: Thread, since: float) -> None:
        web = await self._workspaces.ready(thread.workspace)
        for event, message in await self._said(web, thread, since, partial(web.replies, thread, since)):
            await self._take(event, message)

    async def _said(
        self, web: SlackWeb, place: Thread, since: float, read_page: Callable[[str], Awaitable[Page]]
    ) -> list[tuple[Json, Message]]:
        """What people said in a place, as events and as messages, oldest first."""
        kind = "im" if place.channel.startswith(DIRECT_MESSAGE) else ""
        said, cursor = [], ""
        for _ in range(MAX_PAGES):
            await self._pace.turn(inf, "what was missed")
            page = await read_page(cursor)
            for one in page.messages:
                event = {**one, "channel": place.channel, "channel_type": kind}
                message = read_message(event, web.team_id, web.bot_user_id)
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

    async def _is_ours(self, thread: Thread) -> bool:
        # In an organisation, it could not be told who of those who wrote belongs to it.
        if thread.workspace.startswith(ORGANISATION):
            return False
        web = await self._workspaces.find(thread.workspace)
        return web is not None and web.team_id == thread.workspace
