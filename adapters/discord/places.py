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
        self._threads = Remembered()
        self._grown = Remembered()
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

    def keep_in_thread(self, thread: Thread) -> None:
        """Somebody has spoken in it: it is a thread, also once the server does not tell of it any more."""
        self._threads.add(thread.key)

    def heard(self, message: Message) -> None:
        """What a message tells of its thread: that it grows from a question, which everybody in the channel
        can read, or that it is one already."""
        if grows_thread(message):
            self._grown.add(message.thread.key)
        elif _is_said_in_thread(message):
            self.keep_in_thread(message.thread)

    def has_grown(self, thread: Thread) -> bool:
        """Whether its answers may stand in its channel instead. Not those of a thread that people have made,
        which may be private, nor where nothing is known of it."""
        return thread.key in self._grown

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
        if is_away(thread.id) or thread.key in self._threads:
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


def grows_thread(message: Message) -> bool:
    """Whether its thread would be one that grows from it."""
    thread = message.thread
    if message.pressed and message.replies_to == thread.id:
        # Somebody asked about a message.
        return True
    return thread.id == message.id and thread.id != thread.channel and not message.heads_thread


def _is_said_in_thread(message: Message) -> bool:
    """What is said in a channel begins a thread of its own, or replies to something."""
    thread = message.thread
    elsewhere = thread.id not in (message.id, thread.channel)
    return message.heads_thread or (elsewhere and not message.pressed and not message.replies_to)


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
