"""The gateway connection, kept up whatever happens to it.

discord.py renews a connection that breaks, but it gives up when the very first one fails, or when a payload
arrives that it cannot read. So every attempt gets a new client, paced so that a crash loop never uses up the
day's sessions (`adapters.discord.identifies`).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass

import discord
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from adapters.discord.files import FileLimits
from adapters.discord.hearing import Hearing
from adapters.discord.identifies import Identifies, Told
from adapters.discord.places import Places
from adapters.discord.presses import Presses
from adapters.discord.rooms import Rooms
from adapters.discord.shards import Shard, Shards
from bridge.errors import LoginRefused, PlatformError
from bridge.patience import seen_through
from bridge.ports import Host

log = logging.getLogger(__name__)

AskGateway = Callable[[], Awaitable[Told]]

FIRST_RETRY_SECONDS = 1.0
# One identify in 90 s at most, in the long run: 960 a day.
LONGEST_RETRY_SECONDS = 90.0
# A connection that lasted this long was a good one, and its end is no sign of a crash loop.
HEALTHY_AFTER_SECONDS = 300.0
# After signing in, the servers are told one by one; when none has come for so long, that was all.
SERVERS_ARRIVE_WITHIN_SECONDS = 1.0
# The library waits only a minute for a new session in place of an old one.
LIBRARY_PATIENCE_SECONDS = 40.0
# discord.com/developers, "Gateway Close Event Codes".
SHARDING_REQUIRED, INVALID_INTENTS = 4011, 4013


@dataclass(frozen=True, slots=True)
class Ears:
    """Where goes what is heard: messages to the host, presses to `presses`, to `limits` how much the servers
    take, and what else they tell of themselves to `rooms`. `places` says where answers are."""

    host: Host
    presses: Presses
    limits: FileLimits
    rooms: Rooms
    places: Places


@dataclass(slots=True)
class Content:
    """Whether Discord lets the bot read what is said to others, as far as is known."""

    readable: bool = True

    def withhold(self) -> None:
        """It does not."""
        if self.readable:
            log.warning(
                "Discord: the message content intent is off, so the bot reads only direct messages, and "
                "messages that mention it or are replies to it. To let threads go on without a mention, "
                "switch the intent on in the developer portal under Bot, and start again."
            )
        self.readable = False


class _TooFewShards(Exception):
    """The bot is in more servers than its shards may serve."""


async def listen(token: str, api_url: str, ask: AskGateway, shards: Shards, ears: Ears) -> None:
    """Stay connected with every shard until cancelled. Only `LoginRefused` ends it."""
    # The library has no setting for the addresses, only these attributes.
    Route.BASE = api_url
    # It would warn that it cannot speak, which nobody asked for.
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    identifies, content = Identifies(ask), Content()
    while True:
        count = 1 if shards.count else await _recommended(ask)
        gateways = [Gateway(token, one, identifies, content, ears) for one in shards.all(count)]
        if len(gateways) > 1:
            log.info("Discord: listening with %d shards", len(gateways))
        try:
            await _all([gateway.run() for gateway in gateways])
        except _TooFewShards:
            log.warning("Discord: %d shards are too few for all servers (4011)", shards.count or count)
            if shards.count:
                log.error("Discord: DISCORD_SHARD_COUNT has to be raised, in all processes")
            await asyncio.sleep(LONGEST_RETRY_SECONDS if shards.count else FIRST_RETRY_SECONDS)


async def _all(works: list[Coroutine[object, object, None]]) -> None:
    """Do all of it until one fails; then end the others, and raise what it raised."""
    running = [asyncio.create_task(work) for work in works]
    try:
        # Not `gather`: cancelled twice, a task would not see its connection closed.
        await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    for task in running:
        if not task.cancelled():
            task.result()


async def _recommended(ask: AskGateway) -> int:
    """How many shards Discord recommends, as soon as it can be asked."""
    retry = FIRST_RETRY_SECONDS
    while True:
        try:
            return (await ask()).shards
        except LoginRefused as error:
            raise LoginRefused("Discord does not accept DISCORD_BOT_TOKEN") from error
        except PlatformError as error:
            log.warning("Discord: %s; asking again in %g s", error, retry)
        await asyncio.sleep(retry)
        retry = min(retry * 2, LONGEST_RETRY_SECONDS)


class Gateway:
    """Listens with one bot token, for one shard or for all of a bot that has none."""

    def __init__(
        self, token: str, shard: Shard | None, identifies: Identifies, content: Content, ears: Ears
    ) -> None:
        self._token = token
        self._shard = shard
        self._identifies = identifies
        self._content = content
        self._ears = ears

    async def run(self) -> None:
        """Stay connected until cancelled. Only `LoginRefused` ends it, or that there are too few shards."""
        retry = FIRST_RETRY_SECONDS
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            if await self._try():
                continue
            if loop.time() - began >= HEALTHY_AFTER_SECONDS:
                retry = FIRST_RETRY_SECONDS
            log.info("Discord: connecting again in %g s", retry)
            await asyncio.sleep(retry)
            retry = min(retry * 2, LONGEST_RETRY_SECONDS)

    async def _try(self) -> bool:
        """Connect, and stay so while that goes well. Whether another try is to be made at once."""
        readable = self._content.readable
        try:
            # Here, and not in the library's own hook, which has only a minute.
            told = await self._identifies.turn(0 if self._shard is None else self._shard.id)
            DiscordWebSocket.DEFAULT_GATEWAY = URL(told.url)
            readable = self._content.readable
            await self._connect(readable)
        except discord.LoginFailure as error:
            raise LoginRefused("Discord does not accept DISCORD_BOT_TOKEN") from error
        except discord.PrivilegedIntentsRequired as error:
            if not readable:
                raise LoginRefused("Discord does not allow the bot's intents (4014)") from error
            self._content.withhold()
            return True
        except discord.ConnectionClosed as error:
            self._closed(error)
        except LoginRefused:
            raise
        except PlatformError as error:
            log.warning("Discord: %s", error)
        except Exception as error:
            # The one guard of this task: whatever the library stumbled over, the bot comes back.
            log.warning("Discord: the connection ended: %s", type(error).__name__, exc_info=error)
        return False

    def _closed(self, error: discord.ConnectionClosed) -> None:
        """Discord has hung up for good. Raises where trying again as before is of no use."""
        if error.code == SHARDING_REQUIRED:
            raise _TooFewShards from error
        if error.code == INVALID_INTENTS:
            raise LoginRefused("Discord does not know all of the bot's intents (4013)") from error
        log.warning("Discord: the connection was closed with %s", error.code)

    async def _connect(self, readable: bool) -> None:
        intents = discord.Intents(
            guilds=True, guild_messages=True, dm_messages=True, message_content=readable
        )
        client = _Client(intents, self._shard, self._identifies, self._ears)
        catching_up = asyncio.create_task(client.hearing.attend(), name="what Discord said before")
        try:
            with self._ears.rooms.told_by(client):
                await client.start(self._token, reconnect=True)
        finally:
            # Whoever leaves may be cancelled twice: because the role is given back, and for good.
            await seen_through(_close(client, catching_up))


async def _close(client: "_Client", catching_up: asyncio.Task[None]) -> None:
    catching_up.cancel()
    await asyncio.gather(catching_up, return_exceptions=True)
    await client.settled()
    await client.close()


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
        self.hearing = Hearing(self, ears.host, ears.places)
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
                async with asyncio.timeout(2 * SERVERS_ARRIVE_WITHIN_SECONDS):
                    await self.wait_until_ready()

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
            await self._identifies.turn(shard_id or 0, LIBRARY_PATIENCE_SECONDS)
