"""Slack: events in over Socket Mode, messages out over the Web API, by edits or as native streams."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

import aiohttp

from adapters.slack import render
from adapters.slack.asides import Asides
from adapters.slack.changes import Deleted, Edited, read_change
from adapters.slack.events import DIRECT_MESSAGE, PLATFORM, Asker, read_asker, read_message
from adapters.slack.faults import NoFeature, NoScope
from adapters.slack.files import FILE_LIMIT_BYTES, Files
from adapters.slack.groups import Groups
from adapters.slack.growing import Growing, Streaming
from adapters.slack.missed import Missed
from adapters.slack.people import People
from adapters.slack.presses import Presses
from adapters.slack.sessions import Sessions
from adapters.slack.socket import AWAY_SECONDS, listen
from adapters.slack.streams import LIFETIME_SECONDS
from adapters.slack.surfaces import Surfaces
from adapters.slack.web import SlackWeb, new_client
from bridge.errors import LoginRefused, PlatformDown, PlatformError, RateLimited
from bridge.ports import Host
from bridge.proxies import proxy_for
from bridge.types import Attachment, Body, File, Lane, Message, MessageRef, Person, Thread

log = logging.getLogger(__name__)

CALL_TIMEOUT_SECONDS = 15.0
RECONNECT_SECONDS = 5.0
WAITS_EMOJI = "hourglass_flowing_sand"


class SlackAdapter:
    """One Slack workspace, as the bot of one installed app."""

    platform = PLATFORM

    def __init__(
        self,
        bot_token: str,
        app_token: str,
        api_url: str,
        streaming: Streaming = Streaming.AUTO,
        stream_lifetime_seconds: float = LIFETIME_SECONDS,
        away_seconds: float = AWAY_SECONDS,
    ) -> None:
        self._bot_token = bot_token
        self._app_token = app_token
        self._api_url = api_url.rstrip("/") + "/"
        self._sessions = Sessions()
        self._growing = Growing(streaming, stream_lifetime_seconds, self._sessions)
        self._away_seconds = away_seconds
        self._may_mark = True
        self._may_name = True
        self._files = Files()
        self._people = People()
        self._groups = Groups()
        self._web: SlackWeb | None = None

    async def run(self, host: Host) -> None:
        """Connect and stay connected; see `bridge.ports.Adapter`."""
        timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout, proxy=proxy_for(self._api_url)) as session:
            web = SlackWeb(new_client(self._api_url, session, self._bot_token))

            async def take(event: Mapping[str, object], message: Message) -> None:
                self._growing.remember(message, read_asker(event, message))
                await host.deliver(message)
                # What was missed may have been edited since it was first heard.
                if message.edited_at:
                    await host.edited(message)

            asides = Asides(web)
            surfaces = Surfaces(web, host, asides, self._sessions)

            async def begin(message: Message) -> None:
                self._growing.remember(message, Asker(message.author.id, web.team_id))
                await host.deliver(message)

            async def on_message(event: Mapping[str, object], team_id: str) -> None:
                team = team_id or web.team_id
                match read_change(event, team, web.bot_user_id):
                    case Edited(changed):
                        await host.edited(changed)
                    case Deleted(message_id):
                        await host.deleted(PLATFORM, message_id)
                    case None if (message := read_message(event, team, web.bot_user_id)) is not None:
                        await take(event, surfaces.with_context(event, message))

            try:
                await _until_it_works(web.sign_in)
                self._web = web
                log.info("Slack: signed in to workspace %s as %s", web.team_id, web.bot_user_id)
                # The SDK would try for ever with a token that is refused.
                await _until_it_works(lambda: web.open_connection(self._app_token))
                missed = Missed(web, host, take)
                async with _beside(missed.run()), surfaces, Presses(web, host, asides, begin) as presses:
                    await listen(
                        web,
                        self._app_token,
                        on_message,
                        surfaces.take,
                        presses.take,
                        lambda: presses.left,
                        missed.look,
                        self._away_seconds,
                    )
            finally:
                self._web = None

    async def post(self, thread: Thread, body: Body, key: str) -> MessageRef:
        return await self._growing.post(self._ready(), thread, body, key)

    async def edit(self, ref: MessageRef, body: Body) -> None:
        await self._growing.edit(self._ready(), ref, body)

    async def delete(self, ref: MessageRef) -> None:
        await self._growing.delete(self._ready(), ref)

    async def find(
        self, thread: Thread, key: str, since: float, known: Collection[MessageRef]
    ) -> MessageRef | None:
        """See `bridge.ports.FindsPosts`."""
        return await self._growing.find(self._ready(), thread, key, since, known)

    def find_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        return (self._ready().lane("conversations.replies"),)

    async def stream(self, thread: Thread, body: Body, key: str) -> MessageRef:
        """See `bridge.ports.Streams`."""
        return await self._growing.stream(self._ready(), thread, body, key)

    async def mark_queued(self, message: Message) -> None:
        """See `bridge.ports.MarksQueued`."""
        with self._needs_reactions():
            await self._ready().react(message.thread.channel, _ts(message), WAITS_EMOJI)

    async def unmark_queued(self, message: Message) -> None:
        with self._needs_reactions():
            await self._ready().unreact(message.thread.channel, _ts(message), WAITS_EMOJI)

    def mark_lanes(self, message: Message) -> tuple[Lane, ...]:
        return (self._ready().lane("reactions"),)

    async def fetch(self, attachment: Attachment, most_bytes: int) -> bytes:
        """See `bridge.ports.FetchesFiles`."""
        return await self._files.fetch(self._ready(), attachment, most_bytes)

    async def describe(self, attachment: Attachment) -> Attachment:
        """See `bridge.ports.DescribesFiles`."""
        return await self._files.describe(self._ready(), attachment)

    def describe_lanes(self, attachment: Attachment) -> tuple[Lane, ...]:
        return self._files.describe_lanes(self._ready(), attachment)

    def file_limit(self, thread: Thread) -> int:
        """See `bridge.ports.SendsFiles`."""
        return FILE_LIMIT_BYTES

    async def send_file(self, thread: Thread, file: File, key: str) -> None:
        await self._files.send(self._ready(), thread, file, key)

    def file_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        web = self._ready()
        return web.lane("files.completeUploadExternal"), web.lane("files.getUploadURLExternal")

    async def name_thread(self, thread: Thread, title: str) -> None:
        """See `bridge.ports.NamesThreads`. Slack names the threads of direct messages with an agent."""
        try:
            await self._ready().name_thread(thread, title)
        except (NoScope, NoFeature) as error:
            log.info("Slack: threads are not named, as the app may not (%s)", error)
            self._may_name = False
            raise

    async def show_waiting(self, thread: Thread, step: str = "", locale: str = "") -> None:
        """See `bridge.ports.ShowsWaiting`. Slack has a line for it in direct messages with an agent."""
        await self._sessions.show(self._ready(), thread, step, locale)

    def waiting_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        return self._sessions.show_lanes(self._ready(), thread)

    def tells_steps(self, thread: Thread) -> bool:
        """See `bridge.ports.HoldsSessions`."""
        # A stream has a place of its own for it.
        return self._sessions.shows(thread) and not self._growing.may_stream(thread)

    def inherit(self, thread: Thread) -> None:
        if self._growing.may_have_streamed(thread):
            self._sessions.inherit(thread)

    async def release(self, thread: Thread) -> None:
        await self._sessions.release(self._ready(), thread)

    def release_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        return self._sessions.release_lanes(self._ready(), thread)

    async def person(self, person: Person) -> Person:
        """See `bridge.ports.KnowsPeople`."""
        return await self._people.person(self._ready(), person)

    def person_lanes(self, person: Person) -> tuple[Lane, ...]:
        return self._people.lanes(self._ready(), person)

    async def belongs(self, thread: Thread, person: Person, group: str) -> bool:
        """See `bridge.ports.KnowsRoles`."""
        return await self._groups.belongs(self._ready(), thread, person, group)

    def belonging_lanes(self, thread: Thread, person: Person, group: str) -> tuple[Lane, ...]:
        return self._groups.lanes(self._ready(), thread, group)

    async def whisper(self, message: Message, text: str) -> None:
        """See `bridge.ports.Whispers`. Slack shows nothing of it in a thread that has not begun."""
        thread, begins = message.thread, _ts(message) == message.thread.id
        await self._ready().whisper(thread.channel, "" if begins else thread.id, message.author.id, text)

    def whisper_lanes(self, message: Message) -> tuple[Lane, ...]:
        return (self._ready().lane("chat.postEphemeral"),)

    def ours_to_name(self, thread: Thread) -> bool:
        """What Slack names is a conversation with the agent, and nobody's but the agent's to name."""
        return bool(self.name_lanes(thread))

    def name_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        if not (self._may_name and thread.channel.startswith(DIRECT_MESSAGE)):
            return ()
        return (self._ready().lane("assistant.threads.setTitle"),)

    def fits(self, thread: Thread, body: Body) -> bool:
        return render.fits_stream(body) if self.may_stream(thread) else render.fits(body)

    def empty(self, thread: Thread, body: Body) -> bool:
        if self.may_stream(thread) and not (body.final or body.step or body.notice):
            return not render.streamed(body)
        return not self._growing.rendered(body).blocks

    def same(self, one: Body, other: Body) -> bool:
        return self._growing.rendered(one) == self._growing.rendered(other)

    def post_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        return (self._ready().post_lane(thread),)

    def edit_lanes(self, ref: MessageRef, body: Body) -> tuple[Lane, ...]:
        return self._growing.edit_lanes(self._ready(), ref, body)

    def closing_lane(self, thread: Thread) -> Lane:
        return self._ready().lane("chat.update")

    def delete_lanes(self, ref: MessageRef) -> tuple[Lane, ...]:
        return (self._ready().lane("chat.delete"),)

    def may_stream(self, thread: Thread) -> bool:
        return self._growing.may_stream(thread)

    def stream_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        return (self._ready().lane("chat.startStream"),)

    def stream_closing_lane(self, thread: Thread) -> Lane:
        return self._ready().lane("chat.stopStream")

    def streaming(self, ref: MessageRef) -> bool:
        return self._growing.streaming(ref)

    def worn(self, ref: MessageRef) -> bool:
        return self._growing.worn(ref)

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

    def _ready(self) -> SlackWeb:
        if self._web is None:
            raise PlatformDown("Slack is not connected")
        return self._web


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


async def _until_it_works(step: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await step()
        except LoginRefused:
            raise
        except PlatformError as error:
            wait = error.retry_after if isinstance(error, RateLimited) else RECONNECT_SECONDS
            log.warning("Slack: %s; trying again in %g s", error, wait)
            await asyncio.sleep(wait)
        else:
            return
