"""The gateway, version 10, in JSON: who connects, what they say, and that everybody hears what happens."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from aiohttp import WSMessage, web

from sandbox.changes import Changes
from sandbox.discord import payloads
from sandbox.discord.compression import compressor
from sandbox.discord.errors import ApiError
from sandbox.discord.flags import KNOWN_INTENTS, Close, Intent, Opcode
from sandbox.discord.news import News
from sandbox.discord.sessions import Connection, HangUp, Session, decode, parse_shard
from sandbox.discord.settings import Settings
from sandbox.discord.state import Event, Guild, Member
from sandbox.discord.types import Json
from sandbox.discord.world import World

API_VERSION = "10"
CLOSING_SECONDS = 2.0
ENDS_SESSION = (1000, 1001)  # when it is the client who closes with it


class Gateway:
    def __init__(self, world: World, settings: Settings, changes: Changes) -> None:
        self.refusing = False
        self.identifies = 0
        self.resumes = 0
        self._world = world
        self._settings = settings
        self._changes = changes
        self._news = News(world)
        self._sessions: dict[str, Session] = {}
        self._connections: dict[Connection, asyncio.Transport | None] = {}

    @property
    def connections(self) -> int:
        return len(self._connections)

    # What the test does to it

    def dispatch(self, event: str, data: Any) -> None:
        for session in self._sessions.values():
            session.dispatch(event, data)

    def tell(self, guild: Guild | None, event: str, data: Any) -> None:
        """Every session that hears of this guild; None stands for a direct message."""
        for session in self._sessions.values():
            if session.covers(guild):
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
            told = self._news.of(session, event)
            if told is not None:
                session.dispatch(*told)

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
        op, data = decode(message)
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
        shard = parse_shard(data.get("shard"))
        starts = self._settings.starts
        self._check_shards(shard[1])
        if not starts.may(shard[0]):
            connection.send({"op": Opcode.INVALID_SESSION, "d": False})
            return
        if not starts.spend(shard[0]):
            # Discord resets the token of a bot that does this.
            raise HangUp(Close.AUTHENTICATION_FAILED, "Authentication failed.")
        session = Session(self._world.new_id(), self._intents(data.get("intents")), shard)
        self._sessions[session.id] = session
        session.connection, connection.session = connection, session
        self.identifies += 1
        self._ready(session, announce_shard="shard" in data)

    def _check_shards(self, count: int) -> None:
        if count < self._settings.starts.fewest_shards:
            raise HangUp(Close.SHARDING_REQUIRED, "Sharding required.")

    def _intents(self, value: Any) -> Intent:
        known = KNOWN_INTENTS & ~self._settings.starts.retired_intents
        if not isinstance(value, int) or value < 0 or value & ~known:
            raise HangUp(Close.INVALID_INTENTS, "Invalid intent(s).")
        if value & Intent.MESSAGE_CONTENT and not self._settings.message_content_allowed:
            raise HangUp(Close.DISALLOWED_INTENTS, "Disallowed intent(s).")
        return Intent(value)

    def _ready(self, session: Session, *, announce_shard: bool) -> None:
        guilds = [guild for guild in self._world.guilds.values() if guild.has_bot and session.covers(guild)]
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
            session.dispatch("GUILD_CREATE", self._news.guild_create(session, guild) | {"unavailable": False})

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
