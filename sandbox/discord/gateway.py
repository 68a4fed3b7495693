"""The gateway, version 10, in JSON: sessions, which outlive their connections, and what each one is told."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from sandbox.discord import payloads
from sandbox.discord.changes import Changes
from sandbox.discord.compression import Compress, compressor
from sandbox.discord.errors import ApiError
from sandbox.discord.flags import KNOWN_INTENTS, Close, Intent, Opcode, Permission
from sandbox.discord.settings import Settings
from sandbox.discord.state import Channel, Event, Guild, Member, Message, Reaction, World
from sandbox.discord.types import Json

API_VERSION = "10"
LONGEST_PAYLOAD = 4096  # bytes that a client may send at once
SEND_LIMIT, SEND_SECONDS = 120, 60.0
KEPT_FOR_RESUME = 10_000  # events of a session; a resume from before them fails
CLOSING_SECONDS = 2.0
ENDS_SESSION = (1000, 1001)  # when it is the client who closes with it


class HangUp(Exception):
    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Connection:
    """One websocket. Everything goes through one queue, so that a payload never overtakes another."""

    def __init__(self, socket: web.WebSocketResponse, compress: Compress | None) -> None:
        self.session: Session | None = None
        self.hanging_up = False
        self._socket = socket
        self._compress = compress
        self._outbox: asyncio.Queue[Json | HangUp] = asyncio.Queue()
        self._received: deque[float] = deque()

    def send(self, payload: Json) -> None:
        self._outbox.put_nowait(payload)

    def hang_up(self, why: HangUp) -> None:
        self.hanging_up = True
        self._outbox.put_nowait(why)

    def received(self) -> None:
        now = time.monotonic()
        while self._received and self._received[0] <= now - SEND_SECONDS:
            self._received.popleft()
        self._received.append(now)
        if len(self._received) > SEND_LIMIT:
            raise HangUp(Close.RATE_LIMITED, "You are being rate limited.")

    async def write(self) -> None:
        with suppress(ConnectionError):
            while True:
                item = await self._outbox.get()
                if isinstance(item, HangUp):
                    await self._socket.close(code=item.code, message=item.reason.encode())
                    return
                text = json.dumps(item, separators=(",", ":"))
                if self._compress is None:
                    await self._socket.send_str(text)
                else:
                    await self._socket.send_bytes(self._compress(text.encode()))


@dataclass(slots=True, eq=False)
class Session:
    id: str
    intents: Intent
    shard: tuple[int, int]
    connection: Connection | None = None
    seq: int = 0
    kept: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT_FOR_RESUME))

    def dispatch(self, event: str, data: Any) -> None:
        """Number it, keep it, and send it if anybody is connected."""
        self.seq += 1
        payload: Json = {"op": Opcode.DISPATCH, "t": event, "s": self.seq, "d": data}
        self.kept.append(payload)
        if self.connection is not None:
            self.connection.send(payload)

    def covers(self, guild: Guild | None) -> bool:
        number, of = self.shard
        return number == (0 if guild is None else (int(guild.id) >> 22) % of)

    def remembers(self, seq: int) -> bool:
        return seq >= self.seq - len(self.kept)


class Gateway:
    def __init__(self, world: World, settings: Settings, changes: Changes) -> None:
        self.refusing = False
        self.identifies = 0
        self.resumes = 0
        self._world = world
        self._settings = settings
        self._changes = changes
        self._sessions: dict[str, Session] = {}
        self._connections: dict[Connection, asyncio.Transport | None] = {}

    @property
    def connections(self) -> int:
        return len(self._connections)

    # What the test does to it

    def dispatch(self, event: str, data: Any) -> None:
        for session in self._sessions.values():
            session.dispatch(event, data)

    def reconnect(self) -> None:
        for connection in self._connections:
            connection.send({"op": Opcode.RECONNECT, "d": None})

    def invalid_session(self, *, resumable: bool) -> None:
        for connection in self._connections:
            if not resumable:
                self._forget(connection.session)
                connection.session = None
            connection.send({"op": Opcode.INVALID_SESSION, "d": resumable})

    def cut(self) -> None:
        for connection, transport in self._connections.items():
            if connection.session is not None:
                connection.session.connection = None
            if transport is not None:
                transport.abort()

    # What the world tells it

    def happened(self, event: Event) -> None:
        for session in self._sessions.values():
            told = self._told(session, event)
            if told is not None:
                session.dispatch(*told)

    def _told(self, session: Session, event: Event) -> tuple[str, Json] | None:
        """The event as this session hears of it; None where it does not."""
        match event.about:
            case Message() as message:
                return self._told_of_message(session, event.name, message)
            case Reaction() as reaction:
                wanted = (Intent.GUILD_MESSAGE_REACTIONS, Intent.DIRECT_MESSAGE_REACTIONS)
                if not _hears(session, reaction.message.channel, *wanted):
                    return None
                added = event.name == "MESSAGE_REACTION_ADD"
                return event.name, payloads.reaction(reaction, self._world.bot, added=added)
            case Channel() as channel:
                if not _hears(session, channel, Intent.GUILDS, Intent.GUILDS):
                    return None
                data = payloads.any_channel(channel, self._world.bot)
                new = {"newly_created": True} if event.name == "THREAD_CREATE" else {}
                return event.name, data | new
            case Member() as member:
                if not session.intents & Intent.GUILD_MEMBERS or not session.covers(member.guild):
                    return None
                return event.name, payloads.member_add(member, self._world.bot)
            case Guild() as guild:
                if not session.covers(guild):
                    return None
                return event.name, self._guild_create(session, guild)  # not a word of availability: it is new

    def _told_of_message(self, session: Session, event: str, message: Message) -> tuple[str, Json] | None:
        if not _hears(session, message.channel, Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES):
            return None
        if event == "MESSAGE_DELETE":
            return event, payloads.deleted_message(message)
        reads = bool(session.intents & Intent.MESSAGE_CONTENT)
        reader = payloads.Reader(self._world.bot, self._world.users, reads)
        name = "MESSAGE_CREATE" if event == "MESSAGE_REDELIVERED" else event
        return name, payloads.dispatched_message(message, reader)

    def _guild_create(self, session: Session, guild: Guild) -> Json:
        """Its members are all listed only to who asked for presences; to anybody else, just the bot."""
        people = [who for who in self._world.users.values() if not who.bot or who is self._world.bot]
        listed = people if session.intents & Intent.GUILD_PRESENCES else [self._world.bot]
        return payloads.guild_create(guild, self._world.bot, listed, len(people))

    # Connections

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.refusing:
            return web.Response(status=503, text="the gateway is refusing connections")
        socket = web.WebSocketResponse(compress=False, timeout=1.0)
        await socket.prepare(request)
        connection = Connection(socket, compressor(request.query.get("compress", "")))
        writer = asyncio.create_task(connection.write())
        with self._counted(connection, request.transport):
            try:
                self._greet(connection, request)
                async for message in socket:
                    self._receive(connection, message)
            except HangUp as why:
                connection.hang_up(why)
            finally:
                if not connection.hanging_up:
                    writer.cancel()
                with suppress(asyncio.CancelledError):
                    await writer
                self._leave(connection, socket.close_code)
        return socket

    async def close(self) -> None:
        for connection in self._connections:
            connection.hang_up(HangUp(Close.GOING_AWAY, "the sandbox is closing"))
        with suppress(TimeoutError):
            await self._changes.until(lambda: not self._connections, CLOSING_SECONDS)

    @contextmanager
    def _counted(self, connection: Connection, transport: asyncio.Transport | None) -> Iterator[None]:
        self._connections[connection] = transport
        self._changes.notify()
        try:
            yield
        finally:
            del self._connections[connection]
            self._changes.notify()

    def _leave(self, connection: Connection, close_code: int | None) -> None:
        session = connection.session
        if session is None or session.connection is not connection:
            return
        session.connection = None
        if close_code in ENDS_SESSION and not connection.hanging_up:
            self._forget(session)

    def _forget(self, session: Session | None) -> None:
        if session is not None:
            self._sessions.pop(session.id, None)

    # What a client says

    def _greet(self, connection: Connection, request: web.Request) -> None:
        if request.query.get("v") != API_VERSION:
            raise HangUp(Close.INVALID_API_VERSION, "Invalid API version.")
        if request.query.get("encoding", "json") != "json":
            raise HangUp(Close.DECODE_ERROR, "Only JSON is spoken here.")
        hello = {"heartbeat_interval": self._settings.heartbeat_interval, "_trace": ["sandbox"]}
        connection.send({"op": Opcode.HELLO, "d": hello})

    def _receive(self, connection: Connection, message: WSMessage) -> None:
        connection.received()
        op, data = _decode(message)
        if op == Opcode.HEARTBEAT:
            connection.send({"op": Opcode.HEARTBEAT_ACK})
        elif op == Opcode.IDENTIFY:
            self._identify(connection, data)
        elif op == Opcode.RESUME:
            self._resume(connection, data)
        elif op not in (Opcode.PRESENCE_UPDATE, Opcode.VOICE_STATE_UPDATE, Opcode.REQUEST_GUILD_MEMBERS):
            raise HangUp(Close.UNKNOWN_OPCODE, "Unknown opcode.")
        elif connection.session is None:
            raise HangUp(Close.NOT_AUTHENTICATED, "Not authenticated.")
        elif op == Opcode.REQUEST_GUILD_MEMBERS:
            self._list_members(connection.session, data)
        self._changes.notify()

    def _identify(self, connection: Connection, data: Any) -> None:
        if connection.session is not None:
            raise HangUp(Close.ALREADY_AUTHENTICATED, "Already authenticated.")
        if not isinstance(data, dict) or data.get("token") != self._settings.token:
            raise HangUp(Close.AUTHENTICATION_FAILED, "Authentication failed.")
        session = Session(self._world.new_id(), self._intents(data.get("intents")), _shard(data.get("shard")))
        self._sessions[session.id] = session
        session.connection, connection.session = connection, session
        self.identifies += 1
        self._ready(session, announce_shard="shard" in data)

    def _intents(self, value: Any) -> Intent:
        if not isinstance(value, int) or value < 0 or value & ~KNOWN_INTENTS:
            raise HangUp(Close.INVALID_INTENTS, "Invalid intent(s).")
        if value & Intent.MESSAGE_CONTENT and not self._settings.message_content_allowed:
            raise HangUp(Close.DISALLOWED_INTENTS, "Disallowed intent(s).")
        return Intent(value)

    def _ready(self, session: Session, *, announce_shard: bool) -> None:
        guilds = [guild for guild in self._world.guilds.values() if session.covers(guild)]
        flags = payloads.application_flags(content_allowed=self._settings.message_content_allowed)
        ready: Json = {
            "v": int(API_VERSION),
            "user": payloads.own_user(self._world.bot),
            "user_settings": {},
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
            "private_channels": [],
            "relationships": [],
            "presences": [],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self._settings.gateway_url,
            "application": {"id": self._settings.application_id, "flags": flags},
            "_trace": ["sandbox"],
        }
        if announce_shard:
            ready["shard"] = list(session.shard)
        session.dispatch("READY", ready)
        for guild in guilds:
            session.dispatch("GUILD_CREATE", self._guild_create(session, guild) | {"unavailable": False})

    def _resume(self, connection: Connection, data: Any) -> None:
        if connection.session is not None:
            raise HangUp(Close.ALREADY_AUTHENTICATED, "Already authenticated.")
        if not isinstance(data, dict) or data.get("token") != self._settings.token:
            raise HangUp(Close.AUTHENTICATION_FAILED, "Authentication failed.")
        session = self._sessions.get(str(data.get("session_id")))
        seq = data.get("seq")
        if session is None or not isinstance(seq, int) or not session.remembers(seq):
            connection.send({"op": Opcode.INVALID_SESSION, "d": False})
            return
        if seq > session.seq:
            raise HangUp(Close.INVALID_SEQ, "Invalid seq.")
        session.connection, connection.session = connection, session
        self.resumes += 1
        for payload in session.kept:
            if payload["s"] > seq:
                connection.send(payload)
        session.dispatch("RESUMED", {"_trace": ["sandbox"]})

    def _list_members(self, session: Session, data: Any) -> None:
        try:
            guild = self._world.guild(str(data["guild_id"]))
        except (ApiError, KeyError, TypeError):
            return
        wanted = {str(id_) for id_ in data.get("user_ids") or ()}
        people = [who for who in self._world.users.values() if not wanted or who.id in wanted]
        chunk: Json = {
            "guild_id": guild.id,
            "members": [payloads.member(Member(guild, who), self._world.bot) for who in people],
            "chunk_index": 0,
            "chunk_count": 1,
        }
        if "nonce" in data:
            chunk["nonce"] = data["nonce"]
        session.dispatch("GUILD_MEMBERS_CHUNK", chunk)


def _hears(session: Session, channel: Channel, in_guild: Intent, in_private: Intent) -> bool:
    if not session.covers(channel.guild):
        return False
    if channel.guild is None:
        return bool(session.intents & in_private)
    return bool(session.intents & in_guild and channel.rights & Permission.VIEW_CHANNEL)


def _decode(message: WSMessage) -> tuple[int, Any]:
    if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY) or len(message.data) > LONGEST_PAYLOAD:
        raise HangUp(Close.DECODE_ERROR, "Error while decoding payload.")
    try:
        payload = json.loads(message.data)
        return payload["op"], payload.get("d")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise HangUp(Close.DECODE_ERROR, "Error while decoding payload.") from None


def _shard(value: Any) -> tuple[int, int]:
    if value is None:
        return 0, 1
    match value:
        case [int(number), int(of)] if 0 <= number < of:
            return number, of
    raise HangUp(Close.INVALID_SHARD, "Invalid shard.")
