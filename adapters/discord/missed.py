"""What was said while nobody listened, read from the places where something was.

Discord tells a new session of every channel and thread the id of the last message in it, so that nothing is
asked where nothing was said. Direct messages and archived threads it does not tell: of these, the ones that
were spoken in last are asked one by one.

All of it goes through the library, whose client sleeps when a limit is near and repeats what fails. Answers
do not wait for it: they have calls of their own (`adapters.discord.rest`).
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Collection, Iterator, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import TypeAlias

import aiohttp
import discord
from discord.utils import time_snowflake

from adapters.discord.events import DIRECT
from adapters.discord.places import is_away
from bridge.errors import PlatformDown
from bridge.types import Thread

log = logging.getLogger(__name__)

# Between any two calls, so that they take no noticeable part of the bot's 50 calls a second.
PAUSE_SECONDS = 0.25
MOST_ACTIVE_PLACES = 200
MOST_SILENT_PLACES = 100
# discord.com/developers, "Get Channel Messages".
PAGE = 100
MOST_PAGES = 5
# Direct messages come over the shard 0 only.
DIRECT_SHARD = 0

Room: TypeAlias = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
Place: TypeAlias = Room | discord.PartialMessageable


async def missed(
    client: discord.Client, threads: Sequence[Thread], since: datetime
) -> AsyncGenerator[discord.Message, None]:
    """What was said after `since`, place by place, the oldest first within each. `threads` are those the bot
    takes part in. A place that may not be read is passed over; `PlatformDown`, after all others, where one
    could not be read just now."""
    after = time_snowflake(since)
    places = [(room.id, _said(room, after)) for room in _active(client, {one.id for one in threads}, after)]
    places += [(int(one.id), _said_untold(client, one, after)) for one in _untold(client, threads)]
    failed = 0
    for place, messages in places:
        try:
            async with aclosing(messages):
                async for message in messages:
                    yield message
        except (discord.Forbidden, discord.NotFound, discord.InvalidData) as error:
            log.debug("Discord: what was missed in %d cannot be read: %s", place, error)
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("Discord: what was missed in %d was not read: %s", place, type(error).__name__)
            failed += 1
        except Exception:
            # The library stumbles over what it does not know; the other places are not to suffer from it.
            log.exception("Discord: what was missed in %d could not be understood", place)
    if failed:
        raise PlatformDown(f"{failed} places were not read")


def _active(client: discord.Client, known: Collection[str], after: int) -> list[Room]:
    """Where something was said, as far as the servers have told: known threads first, then the latest."""
    told = (room for guild in client.guilds for room in _rooms(guild))
    rooms = [room for room in told if _has_news(room, after) and _may_read(room)]
    rooms.sort(key=lambda room: (str(room.id) in known, room.last_message_id or 0), reverse=True)
    if len(rooms) > MOST_ACTIVE_PLACES:
        log.warning("Discord: something was said in %d places; not all are read", len(rooms))
    return rooms[:MOST_ACTIVE_PLACES]


def _rooms(guild: discord.Guild) -> Iterator[Room]:
    yield from guild.threads
    yield from guild.text_channels
    yield from guild.voice_channels
    yield from guild.stage_channels


def _untold(client: discord.Client, threads: Sequence[Thread]) -> list[Thread]:
    """The known threads of which the servers do not tell whether something was said."""
    there = (thread for thread in threads if not is_away(thread.id))
    return [thread for thread in there if _is_untold(client, thread)][:MOST_SILENT_PLACES]


def _is_untold(client: discord.Client, thread: Thread) -> bool:
    if thread.workspace == DIRECT:
        return client.shard_id in (None, DIRECT_SHARD)
    guild = client.get_guild(int(thread.workspace))
    return guild is not None and guild.get_thread(int(thread.id)) is None


def _has_news(room: Room, after: int) -> bool:
    return (room.last_message_id or 0) > after


def _may_read(room: Room) -> bool:
    """Every refusal counts: too many, and Discord shuts the bot out for a while."""
    if isinstance(room, discord.Thread) and room.parent is None:
        return True
    allowed = room.permissions_for(room.guild.me)
    return allowed.view_channel and allowed.read_message_history


async def _said_untold(
    client: discord.Client, thread: Thread, after: int
) -> AsyncGenerator[discord.Message, None]:
    """The same in a known thread of which nothing was told: it may have been archived meanwhile, or never
    made, its answers being in the channel."""
    place: Place = client.get_partial_messageable(int(thread.id))
    if thread.workspace != DIRECT:
        await asyncio.sleep(PAUSE_SECONDS)
        room = await client.fetch_channel(int(thread.id))
        if not isinstance(room, discord.Thread) or not _has_news(room, after):
            return
        place = room
    async with aclosing(_said(place, after)) as messages:
        async for message in messages:
            yield message


async def _said(place: Place, after: int) -> AsyncGenerator[discord.Message, None]:
    """What was said there, the oldest first."""
    for _ in range(MOST_PAGES):
        await asyncio.sleep(PAUSE_SECONDS)
        page = [one async for one in place.history(limit=PAGE, after=discord.Object(after))]
        for message in page:
            yield message
        if len(page) < PAGE:
            return
        after = page[-1].id
    log.warning("Discord: so much was said in %d that not all of it is read", place.id)
