"""Discord on the wire: messages in over the gateway, messages out over REST."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import aiohttp
from discord.utils import time_snowflake
from yarl import URL

from adapters.discord import render
from adapters.discord.away import Away
from adapters.discord.buttons import rows
from adapters.discord.downloads import download
from adapters.discord.events import PLATFORM, SPOKEN_TYPES, TITLE_LIMIT, thread_title
from adapters.discord.files import FileLimits, plain_file
from adapters.discord.gateway import Ears, listen
from adapters.discord.labels import label
from adapters.discord.permissions import Act
from adapters.discord.places import Place, Remembered, is_away
from adapters.discord.presses import Presses
from adapters.discord.private import Private
from adapters.discord.refusals import Archived
from adapters.discord.rest import (
    CALL_TIMEOUT_SECONDS,
    GLOBAL_LANE,
    NAME_WINDOW_SECONDS,
    NAMES_PER_WINDOW,
    OTHERS_PER_WINDOW,
    REACTION_WINDOW_SECONDS,
    REACTIONS_PER_WINDOW,
    DiscordRest,
    Standing,
)
from adapters.discord.roles import Roles
from adapters.discord.scopes import (
    create_scope,
    delete_scope,
    edit_scope,
    name_scope,
    reaction_scope,
    read_scope,
    thread_scope,
    typing_scope,
)
from adapters.discord.shards import Shards
from adapters.discord.speaking import Speaking, has_channel_beside
from adapters.discord.sync import keep_commands
from adapters.discord.webhooks import Webhooks
from bridge.errors import MessageGone, NotAllowed, PlatformDown, TryOtherwise
from bridge.ports import Host
from bridge.proxies import proxy_for
from bridge.types import Attachment, Body, File, Lane, Message, MessageRef, Person, Thread

log = logging.getLogger(__name__)

# On a message that waits for its turn.
QUEUED_EMOJI = "\N{HOURGLASS WITH FLOWING SAND}"
# Our clock and Discord's may differ by so much.
CLOCK_SKEW_SECONDS = 3.0

_SPOKEN = frozenset(kind.value for kind in SPOKEN_TYPES)


class DiscordAdapter:
    """One Discord bot in all of its servers and direct messages, or in those of some shards. With `plain`,
    questions in a channel are answered below them; else in a thread, which is hidden after so many minutes
    without a word: 60, 1440, 4320 or 10080."""

    platform = PLATFORM

    def __init__(
        self,
        token: str,
        api_url: str,
        shard_ids: tuple[int, ...] = (),
        shard_count: int = 0,
        *,
        plain: bool = False,
        archive_minutes: int = 1440,
    ) -> None:
        self._token = token
        self._api_url = api_url.rstrip("/")
        self._shards = Shards(shard_ids, shard_count)
        self._rest: DiscordRest | None = None
        self._archive_minutes = archive_minutes
        self._speaking = Speaking(plain=plain)
        self._places = self._speaking.places
        self._private = Private(self._speaking)
        self._roles = Roles()
        self._keys = Remembered()
        self._made = Remembered()
        self._file_limits = FileLimits()
        self._away = Away(time.monotonic, lambda: Webhooks(self._ready()))

    async def run(self, host: Host) -> None:
        """Connect and stay connected; see `bridge.ports.Adapter`. Answers can be shown as soon as this runs,
        also while another replica is the one that listens."""
        timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_SECONDS)
        # `trust_env` would also look for a login in ~/.netrc, which then fights with the token.
        proxy = proxy_for(self._api_url)
        async with aiohttp.ClientSession(timeout=timeout, proxy=proxy) as session:
            rest = self._rest = DiscordRest(session, self._api_url, self._token)
            presses = Presses(rest, self._away, host, self._places)
            ears = Ears(host, presses, self._file_limits, self._speaking.rooms, self._places)
            work = partial(listen, self._token, self._api_url, rest.gateway, self._shards, ears)
            try:
                await host.alone(self._shards.role, partial(self._listen, rest, work))
            finally:
                await ears.presses.close()
                self._rest = None

    async def post(self, thread: Thread, body: Body, key: str) -> MessageRef:
        if is_away(thread.id):
            return await self._away.post(thread, body)
        place, content, below = self._speaking.place_of(thread), render.render(body), rows(body.buttons)
        with self._speaking.heeded(Act.SPEAK, thread, place):
            message = await self._ready().create_message(place, content, below, key)
        self._keys.add(message, key)
        return MessageRef(place.channel, message)

    async def edit(self, ref: MessageRef, body: Body) -> None:
        if is_away(ref.channel):
            await self._away.edit(ref, body)
            return
        try:
            await self._ready().edit_message(ref.channel, ref.id, render.render(body), rows(body.buttons))
        except Archived as error:
            # What is said in a thread takes it out of the archive; what is changed in it does not.
            await self._ready().revive_thread(ref.channel)
            raise TryOtherwise(f"it was archived, and is no more: {error}") from error

    async def delete(self, ref: MessageRef) -> None:
        if is_away(ref.channel):
            await self._away.delete(ref)
            return
        await self._ready().delete_message(ref.channel, ref.id)

    async def open(self, message: Message) -> None:
        """See `bridge.ports.OpensThreads`."""
        thread = message.thread
        self._speaking.settle(message)
        if not self._has_to_open(message):
            return
        title, minutes = thread_title(message.text, message.author.locale), self._archive_minutes
        try:
            with self._speaking.permissions.heeded(Act.OPEN, thread.workspace, thread.channel):
                made = await self._ready().start_thread(thread.channel, thread.id, title, minutes)
            if made:
                self._made.add(thread.key)
        except NotAllowed as error:
            log.info("Discord: no thread in channel %s, answering there: %s", thread.channel, error)
            self._places.keep_in_channel(thread)

    async def find(
        self, thread: Thread, key: str, since: float, known: Collection[MessageRef]
    ) -> MessageRef | None:
        """See `bridge.ports.FindsPosts`. Messages that are read again do not carry their nonce any more."""
        if is_away(thread.id):
            return None
        place = self._places.of(thread)
        try:
            return await self._find(place, key, since, known)
        except MessageGone:
            if not self._speaking.falls_back(thread, place):
                return None
        self._places.keep_in_channel(thread)
        return await self._find(self._places.of(thread), key, since, known)

    async def mark_queued(self, message: Message) -> None:
        """See `bridge.ports.MarksQueued`. What was pressed is no message that could be marked."""
        if not message.pressed:
            channel = self._places.of_message(message)
            with self._speaking.permissions.heeded(Act.REACT, message.thread.workspace, channel):
                await self._ready().react(channel, message.id, QUEUED_EMOJI)

    async def unmark_queued(self, message: Message) -> None:
        """See `bridge.ports.MarksQueued`."""
        if not message.pressed:
            await self._ready().unreact(self._places.of_message(message), message.id, QUEUED_EMOJI)

    async def show_waiting(self, thread: Thread, step: str = "", locale: str = "") -> None:
        """See `bridge.ports.ShowsWaiting`. An interaction shows it by itself."""
        if is_away(thread.id):
            return
        channel = self._places.of(thread).channel
        with self._speaking.permissions.heeded(Act.SPEAK, thread.workspace, channel):
            await self._ready().trigger_typing(channel)

    def obstacle(self, message: Message) -> str:
        """See `bridge.ports.KnowsObstacles`."""
        return "" if is_away(message.thread.id) else self._speaking.obstacle(message)

    async def whisper(self, message: Message, text: str) -> None:
        """See `bridge.ports.Whispers`."""
        if is_away(message.thread.id):
            await self._away.whisper(message.thread, text)
            return
        await self._private.tell(self._ready(), message, text)

    def whisper_lanes(self, message: Message) -> tuple[Lane, ...]:
        if is_away(message.thread.id):
            return self.post_lanes(message.thread)
        return self._private.lanes(self._ready(), message)

    async def belongs(self, thread: Thread, person: Person, group: str) -> bool:
        """See `bridge.ports.KnowsRoles`."""
        return await self._roles.belongs(self._ready(), thread, person, group)

    def belonging_lanes(self, thread: Thread, person: Person, group: str) -> tuple[Lane, ...]:
        return self._roles.lanes(self._ready(), thread, person)

    async def fetch(self, attachment: Attachment, most_bytes: int) -> bytes:
        """See `bridge.ports.FetchesFiles`."""
        return await download(self._ready().session, URL(self._api_url), attachment, most_bytes)

    async def send_file(self, thread: Thread, file: File, key: str) -> None:
        """See `bridge.ports.SendsFiles`."""
        if is_away(thread.id):
            await self._away.send_file(thread, file)
            return
        place = self._speaking.place_of(thread)
        with self._speaking.heeded(Act.ATTACH, thread, place):
            message = await self._ready().create_file(place, plain_file(file), key)
        self._keys.add(message, key)

    async def name_thread(self, thread: Thread, title: str) -> None:
        """See `bridge.ports.NamesThreads`. A direct message has no name, nor has an answer in a channel."""
        name = label(title, TITLE_LIMIT)
        if name and self._has_name(thread):
            with self._speaking.permissions.heeded(Act.NAME, thread.workspace, thread.id):
                await self._ready().name_thread(thread.id, name)

    def ours_to_name(self, thread: Thread) -> bool:
        """Only what was made here: people name their own threads, and the posts of a forum."""
        return thread.key in self._made

    def file_limit(self, thread: Thread) -> int:
        return self._away.file_limit() if is_away(thread.id) else self._file_limits.of(thread)

    def file_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        return self.post_lanes(thread)

    def name_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        if not self._has_name(thread):
            return ()
        # The headers tell of another limit, that of all changes to the thread.
        told = self._lane(name_scope(thread.id), private=True)
        return replace(told, limit=NAMES_PER_WINDOW, seconds=NAME_WINDOW_SECONDS), GLOBAL_LANE

    def open_lanes(self, message: Message) -> tuple[Lane, ...]:
        if not self._has_to_open(message):
            return ()
        scope = thread_scope(message.thread.channel)
        return self._ready().lane(scope, OTHERS_PER_WINDOW), GLOBAL_LANE

    def waiting_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        if is_away(thread.id):
            return ()
        place = self._places.of(thread)
        scope = typing_scope(place.channel)
        return self._ready().lane(scope, OTHERS_PER_WINDOW, private=place.private), GLOBAL_LANE

    def find_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        if is_away(thread.id):
            return ()
        return self._lane(read_scope(self._places.of(thread).channel)), GLOBAL_LANE

    def mark_lanes(self, message: Message) -> tuple[Lane, ...]:
        if message.pressed:
            return ()
        scope = reaction_scope(self._places.of_message(message))
        return self._ready().lane(scope, REACTIONS_PER_WINDOW, REACTION_WINDOW_SECONDS), GLOBAL_LANE

    def fits(self, thread: Thread, body: Body) -> bool:
        return render.fits(body)

    def empty(self, thread: Thread, body: Body) -> bool:
        return not render.render(body)

    def same(self, one: Body, other: Body) -> bool:
        return render.render(one) == render.render(other) and rows(one.buttons) == rows(other.buttons)

    def post_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        if is_away(thread.id):
            return (self._away.lane(thread),)
        place = self._places.of(thread)
        slow = self._speaking.slow_lanes(thread, place)
        return self._lane(create_scope(place.channel), private=place.private), *slow, GLOBAL_LANE

    def edit_lanes(self, ref: MessageRef, body: Body) -> tuple[Lane, ...]:
        if is_away(ref.channel):
            return (self._away.edit_lane(ref),)
        private = self._places.is_private(ref.channel)
        return self._lane(edit_scope(ref.channel), private=private), GLOBAL_LANE

    def closing_lane(self, thread: Thread) -> Lane:
        if is_away(thread.id):
            return self._away.lane(thread)
        place = self._places.of(thread)
        return self._lane(edit_scope(place.channel), private=place.private)

    def delete_lanes(self, ref: MessageRef) -> tuple[Lane, ...]:
        if is_away(ref.channel):
            return (self._away.edit_lane(ref),)
        private = self._places.is_private(ref.channel)
        return self._lane(delete_scope(ref.channel), private=private), GLOBAL_LANE

    async def _listen(self, rest: DiscordRest, work: Callable[[], Awaitable[None]]) -> None:
        """Whoever listens sees to the commands, too."""
        keeping = asyncio.create_task(keep_commands(rest), name="commands of Discord")
        try:
            await work()
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    def _has_name(self, thread: Thread) -> bool:
        return not is_away(thread.id) and has_channel_beside(thread, self._places.of(thread))

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
        return self._speaking.opens(message)

    def _lane(self, scope: str, *, private: bool = False) -> Lane:
        return self._ready().lane(scope, private=private)

    def _ready(self) -> DiscordRest:
        if self._rest is None:
            raise PlatformDown("Discord is not connected")
        return self._rest
