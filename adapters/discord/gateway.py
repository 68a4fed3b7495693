"""The gateway connection, kept up whatever happens to it.

discord.py renews a connection that breaks, but it gives up when the very first one fails, or when a payload
arrives that it cannot read. So every attempt gets a new client, paced so that a crash loop never uses up the
day's identifies (1,000; beyond them Discord resets the bot's token).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import discord
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from adapters.discord.files import FileLimits
from adapters.discord.hearing import Hearing
from adapters.discord.presses import Presses
from adapters.discord.shards import Identifies, Shard, Shards
from bridge.errors import LoginRefused, PlatformError
from bridge.ports import Host

log = logging.getLogger(__name__)

FindGateway = Callable[[], Awaitable[str]]

FIRST_RETRY_SECONDS = 1.0
# One identify in 90 s at most, in the long run: 960 a day.
LONGEST_RETRY_SECONDS = 90.0
# A connection that lasted this long was a good one, and its end is no sign of a crash loop.
HEALTHY_AFTER_SECONDS = 300.0
# After signing in, the servers are told one by one; when none has come for so long, that was all.
SERVERS_ARRIVE_WITHIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Ears:
    """Where goes what is heard: messages to the host, presses to `presses`, and to `limits` how much the
    servers take."""

    host: Host
    presses: Presses
    limits: FileLimits


async def listen(token: str, api_url: str, find_gateway: FindGateway, shards: Shards, ears: Ears) -> None:
    """Stay connected with every shard until cancelled. Only `LoginRefused` ends it."""
    identifies = Identifies()
    gateways = [Gateway(token, shard, identifies, ears) for shard in shards.all]
    running = [asyncio.create_task(gateway.run(api_url, find_gateway)) for gateway in gateways]
    try:
        # Not `gather`: cancelled twice, a task would not see its connection closed.
        await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    for task in running:
        task.result()


class Gateway:
    """Listens with one bot token, for one shard or for all of a bot that has none."""

    def __init__(self, token: str, shard: Shard | None, identifies: Identifies, ears: Ears) -> None:
        self._token = token
        self._shard = shard
        self._identifies = identifies
        self._ears = ears
        self._may_read_content = True

    async def run(self, api_url: str, find_gateway: FindGateway) -> None:
        """Stay connected until cancelled. Only `LoginRefused` ends it."""
        # The library has no setting for the addresses, only these attributes.
        Route.BASE = api_url
        # It would warn that it cannot speak, which nobody asked for.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        retry = FIRST_RETRY_SECONDS
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                DiscordWebSocket.DEFAULT_GATEWAY = URL(await find_gateway())
                # Here, and not in the library's own hook, which has only a minute.
                await self._identifies.turn()
                await self._connect()
            except discord.LoginFailure as error:
                raise LoginRefused("Discord does not accept DISCORD_BOT_TOKEN") from error
            except discord.PrivilegedIntentsRequired:
                self._without_content()
                continue
            except LoginRefused:
                raise
            except PlatformError as error:
                log.warning("Discord: %s", error)
            except Exception as error:
                # The one guard of this task: whatever the library stumbled over, the bot comes back.
                log.warning("Discord: the connection ended: %s", type(error).__name__, exc_info=error)
            if loop.time() - began >= HEALTHY_AFTER_SECONDS:
                retry = FIRST_RETRY_SECONDS
            log.info("Discord: connecting again in %g s", retry)
            await asyncio.sleep(retry)
            retry = min(retry * 2, LONGEST_RETRY_SECONDS)

    async def _connect(self) -> None:
        intents = discord.Intents.default()
        intents.message_content = self._may_read_content
        client = _Client(intents, self._shard, self._identifies, self._ears)
        catching_up = asyncio.create_task(client.hearing.attend(), name="what Discord said before")
        try:
            await client.start(self._token, reconnect=True)
        finally:
            catching_up.cancel()
            await asyncio.gather(catching_up, return_exceptions=True)
            await client.settled()
            await client.close()

    def _without_content(self) -> None:
        log.warning(
            "Discord: the message content intent is off, so the bot reads only direct messages and messages "
            "that mention it. To let threads go on without a mention, switch the intent on in the developer "
            "portal under Bot, and start again."
        )
        self._may_read_content = False


class _Client(discord.Client):
    def __init__(
        self, intents: discord.Intents, shard: Shard | None, identifies: Identifies, ears: Ears
    ) -> None:
        super().__init__(
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            guild_ready_timeout=SERVERS_ARRIVE_WITHIN_SECONDS,
            shard_id=None if shard is None else shard.id,
            shard_count=None if shard is None else shard.count,
        )
        self.hearing = Hearing(self, ears.host)
        self._limits = ears.limits
        # The library's own reading of interactions ends the connection over the first one it cannot read, and
        # answers by its sleeping HTTP client.
        self._connection.parsers["INTERACTION_CREATE"] = ears.presses.take
        self._identifies = identifies
        self._arriving = False

    async def settled(self) -> None:
        """Wait until the library has told that it is ready, if it is about to: closed before, it would
        stumble over itself in a task of its own."""
        # Its own `on_connect` may be scheduled and not yet have run.
        await asyncio.sleep(0)
        if self._arriving:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.wait_until_ready(), 2 * SERVERS_ARRIVE_WITHIN_SECONDS)

    async def on_connect(self) -> None:
        self._arriving = True

    async def on_ready(self) -> None:
        self._arriving = False
        log.info("Discord: signed in as %s, in %d servers", self.user and self.user.id, len(self.guilds))
        for guild in self.guilds:
            self._limits.learn(str(guild.id), guild.filesize_limit)
        self.hearing.begins()

    async def on_guild_available(self, guild: discord.Guild) -> None:
        self._limits.learn(str(guild.id), guild.filesize_limit)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        self._limits.learn(str(guild.id), guild.filesize_limit)

    async def on_guild_update(self, _: discord.Guild, guild: discord.Guild) -> None:
        self._limits.learn(str(guild.id), guild.filesize_limit)

    async def on_message(self, message: discord.Message) -> None:
        await self.hearing.take(message)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        self.hearing.edited(event.message)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        self.hearing.removed(event)

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        self.hearing.removed(event)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Before the first one, the turn has come already."""
        if not initial:
            await super().before_identify_hook(shard_id, initial=initial)
            await self._identifies.turn()
