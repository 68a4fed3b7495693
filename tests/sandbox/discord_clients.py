"""Who talks to the stand-in for Discord: the real discord.py, and plain HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from sandbox.discord import Discord

PATIENCE = 5.0  # seconds; nothing here should take so long


class Bot(discord.Client):
    """Listens to everything, and never waits before it identifies anew."""

    def __init__(
        self,
        intents: discord.Intents | None = None,
        allowed_mentions: discord.AllowedMentions | None = None,
    ) -> None:
        if intents is None:
            intents = discord.Intents.default()
            intents.message_content = True
        super().__init__(intents=intents, allowed_mentions=allowed_mentions, guild_ready_timeout=0.02)
        self.heard: asyncio.Queue[discord.Message] = asyncio.Queue()
        self.up = asyncio.Event()
        self.pressed: asyncio.Queue[discord.Interaction] = asyncio.Queue()
        self.happened: list[str] = []
        self.edits: list[discord.RawMessageUpdateEvent] = []

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        self.happened.append("identify")

    async def on_message(self, message: discord.Message) -> None:
        self.heard.put_nowait(message)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        self.edits.append(payload)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        self.happened.append(f"deleted {payload.message_id}")

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        self.happened.append(f"reacted {payload.emoji}")

    async def on_raw_reaction_remove(self, payload: discord.RawReactionActionEvent) -> None:
        self.happened.append(f"unreacted {payload.emoji}")

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        self.pressed.put_nowait(interaction)

    async def on_ready(self) -> None:
        self.up.set()

    async def on_resumed(self) -> None:
        self.happened.append("resumed")

    async def next(self) -> discord.Message:
        async with asyncio.timeout(PATIENCE):
            return await self.heard.get()

    async def contents(self, count: int) -> list[str]:
        return [(await self.next()).content for _ in range(count)]

    def place(self, channel: str) -> Any:
        """The library types what it returns by every kind of channel there is."""
        place = self.get_channel(int(channel)) or self.get_partial_messageable(int(channel))
        assert place.id == int(channel)
        return place


@asynccontextmanager
async def pointed_at(sandbox: Discord) -> AsyncIterator[None]:
    """The library has no setting for where Discord is."""
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = sandbox.url, yarl.URL(sandbox.gateway_url)
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


@asynccontextmanager
async def running_bot(sandbox: Discord, **options: Any) -> AsyncIterator[Bot]:
    async with pointed_at(sandbox), Bot(**options) as bot:
        running = asyncio.create_task(bot.start(sandbox.token))
        try:
            ready = asyncio.create_task(bot.up.wait())
            async with asyncio.timeout(PATIENCE):
                await asyncio.wait([running, ready], return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                ready.cancel()
                await running
            yield bot
        finally:
            await bot.close()
            await asyncio.wait([running])


class Http:
    def __init__(self, sandbox: Discord, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.session = session

    async def __call__(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **query: str
    ) -> tuple[int, Any, Any]:
        """Status, body and headers."""
        headers = {"Authorization": f"Bot {self.sandbox.token if token is None else token}"}
        url = self.sandbox.url + path
        async with self.session.request(method, url, json=body, headers=headers, params=query) as response:
            data = await response.json() if response.status != 204 else None
            return response.status, data, response.headers

    async def post(self, channel: str, content: str = "hello", **fields: Any) -> str:
        body = {"content": content} | fields
        status, data, _ = await self("POST", f"/channels/{channel}/messages", body)
        assert status == 200, data
        return str(data["id"])
