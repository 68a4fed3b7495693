"""Discord on the wire: messages in over the gateway, messages out over REST."""

import logging
from collections.abc import Collection
from datetime import UTC, datetime
from functools import partial
from urllib.request import getproxies

import aiohttp
from discord.utils import time_snowflake

from adapters.discord import render
from adapters.discord.events import PLATFORM, SPOKEN_TYPES, thread_title
from adapters.discord.gateway import listen
from adapters.discord.places import Place, Places, Remembered
from adapters.discord.rest import (
    CALL_TIMEOUT_SECONDS,
    GLOBAL_LANE,
    OTHERS_PER_WINDOW,
    REACTION_WINDOW_SECONDS,
    REACTIONS_PER_WINDOW,
    DiscordRest,
    Standing,
    create_scope,
    delete_scope,
    edit_scope,
    reaction_scope,
    read_scope,
    thread_scope,
    typing_scope,
)
from adapters.discord.shards import Shards
from bridge.errors import MessageGone, NotAllowed, PlatformDown, TryOtherwise
from bridge.ports import Host
from bridge.types import Body, Lane, Message, MessageRef, Thread

log = logging.getLogger(__name__)

# On a message that waits for its turn.
QUEUED_EMOJI = "\N{HOURGLASS WITH FLOWING SAND}"
# Our clock and Discord's may differ by so much.
CLOCK_SKEW_SECONDS = 3.0

_SPOKEN = frozenset(kind.value for kind in SPOKEN_TYPES)


class DiscordAdapter:
    """One Discord bot in all of its servers and direct messages, or in those of some shards."""

    platform = PLATFORM

    def __init__(
        self, token: str, api_url: str, shard_ids: tuple[int, ...] = (), shard_count: int = 0
    ) -> None:
        self._token = token
        self._api_url = api_url.rstrip("/")
        self._shards = Shards(shard_ids, shard_count)
        self._rest: DiscordRest | None = None
        self._places = Places()
        self._keys = Remembered()

    async def run(self, host: Host) -> None:
        """Connect and stay connected; see `bridge.ports.Adapter`. Answers can be shown as soon as this runs,
        also while another replica is the one that listens."""
        timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_SECONDS)
        # Without proxies, trusting the environment only means reading ~/.netrc with every call.
        async with aiohttp.ClientSession(timeout=timeout, trust_env=bool(getproxies())) as session:
            self._rest = DiscordRest(session, self._api_url, self._token)
            work = partial(listen, self._token, self._api_url, self._rest.gateway_url, self._shards, host)
            try:
                await host.alone(self._shards.role, work)
            finally:
                self._rest = None

    async def post(self, thread: Thread, body: Body, key: str) -> MessageRef:
        place = self._places.of(thread)
        content = render.render(body)
        try:
            message = await self._ready().create_message(place.channel, content, key, place.replies_to)
        except MessageGone as error:
            # The thread was never made, or somebody removed it: the question's channel is still there.
            if not _has_channel_beside(thread, place):
                raise
            self._places.keep_in_channel(thread)
            raise TryOtherwise(f"no thread, answering in its channel: {error}") from error
        self._keys.add(message, key)
        return MessageRef(place.channel, message)

    async def edit(self, ref: MessageRef, body: Body) -> None:
        await self._ready().edit_message(ref.channel, ref.id, render.render(body))

    async def delete(self, ref: MessageRef) -> None:
        await self._ready().delete_message(ref.channel, ref.id)

    async def open(self, message: Message) -> None:
        """See `bridge.ports.OpensThreads`."""
        thread = message.thread
        if not self._has_to_open(message):
            return
        try:
            await self._ready().start_thread(thread.channel, message.id, thread_title(message.text))
        except NotAllowed as error:
            log.info("Discord: no thread in channel %s, answering there: %s", thread.channel, error)
            self._places.keep_in_channel(thread)

    async def find(
        self, thread: Thread, key: str, since: float, known: Collection[MessageRef]
    ) -> MessageRef | None:
        """See `bridge.ports.FindsPosts`. Messages that are read again do not carry their nonce any more."""
        place = self._places.of(thread)
        try:
            return await self._find(place, key, since, known)
        except MessageGone:
            if not _has_channel_beside(thread, place):
                return None
        return await self._find(Place(thread.channel, thread.id), key, since, known)

    async def mark_queued(self, message: Message) -> None:
        """See `bridge.ports.MarksQueued`."""
        await self._ready().react(self._places.of_message(message), message.id, QUEUED_EMOJI)

    async def unmark_queued(self, message: Message) -> None:
        """See `bridge.ports.MarksQueued`."""
        await self._ready().unreact(self._places.of_message(message), message.id, QUEUED_EMOJI)

    async def show_waiting(self, thread: Thread) -> None:
        """See `bridge.ports.ShowsWaiting`."""
        await self._ready().trigger_typing(self._places.of(thread).channel)

    def open_lanes(self, message: Message) -> tuple[Lane, ...]:
        if not self._has_to_open(message):
            return ()
        scope = thread_scope(message.thread.channel)
        return self._ready().lane(scope, OTHERS_PER_WINDOW), GLOBAL_LANE

    def waiting_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        place = self._places.of(thread)
        scope = typing_scope(place.channel)
        return self._ready().lane(scope, OTHERS_PER_WINDOW, private=place.private), GLOBAL_LANE

    def find_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        return self._lane(read_scope(self._places.of(thread).channel)), GLOBAL_LANE

    def mark_lanes(self, message: Message) -> tuple[Lane, ...]:
        scope = reaction_scope(self._places.of_message(message))
        return self._ready().lane(scope, REACTIONS_PER_WINDOW, REACTION_WINDOW_SECONDS), GLOBAL_LANE

    def fits(self, thread: Thread, body: Body) -> bool:
        return render.fits(body)

    def empty(self, thread: Thread, body: Body) -> bool:
        return not render.render(body)

    def same(self, one: Body, other: Body) -> bool:
        return render.render(one) == render.render(other)

    def post_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        place = self._places.of(thread)
        return self._lane(create_scope(place.channel), private=place.private), GLOBAL_LANE

    def edit_lanes(self, ref: MessageRef, body: Body) -> tuple[Lane, ...]:
        private = self._places.is_private(ref.channel)
        return self._lane(edit_scope(ref.channel), private=private), GLOBAL_LANE

    def closing_lane(self, thread: Thread) -> Lane:
        place = self._places.of(thread)
        return self._lane(edit_scope(place.channel), private=place.private)

    def delete_lanes(self, ref: MessageRef) -> tuple[Lane, ...]:
        private = self._places.is_private(ref.channel)
        return self._lane(delete_scope(ref.channel), private=private), GLOBAL_LANE

    async def _find(
        self, place: Place, key: str, since: float, known: Collection[MessageRef]
    ) -> MessageRef | None:
        rest = self._ready()
        after = time_snowflake(datetime.fromtimestamp(since - CLOCK_SKEW_SECONDS, UTC))
        own, there = await rest.own_id(), {ref.id for ref in known}
        for one in await rest.read_messages(place.channel, after):
            if one.author == own and one.id not in there and self._may_be(one, place, key):
                return MessageRef(place.channel, one.id)
        return None

    def _may_be(self, one: Standing, place: Place, key: str) -> bool:
        """Whether a message of ours may be the one that was posted with this key, as far as is known."""
        spoken = one.type in _SPOKEN and one.replies_to == place.replies_to
        return spoken and self._keys.word(one.id) in (None, key)

    def _has_to_open(self, message: Message) -> bool:
        """Whether this message begins a thread that is not there yet, as far as is known."""
        return message.thread.id == message.id and not self._places.are_in_channel(message.thread)

    def _lane(self, scope: str, *, private: bool = False) -> Lane:
        return self._ready().lane(scope, private=private)

    def _ready(self) -> DiscordRest:
        if self._rest is None:
            raise PlatformDown("Discord is not connected")
        return self._rest


def _has_channel_beside(thread: Thread, place: Place) -> bool:
    """Whether this place is a thread, which grew from a message in another channel."""
    return place.private and thread.channel != thread.id
