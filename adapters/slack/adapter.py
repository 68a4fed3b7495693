"""Slack: events in over Socket Mode or HTTP, messages out over the Web API, by edits or as native streams."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Coroutine, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager

import aiohttp

from adapters.slack import render
from adapters.slack.attached import source_of
from adapters.slack.desk import Desk
from adapters.slack.events import DIRECT_MESSAGE, PLATFORM, read_asker
from adapters.slack.faults import NoFeature, NoScope
from adapters.slack.files import FILE_LIMIT_BYTES, Files
from adapters.slack.front import Front
from adapters.slack.groups import Groups
from adapters.slack.growing import Streaming
from adapters.slack.installed import InstalledWorkspaces
from adapters.slack.missed import Missed
from adapters.slack.oauth import OAuth
from adapters.slack.people import People
from adapters.slack.rooms import Room, Rooms
from adapters.slack.socket import AWAY_SECONDS, check_token, listen
from adapters.slack.streams import LIFETIME_SECONDS
from adapters.slack.web import SlackWeb
from adapters.slack.workspaces import OneWorkspace, Workspaces, until_it_works
from bridge.ports import Host
from bridge.proxies import proxy_for
from bridge.types import (
    Attachment,
    Body,
    File,
    Lane,
    Message,
    MessageRef,
    Person,
    Thread,
    WebAnswer,
    WebRequest,
)

log = logging.getLogger(__name__)

CALL_TIMEOUT_SECONDS = 15.0
WAITS_EMOJI = "hourglass_flowing_sand"


class SlackAdapter:
    """Slack, as the bot of one app: in its one workspace, or in all that have installed it."""

    platform = PLATFORM

    def __init__(
        self,
        bot_token: str,
        app_token: str,
        api_url: str,
        streaming: Streaming = Streaming.AUTO,
        stream_lifetime_seconds: float = LIFETIME_SECONDS,
        away_seconds: float = AWAY_SECONDS,
        *,
        signing_secret: str = "",
        oauth: OAuth | None = None,
    ) -> None:
        """Without an `app_token`, events come over HTTP, signed with `signing_secret`. With `oauth`, every
        workspace has a token of its own, and `bot_token` is not needed."""
        self._app_token = app_token
        self._api_url = api_url.rstrip("/") + "/"
        self._rooms = Rooms(streaming, stream_lifetime_seconds, several=oauth is not None)
        self._away_seconds = away_seconds
        self._may_mark = True
        self._files = Files()
        self._people = People()
        self._groups = Groups()
        self._workspaces: Workspaces = (
            InstalledWorkspaces(self._api_url, oauth) if oauth else OneWorkspace(self._api_url, bot_token)
        )
        self._front = Front(self._api_url, "" if app_token else signing_secret, oauth)

    async def run(self, host: Host) -> None:
        """Connect and stay connected; see `bridge.ports.Adapter`."""

        async def take(event: Mapping[str, object], message: Message) -> None:
            self._room(message.thread).growing.remember(message, read_asker(event, message))
            await host.deliver(message)
            # What was missed may have been edited since it was first heard.
            if message.edited_at:
                await host.edited(message)

        timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout, proxy=proxy_for(self._api_url)) as session,
            self._front.installable(session),
            self._workspaces.opened(session, host),
            aclosing(self._groups),
        ):
            missed = Missed(self._workspaces, host, take)
            async with _beside(missed.run()), Desk(self._workspaces, self._rooms, host, take) as desk:
                if self._app_token:
                    await until_it_works(lambda: check_token(self._api_url, session, self._app_token))
                    await listen(
                        self._api_url, session, self._app_token, desk, missed.look, self._away_seconds
                    )
                else:
                    missed.look()
                    await self._front.listen(desk)

    @property
    def paths(self) -> tuple[str, ...]:
        """See `bridge.ports.ServesWeb`."""
        return self._front.paths

    async def serve(self, request: WebRequest) -> WebAnswer:
        return await self._front.serve(request)

    async def post(self, thread: Thread, body: Body, key: str) -> MessageRef:
        return await self._room(thread).growing.post(await self._ready(thread), thread, body, key)

    async def edit(self, ref: MessageRef, body: Body) -> None:
        await self._room(ref).growing.edit(await self._ready(ref), ref, body)

    async def delete(self, ref: MessageRef) -> None:
        await self._room(ref).growing.delete(await self._ready(ref), ref)

    async def find(
        self, thread: Thread, key: str, since: float, known: Collection[MessageRef]
    ) -> MessageRef | None:
        """See `bridge.ports.FindsPosts`."""
        web = await self._ready(thread)
        return await self._room(thread).growing.find(web, thread, key, since, known)

    def find_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        return (self._web(thread).lane("conversations.replies"),)

    async def stream(self, thread: Thread, body: Body, key: str) -> MessageRef:
        """See `bridge.ports.Streams`."""
        web = await self._ready(thread)
        return await self._room(thread).growing.stream(web, thread, body, key)

    async def mark_queued(self, message: Message) -> None:
        """See `bridge.ports.MarksQueued`."""
        with self._needs_reactions():
            web = await self._ready(message.thread)
            await web.react(message.thread.channel, _ts(message), WAITS_EMOJI)

    async def unmark_queued(self, message: Message) -> None:
        with self._needs_reactions():
            web = await self._ready(message.thread)
            await web.unreact(message.thread.channel, _ts(message), WAITS_EMOJI)

    def mark_lanes(self, message: Message) -> tuple[Lane, ...]:
        return (self._web(message.thread).lane("reactions"),)

    async def fetch(self, attachment: Attachment, most_bytes: int) -> bytes:
        """See `bridge.ports.FetchesFiles`."""
        web = await self._workspaces.ready(source_of(attachment)[0])
        return await self._files.fetch(web, attachment, most_bytes)

    async def describe(self, attachment: Attachment) -> Attachment:
        """See `bridge.ports.DescribesFiles`."""
        web = await self._workspaces.ready(source_of(attachment)[0])
        return await self._files.describe(web, attachment)

    def describe_lanes(self, attachment: Attachment) -> tuple[Lane, ...]:
        web = self._workspaces.web(source_of(attachment)[0])
        return self._files.describe_lanes(web, attachment)

    def file_limit(self, thread: Thread) -> int:
        """See `bridge.ports.SendsFiles`."""
        return FILE_LIMIT_BYTES

    async def send_file(self, thread: Thread, file: File, key: str) -> None:
        await self._files.send(await self._ready(thread), thread, file, key)

    def file_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        web = self._web(thread)
        return web.lane("files.completeUploadExternal"), web.lane("files.getUploadURLExternal")

    async def name_thread(self, thread: Thread, title: str) -> None:
        """See `bridge.ports.NamesThreads`. Slack names the threads of direct messages with an agent."""
        try:
            await (await self._ready(thread)).name_thread(thread, title)
        except (NoScope, NoFeature) as error:
            log.info("Slack: threads are not named, as the app may not (%s)", error)
            self._room(thread).may_name = False
            raise

    async def show_waiting(self, thread: Thread, step: str = "", locale: str = "") -> None:
        """See `bridge.ports.ShowsWaiting`. Slack has a line for it in direct messages with an agent."""
        await self._room(thread).sessions.show(await self._ready(thread), thread, step, locale)

    def waiting_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        return self._room(thread).sessions.show_lanes(self._web(thread), thread)

    def tells_steps(self, thread: Thread) -> bool:
        """See `bridge.ports.HoldsSessions`."""
        # A stream has a place of its own for it.
        return self._room(thread).sessions.shows(thread) and not self.may_stream(thread)

    def inherit(self, thread: Thread) -> None:
        room = self._room(thread)
        if room.growing.may_have_streamed(thread):
            room.sessions.inherit(thread)

    async def release(self, thread: Thread) -> None:
        await self._room(thread).sessions.release(await self._ready(thread), thread)

    def release_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        return self._room(thread).sessions.release_lanes(self._web(thread), thread)

    async def person(self, thread: Thread, person: Person) -> Person:
        """See `bridge.ports.KnowsPeople`."""
        return await self._people.person(await self._ready(thread), person)

    def person_lanes(self, thread: Thread, person: Person) -> tuple[Lane, ...]:
        return self._people.lanes(self._web(thread), person)

    async def belongs(self, thread: Thread, person: Person, group: str) -> bool:
        """See `bridge.ports.KnowsRoles`."""
        return await self._groups.belongs(await self._ready(thread), thread, person, group)

    def belonging_lanes(self, thread: Thread, person: Person, group: str) -> tuple[Lane, ...]:
        return self._groups.lanes(self._web(thread), thread, group)

    async def whisper(self, message: Message, text: str) -> None:
        """See `bridge.ports.Whispers`. Slack shows nothing of it in a thread that has not begun."""
        thread, begins = message.thread, _ts(message) == message.thread.id
        web = await self._ready(thread)
        await web.whisper(thread.channel, "" if begins else thread.id, message.author.id, text)

    def whisper_lanes(self, message: Message) -> tuple[Lane, ...]:
        return (self._web(message.thread).lane("chat.postEphemeral"),)

    def ours_to_name(self, thread: Thread) -> bool:
        """What Slack names is a conversation with the agent, and nobody's but the agent's to name."""
        return bool(self.name_lanes(thread))

    def name_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        if not (self._room(thread).may_name and thread.channel.startswith(DIRECT_MESSAGE)):
            return ()
        return (self._web(thread).lane("assistant.threads.setTitle"),)

    def fits(self, thread: Thread, body: Body) -> bool:
        return render.fits_stream(body) if self.may_stream(thread) else render.fits(body)

    def empty(self, thread: Thread, body: Body) -> bool:
        if self.may_stream(thread) and not (body.final or body.step or body.notice):
            return not render.streamed(body)
        return not self._room(thread).growing.rendered(body).blocks

    def same(self, one: Body, other: Body) -> bool:
        return render.render(one) == render.render(other)

    def post_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        return (self._web(thread).post_lane(thread),)

    def edit_lanes(self, ref: MessageRef, body: Body) -> tuple[Lane, ...]:
        return self._room(ref).growing.edit_lanes(self._web(ref), ref, body)

    def closing_lane(self, thread: Thread) -> Lane:
        return self._web(thread).lane("chat.update")

    def delete_lanes(self, ref: MessageRef) -> tuple[Lane, ...]:
        return (self._web(ref).lane("chat.delete"),)

    def may_stream(self, thread: Thread) -> bool:
        return self._room(thread).growing.may_stream(thread)

    def stream_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        return (self._web(thread).lane("chat.startStream"),)

    def stream_closing_lane(self, thread: Thread) -> Lane:
        return self._web(thread).lane("chat.stopStream")

    def streaming(self, ref: MessageRef) -> bool:
        return self._room(ref).growing.streaming(ref)

    def worn(self, ref: MessageRef) -> bool:
        return self._room(ref).growing.worn(ref)

    @contextmanager
    def _needs_reactions(self) -> Iterator[None]:
        try:
            yield
        except NoScope as error:
            if self._may_mark:
                log.info(
                    "Slack: messages that wait are not marked. Add the bot token scope reactions:write under "
                    "'OAuth & Permissions' and install the app again (%s)",
                    error,
                )
            self._may_mark = False
            raise

    def _room(self, place: Thread | MessageRef) -> Room:
        """What is known of the workspace."""
        return self._rooms.of(place.workspace)

    def _web(self, place: Thread | MessageRef) -> SlackWeb:
        """What speaks there, to ask it for its lanes."""
        return self._workspaces.web(place.workspace)

    async def _ready(self, place: Thread | MessageRef) -> SlackWeb:
        """The same, to call it now."""
        return await self._workspaces.ready(place.workspace)


@asynccontextmanager
async def _beside(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Do `work` while the block runs, and no longer."""
    task = asyncio.create_task(work, name="slack: missed")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _ts(message: Message) -> str:
    """What the channel knows a message by."""
    return message.id.rpartition(":")[2]
