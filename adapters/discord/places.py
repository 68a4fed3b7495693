"""Where the answers of each thread stand, as far as is known."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from adapters.discord.rooms import Rooms
from bridge.types import Message, Thread

# So much is remembered of each kind; the oldest is forgotten, which costs a call or some pace, no answer.
REMEMBERED = 10_000
# With this begin the names of what lives in an interaction; channels have numbers.
AWAY: Final = "i"


def is_away(name: str) -> bool:
    """Whether this is the id of a thread, or the channel of a message, that lives in an interaction."""
    return name.startswith(AWAY)


@dataclass(frozen=True, slots=True)
class Place:
    """The channel to post to, and the message to reply to where there is no thread. `private` says that only
    the answers of one thread stand here."""

    channel: str
    replies_to: str = ""
    private: bool = True


class Places:
    """With `plain`, questions in a channel are answered below them, in the channel itself."""

    def __init__(self, rooms: Rooms, *, plain: bool) -> None:
        self._rooms = rooms
        self._plain = plain
        self._threadless = Remembered()
        self._private = Remembered()
        self._asked = Remembered()
        self._without_replies = Remembered()

    def of(self, thread: Thread) -> Place:
        if self.are_in_channel(thread):
            asked = self._asked.word(thread.key) or thread.id
            replies_to = "" if thread.channel in self._without_replies else asked
            return Place(thread.channel, replies_to, private=False)
        self._private.add(thread.id)
        return Place(thread.id)

    def keep_in_channel(self, thread: Thread) -> None:
        """From now on, the answers of this thread are replies in its channel."""
        self._threadless.add(thread.key)

    def reply_to(self, message: Message) -> None:
        """What is said next in its thread is about this message."""
        if not message.pressed:
            self._asked.add(message.thread.key, message.id)

    def keep_from_replying(self, channel: str) -> None:
        """From now on, what is said in this channel replies to no message."""
        self._without_replies.add(channel)

    def are_in_channel(self, thread: Thread) -> bool:
        if thread.key in self._threadless:
            return True
        if is_away(thread.id):
            return False
        return self._plain and thread.id != thread.channel and self._rooms.is_no_thread(thread)

    def is_private(self, channel: str) -> bool:
        """Whether only the answers of one thread stand in this channel. No, where nothing is known of it."""
        return channel in self._private

    def of_message(self, message: Message) -> str:
        """The channel in which somebody's message stands: one that a thread grows from is not in it."""
        thread = message.thread
        grown_from = message.id == thread.id and not message.heads_thread
        return thread.channel if grown_from else self.of(thread).channel


class Remembered:
    """The newest of what was added, each with a word about it."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._entries: OrderedDict[str, str] = OrderedDict()

    def add(self, name: str, word: str = "") -> None:
        self._entries[name] = word
        self._entries.move_to_end(name)
        if len(self._entries) > self._most:
            self._entries.popitem(last=False)

    def word(self, name: str) -> str | None:
        """None where nothing is remembered."""
        return self._entries.get(name)

    def __contains__(self, name: str) -> bool:
        return name in self._entries
