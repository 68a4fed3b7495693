"""What the bot may not do where, known before Discord has to refuse it.

Every refusal counts: 10,000 of them in ten minutes, and Discord shuts out the address that they came from.
What the gateway tells (`adapters.discord.rooms`) is asked first. What was refused all the same is not tried
again for a while.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import assert_never

from adapters.discord.places import Place, Remembered
from adapters.discord.refusals import Forbidden
from adapters.discord.rooms import Kind, Room, Rooms
from bridge.errors import NotAllowed
from bridge.types import Thread
from bridge.words import english, say

# Rights are given and taken seldom, and whoever gives one tries at once whether it was the right one.
BELIEVED_SECONDS = 30.0
# Nobody waits longer for their answer because of slow mode.
LONGEST_SLOW_SECONDS = 60.0

VIEW, HISTORY = "read_messages", "read_message_history"
WRITE, WRITE_IN_THREAD = "send_messages", "send_messages_in_threads"
MODERATE = "manage_threads"
# As people find them in the settings of their server.
TITLES = {
    VIEW: english.DISCORD_VIEW_CHANNEL,
    HISTORY: english.DISCORD_READ_HISTORY,
    WRITE: english.DISCORD_SEND_MESSAGES,
    WRITE_IN_THREAD: english.DISCORD_SEND_IN_THREADS,
    MODERATE: english.DISCORD_MANAGE_THREADS,
    "create_public_threads": english.DISCORD_CREATE_THREADS,
    "attach_files": english.DISCORD_ATTACH_FILES,
    "add_reactions": english.DISCORD_ADD_REACTIONS,
}


class Act(Enum):
    """What the bot does in a channel."""

    SPEAK = "speak"
    REPLY = "reply"
    OPEN = "open a thread"
    ATTACH = "attach a file"
    REACT = "react"
    NAME = "name a thread"


class Permissions:
    """`clock` tells seconds."""

    def __init__(self, rooms: Rooms, clock: Callable[[], float]) -> None:
        self._rooms = rooms
        self._clock = clock
        self._refused = Remembered()
        self._spoke = Remembered()
        self._locked = Remembered()

    def lacking(self, act: Act, server: str, channel: str) -> tuple[str, ...]:
        """The permissions that are known to be missing for this, by their names in the library."""
        room = self._rooms.room(server, channel)
        return _lacking(act, room) if room is not None else ()

    def may(self, act: Act, server: str, channel: str) -> bool:
        """Whether nothing is known to be in the way."""
        return not self.lacking(act, server, channel) and not self._was_refused(act, channel)

    @contextmanager
    def heeded(self, act: Act, server: str, channel: str) -> Iterator[None]:
        """Around a call. `NotAllowed` before it is made, where it is known that it would be refused."""
        if lacking := self.lacking(act, server, channel):
            raise NotAllowed(f"may not {act.value} in {channel}: {', '.join(lacking)} missing")
        if self._was_refused(act, channel):
            raise NotAllowed(f"may not {act.value} in {channel}: refused a moment ago")
        try:
            yield
        except Forbidden:
            self._refused.add(_name(act, channel), str(self._clock() + BELIEVED_SECONDS))
            raise

    def spoke(self, channel: str) -> None:
        """The bot has just said something there."""
        self._spoke.add(channel, str(self._clock()))

    def found_locked(self, channel: str) -> None:
        """A thread turned out to be locked."""
        self._locked.add(channel, str(self._clock() + BELIEVED_SECONDS))

    def slow_seconds(self, server: str, channel: str) -> int:
        """The bot writes there once in so many seconds; 0 is as often as it likes."""
        room = self._rooms.room(server, channel)
        return room.slow_seconds if room is not None else 0

    def obstacle(self, server: str, place: Place, locale: str) -> str:
        """A sentence about why nothing can be said there just now; empty where nothing is known to be in the
        way."""
        room = self._rooms.room(server, place.channel)
        shut = room.locked and not room.permissions.manage_threads if room is not None else False
        if shut or self._believed(self._locked, place.channel):
            return say(english.THREAD_LOCKED, locale)
        if lacking := self.lacking(Act.SPEAK, server, place.channel):
            missing = ", ".join(say(TITLES.get(one, one), locale) for one in lacking)
            return say(english.MAY_NOT_SPEAK, locale, missing=missing)
        if self._was_refused(Act.SPEAK, place.channel):
            return say(english.REFUSED_TO_SPEAK, locale)
        wait = self._slow_for(place.channel, room.slow_seconds if room is not None else 0)
        if wait > LONGEST_SLOW_SECONDS:
            return say(english.SLOW_MODE, locale, minutes=-int(-wait // 60))
        return ""

    def _slow_for(self, channel: str, slow_seconds: int) -> float:
        """In how many seconds the bot can write there."""
        spoke = self._spoke.word(channel)
        return float(spoke) + slow_seconds - self._clock() if spoke is not None else 0.0

    def _was_refused(self, act: Act, channel: str) -> bool:
        return self._believed(self._refused, _name(act, channel))

    def _believed(self, what: Remembered, name: str) -> bool:
        until = what.word(name)
        return until is not None and self._clock() < float(until)


def opens_threads(rooms: Rooms, permissions: Permissions, thread: Thread) -> bool:
    """Whether a thread can be made in a thread's channel, and talked in, as far as is known."""
    room = rooms.room(thread.workspace, thread.channel)
    if room is not None and room.kind is not Kind.CHANNEL:
        return False
    return permissions.may(Act.OPEN, thread.workspace, thread.channel)


def _lacking(act: Act, room: Room) -> tuple[str, ...]:
    granted = {name for name, is_granted in room.permissions if is_granted}
    return tuple(name for name in _needed(act, room) if name not in granted)


def _needed(act: Act, room: Room) -> tuple[str, ...]:
    in_thread = room.kind is Kind.THREAD
    locked = (MODERATE,) if room.locked else ()
    speak = (VIEW, WRITE_IN_THREAD if in_thread else WRITE, *locked)
    match act:
        case Act.SPEAK:
            return speak
        case Act.REPLY:
            return (HISTORY,)
        case Act.ATTACH:
            return (*speak, "attach_files")
        case Act.OPEN:
            return (VIEW, "create_public_threads", WRITE_IN_THREAD)
        case Act.REACT:
            return (VIEW, HISTORY, "add_reactions")
        case Act.NAME:
            return (VIEW, *locked) if room.own else (VIEW, MODERATE)
        case _:
            assert_never(act)


def _name(act: Act, channel: str) -> str:
    return f"{act.value} {channel}"
