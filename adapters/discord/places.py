"""Where the answers of each thread stand, as far as is known."""

from collections import OrderedDict
from dataclasses import dataclass

from bridge.types import Message, Thread

# So much is remembered of each kind; the oldest is forgotten, which costs a call or some pace, no answer.
REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Place:
    """The channel to post to, and the message to reply to where there is no thread."""

    channel: str
    replies_to: str = ""

    @property
    def private(self) -> bool:
        """Whether only the answers of one thread stand here."""
        return not self.replies_to


class Places:
    def __init__(self) -> None:
        self._threadless = Remembered()
        self._private = Remembered()

    def of(self, thread: Thread) -> Place:
        if thread.key in self._threadless:
            return Place(thread.channel, thread.id)
        self._private.add(thread.id)
        return Place(thread.id)

    def keep_in_channel(self, thread: Thread) -> None:
        """From now on, the answers of this thread are replies in its channel."""
        self._threadless.add(thread.key)

    def are_in_channel(self, thread: Thread) -> bool:
        return thread.key in self._threadless

    def is_private(self, channel: str) -> bool:
        """Whether only the answers of one thread stand in this channel. No, where nothing is known of it."""
        return channel in self._private

    def of_message(self, message: Message) -> str:
        """The channel in which somebody's message stands: one that begins a thread is not in it."""
        thread = message.thread
        return thread.channel if message.id == thread.id else self.of(thread).channel


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
