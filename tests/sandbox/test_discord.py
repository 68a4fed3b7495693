"""The stand-in for Discord, as the real discord.py and plain HTTP find it over real sockets."""

import asyncio
import io
import json
import subprocess
import sys
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands

from sandbox.discord import Discord, DiscordFile, Limits, Permission, Unofficial, Window
from tests.official import OPENAPI
from tests.sandbox.discord_clients import PATIENCE, Bot, Http, pointed_at, running_bot

MESSAGES = "/channels/{id}/messages"
MESSAGE = "/channels/{id}/messages/{id}"


@pytest.fixture
async def sandbox() -> AsyncIterator[Discord]:
    # What is wrong on purpose is not to fail.
    async with Discord(limits=Limits.off(), lenient=True) as sandbox:
        yield sandbox


@pytest.fixture
def guild(sandbox: Discord) -> str:
    return sandbox.add_guild("Office")


@pytest.fixture
def channel(sandbox: Discord, guild: str) -> str:
    return sandbox.add_channel(guild, "general")


@pytest.fixture
def ann(sandbox: Discord, guild: str) -> str:
    return sandbox.add_user("ann")


# Plain HTTP and a plain websocket


@pytest.fixture
async def http(sandbox: Discord) -> AsyncIterator[Http]:
    async with aiohttp.ClientSession() as session:
        yield Http(sandbox, session)


class Wire:
    """A gateway client that knows nothing by itself."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, *, zipped: bool) -> None:
        self.socket = socket
        self._unzip = zlib.decompressobj() if zipped else None

    async def receive(self) -> dict[str, Any]:
        message = await self.socket.receive(timeout=PATIENCE)
        if self._unzip is None:
            assert message.type is aiohttp.WSMsgType.TEXT, message
            payload = json.loads(message.data)
        else:
            assert message.type is aiohttp.WSMsgType.BINARY, message
            assert message.data.endswith(b"\x00\x00\xff\xff")
            payload = json.loads(self._unzip.decompress(message.data))
        assert isinstance(payload, dict)
        return payload

    async def until(self, event: str) -> dict[str, Any]:
        """The first of these, with everything before it forgotten."""
        while True:
            payload = await self.receive()
            if payload.get("t") == event:
                return payload

    async def send(self, op: int, data: Any) -> None:
        await self.socket.send_json({"op": op, "d": data})

    async def identify(self, sandbox: Discord, intents: int = 1 << 9 | 1, **fields: Any) -> dict[str, Any]:
        await self.send(2, {"token": sandbox.token, "intents": intents, "properties": {}} | fields)
        return (await self.until("READY"))["d"]  # type: ignore[no-any-return]

    async def close_code(self) -> int | None:
        while (await self.socket.receive(timeout=PATIENCE)).type is not aiohttp.WSMsgType.CLOSE:
            pass
        return self.socket.close_code


@asynccontextmanager
async def wire(sandbox: Discord, **query: str) -> AsyncIterator[Wire]:
    """A connection that has been greeted."""
    query = {"v": "10", "encoding": "json"} | query
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(sandbox.gateway_url, params=query) as socket,
    ):
        yield Wire(socket, zipped=query.get("compress") == "zlib-stream")


async def greeted(wire: Wire) -> Wire:
    hello = await wire.receive()
    assert hello["op"] == 10
    assert hello["d"]["heartbeat_interval"] == 41_250
    return wire


# Connecting


async def test_the_library_finds_guilds_channels_and_itself(
    sandbox: Discord, guild: str, channel: str
) -> None:
    async with running_bot(sandbox) as bot:
        assert bot.user is not None
        assert (str(bot.user.id), bot.user.bot, str(bot.application_id)) == (
            sandbox.bot_id,
            True,
            sandbox.application_id,
        )
        [office] = bot.guilds
        assert (str(office.id), office.name, office.me.id) == (guild, "Office", bot.user.id)
        assert office.self_role is not None
        assert str(office.self_role.id) == sandbox.bot_role(guild)
        [general] = office.text_channels
        permissions = general.permissions_for(office.me)
        assert (str(general.id), permissions.create_public_threads) == (channel, True)
        assert permissions.send_messages_in_threads
        assert not permissions.manage_messages
        assert (await bot.application_info()).flags.gateway_message_content_limited
        assert sandbox.connections == sandbox.identifies == 1
    await sandbox.wait_for(lambda: sandbox.connections == 0)


async def test_what_is_added_later_arrives(sandbox: Discord) -> None:
    async with running_bot(sandbox) as bot:
        joined = bot.wait_for("guild_join", timeout=PATIENCE)  # listens from here on
        guild = sandbox.add_guild("Later")
        assert str((await joined).id) == guild
        created = bot.wait_for("guild_channel_create", timeout=PATIENCE)  # listens from here on
        channel = sandbox.add_channel(guild, "new")
        assert str((await created).id) == channel


async def test_two_sessions_at_once_hear_the_same(sandbox: Discord, channel: str, ann: str) -> None:
    async with running_bot(sandbox) as one, running_bot(sandbox) as other:
        assert sandbox.connections == sandbox.identifies == 2
        await sandbox.say(channel, ann, "to both")
        assert await one.contents(1) == await other.contents(1) == ["to both"]


async def test_what_was_said_before_is_there_to_be_read(sandbox: Discord, channel: str, ann: str) -> None:
    before = [await sandbox.say(channel, ann, f"{age}", age=age) for age in (3600, 60, 60)]
    question = await sandbox.say(channel, ann, "now")
    await sandbox.say(channel, ann, "long ago", age=7200)
    async with running_bot(sandbox) as bot:
        [general] = bot.guilds[0].text_channels
        assert str(general.last_message_id) == question
        page = [item async for item in general.history(after=discord.Object(before[0]))]
        assert [item.content for item in page] == ["60", "60", "now"]
        assert abs(page[0].created_at.timestamp() - (time.time() - 60)) < PATIENCE
        thread = await page[-1].create_thread(name="thread")
        last = await thread.send("in the thread")
    async with running_bot(sandbox) as bot:
        [told] = bot.guilds[0].threads
        assert told.last_message_id == last.id


async def test_a_wrong_token_is_refused_at_login(sandbox: Discord) -> None:
    async with pointed_at(sandbox), Bot() as bot:
        with pytest.raises(discord.LoginFailure):
            await bot.login("nonsense")


async def test_the_gateway_routes_say_where_it_is(sandbox: Discord, http: Http) -> None:
    status, open_to_all, _ = await http("GET", "/gateway", token="")
    assert (status, open_to_all) == (200, {"url": sandbox.gateway_url})
    status, data, headers = await http("GET", "/gateway/bot")
    assert (status, data["url"], data["shards"]) == (200, sandbox.gateway_url, 1)
    assert set(data["session_start_limit"]) == {"total", "remaining", "reset_after", "max_concurrency"}
    assert headers["Content-Type"] == "application/json"
    status, data, _ = await http("GET", "/gateway/bot", token="wrong")
    assert (status, data) == (401, {"message": "401: Unauthorized", "code": 0})


async def test_a_refused_first_connection_ends_the_client_as_it_really_does(sandbox: Discord) -> None:
    sandbox.refuse_gateway()
    async with pointed_at(sandbox), Bot() as bot:
        await bot.login(sandbox.token)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await bot.connect(reconnect=False)
    sandbox.refuse_gateway(on=False)
    async with running_bot(sandbox):
        pass


# Hearing


async def test_a_message_in_a_channel(sandbox: Discord, channel: str, ann: str) -> None:
    async with running_bot(sandbox) as bot:
        id_ = await sandbox.say(channel, ann, f"<@{sandbox.bot_id}> hello")
        message = await bot.next()
        assert (str(message.id), message.content) == (id_, f"<@{sandbox.bot_id}> hello")
        assert isinstance(message.author, discord.Member)
        assert (str(message.author.id), message.author.display_name, message.author.bot) == (
            ann,
            "ann",
            False,
        )
        assert bot.user in message.mentions
        assert (message.type, message.reference, message.webhook_id) == (
            discord.MessageType.default,
            None,
            None,
        )
        assert abs(message.created_at.timestamp() - time.time()) < PATIENCE


async def test_a_direct_message(sandbox: Discord, ann: str) -> None:
    async with running_bot(sandbox) as bot:
        room = sandbox.open_dm(ann)
        await sandbox.say(room, ann, "psst")
        message = await bot.next()
        assert isinstance(message.channel, discord.DMChannel)
        assert (message.guild, message.content, str(message.channel.id)) == (None, "psst", room)
        assert (await message.channel.send("yes?")).content == "yes?"
        assert (await message.author.create_dm()).id == int(room)
        assert [item.content for item in sandbox.messages(room)] == ["psst", "yes?"]


async def test_a_reply_shows_what_it_replies_to(sandbox: Discord, channel: str, ann: str) -> None:
    async with running_bot(sandbox) as bot:
        sent = await bot.place(channel).send("forty-two")
        assert (await bot.next()).id == sent.id
        await sandbox.say(channel, ann, "why?", reply_to=str(sent.id), mention_bot=True)
        message = await bot.next()
        assert message.type is discord.MessageType.reply
        assert message.reference is not None
        assert isinstance(message.reference.resolved, discord.Message)
        assert message.reference.resolved.content == "forty-two"
        assert bot.user in message.mentions
        await sandbox.remove(str(sent.id))
        await sandbox.redeliver(str(message.id))
        again = await bot.next()
        assert again.reference is not None
        assert isinstance(again.reference.resolved, discord.DeletedReferencedMessage)


@pytest.mark.parametrize(("kind", "machine"), [("webhook", True), ("bot", True), ("", False)])
async def test_machines_that_write(
    sandbox: Discord, channel: str, ann: str, kind: str, *, machine: bool
) -> None:
    async with running_bot(sandbox) as bot:
        await sandbox.say(channel, ann, "beep", webhook=kind == "webhook", bot=kind == "bot")
        message = await bot.next()
        assert message.author.bot is machine
        assert (message.webhook_id is not None) == (kind == "webhook")


async def test_a_message_can_come_twice(sandbox: Discord, channel: str, ann: str) -> None:
    async with running_bot(sandbox) as bot:
        id_ = await sandbox.say(channel, ann, "once")
        await sandbox.redeliver(id_)
        assert [str((await bot.next()).id) for _ in range(2)] == [id_, id_]
        assert len(sandbox.messages(channel)) == len(sandbox.frames) == 1


async def test_a_payload_the_library_cannot_read_ends_it(sandbox: Discord) -> None:
    async with pointed_at(sandbox), Bot() as bot:
        running = asyncio.create_task(bot.start(sandbox.token))
        await sandbox.wait_for(lambda: sandbox.identifies == 1)
        await sandbox.dispatch("MESSAGE_CREATE", {"id": "1"})
        with pytest.raises(KeyError):
            await asyncio.wait_for(running, PATIENCE)


async def test_files_reach_the_bot_and_people(sandbox: Discord, channel: str, ann: str) -> None:
    async with running_bot(sandbox) as bot:
        await sandbox.say(channel, ann, "", attachments=[DiscordFile("a b.txt", "text/plain", b"abc")])
        [attachment] = (await bot.next()).attachments
        assert (attachment.filename, attachment.size, attachment.content_type) == ("a b.txt", 3, "text/plain")
        async with aiohttp.ClientSession() as session, session.get(attachment.url) as response:
            assert (response.status, await response.read()) == (200, b"abc")
            nowhere = attachment.url.replace(str(attachment.id), "1")
        async with aiohttp.ClientSession() as session, session.get(nowhere) as response:
            assert response.status == 404
        await bot.place(channel).send("look", file=discord.File(io.BytesIO(b"abc"), "test.py"))
        assert sandbox.messages(channel)[-1].attachments == ("test.py",)
        assert sandbox.calls[-1].body["content"] == "look"


# The message content intent


async def test_without_the_intent_only_some_messages_can_be_read(
    sandbox: Discord, guild: str, channel: str, ann: str
) -> None:
    files = [DiscordFile("a.txt", "text/plain", b"a")]
    async with running_bot(sandbox, intents=discord.Intents.default()) as bot:
        first = await sandbox.say(channel, ann, "secret", attachments=files)
        hidden = await bot.next()
        assert (str(hidden.id), hidden.content, hidden.attachments) == (first, "", [])
        await sandbox.say(channel, ann, f"<@&{sandbox.bot_role(guild)}> role")
        assert (await bot.next()).content == ""
        await sandbox.say(channel, ann, f"<@{sandbox.bot_id}> mentioned", reply_to=first)
        mentioning = await bot.next()
        assert "mentioned" in mentioning.content
        assert mentioning.reference is not None
        assert isinstance(mentioning.reference.resolved, discord.Message)
        assert mentioning.reference.resolved.content == ""
        await sandbox.say(sandbox.open_dm(ann), ann, "private")
        assert (await bot.next()).content == "private"
        await bot.place(channel).send("mine")
        assert (await bot.next()).content == "mine"


async def test_an_application_without_the_intent_cannot_ask_for_it(sandbox: Discord) -> None:
    sandbox.message_content_allowed = False
    async with pointed_at(sandbox), Bot() as bot:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await bot.start(sandbox.token)


async def test_an_application_without_the_intent_cannot_read_over_http(
    sandbox: Discord, channel: str, ann: str, http: Http
) -> None:
    await sandbox.say(channel, ann, "secret")
    await sandbox.say(channel, ann, f"<@{sandbox.bot_id}> open")
    sandbox.message_content_allowed = False
    _, history, _ = await http("GET", f"/channels/{channel}/messages")
    assert [item["content"] for item in history] == [f"<@{sandbox.bot_id}> open", ""]
    _, application, _ = await http("GET", "/applications/@me")
    assert application["flags"] == 0


# Talking


async def test_the_library_sends_edits_and_deletes(sandbox: Discord, channel: str) -> None:
    async with running_bot(sandbox) as bot:
        watch = sandbox.watch()
        sent = await bot.place(channel).send("one", suppress_embeds=True, silent=True)
        echo = await bot.next()
        assert (echo.id, str(echo.author.id), echo.nonce) == (sent.id, sandbox.bot_id, sent.nonce)
        assert sent.nonce is not None
        partial = bot.place(channel).get_partial_message(sent.id)
        await partial.edit(content="two")
        [seen] = sandbox.messages(channel)
        assert (seen.content, seen.edited, seen.flags) == ("two", True, 4096 | 4)
        await sent.edit(content="three")  # with this, the library lets embeds show again unless told not to
        [seen] = sandbox.messages(channel)
        assert (seen.content, seen.flags) == ("three", 4096)
        assert (seen.author_id, seen.nonce, seen.reference) == (sandbox.bot_id, str(sent.nonce), None)
        await partial.edit(content="three")  # changes nothing that anybody could see
        await sent.add_reaction("👀")
        assert sandbox.messages(channel)[0].reactions == ("👀",)
        assert bot.user is not None
        await sent.remove_reaction("👀", bot.user)
        assert sandbox.messages(channel)[0].reactions == ()
        await sent.delete()
        await sandbox.wait_for(lambda: f"deleted {sent.id}" in bot.happened)
        assert [edit.message.content for edit in bot.edits] == ["two", "three", "three"]
        assert bot.happened[-3:] == ["reacted 👀", "unreacted 👀", f"deleted {sent.id}"]
        assert sandbox.messages(channel) == []
    await sandbox.close()
    assert [(frame.kind, frame.text) async for frame in watch] == [
        ("post", "one"),
        ("edit", "two"),
        ("edit", "three"),
        ("delete", ""),
    ]
    assert {(frame.channel, frame.message, frame.author) for frame in sandbox.frames} == {
        (channel, str(sent.id), sandbox.bot_id)
    }


async def test_a_thread_from_a_message(sandbox: Discord, channel: str, ann: str) -> None:
    async with running_bot(sandbox) as bot:
        id_ = await sandbox.say(channel, ann, "a long story")
        message = await bot.next()
        thread = await message.create_thread(name="story", auto_archive_duration=60)
        assert (str(thread.id), thread.parent_id, thread.owner_id) == (id_, int(channel), int(sandbox.bot_id))
        assert sandbox.threads(channel)[0].name == "story"

        # What Discord sends around it: the parent has a thread now, and the thread points back to it.
        pointer = await bot.next()
        assert (pointer.type, pointer.content) == (discord.MessageType.thread_starter_message, "")
        assert pointer.channel == thread
        assert str(pointer.author.id) == ann
        assert pointer.reference is not None
        assert isinstance(pointer.reference.resolved, discord.Message)
        assert pointer.reference.resolved.content == "a long story"
        assert [(edit.message_id, edit.message.flags.has_thread) for edit in bot.edits] == [(int(id_), True)]

        await thread.send("once upon a time")
        assert (await bot.next()).content == "once upon a time"
        await sandbox.say(id_, ann, "and then?")
        follow_up = await bot.next()
        assert (follow_up.content, follow_up.channel) == ("and then?", thread)
        assert [item.content for item in sandbox.messages(id_)] == ["once upon a time", "and then?"]
        assert [item.content async for item in thread.history(oldest_first=True)] == [
            "",
            "once upon a time",
            "and then?",
        ]
        with pytest.raises(discord.HTTPException) as error:
            await message.create_thread(name="again")
        assert (error.value.status, error.value.code) == (400, 160004)

    async with running_bot(sandbox) as bot:
        [known] = bot.guilds[0].threads
        assert (known.id, known.name, known.auto_archive_duration) == (thread.id, "story", 60)
        assert [active.id for active in await bot.guilds[0].active_threads()] == [thread.id]


async def test_threads_can_be_forbidden_while_the_bot_runs(
    sandbox: Discord, guild: str, channel: str, ann: str
) -> None:
    never = sandbox.add_channel(guild, "never", may_thread=False)
    async with running_bot(sandbox) as bot:
        me = bot.guilds[0].me
        assert not bot.place(never).permissions_for(me).create_public_threads
        changed = bot.wait_for("guild_channel_update", timeout=PATIENCE)  # listens from here on
        sandbox.forbid_threads(channel)
        await changed
        assert not bot.place(channel).permissions_for(me).create_public_threads
        await sandbox.say(channel, ann, "hello")
        with pytest.raises(discord.Forbidden) as error:
            await (await bot.next()).create_thread(name="no")
        assert error.value.code == 50013


async def test_a_thread_is_renamed_archived_and_revived_by_writing(
    sandbox: Discord, channel: str, ann: str, http: Http
) -> None:
    async with running_bot(sandbox) as bot:
        id_ = await sandbox.say(channel, ann, "hello")
        thread = await (await bot.next()).create_thread(name="old")
        sent = await thread.send("text")
        await thread.edit(name="new", archived=True)
        assert (sandbox.threads(channel)[0].name, sandbox.threads(channel)[0].archived) == ("new", True)
        with pytest.raises(discord.HTTPException) as error:
            await sent.edit(content="changed")
        assert error.value.code == 50083
        await thread.send("more")
        assert not sandbox.threads(channel)[0].archived
        with pytest.raises(discord.Forbidden):
            await thread.edit(locked=True)
    status, data, _ = await http("GET", f"/channels/{id_}")
    assert (status, data["name"], data["thread_metadata"]["archived"]) == (200, "new", False)


# Sessions


async def test_a_cut_connection_is_resumed_and_nothing_is_missed(
    sandbox: Discord, channel: str, ann: str
) -> None:
    async with running_bot(sandbox) as bot:
        sandbox.refuse_gateway()
        await sandbox.cut()
        await sandbox.say(channel, ann, "first")
        await sandbox.say(channel, ann, "second")
        sandbox.refuse_gateway(on=False)
        assert await bot.contents(2) == ["first", "second"]
        await sandbox.say(channel, ann, "third")
        assert await bot.contents(1) == ["third"]
        assert (sandbox.resumes, sandbox.identifies, bot.happened) == (1, 1, ["identify", "resumed"])
        assert bot.heard.empty()


async def test_a_reconnect_on_request_resumes(sandbox: Discord, channel: str, ann: str) -> None:
    async with running_bot(sandbox) as bot:
        await sandbox.reconnect()
        await sandbox.say(channel, ann, "meanwhile")
        await sandbox.wait_for(lambda: sandbox.resumes == 1)
        assert await bot.contents(1) == ["meanwhile"]
        assert sandbox.identifies == 1


@pytest.mark.parametrize(("resumable", "identifies", "resumes"), [(True, 1, 1), (False, 2, 0)])
async def test_an_invalid_session(
    sandbox: Discord, channel: str, ann: str, identifies: int, resumes: int, *, resumable: bool
) -> None:
    async with running_bot(sandbox) as bot:
        await sandbox.invalid_session(resumable=resumable)
        await sandbox.say(channel, ann, "lost unless resumed")
        await sandbox.wait_for(lambda: (sandbox.identifies, sandbox.resumes) == (identifies, resumes))
        await sandbox.say(channel, ann, "after")
        assert await bot.contents(1 + resumes) == ["lost unless resumed", "after"][1 - resumes :]


async def test_payloads_are_numbered_and_come_zipped_or_plain(
    sandbox: Discord, channel: str, ann: str
) -> None:
    for query in ({}, {"compress": "zlib-stream"}):
        async with wire(sandbox, **query) as raw:
            await greeted(raw)
            await raw.send(1, None)
            assert (await raw.receive())["op"] == 11
            ready = await raw.identify(sandbox)
            assert (ready["v"], ready["resume_gateway_url"]) == (10, sandbox.gateway_url)
            assert all(guild["unavailable"] for guild in ready["guilds"])
            await sandbox.say(channel, ann, "x" * 1000)
            created, message = await raw.receive(), await raw.receive()
            assert [(item["t"], item["s"]) for item in (created, message)] == [
                ("GUILD_CREATE", 2),
                ("MESSAGE_CREATE", 3),
            ]
            assert "message_reference" not in message["d"]
            assert message["d"]["member"]["joined_at"]


async def test_a_resume_replays_exactly_what_was_missed(sandbox: Discord, channel: str, ann: str) -> None:
    async with wire(sandbox) as raw:
        await greeted(raw)
        session = (await raw.identify(sandbox, 1 << 9 | 1 << 15))["session_id"]
        await sandbox.say(channel, ann, "one")
        seq = (await raw.until("MESSAGE_CREATE"))["s"]
        await sandbox.cut()
        await sandbox.wait_for(lambda: sandbox.connections == 0)
    await sandbox.say(channel, ann, "two")
    async with wire(sandbox) as raw:
        await greeted(raw)
        await raw.send(6, {"token": sandbox.token, "session_id": session, "seq": seq})
        missed, resumed = await raw.receive(), await raw.receive()
        assert (missed["s"], missed["d"]["content"]) == (seq + 1, "two")
        assert (resumed["t"], resumed["s"]) == ("RESUMED", seq + 2)
        await raw.socket.close(code=1000)  # which ends the session
    await sandbox.wait_for(lambda: sandbox.connections == 0)
    async with wire(sandbox) as raw:
        await greeted(raw)
        await raw.send(6, {"token": sandbox.token, "session_id": session, "seq": seq})
        assert await raw.receive() == {"op": 9, "d": False}
        await raw.identify(sandbox)


@pytest.mark.parametrize(
    ("code", "op", "data"),
    [
        (4001, 99, None),
        (4003, 3, {}),
        (4004, 2, {"token": "wrong", "intents": 1}),
        (4004, 6, {"token": "wrong", "session_id": "1", "seq": 1}),
        (4010, 2, {"intents": 1, "shard": [2, 2]}),
        (4013, 2, {"intents": 1 << 30}),
        (4013, 2, {}),
    ],
)
async def test_the_gateway_hangs_up_on_what_it_cannot_accept(
    sandbox: Discord, code: int, op: int, data: dict[str, Any] | None
) -> None:
    async with wire(sandbox) as raw:
        await raw.send(op, None if data is None else {"token": sandbox.token} | data)
        assert await raw.close_code() == code


async def test_the_gateway_hangs_up_on_nonsense(sandbox: Discord) -> None:
    async with wire(sandbox) as raw:
        await raw.socket.send_str("{")
        assert await raw.close_code() == 4002
    async with wire(sandbox, v="9") as raw:
        assert await raw.close_code() == 4012
    async with wire(sandbox) as raw:
        session = (await raw.identify(sandbox))["session_id"]
        await raw.send(2, {"token": sandbox.token, "intents": 1})
        assert await raw.close_code() == 4005
    async with wire(sandbox) as raw:
        await raw.send(6, {"token": sandbox.token, "session_id": session, "seq": 1000})
        assert await raw.close_code() == 4007
    async with wire(sandbox) as raw:
        for _ in range(121):
            await raw.send(1, None)
        assert await raw.close_code() == 4008


async def test_each_shard_hears_of_its_own_guilds(sandbox: Discord, ann: str) -> None:
    places: dict[int, tuple[str, str]] = {}
    while len(places) < 2:
        guild = sandbox.add_guild()
        places.setdefault((int(guild) >> 22) % 2, (guild, sandbox.add_channel(guild, "general")))
        await asyncio.sleep(0.001)  # ids made within one millisecond fall to the same shard
    intents = 1 | 1 << 9 | 1 << 12 | 1 << 15
    async with wire(sandbox) as zero, wire(sandbox) as one:
        for number, raw in ((0, zero), (1, one)):
            ready = await raw.identify(sandbox, intents, shard=[number, 2])
            assert ready["shard"] == [number, 2]
            assert places[number][0] in [guild["id"] for guild in ready["guilds"]]
            assert places[1 - number][0] not in [guild["id"] for guild in ready["guilds"]]
        await sandbox.say(places[1][1], ann, "to one")
        await sandbox.say(sandbox.open_dm(ann), ann, "to zero")
        assert (await zero.until("MESSAGE_CREATE"))["d"]["content"] == "to zero"
        assert (await one.until("MESSAGE_CREATE"))["d"]["content"] == "to one"


async def test_members_are_told_only_to_who_asked(sandbox: Discord, guild: str, ann: str) -> None:
    intents = discord.Intents.default()
    intents.members = True
    async with running_bot(sandbox, intents=intents) as bot:
        member = bot.guilds[0].get_member(int(ann))
        assert member is not None
        joined = bot.wait_for("member_join", timeout=PATIENCE)  # listens from here on
        ben = sandbox.add_user("ben")
        assert str((await joined).id) == ben
    async with running_bot(sandbox) as bot:
        assert bot.guilds[0].get_member(int(ann)) is None
        assert bot.guilds[0].me is not None


# Limits


async def test_posting_and_editing_share_a_name_but_not_a_window(
    sandbox: Discord, channel: str, guild: str, http: Http
) -> None:
    window = Window(3, 60.0)
    sandbox.limits = Limits(create=window, edit=window)
    posts = [await http("POST", f"/channels/{channel}/messages", {"content": "x"}) for _ in range(4)]
    assert [status for status, _, _ in posts] == [200, 200, 200, 429]
    assert [headers["X-RateLimit-Remaining"] for _, _, headers in posts] == ["2", "1", "0", "0"]
    assert {headers["X-RateLimit-Limit"] for _, _, headers in posts} == {"3"}
    path = f"/channels/{channel}/messages/{posts[0][1]['id']}"
    edits = [await http("PATCH", path, {"content": str(number)}) for number in range(4)]
    assert [status for status, _, _ in edits] == [200, 200, 200, 429]
    assert len({headers["X-RateLimit-Bucket"] for _, _, headers in posts + edits}) == 1

    _, body, headers = posts[3]
    assert set(body) == {"message", "retry_after", "global"}
    assert body["global"] is False
    assert 59 < body["retry_after"] <= 60
    assert (headers["Retry-After"], headers["X-RateLimit-Scope"]) == ("60", "user")
    assert float(headers["X-RateLimit-Reset-After"]) == pytest.approx(body["retry_after"], abs=0.002)
    assert float(headers["X-RateLimit-Reset"]) == pytest.approx(time.time() + 60, abs=2)
    assert headers["Via"]
    assert headers["Content-Type"] == "application/json"

    await http.post(sandbox.add_channel(guild, "other"))  # a window of its own
    assert len(sandbox.messages(channel)) == 3
    sandbox.limits = Limits.off()
    assert "X-RateLimit-Limit" not in (await http("PATCH", path, {"content": "more"}))[2]


async def test_the_window_slides(sandbox: Discord, channel: str, http: Http) -> None:
    sandbox.limits = Limits(create=Window(2, 0.3))
    await http.post(channel)
    await asyncio.sleep(0.15)
    await http.post(channel)
    status, body, _ = await http("POST", f"/channels/{channel}/messages", {"content": "x"})
    assert status == 429
    await asyncio.sleep(body["retry_after"])
    await http.post(channel)
    # Only the first has left: a window that starts anew each time would have room for two.
    status, _, _ = await http("POST", f"/channels/{channel}/messages", {"content": "x"})
    assert status == 429


async def test_the_global_limit(sandbox: Discord, http: Http) -> None:
    sandbox.limits = Limits(everything=Window(2, 60.0))
    answers = [await http("GET", "/users/@me") for _ in range(3)]
    assert [status for status, _, _ in answers] == [200, 200, 429]
    _, body, headers = answers[2]
    assert (body["global"], headers["X-RateLimit-Scope"], headers["X-RateLimit-Global"]) == (
        True,
        "global",
        "true",
    )
    assert "X-RateLimit-Bucket" not in headers
    assert headers["Via"]


async def test_the_library_waits_for_the_limit_by_itself(sandbox: Discord, channel: str) -> None:
    sandbox.limits = Limits(create=Window(2, 0.2), edit=Window(2, 0.2))
    async with running_bot(sandbox) as bot:
        await asyncio.gather(*(bot.place(channel).send(str(number)) for number in range(5)))
        assert {item.content for item in sandbox.messages(channel)} == set("01234")


async def test_the_usual_limits() -> None:
    async with Discord(lenient=True) as sandbox:
        assert sandbox.limits == Limits(Window(5, 5.0), Window(5, 5.0), Window(50, 1.0))


async def test_latency_is_how_long_a_request_takes(sandbox: Discord, channel: str, http: Http) -> None:
    sandbox.latency = 0.1
    began = time.monotonic()
    await http.post(channel)
    assert 0.1 <= time.monotonic() - began < 1
    assert 0.05 <= sandbox.frames[0].at - sandbox.calls[0].at < 0.1


# Posting once


async def test_a_nonce_makes_posting_idempotent(sandbox: Discord, channel: str, ann: str, http: Http) -> None:
    once = await http.post(channel, "once", nonce="job:1", enforce_nonce=True)
    assert await http.post(channel, "twice", nonce="job:1", enforce_nonce=True) == once
    assert await http.post(channel, "else", nonce="job:2", enforce_nonce=True) != once
    assert await http.post(channel, "unenforced", nonce="job:1") != once
    fetched = (await http("GET", f"/channels/{channel}/messages"))[1]
    assert len(fetched) == 3
    assert not any("nonce" in message for message in fetched)
    assert [item.content for item in sandbox.messages(channel)] == ["once", "else", "unenforced"]
    assert len(sandbox.frames) == 3


async def test_the_library_posts_once_when_the_answer_is_lost(sandbox: Discord, channel: str) -> None:
    async with running_bot(sandbox) as bot:
        sandbox.fail("POST", MESSAGES, 429, retry_after=0.01, afterwards=True)
        await bot.place(channel).send("once")
        assert [item.content for item in sandbox.messages(channel)] == ["once"]
        assert [call.status for call in sandbox.calls if call.route == MESSAGES] == [429, 200]


# Pings


@pytest.mark.parametrize(
    ("content", "allowed", "pings"),
    [
        ("<@ANN> <@!ANN> @everyone <@&77>", None, ("everyone", "user:ANN", "role:77")),
        ("<@ANN> @here <@&77>", {"parse": []}, ()),
        ("<@ANN> @here <@&77>", {}, ()),
        ("<@ANN> @here <@&77>", {"parse": ["everyone"]}, ("everyone",)),
        ("<@ANN> @here <@&77>", {"parse": ["users"]}, ("user:ANN",)),
        ("<@ANN> <@&77> <@&78>", {"parse": [], "roles": ["78"]}, ("role:78",)),
        ("<@ANN> <@BOT>", {"users": ["ANN", "1"]}, ("user:ANN",)),
        ("<@12345> nobody", None, ()),
        ("`<@ANN>` ```\n@everyone\n``` @ everyone", None, ()),
    ],
)
async def test_who_is_pinged(
    sandbox: Discord,
    channel: str,
    ann: str,
    http: Http,
    content: str,
    allowed: dict[str, Any] | None,
    pings: tuple[str, ...],
) -> None:
    def filled(value: Any) -> Any:
        return json.loads(json.dumps(value).replace("ANN", ann).replace("BOT", sandbox.bot_id))

    fields = {} if allowed is None else {"allowed_mentions": filled(allowed)}
    await http.post(channel, filled(content), **fields)
    assert sandbox.messages(channel)[0].pings == tuple(filled(pings))


@pytest.mark.parametrize(
    ("allowed", "pinged"), [(None, True), ({"parse": []}, False), ({"replied_user": True}, True)]
)
async def test_a_reply_pings_unless_told_not_to(
    sandbox: Discord, channel: str, ann: str, http: Http, allowed: dict[str, Any] | None, *, pinged: bool
) -> None:
    question = await sandbox.say(channel, ann, "why?")
    fields = {} if allowed is None else {"allowed_mentions": allowed}
    await http.post(channel, "because", message_reference={"message_id": question}, **fields)
    answer = sandbox.messages(channel)[-1]
    assert (answer.reference, answer.type) == (question, 19)
    assert answer.pings == ((f"user:{ann}",) if pinged else ())


async def test_an_edit_never_pings(sandbox: Discord, channel: str, ann: str, http: Http) -> None:
    id_ = await http.post(channel, "hello")
    await http("PATCH", f"/channels/{channel}/messages/{id_}", {"content": f"<@{ann}> @everyone"})
    [message] = sandbox.messages(channel)
    assert (message.pings, message.mentions) == ((), ("everyone", f"user:{ann}"))


async def test_a_library_told_to_mention_nobody_pings_nobody(
    sandbox: Discord, channel: str, ann: str
) -> None:
    async with running_bot(sandbox, allowed_mentions=discord.AllowedMentions.none()) as bot:
        await sandbox.say(channel, ann, "hello")
        await (await bot.next()).reply(f"<@{ann}> @everyone @here <@&1>")
        assert sandbox.messages(channel)[-1].pings == ()


# Refusals


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/channels/1", None, 404, 10003),
        ("POST", "/channels/1/messages", {"content": "x"}, 404, 10003),
        ("GET", "/guilds/1", None, 404, 10004),
        ("GET", "/channels/HERE/messages/1", None, 404, 10008),
        ("PATCH", "/channels/HERE/messages/1", {"content": "x"}, 404, 10008),
        ("POST", "/channels/HERE/messages/1/threads", {"name": "x"}, 404, 10008),
        ("POST", "/users/@me/channels", {"recipient_id": "1"}, 404, 10013),
        ("GET", "/applications/1/commands", None, 403, 20012),
        ("GET", "/channels/HIDDEN/messages", None, 403, 50001),
        ("POST", "/channels/HIDDEN/messages", {"content": "x"}, 403, 50001),
        ("PATCH", "/channels/HERE/messages/HERS", {"content": "x"}, 403, 50005),
        ("POST", "/channels/HERE/messages", {"content": " \n"}, 400, 50006),
        ("PATCH", "/channels/HERE/messages/OURS", {"content": ""}, 400, 50006),
        ("POST", "/channels/READONLY/messages", {"content": "x"}, 403, 50013),
        ("POST", "/channels/READONLY/typing", None, 403, 50013),
        ("PUT", "/channels/READONLY/messages/OTHER/reactions/👀/@me", None, 403, 50013),
        ("DELETE", "/channels/HERE/messages/HERS", None, 403, 50013),
        ("PATCH", "/channels/HERE", {"name": "x"}, 403, 50013),
        ("POST", "/channels/PRIVATE/messages/DIRECT/threads", {"name": "x"}, 400, 50024),
        ("POST", "/channels/HERE/messages/HERS/threads", {"name": "x" * 101}, 400, 50035),
        ("GET", "/channels/nonsense", None, 400, 50035),
        ("POST", "/nowhere", None, 404, 0),
    ],
)
async def test_how_requests_are_refused(
    sandbox: Discord,
    guild: str,
    channel: str,
    ann: str,
    http: Http,
    method: str,
    path: str,
    body: Any,
    status: int,
    code: int,
) -> None:
    readonly = sandbox.add_channel(guild, "readonly", permissions=Permission.VIEW_CHANNEL | 1 << 16)
    private = sandbox.open_dm(ann)
    names = {
        "HERE": channel,
        "HIDDEN": sandbox.add_channel(guild, "hidden", permissions=Permission(0)),
        "READONLY": readonly,
        "PRIVATE": private,
        "HERS": await sandbox.say(channel, ann, "hers"),
        "OTHER": await sandbox.say(readonly, ann, "there"),
        "DIRECT": await sandbox.say(private, ann, "direct"),
        "OURS": await http.post(channel, "ours"),
    }
    before = [item.content for item in sandbox.messages(channel)]
    for name, id_ in names.items():
        path = path.replace(name, id_)
    answered, data, _ = await http(method, path, body)
    assert (answered, data["code"]) == (status, code), data
    assert data["message"]
    assert [item.content for item in sandbox.messages(channel)] == before
    assert (sandbox.calls[-1].status, sandbox.calls[-1].path) == (status, path)


@pytest.mark.parametrize(
    ("field", "body", "code"),
    [
        ("content", {"content": "x" * 2001}, "BASE_TYPE_MAX_LENGTH"),
        ("content", {"content": "😀" * 1001}, "BASE_TYPE_MAX_LENGTH"),
        ("nonce", {"content": "x", "nonce": "n" * 26}, "BASE_TYPE_MAX_LENGTH"),
        ("message_reference", {"content": "x", "message_reference": {"message_id": "1"}}, None),
        ("embeds.0.description", {"embeds": [{"description": "x" * 4097}]}, "BASE_TYPE_MAX_LENGTH"),
        ("embeds", {"embeds": [{"description": "x" * 3001}] * 2}, "MAX_EMBED_SIZE_EXCEEDED"),
        (
            "allowed_mentions",
            {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
            None,
        ),
    ],
)
async def test_a_form_that_is_not_valid(
    channel: str, http: Http, field: str, body: dict[str, Any], code: str | None
) -> None:
    status, data, _ = await http("POST", f"/channels/{channel}/messages", body)
    assert (status, data["code"], data["message"]) == (400, 50035, "Invalid Form Body")
    errors = data["errors"]
    for step in field.split("."):
        errors = errors[step]
    assert errors["_errors"][0]["message"]
    assert code is None or errors["_errors"][0]["code"] == code


@pytest.mark.parametrize(
    "body",
    [
        {"content": 7},
        {"content": "x", "flags": "4"},
        {"content": "x", "embeds": "x"},
        {"content": "x", "embeds": [1]},
        {"content": "x", "embeds": [{"description": "x"}] * 11},
        {"content": "x", "allowed_mentions": []},
        {"content": "x", "allowed_mentions": {"parse": ["nobody"]}},
        {"content": "x", "message_reference": "1"},
        {"content": "x", "message_reference": {}},
    ],
)
async def test_a_form_of_the_wrong_shape(channel: str, http: Http, body: dict[str, Any]) -> None:
    status, data, _ = await http("POST", f"/channels/{channel}/messages", body)
    assert (status, data["code"]) == (400, 50035), data


async def test_replies_to_what_cannot_be_replied_to(
    sandbox: Discord, guild: str, channel: str, ann: str, http: Http
) -> None:
    joined = await sandbox.say(channel, ann, "", type=7)
    body = {"content": "x", "message_reference": {"message_id": joined}}
    status, data, _ = await http("POST", f"/channels/{channel}/messages", body)
    assert (status, data["code"]) == (400, 50035)
    blind = sandbox.add_channel(
        guild, "blind", permissions=Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES
    )
    body["message_reference"] = {"message_id": await sandbox.say(blind, ann, "hello")}
    status, data, _ = await http("POST", f"/channels/{blind}/messages", body)
    assert (status, data["code"]) == (403, 160002)
    assert (await http("GET", f"/channels/{blind}/messages"))[1] == []


async def test_who_may_manage_threads(sandbox: Discord, guild: str, ann: str, http: Http) -> None:
    everything = Permission.usual() | Permission.MANAGE_THREADS | Permission.MANAGE_CHANNELS
    channel = sandbox.add_channel(guild, "ours", permissions=everything | Permission.MANAGE_MESSAGES)
    thread = await sandbox.say(channel, ann, "hello")
    assert (await http("POST", f"/channels/{channel}/messages/{thread}/threads", {"name": "a"}))[0] == 201
    status, data, _ = await http("PATCH", f"/channels/{thread}", {"locked": True, "archived": True})
    assert (status, data["thread_metadata"]["locked"]) == (200, True)
    for method, path in (("POST", f"/channels/{thread}/messages"), ("PATCH", f"/channels/{thread}")):
        status, data, _ = await http(method, path, {"content": "x", "name": "x"})
        assert (status, data["code"]) == (400, 50083)
    changes = {"archived": False, "locked": False, "auto_archive_duration": 60, "rate_limit_per_user": 5}
    status, data, _ = await http("PATCH", f"/channels/{thread}", changes)
    assert (status, data["rate_limit_per_user"], data["thread_metadata"]["archived"]) == (200, 5, False)
    status, data, _ = await http("PATCH", f"/channels/{thread}", {"auto_archive_duration": 5})
    assert (status, data["code"]) == (400, 50035)
    status, data, _ = await http("PATCH", f"/channels/{channel}", {"topic": "bots"})
    assert (status, data["topic"], data["permission_overwrites"][0]["deny"]) == (200, "bots", "0")
    _, pointer, _ = await http("GET", f"/channels/{thread}/messages")
    status, data, _ = await http("DELETE", f"/channels/{thread}/messages/{pointer[0]['id']}")
    assert (status, data["code"]) == (403, 50021)
    assert (await http("DELETE", f"/channels/{channel}/messages/{thread}"))[0] == 204
    status, data, _ = await http("DELETE", f"/channels/{thread}/messages/1/reactions/x/@me")
    assert (status, data["code"]) == (404, 10008)


async def test_an_edit_keeps_what_it_does_not_name(sandbox: Discord, channel: str) -> None:
    async with running_bot(sandbox) as bot:
        files = [discord.File(io.BytesIO(b"abc"), name) for name in ("a.txt", "b.txt")]
        sent = await bot.place(channel).send("two files", files=files, embed=discord.Embed(title="title"))
        await sent.edit(content="still two")
        assert sandbox.messages(channel)[0].attachments == ("a.txt", "b.txt")
        more = discord.File(io.BytesIO(b"abc"), "c.txt")
        changed = await sent.edit(attachments=[sent.attachments[1], more], embed=None)
        assert sandbox.messages(channel)[0].attachments == ("b.txt", "c.txt")
        assert (changed.content, changed.embeds) == ("still two", [])


async def test_what_just_fits(sandbox: Discord, channel: str, http: Http) -> None:
    await http.post(channel, "😀" * 1000)
    await http.post(channel, "x" * 2000)
    await http.post(channel, "\n  around \n")
    await http.post(channel, "", embeds=[{"description": "x"}])
    await http.post(channel, "x", message_reference={"message_id": "1", "fail_if_not_exists": False})
    assert [len(item.content) for item in sandbox.messages(channel)] == [1000, 2000, 6, 0, 1]


async def test_a_body_that_is_not_json(sandbox: Discord, channel: str, http: Http) -> None:
    headers = {"Authorization": f"Bot {sandbox.token}", "Content-Type": "application/json"}
    url = f"{sandbox.url}/channels/{channel}/messages"
    async with http.session.post(url, data=b"{", headers=headers) as response:
        assert (response.status, (await response.json())["code"]) == (400, 50109)


async def test_a_hidden_channel_is_not_heard_of(sandbox: Discord, guild: str, ann: str) -> None:
    hidden = sandbox.add_channel(guild, "hidden", permissions=Permission(0))
    shown = sandbox.add_channel(guild, "shown")
    async with running_bot(sandbox) as bot:
        assert [channel.name for channel in bot.guilds[0].channels] == ["shown"]
        await sandbox.say(hidden, ann, "hidden")
        await sandbox.say(shown, ann, "shown")
        assert await bot.contents(1) == ["shown"]


# Failures on order


async def test_failures_on_order(sandbox: Discord, channel: str, http: Http) -> None:
    path = f"/channels/{channel}/messages"
    sandbox.fail("POST", MESSAGES, 503, times=2)
    sandbox.fail("POST", "/channels/{channel_id}/messages", 429, code=30046, retry_after=2.5)
    answers = [await http("POST", path, {"content": "x"}) for _ in range(4)]
    assert [status for status, _, _ in answers] == [503, 503, 429, 200]
    assert (answers[2][1]["retry_after"], answers[2][1]["code"]) == (2.5, 30046)
    assert answers[2][2]["Retry-After"] == "3"
    assert answers[2][2]["Via"]
    assert len(sandbox.messages(channel)) == 1

    sandbox.fail("POST", MESSAGES, 0, afterwards=True)
    with pytest.raises(aiohttp.ClientError):
        await http("POST", path, {"content": "x"})
    assert len(sandbox.messages(channel)) == 2
    assert sandbox.calls[-1].status == 0


async def test_the_library_maps_a_failure_to_its_error(sandbox: Discord, channel: str) -> None:
    async with running_bot(sandbox) as bot:
        sent = await bot.place(channel).send("x")
        await sandbox.remove(str(sent.id))
        with pytest.raises(discord.NotFound) as gone:
            await sent.edit(content="y")
        assert gone.value.code == 10008
        sandbox.fail("POST", MESSAGES, 403, code=50001, message="Missing Access")
        with pytest.raises(discord.Forbidden) as missing:
            await bot.place(channel).send("x")
        assert (missing.value.code, missing.value.text) == (50001, "Missing Access")


# History, commands, and the rest


async def test_history_comes_in_pages(sandbox: Discord, channel: str, ann: str, http: Http) -> None:
    ids = [await sandbox.say(channel, ann, str(number)) for number in range(10)]
    path = f"/channels/{channel}/messages"

    async def page(**query: str) -> list[str]:
        status, data, _ = await http("GET", path, **query)
        assert status == 200
        return [item["content"] for item in data]

    assert await page() == list("9876543210")
    assert await page(limit="2") == ["9", "8"]
    assert await page(limit="2", after=ids[3]) == ["5", "4"]
    assert await page(limit="2", before=ids[3]) == ["2", "1"]
    assert await page(limit="4", around=ids[5]) == ["6", "5", "4", "3"]
    assert await page(after=ids[9]) == []
    assert sandbox.calls[-1].query == {"after": ids[9]}
    for limit in ("0", "101", "x"):
        status, data, _ = await http("GET", path, limit=limit)
        assert (status, data["code"]) == (400, 50035)
    async with running_bot(sandbox) as bot:
        caught_up = [item.content async for item in bot.place(channel).history(after=discord.Object(ids[6]))]
        assert caught_up == ["7", "8", "9"]


async def test_commands_are_overwritten_as_a_whole(sandbox: Discord, guild: str) -> None:
    async with running_bot(sandbox) as bot:
        tree = app_commands.CommandTree(bot)

        @tree.command(name="new", description="Start afresh")
        async def new(interaction: discord.Interaction) -> None:
            await interaction.response.defer()

        assert await tree.fetch_commands() == []
        [first] = await tree.sync()
        [second] = await tree.sync()
        assert (first.id, first.name, first.description) == (second.id, "new", "Start afresh")
        tree.copy_global_to(guild=discord.Object(guild))
        [local] = await tree.sync(guild=discord.Object(guild))
        assert str(local.guild_id) == guild
        assert [item.name for item in await tree.fetch_commands()] == ["new"]
        tree.clear_commands(guild=None)
        assert await tree.sync() == []
        assert await tree.fetch_commands() == []


async def test_calls_are_recorded(sandbox: Discord, channel: str) -> None:
    async with running_bot(sandbox) as bot:
        place = bot.place(channel)
        async with place.typing():
            sent = await place.send("text")
        await sent.add_reaction("👀")
        await (await bot.fetch_guild(bot.guilds[0].id)).fetch_channel(int(channel))
    recorded = [(call.method, call.route, call.status) for call in sandbox.calls]
    assert recorded[2:] == [
        ("POST", "/channels/{id}/typing", 204),
        ("POST", MESSAGES, 200),
        ("PUT", "/channels/{id}/messages/{id}/reactions/{emoji}/@me", 204),
        ("GET", "/guilds/{id}", 200),
        ("GET", "/channels/{id}", 200),
    ]
    assert sandbox.calls[3].path == f"/channels/{channel}/messages"
    assert sandbox.calls[3].body["content"] == "text"
    assert sandbox.calls[3].body["enforce_nonce"] is True
    assert sorted(sandbox.calls, key=lambda call: call.at) == sandbox.calls


async def test_waiting_gives_up(sandbox: Discord) -> None:
    with pytest.raises(TimeoutError):
        await sandbox.wait_for(lambda: False, timeout=0.01)


async def test_closing_hangs_up_and_ends_watching(sandbox: Discord, channel: str, ann: str) -> None:
    watch = sandbox.watch()
    async with wire(sandbox) as raw:
        await raw.identify(sandbox)
        await sandbox.say(channel, ann, "last")
        closing = asyncio.create_task(sandbox.close())
        assert await raw.close_code() == 1001
        await closing
    assert [frame.text async for frame in watch] == ["last"]
    assert [frame.text async for frame in sandbox.watch()] == []
    assert [item.content for item in sandbox.messages(channel)] == ["last"]


def test_it_needs_neither_the_library_nor_the_validators() -> None:
    program = (
        "import sys, sandbox.discord;"
        "sys.exit(len({'discord', 'jsonschema', 'referencing', 'bridge', 'adapters'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(  # noqa: S603 - the program is the one above
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


# The official document


@pytest.fixture
async def checked() -> AsyncIterator[Discord]:
    if not OPENAPI.exists():
        pytest.skip(f"NOT CHECKED AGAINST DISCORD'S OPENAPI: {OPENAPI} is not here")
    async with Discord(limits=Limits.off(), openapi=OPENAPI) as sandbox:
        yield sandbox


async def test_the_librarys_own_traffic_is_valid(checked: Discord) -> None:
    guild = checked.add_guild()
    channel, ann = checked.add_channel(guild, "general"), checked.add_user("ann")
    async with running_bot(
        checked, allowed_mentions=discord.AllowedMentions(users=[discord.Object(ann)])
    ) as bot:
        await checked.say(channel, ann, "hello")
        message = await bot.next()
        await message.reply("reply", mention_author=False, silent=True)
        thread = await message.create_thread(name="thread")
        sent = await thread.send(
            "text", embed=discord.Embed(title="title"), view=discord.ui.View().add_item(button())
        )
        await sent.edit(content="changed", suppress=True, attachments=[])
        await sent.add_reaction("👀")
        assert bot.user is not None
        await sent.remove_reaction("👀", bot.user)
        await thread.send(file=discord.File(io.BytesIO(b"abc"), "abc.txt"))
        await (await message.author.create_dm()).send("private")
        await thread.edit(name="renamed", archived=True)
        async with thread.typing():
            assert [item async for item in thread.history(limit=2)]
        tree = app_commands.CommandTree(bot)
        tree.command(name="new", description="Start afresh")(command)
        await tree.sync()
        await tree.sync(guild=discord.Object(guild))
        await tree.fetch_commands()
        await sent.delete()
    assert all(call.status < 300 for call in checked.calls), checked.calls
    assert checked.violations == []


def button() -> discord.ui.Button[discord.ui.View]:
    return discord.ui.Button(label="Stop", custom_id="stop")


async def command(interaction: discord.Interaction) -> None:
    await interaction.response.defer()


async def test_what_is_not_valid_is_noted(checked: Discord) -> None:
    channel = checked.add_channel(checked.add_guild(), "general")
    one = {"type": 2, "style": 1, "label": "a", "custom_id": "a"}
    twins = [{"type": 1, "components": [one, one]}]
    bodies: list[Any] = [
        {"content": 7},
        {"content": "x", "allowed_mentions": {"parse": ["nobody"]}},
        {"content": "x", "message_reference": {}},
        None,
        # What stands in no document:
        {"content": "x" * 2001},
        {"embeds": [{"description": "x" * 3500}] * 2},
        {"content": "x", "components": twins},
        {"content": "x", "components": [one]},
        {"content": ""},
    ]
    async with aiohttp.ClientSession() as session:
        http = Http(checked, session)
        for body in bodies:
            before = len(checked.violations)
            await http("POST", f"/channels/{channel}/messages", body)
            assert len(checked.violations) > before, body
        before = len(checked.violations)
        await http.post(channel, "fine", message_reference={"message_id": 1, "fail_if_not_exists": False})
        assert len(checked.violations) == before
        await http("GET", "/channels/abc")
        await http("GET", f"/channels/{channel}/messages", limit="101", since="1")
    assert len(checked.violations) >= before + 3
    assert checked.violations[0].startswith(
        "POST /channels/{channel_id}/messages: body.content: 7 is not of type"
    )


async def test_a_request_that_is_not_valid_fails_whichever_test_it_is_made_in() -> None:
    if Discord.official is None:
        pytest.skip(f"NOT CHECKED AGAINST DISCORD'S OPENAPI: {OPENAPI} is not here")
    sandbox = Discord(limits=Limits.off())
    await sandbox.start()
    channel = sandbox.add_channel(sandbox.add_guild(), "general")
    async with aiohttp.ClientSession() as session:
        await Http(sandbox, session)("POST", f"/channels/{channel}/messages", {"content": "x" * 2001})
    with pytest.raises(Unofficial, match="2000"):
        await sandbox.close()
