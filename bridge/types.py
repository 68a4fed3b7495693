"""The nouns of the bridge: frozen, slotted, and free of any platform or wire."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Thread:
    """One place where one conversation happens.

    `id` is the platform's name of the thread inside `channel`: Slack's `thread_ts`, the id of a Discord
    thread (which is also the id of the message it grew from). Where a channel is itself the conversation
    (a Discord direct message), `id` equals `channel`.
    """

    platform: str
    workspace: str
    channel: str
    id: str

    @property
    def key(self) -> str:
        """The stable text under which the store keeps this thread."""
        return f"{self.platform}:{self.workspace}:{self.channel}:{self.id}"

    @classmethod
    def from_key(cls, key: str) -> Self:
        """The thread that has this `key`."""
        platform, workspace, channel, thread_id = key.split(":", 3)
        return cls(platform, workspace, channel, thread_id)


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who writes. `id` is stable for the platform; `name` is only what to call them."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file somebody attached: what the platform says about it, not its bytes. `size` is in bytes."""

    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Message:
    """Something a person said where the bridge can hear it.

    `id` identifies the message on its platform: however often and by whichever event it arrives, it is the
    same. `addressed` says that the bot was meant (a mention, a direct message); anything else counts only in
    a thread the bot already takes part in. `replies_to` names the message this one replies to, where the
    platform has that notion. `sent_at` is in seconds since 1970.
    """

    id: str
    thread: Thread
    author: Person
    text: str
    sent_at: float
    addressed: bool
    replies_to: str = ""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Body:
    """The whole visible content of one message, in Markdown as models write it.

    `text` is the model's; `notice` is a plain sentence of ours, set apart from it. `step` is what the app is
    busy with just now, to be shown until the next body says otherwise. `final` says that no further edit is
    planned, so that a renderer may stop hiding what is only half written.
    """

    text: str
    notice: str = ""
    final: bool = False
    step: str = ""


@dataclass(frozen=True, slots=True)
class MessageRef:
    """Where a message of ours stands: enough to edit it, also after a restart."""

    channel: str
    id: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One rate-limit scope of a platform: at most `limit` calls in any `seconds` seconds.

    `shut_until` is what the platform's last answer said, on the clock of the event loop: none fits before.
    `private` says that only answers in one thread spend from it, so that one replica has it to itself; all
    others are shared by the replicas.
    """

    scope: str
    limit: int
    seconds: float
    shut_until: float = 0.0
    private: bool = False
