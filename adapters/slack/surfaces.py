"""What the bot shows of itself where somebody opens it, and what it hears there: the Home tab, the agent's
messages, and the older assistant view."""

import asyncio
import hashlib
import json
import logging
from collections import OrderedDict
from collections.abc import Coroutine
from dataclasses import replace
from typing import Self, assert_never

from adapters.slack import home
from adapters.slack.asides import Asides
from adapters.slack.events import DIRECT_MESSAGE, PLATFORM
from adapters.slack.faults import NoFeature, NoScope
from adapters.slack.fields import Json
from adapters.slack.lately import bound
from adapters.slack.looking import Ended, Looked, Opened, read_event, seen_in
from adapters.slack.sessions import Sessions
from adapters.slack.web import SlackWeb
from bridge.errors import BridgeError
from bridge.ports import Host
from bridge.types import Filled, Message, Person, Thread
from bridge.words import english, say

log = logging.getLogger(__name__)

# Of people who are shown the Home tab, and of places where something is before somebody's eyes.
REMEMBERED = 5_000
MOST_AT_ONCE = 200
# For the host, to say what there is to be shown.
WITHIN_SECONDS = 10.0


class Surfaces:
    """Those of one workspace; whatever is shown is a task of its own."""

    def __init__(self, web: SlackWeb, host: Host, asides: Asides, sessions: Sessions) -> None:
        self._web = web
        self._host = host
        self._asides = asides
        self._sessions = sessions
        self._published: OrderedDict[str, str] = OrderedDict()
        self._seen: OrderedDict[tuple[str, str], Filled] = OrderedDict()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._may_suggest = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """End what is still to be shown."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def take(self, event: Json) -> None:
        """Returns when Slack may be told that this event was heard, and raises what the host does."""
        match read_event(event):
            case Opened(tab="home") as opened:
                self._begin(f"home {opened.user}", self._publish(opened))
            case Opened(tab="messages") as opened:
                if opened.seen is not None:
                    self._remember(opened.channel, opened.thread, opened.seen)
                if self._may_suggest:
                    self._begin(f"prompts {opened.channel} {opened.thread}", self._suggest(opened))
            case Looked(channel, seen, thread):
                self._remember(channel, thread, seen)
            case Ended() as ended:
                await self._end(ended)
            case Opened() | None:
                log.debug("Slack: an event of another kind is acknowledged")
            case other:
                assert_never(other)

    def with_context(self, event: Json, message: Message) -> Message:
        """The message, with what its author has before them where that is known: Slack says so with what is
        written, or has said so before."""
        thread = message.thread
        if not thread.channel.startswith(DIRECT_MESSAGE):
            return message
        if "app_context" in event:
            self._remember(thread.channel, "", seen_in(event["app_context"]))
        seen = self._seen.get((thread.channel, thread.id)) or self._seen.get((thread.channel, ""), ())
        return replace(message, context=seen) if seen else message

    async def _publish(self, opened: Opened) -> None:
        person = Person(opened.user)
        async with asyncio.timeout(WITHIN_SECONDS):
            shown = await self._host.home(PLATFORM, self._web.team_id, person)
        locale = self._host.locale(PLATFORM, person)
        view = home.view(shown, opened.channel, self._web.workspace_url, locale)
        digest = hashlib.sha256(json.dumps(view, sort_keys=True).encode()).hexdigest()
        if opened.published and self._published.get(opened.user) == digest:
            return
        await self._asides.publish_home(opened.user, view)
        self._published[opened.user] = digest
        bound(self._published, REMEMBERED)

    async def _suggest(self, opened: Opened) -> None:
        thread = Thread(PLATFORM, self._web.team_id, opened.channel, opened.thread or opened.channel)
        async with asyncio.timeout(WITHIN_SECONDS):
            offer = await self._host.offer(thread)
        prompts = [prompt for prompt in offer.prompts if prompt.strip()]
        if not prompts:
            return
        title = say(english.HOME_PROMPTS, self._host.locale(PLATFORM, Person(opened.user)))
        try:
            await self._asides.suggest(opened.channel, opened.thread, title, prompts)
        except (NoFeature, NoScope) as error:
            self._may_suggest = False
            log.info("Slack: nothing is suggested to ask, as this app may not (%s)", error)

    async def _end(self, ended: Ended) -> None:
        """Slack shows the agent at work until it is told otherwise, whatever the host does."""
        thread = Thread(PLATFORM, self._web.team_id, ended.channel, ended.thread)
        await self._host.stopped(thread, Person(ended.user))
        self._sessions.inherit(thread)
        self._begin(f"release {thread.key}", self._asides.release(thread))

    def _remember(self, channel: str, thread: str, seen: Filled) -> None:
        self._seen[channel, thread] = seen
        self._seen.move_to_end((channel, thread))
        bound(self._seen, REMEMBERED)

    def _begin(self, name: str, work: Coroutine[None, None, None]) -> None:
        """Do it aside; not twice at the same time, and not too much at once."""
        if name in self._tasks or len(self._tasks) >= MOST_AT_ONCE:
            work.close()
            return
        task = asyncio.create_task(self._guarded(work), name=f"slack: {name}")
        self._tasks[name] = task
        task.add_done_callback(lambda _: self._tasks.pop(name, None))

    async def _guarded(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except (BridgeError, TimeoutError) as error:
            log.warning("Slack: the bot could not be shown where it was opened: %s", type(error).__name__)
        except Exception:
            # The one guard of this task: nothing depends on it.
            log.exception("Slack: the bot could not be shown where it was opened")
