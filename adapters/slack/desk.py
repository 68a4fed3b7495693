"""What Slack tells, whichever way it comes, and whom it is for: events, presses, forms and commands."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Self, TypeAlias

from adapters.slack.asides import Asides
from adapters.slack.changes import Deleted, Edited, read_change
from adapters.slack.events import PLATFORM, SHARED, Asker, read_message
from adapters.slack.fields import Json
from adapters.slack.presses import Presses
from adapters.slack.rooms import Rooms
from adapters.slack.surfaces import Surfaces
from adapters.slack.web import SlackWeb
from adapters.slack.workspaces import Workspaces, acted_in, told_for
from bridge.errors import BridgeError, Leaving
from bridge.ports import Host
from bridge.types import Message

log = logging.getLogger(__name__)

# Takes a message, and the event that it was read from.
Take = Callable[[Json, Message], Awaitable[None]]

# The bot was taken out of a workspace, or its token was.
REVOKED = frozenset({"app_uninstalled", "tokens_revoked"})


@dataclass(frozen=True, slots=True)
class Counter:
    """Where one workspace is served."""

    web: SlackWeb
    surfaces: Surfaces
    presses: Presses


# Takes what an event says in a workspace.
OnEvent: TypeAlias = Callable[[Counter, Json], Awaitable[None]]


class Desk:
    """Takes everything for all workspaces. `left` says that something was turned away, as the process is
    ending: what Slack tells from then on is for others."""

    def __init__(self, workspaces: Workspaces, rooms: Rooms, host: Host, take: Take) -> None:
        self._workspaces = workspaces
        self._rooms = rooms
        self._host = host
        self._take = take
        self._leaving = asyncio.Event()
        self._counters: dict[str, Counter] = {}
        self._handlers: Mapping[str, OnEvent] = {
            "app_mention": self._on_spoken,
            "message": self._on_spoken,
            "app_home_opened": _on_surface,
            "app_context_changed": _on_surface,
            "agent_session_stopped": _on_surface,
            "assistant_thread_started": _on_surface,
            "assistant_thread_context_changed": _on_surface,
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """End what is still being shown."""
        for counter in self._counters.values():
            await counter.surfaces.__aexit__()
            await counter.presses.__aexit__()

    @property
    def handled(self) -> frozenset[str]:
        """The kinds of events that mean something here."""
        return frozenset(self._handlers) | REVOKED

    @property
    def left(self) -> bool:
        return self._leaving.is_set()

    async def has_left(self) -> None:
        """Wait until `left`."""
        await self._leaving.wait()

    async def event(self, body: Json) -> bool:
        """Take an event. Whether Slack may be told that it was heard: else it tells it again."""
        try:
            await self._on_event(body)
        except Leaving:
            log.info("Slack: an event is left to others, or to the next start")
            self._leaving.set()
            return False
        except BridgeError as error:
            log.error("Slack: an event was not taken and will come again: %s", error)
            return False
        except Exception:
            # The one guard of this task: a defect in one event must not end unseen.
            log.exception("Slack: an event could not be handled")
            return False
        return True

    async def interaction(self, payload: Json) -> Json | None:
        """Take what somebody pressed or sent. Returns when Slack may be told that it was heard, with what to
        tell it; None where it must not be: Slack tells whoever pressed, and a form stays open."""
        workspace = acted_in(payload)
        try:
            web = await self._workspaces.find(workspace)
        except BridgeError as error:
            log.error("Slack: what was pressed was not taken: %s", error)
            return None
        if web is None:
            log.warning("Slack: something was pressed in %r, where the bot is not installed", workspace)
            return {}
        presses = self._counter(web).presses
        answer = await presses.take(payload)
        if presses.left:
            self._leaving.set()
        return answer

    async def _on_event(self, body: Json) -> None:
        event, workspace = body.get("event"), told_for(body)
        if not isinstance(event, Mapping):
            return
        kind = event.get("type")
        if not isinstance(kind, str):
            return
        if kind in REVOKED:
            if _ends_it(event):
                await self._workspaces.revoked(workspace)
            return
        handler = self._handlers.get(kind)
        # Anything else is acknowledged, so that Slack does not send it again.
        if handler is None:
            return
        web = await self._workspaces.find(workspace)
        if web is None:
            log.warning("Slack: an event of %r is dropped, where the bot is not installed", workspace)
            return
        await handler(self._counter(web), {**event, SHARED: body.get(SHARED)})

    async def _on_spoken(self, counter: Counter, event: Json) -> None:
        team, bot = counter.web.team_id, counter.web.bot_user_id
        match read_change(event, team, bot):
            case Edited(changed):
                await self._host.edited(changed)
            case Deleted(message_id):
                await self._host.deleted(PLATFORM, message_id)
            case None if (message := read_message(event, team, bot)) is not None:
                await self._take(event, counter.surfaces.with_context(event, message))

    def _counter(self, web: SlackWeb) -> Counter:
        if web.team_id not in self._counters:
            asides, sessions = Asides(web), self._rooms.of(web.team_id).sessions
            begin = partial(self._begin, web.team_id)
            self._counters[web.team_id] = Counter(
                web, Surfaces(web, self._host, asides, sessions), Presses(web, self._host, asides, begin)
            )
        return self._counters[web.team_id]

    async def _begin(self, workspace: str, message: Message) -> None:
        """Somebody asked with a command, by which Slack tells of no other workspace than this."""
        growing = self._rooms.of(workspace).growing
        growing.remember(message, Asker(message.author.id, workspace))
        await self._host.deliver(message)


async def _on_surface(counter: Counter, event: Json) -> None:
    await counter.surfaces.take(event)


def _ends_it(event: Json) -> bool:
    """Whether it is about the bot. Of tokens that were revoked, some are of people."""
    match event.get("type"), event.get("tokens"):
        case "tokens_revoked", {"bot": [_, *_]}:
            return True
        case kind, _:
            return kind == "app_uninstalled"
