"""A Slack on loopback: what tests, the demo and benchmarks hold in their hands."""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from aiohttp import web

from sandbox.changes import Changes
from sandbox.slack import elements, payloads
from sandbox.slack.delivery import Delivery
from sandbox.slack.files import Files
from sandbox.slack.installing import Installing
from sandbox.slack.interactions import Interactions
from sandbox.slack.limits import Limits
from sandbox.slack.platform import Door, Platform
from sandbox.slack.posting import Posting
from sandbox.slack.sockets import Sockets
from sandbox.slack.state import Channel, Message, Workspace
from sandbox.slack.surfaces import Surfaces
from sandbox.slack.timeline import Timeline, Watch
from sandbox.slack.trouble import Trouble
from sandbox.slack.types import (
    Call,
    Frame,
    Interaction,
    JsonObject,
    SlackFile,
    SlackMessage,
    SlackView,
    Whisper,
)
from sandbox.slack.web import MAX_BODY, WebApi
from sandbox.slack.world import World

HOST = "127.0.0.1"


class Slack(Trouble, Surfaces, Installing):
    """One workspace with one app installed in it.

    Durations are in seconds. `ack_timeout` is how long an event may stay unacknowledged before it is sent
    again, after each of `retry_delays`; `stream_lifetime` how long a native stream lives; `latency` how long
    every call of the Web API takes. The defaults of the first three are Slack's own. With `strict_threads`,
    a reply to a message that is gone is refused with `thread_not_found`; without, it becomes an ordinary
    message of the channel, which is what Slack really does (slack-go/slack#1571).
    """

    bot_token = "xoxb-sandbox"
    app_token = "xapp-sandbox"

    def __init__(
        self,
        *,
        limits: Limits = Limits(),  # noqa: B008 - frozen, so that sharing it is harmless
        latency: float = 0.0,
        port: int = 0,
        workspace: str = "Sandbox",
        ack_timeout: float = 3.0,
        retry_delays: tuple[float, ...] = (0.0, 60.0, 300.0),
        stream_lifetime: float = 300.0,
        strict_threads: bool = True,
        platform: Platform | None = None,
        enterprise_id: str = "",
    ) -> None:
        self._port = port
        self._runner: web.AppRunner | None = None
        self._workspace = Workspace(workspace, enterprise_id, platform.app_id if platform else "")
        self._platform = platform or _platform(self.app_id, ack_timeout, retry_delays)
        self._changes = self._platform.changes
        self._timeline = Timeline(self._changes)
        self._delivery = self._platform.delivery
        self._sockets = self._platform.sockets
        self._posting = self._platform.posting
        self._tokens = self._platform.tokens
        if platform is None:
            self._tokens.allow(self.bot_token, self.team_id)
        self._interactions = Interactions(
            self._workspace, self._delivery, self._changes, self._platform.started
        )
        self._world = World(
            self._workspace,
            self._timeline,
            self._delivery,
            self._platform.socket_url,
            self._platform.started,
            self._interactions,
            lambda: self.installed,
            stream_lifetime,
            strict_threads,
        )
        self._files = Files(self._workspace, self._world.uploads, self._tokens)
        self._web = WebApi(self._world, self._tokens, self.app_token, limits, latency)
        door = Door(self.team_id, self._web, self._files, self._interactions, self._timeline)
        self._platform.doors.append(door)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_routes(self._platform.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._port)
        await site.start()
        self._platform.origin = f"http://{HOST}:{self._runner.addresses[0][1]}"
        self._sockets.start()

    async def close(self) -> None:
        """End every watcher, connection and timer. Closing again does nothing."""
        for door in self._platform.doors:
            door.timeline.close()
        self._delivery.close()
        await self._posting.close()
        await self._sockets.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def add_workspace(self, name: str, *, enterprise_id: str = "") -> "Slack":
        """One more workspace of the same Slack, in which the app is not installed yet. It is there for as
        long as this one, to which all its calls and events go, too."""
        return Slack(workspace=name, limits=self.limits, platform=self._platform, enterprise_id=enterprise_id)

    # --- who and where ---

    @property
    def url(self) -> str:
        return f"{self._platform.started()}/api/"

    @property
    def team_id(self) -> str:
        return self._workspace.identity.team_id

    @property
    def app_id(self) -> str:
        return self._workspace.identity.app_id

    @property
    def bot_id(self) -> str:
        return self._workspace.identity.bot_id

    @property
    def bot_user_id(self) -> str:
        return self._workspace.identity.bot_user_id

    def add_user(self, name: str, *, team: str = "", locale: str = "en-US") -> str:
        """A person; of another workspace, where one is named."""
        return self._workspace.add_user(name, team, locale).id

    def add_group(self, *people: str) -> str:
        """A user group with these members; its id."""
        return self._workspace.add_group(people)

    def add_channel(self, name: str, *, bot_is_member: bool = True, kind: str = "channel") -> str:
        """A public channel; with `kind`, a private one (`group`), or direct messages of several (`mpim`)."""
        return self._workspace.add_channel(name, bot_is_member=bot_is_member, kind=kind).id

    def open_dm(self, user: str) -> str:
        return self._workspace.open_dm(user).id

    # --- what people do ---

    async def say(
        self,
        channel: str,
        user: str,
        text: str,
        *,
        thread_ts: str | None = None,
        files: tuple[SlackFile, ...] = (),
        subtype: str | None = None,
        looking_at: str = "",
    ) -> str:
        """A person writes; the `ts` of the message. Where the bot is, it hears of it, of a mention twice.
        To an agent, they may do so while they are `looking_at` a channel."""
        place = self._place(channel)
        if user not in self._workspace.users:
            raise ValueError(f"nobody here has the id {user}")
        if thread_ts is not None and (thread_ts not in place.messages or place.messages[thread_ts].thread_ts):
            raise ValueError(f"no thread begins at {thread_ts}")
        kept = tuple(self._workspace.keep_file(file, self._platform.started(), user) for file in files)
        kind = subtype if subtype is not None else "file_share" if files else ""
        message = Message(
            self._workspace.new_ts(),
            user,
            text,
            thread_ts=thread_ts,
            team=self._workspace.users[user].team,
            subtype=kind,
            files=kept,
        )
        if looking_at:
            message.app_context = payloads.entities(self._workspace.identity, looking_at)
        self._world.add(place, message)
        self._world.announce_said(place, message)
        return message.ts

    async def edit(self, channel: str, ts: str, text: str) -> None:
        """A person changes their own message."""
        place, message = self._find(channel, ts)
        before = payloads.message(self._workspace.identity, place, message)
        message.text, message.edited_ts = text, self._workspace.new_ts()
        self._world.show(place, message, "edit")
        if place.bot_is_member:
            self._world.announce_change(place, before, message)

    async def delete(self, channel: str, ts: str) -> None:
        """Somebody deletes a message: their own, or as an administrator the bot's."""
        self._world.remove(*self._find(channel, ts))

    async def unfurl(self, channel: str, ts: str) -> None:
        """A link in a message gets its preview, a moment after it was said: nobody has edited it."""
        place, message = self._find(channel, ts)
        before = payloads.message(self._workspace.identity, place, message)
        message.attachments = (*message.attachments, {"id": 1, "title": "A page", "fallback": "A page"})
        if place.bot_is_member:
            self._world.announce_change(place, before, message)

    async def stop_stream(self, channel: str, ts: str, user: str) -> None:
        """A person presses Stop under a streaming message: it takes no more text, and the app is told."""
        place, message = self._find(channel, ts)
        if message.stream is None:
            raise ValueError(f"{ts} is not streaming")
        message.stream.stopped_by = user
        self._world.announce(payloads.session_stopped(place, message, user, self._workspace.new_ts()))

    async def press(self, ts: str, what: str, user: str) -> Interaction:
        """A person presses the button below a message that has this label or action_id."""
        for place in self._workspace.channels.values():
            if ts in place.messages:
                return self._interactions.press(place, place.messages[ts], what, user)
        raise ValueError(f"no message has the ts {ts}")

    async def submit(self, user: str, values: Mapping[str, str]) -> Interaction:
        """A person fills in the form before them, by its labels, and sends it. A `FormError` is what Slack
        itself does not take."""
        return self._interactions.submit(user, values)

    def dismiss(self, user: str) -> None:
        """A person closes the form before them."""
        self._interactions.dismiss(user)

    async def interact(self, payload: JsonObject) -> None:
        """Send any interaction as it is."""
        self._delivery.interact(payload, lambda answer: None)

    async def emit(self, event: JsonObject, *, event_id: str = "", envelope: JsonObject | None = None) -> str:
        """Send any event as it is, changing nothing else; its id. `envelope` overrides fields around it."""
        return self._world.announce(event, event_id=event_id, envelope=envelope)

    # --- what people see ---

    def messages(self, channel: str, thread_ts: str | None = None) -> list[SlackMessage]:
        """The channel itself, without replies; or a thread, its first message included. Oldest first.

        Of a streaming message this is what its recipient sees; others in the channel see less until it stops.
        """
        place = self._place(channel)
        messages = place.top_level() if thread_ts is None else place.thread(thread_ts)
        return [message.shown() for message in messages]

    def status(self, channel: str, thread_ts: str) -> str:
        """The line under the thread, such as "is thinking...", or nothing."""
        return self._world.status(channel, thread_ts)

    def buttons(self, channel: str, ts: str) -> list[str]:
        """The labels of what can be pressed below a message."""
        return [one.label for one in elements.pressable(self._find(channel, ts)[1].blocks)]

    def view(self, user: str) -> SlackView | None:
        """The form that a person has before them."""
        return self._interactions.view(user)

    def whispers(self, user: str) -> list[Whisper]:
        """What only this person has seen, oldest first."""
        return [one for one in self._interactions.whispers if one.user == user]

    def files(self, channel: str, thread_ts: str) -> list[SlackFile]:
        """The files that the bot has put into a thread."""
        messages = self._place(channel).thread(thread_ts)
        return [kept.file for message in messages if message.bot_id for kept in message.files]

    def title(self, channel: str, thread_ts: str) -> str:
        """What a thread is called, or nothing."""
        return self._world.titles.get((channel, thread_ts), "")

    @property
    def interactions(self) -> list[Interaction]:
        """All that was pressed and sent, oldest first."""
        return self._interactions.all

    @property
    def frames(self) -> list[Frame]:
        return self._timeline.frames

    def watch(self) -> Watch:
        """`async for` every frame from now on, until the stand-in closes."""
        return self._timeline.watch()

    # --- what the app does ---

    @property
    def calls(self) -> list[Call]:
        return self._timeline.calls

    @property
    def files_asked_for(self) -> list[str]:
        """The names of files whose bytes somebody wanted, with the token or without."""
        return list(self._files.asked_for)

    @property
    def acks(self) -> list[str]:
        """The ids of acknowledged envelopes."""
        return self._delivery.acks

    @property
    def unacked(self) -> list[str]:
        """The ids of events that nobody has acknowledged yet."""
        return self._delivery.unacked

    @property
    def events(self) -> list[str]:
        """The ids of all events so far, oldest first."""
        return self._delivery.events

    @property
    def connections(self) -> int:
        return self._sockets.count

    async def wait_for(self, predicate: Callable[[], bool], timeout: float = 10.0) -> None:  # noqa: ASYNC109 - waits
        """Return as soon as `predicate` holds, or raise TimeoutError.

        It is asked again whenever something changes here, so it should look at this object and nothing else.
        """
        await self._changes.until(predicate, timeout)

    # --- inside ---

    def _place(self, channel: str) -> Channel:
        if channel not in self._workspace.channels:
            raise ValueError(f"no channel has the id {channel}")
        return self._workspace.channels[channel]

    def _find(self, channel: str, ts: str) -> tuple[Channel, Message]:
        place = self._place(channel)
        if ts not in place.messages:
            raise ValueError(f"no message of {channel} has the ts {ts}")
        return place, place.messages[ts]


def _platform(app_id: str, ack_timeout: float, retry_delays: tuple[float, ...]) -> Platform:
    changes = Changes()
    delivery = Delivery(changes, ack_timeout, retry_delays)
    return Platform(app_id, changes, delivery, Sockets(app_id, delivery, changes), Posting(delivery, changes))
