"""The stand-in as a whole: a server on loopback, and what a test may do to it and see of it."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import quote

from aiohttp import web

from sandbox.changes import Changes
from sandbox.discord import files as addresses
from sandbox.discord import message_payloads, payloads
from sandbox.discord.apps import Apps
from sandbox.discord.changing import Changing
from sandbox.discord.commands import Commands
from sandbox.discord.faults import Fault, Faults
from sandbox.discord.flags import MessageFlag, MessageType, Permission
from sandbox.discord.gateway import Gateway
from sandbox.discord.interactions import Interactions
from sandbox.discord.limits import USUAL, Limits, Meter
from sandbox.discord.members import Members
from sandbox.discord.openapi import OpenApi, Unofficial
from sandbox.discord.rest import PREFIX, Rest
from sandbox.discord.rooms import Rooms
from sandbox.discord.routes import Routes
from sandbox.discord.starts import Starts
from sandbox.discord.state import Draft, Event, User
from sandbox.discord.timeline import Timeline, Watch
from sandbox.discord.types import (
    Call,
    DiscordFile,
    DiscordInteraction,
    DiscordMessage,
    DiscordModal,
    DiscordThread,
    DiscordWhisper,
    Frame,
)
from sandbox.discord.world import World

LARGEST_REQUEST = 26 * 1024 * 1024


class Discord(Members, Changing):
    """A Discord on loopback: `async with Discord() as discord`, or `start` and `close`.

    Guilds, channels and people may be added before and while it runs. `latency` is the time in seconds that
    each REST request takes, `interaction_seconds` how long an application may take to answer an interaction,
    `interaction_token_seconds` how long it may go on answering. They, `limits`, `heartbeat_interval`
    (milliseconds), `message_content_allowed` and `files_readable` may be changed at any time.
    `files_asked_for` are the names of files whose bytes somebody wanted.
    """

    token = "sandbox-discord-token"
    # Where the official OpenAPI document is. Set before they are made, every stand-in that is not `lenient`
    # holds all requests against it, and closing it raises `Unofficial` if one was not as it should be.
    official: ClassVar[Path | None] = None

    def __init__(
        self,
        *,
        limits: Limits = USUAL,
        latency: float = 0.0,
        port: int = 0,
        openapi: Path | None = None,
        lenient: bool = False,
        heartbeat_interval: int = 41_250,
    ) -> None:
        self.url = ""
        self.gateway_url = ""
        self.latency = latency
        self.heartbeat_interval = heartbeat_interval
        self.interaction_seconds = 3.0
        self.interaction_token_seconds = 900.0
        self.message_content_allowed = True
        self.files_readable = True
        self.files_asked_for: list[str] = []
        self.starts = Starts()
        self._port = port
        self._changes = Changes()
        self._timeline = Timeline(self._changes)
        self._meter = Meter(limits)
        self._faults = Faults()
        self._strict = not (lenient or openapi is not None)
        document = openapi or (self.official if self._strict else None)
        self._openapi = OpenApi(document) if document is not None else None
        self._world = World(self._happened)
        self.rooms = Rooms(self._world)
        self.bot_id = self._world.bot.id
        self.application_id = self.bot_id  # as for every application made since 2016
        self._gateway = Gateway(self._world, self, self._changes)
        self._commands = Commands(self._world, self)
        self._interactions = Interactions(
            self._world, self, self._changes, self._gateway.tell, self._commands
        )
        self.apps = Apps(self._world, self, self._commands, self._interactions)
        self._expired: set[str] = set()
        self._moved: dict[str, str] = {}
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        app = web.Application(client_max_size=LARGEST_REQUEST)
        rest = Rest(self, self._meter, self._faults, self._timeline, self._openapi)
        app.add_routes(rest.definitions(Routes(self._world, self, self._interactions, self._commands).all()))
        app.add_routes(
            [
                web.get("/gateway", self._gateway.serve),
                web.get("/gateway/", self._gateway.serve),
                web.get("/attachments/{channel_id}/{attachment_id}/{name}", self._attachment),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        port = self._runner.addresses[0][1]
        self._world.origin = f"http://127.0.0.1:{port}"
        self.url = f"{self._world.origin}{PREFIX}"
        self.gateway_url = f"ws://127.0.0.1:{port}/gateway"

    async def close(self) -> None:
        """Hang up on everybody, end every `watch`, and stop listening. What was recorded stays."""
        if self._runner is None:
            return
        runner, self._runner = self._runner, None
        for site in runner.sites:
            await site.stop()
        self._interactions.close()
        await self._gateway.close()
        await runner.cleanup()
        self._timeline.close()
        if self._strict and self.violations:
            raise Unofficial("; ".join(self.violations))

    # The place

    def add_guild(self, name: str = "Sandbox", *, boost_tier: int = 0, bot: bool = True) -> str:
        """Without the `bot`, it is not a member there."""
        return self._world.add_guild(name, boost_tier, has_bot=bot).id

    def set_locale(self, guild: str, locale: str) -> None:
        """The language of a guild, for whoever connects from now on."""
        self._world.guilds[guild].locale = locale

    def add_channel(
        self, guild: str, name: str, *, permissions: Permission | None = None, may_thread: bool = True
    ) -> str:
        """A text channel. `permissions` is what the bot may do there, by default what bots usually may."""
        granted = Permission.usual() if permissions is None else permissions
        if not may_thread:
            granted &= ~Permission.CREATE_PUBLIC_THREADS
        return self._world.add_channel(self._world.guilds[guild], name, granted).id

    def add_user(self, name: str, *, locale: str = "en-US") -> str:
        """A person, who is a member of every guild."""
        return self._world.add_user(name, locale=locale).id

    def open_dm(self, user: str) -> str:
        """The channel between this person and the bot, the same one each time."""
        return self._world.open_dm(self._world.users[user]).id

    def forbid_threads(self, channel: str) -> None:
        place = self._world.channels[channel]
        self._world.set_permissions(place, place.permissions & ~Permission.CREATE_PUBLIC_THREADS)

    def bot_role(self, guild: str) -> str:
        """The id of the role that came with the bot: mentioning it does not mention the bot."""
        return self._world.guilds[guild].bot_role

    # What people do

    async def say(
        self,
        channel: str,
        user: str,
        content: str,
        *,
        mention_bot: bool | None = None,
        reply_to: str | None = None,
        attachments: Sequence[DiscordFile] = (),
        webhook: bool = False,
        bot: bool = False,
        age: float = 0.0,
        voice: bool = False,
        forwards: str | None = None,
        type: int = MessageType.DEFAULT,  # noqa: A002 - the field's name on the wire
    ) -> str:
        """Write in a channel, a thread or a direct message; the new message's id.

        Whether that mentions the bot is seen from the content, unless `mention_bot` says so: a reply whose
        ping is left on mentions the bot without naming it. `webhook` and `bot` make another machine of the
        writer. It was said `age` seconds ago. With `voice` it is a voice message, which has one recording and
        no text. One that `forwards` another has no text of its own.
        """
        author = self._world.users[user]
        if webhook or bot:
            author = User(author.id, author.name, bot=True)
        target = self._world.find_message(reply_to) if reply_to is not None else None
        draft = Draft(
            content=content,
            type=MessageType.REPLY if target is not None and type == MessageType.DEFAULT else type,
            files=attachments,
            reply_to=target,
            mention_bot=mention_bot,
            webhook=webhook,
            age=age,
            forwards=self._world.find_message(forwards) if forwards is not None else None,
            flags=MessageFlag.IS_VOICE_MESSAGE if voice else 0,
        )
        return self._world.post(self._world.channels[channel], author, draft).id

    async def press(self, message: str, button: str, person: str) -> str:
        """Press a button, named by its label or custom id; the interaction's id. ValueError where there is
        none that this person can press."""
        return self._interactions.press(message, button, self._world.users[person])

    def modal(self, person: str) -> DiscordModal | None:
        """The modal that this person has open."""
        return self._interactions.modal(self._world.users[person])

    async def submit(self, person: str, values: Mapping[str, str]) -> str:
        """Fill in the open modal, by label or custom id, and send it; the interaction's id. What is not named
        stays as it is. An option is chosen by its label. ValueError where Discord would not let them."""
        return self._interactions.submit(self._world.users[person], values)

    def dismiss(self, person: str) -> None:
        """Close the open modal without sending it."""
        self._interactions.dismiss(self._world.users[person])

    def expire_files(self, message: str) -> None:
        """The addresses of its files end."""
        self._expired |= {item.id for item in self._world.find_message(message).attachments}

    def move_files(self, message: str, address: str) -> None:
        """Whoever asks for its files is sent there instead."""
        self._moved |= {item.id: address for item in self._world.find_message(message).attachments}

    def start_thread(self, message: str, name: str, person: str) -> str:
        """This person makes a thread of a message; its id."""
        grown_from, owner = self._world.find_message(message), self._world.users[person]
        return self._world.start_thread(grown_from, name, 1440, 0, owner).id

    def archive(self, thread: str) -> None:
        """A moderator does."""
        self._world.change_channel(self._world.channels[thread], archived=True)

    # What the wire does

    async def dispatch(self, event: str, data: Any) -> None:
        """Send this to every session, whatever its intents."""
        self._gateway.dispatch(event, data)

    async def redeliver(self, message_id: str) -> None:
        """MESSAGE_CREATE once more, as Discord sometimes does."""
        self._world.redeliver(self._world.find_message(message_id))

    async def reconnect(self) -> None:
        """Ask every client to connect anew and resume (op 7)."""
        self._gateway.reconnect()

    async def invalid_session(self, *, resumable: bool = False) -> None:
        """Tell every client that its session is invalid (op 9); one that is not resumable is forgotten."""
        self._gateway.invalid_session(resumable=resumable)

    async def cut(self) -> None:
        """Drop every gateway connection without a word. The sessions go on, and can be resumed."""
        self._gateway.cut()

    def refuse_gateway(self, on: bool = True) -> None:
        """While on, no new gateway connection comes about (503). Open ones stay."""
        self._gateway.refusing = on

    def fail(
        self,
        method: str,
        route: str,
        status: int,
        *,
        code: int = 0,
        message: str = "",
        times: int = 1,
        retry_after: float | None = None,
        afterwards: bool = False,
    ) -> None:
        """Let the next `times` requests to `route` ("/channels/{id}/messages") fail like this.

        Status 0 cuts the connection instead of answering. With `afterwards` the request takes effect, and
        only its answer is lost.
        """
        self._faults.add(method, route, Fault(status, code, message, retry_after, afterwards), times)

    def garble(self, message: str) -> None:
        """From now on its payload is of a kind that no client has seen yet."""
        self._world.find_message(message).garbled = True

    # What can be seen

    def messages(self, channel: str) -> list[DiscordMessage]:
        """What a person sees there now, the oldest first; not a thread's pointer to its own beginning."""
        messages = self._world.channels[channel].messages.values()
        return [
            message_payloads.seen_message(message) for message in messages if not message.is_thread_starter
        ]

    def files(self, message: str) -> list[DiscordFile]:
        return [item.file for item in self._world.find_message(message).attachments]

    def whispers(self, person: str) -> list[DiscordWhisper]:
        """What only this person was shown."""
        return self._interactions.whispers(self._world.users[person])

    @property
    def interactions(self) -> list[DiscordInteraction]:
        """What was pressed and sent, the oldest first."""
        return self._interactions.seen

    def threads(self, channel: str) -> list[DiscordThread]:
        parent = self._world.channels[channel]
        return [payloads.seen_thread(item) for item in self._world.channels.values() if item.parent is parent]

    @property
    def calls(self) -> list[Call]:
        return self._timeline.calls

    @property
    def frames(self) -> list[Frame]:
        return self._timeline.frames

    @property
    def violations(self) -> list[str]:
        """Requests that the official OpenAPI document does not allow; always empty without `openapi`."""
        return self._openapi.violations if self._openapi is not None else []

    @property
    def connections(self) -> int:
        """Gateway connections open now."""
        return self._gateway.connections

    @property
    def identifies(self) -> int:
        return self._gateway.identifies

    @property
    def resumes(self) -> int:
        return self._gateway.resumes

    @property
    def limits(self) -> Limits:
        return self._meter.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._meter.limits = limits

    def watch(self) -> Watch:
        """The frames from now on, as they happen."""
        return self._timeline.watch()

    async def wait_for(self, predicate: Callable[[], bool], timeout: float = 10.0) -> None:  # noqa: ASYNC109
        """Look again whenever something happened; TimeoutError if it does not come true."""
        await self._changes.until(predicate, timeout)

    def _happened(self, event: Event) -> None:
        self._timeline.happened(event)
        self._gateway.happened(event)
        self._changes.notify()

    async def _attachment(self, request: web.Request) -> web.StreamResponse:
        """What Discord's CDN does: anybody who knows the address may have it, while it lasts."""
        self.files_asked_for.append(request.match_info["name"])
        attachment = self._world.attachments.get(request.match_info["attachment_id"])
        if (
            attachment is None
            or not self.files_readable
            or attachment.id in self._expired
            or not addresses.may_have(attachment.id, request.query, time.time())
        ):
            raise web.HTTPNotFound(text=addresses.GONE)
        if attachment.id in self._moved:
            raise web.HTTPFound(self._moved[attachment.id])
        disposition = f"attachment; filename*=UTF-8''{quote(attachment.file.name)}"
        headers = {"Content-Type": attachment.file.media_type, "Content-Disposition": disposition}
        return web.Response(body=attachment.file.content, headers=headers)
