"""What is seen to around everything that the bot says: that it may, that it does not speak too often, and
where it says it instead."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from adapters.discord.permissions import Act, Permissions, opens_threads
from adapters.discord.places import Place, Places, grows_thread
from adapters.discord.refusals import Archived, Locked, RepliesRefused, SlowedDown
from adapters.discord.rooms import Kind, Rooms
from adapters.discord.scopes import slow_scope
from bridge.errors import MessageGone, RateLimited, TryOtherwise
from bridge.types import Lane, Message, Thread

log = logging.getLogger(__name__)


class Speaking:
    """With `plain`, questions in a channel are answered below them, in the channel itself."""

    def __init__(self, *, plain: bool) -> None:
        self._plain = plain
        self.rooms = Rooms()
        self.places = Places(self.rooms, plain=plain)
        self.permissions = Permissions(self.rooms, lambda: asyncio.get_running_loop().time())

    def place_of(self, thread: Thread) -> Place:
        """Where to say something, and what to reply to with it, as far as that is permitted."""
        place = self.places.of(thread)
        if place.replies_to and not self.permissions.may(Act.REPLY, thread.workspace, place.channel):
            self.places.keep_from_replying(place.channel)
            return self.places.of(thread)
        return place

    @contextmanager
    def heeded(self, act: Act, thread: Thread, place: Place) -> Iterator[None]:
        """Around a call that says something in `thread`, which is in this place. Where a question's thread
        was never made, or somebody has removed it, the question's channel is still there."""
        try:
            with self.permissions.heeded(act, thread.workspace, place.channel), self._explained(place):
                yield
        except MessageGone as error:
            if not self.falls_back(thread, place) or self._is_forum(thread):
                raise
            self.places.keep_in_channel(thread)
            raise TryOtherwise(f"no thread, answering in its channel: {error}") from error
        except SlowedDown as error:
            known = self.permissions.slow_seconds(thread.workspace, place.channel)
            scope = slow_scope(place.channel) if known else ""
            raise RateLimited(error.retry_after, str(error), scope=scope) from error
        self.permissions.spoke(place.channel)

    def falls_back(self, thread: Thread, place: Place) -> bool:
        """Whether what cannot be said in this place may be said in the channel beside it."""
        return has_channel_beside(thread, place) and self.places.has_grown(thread)

    def _is_forum(self, thread: Thread) -> bool:
        room = self.rooms.room(thread.workspace, thread.channel)
        return room is not None and room.kind is Kind.FORUM

    @contextmanager
    def _explained(self, place: Place) -> Iterator[None]:
        try:
            yield
        except RepliesRefused as error:
            self.places.keep_from_replying(place.channel)
            raise TryOtherwise(f"no replies in {place.channel}: {error}") from error
        except (Archived, Locked):
            self.permissions.found_locked(place.channel)
            raise

    def slow_lanes(self, thread: Thread, place: Place) -> tuple[Lane, ...]:
        """The pace of slow mode, where it is on."""
        seconds = self.permissions.slow_seconds(thread.workspace, place.channel)
        return (Lane(slow_scope(place.channel), 1, float(seconds)),) if seconds else ()

    def opens(self, message: Message) -> bool:
        """Whether a thread has to be made for this message, and can be, as far as is known."""
        thread = message.thread
        return (
            grows_thread(message)
            and not self._plain
            and not self.places.are_in_channel(thread)
            and not self.rooms.has_thread(thread)
            and opens_threads(self.rooms, self.permissions, thread)
        )

    def settle(self, message: Message) -> None:
        """Before a message is answered: where its answers will be, if there is no thread to be made."""
        self.places.reply_to(message)
        self.places.heard(message)
        if grows_thread(message) and not self.opens(message) and not self.rooms.has_thread(message.thread):
            self.places.keep_in_channel(message.thread)

    def obstacle(self, message: Message) -> str:
        """See `bridge.ports.KnowsObstacles`."""
        thread = message.thread
        if self.opens(message):
            return ""
        beside = grows_thread(message) and not self.rooms.has_thread(thread)
        place = Place(thread.channel, private=False) if beside else self.places.of(thread)
        return self.permissions.obstacle(thread.workspace, place, message.author.locale)


def has_channel_beside(thread: Thread, place: Place) -> bool:
    """Whether this place is a thread, which grew from a message in another channel."""
    return place.private and thread.channel != thread.id
