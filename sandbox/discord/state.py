"""The nouns of the little Discord: who is there, which channels, what was said. They know no wire."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from sandbox.discord.flags import ChannelType, MessageFlag, MessageType, Permission
from sandbox.discord.mentions import Mentions
from sandbox.discord.types import DiscordFile, Json

LARGEST_FILES = (10 << 20, 10 << 20, 50 << 20, 100 << 20)  # bytes, by how much a server is boosted
ALL_PERMISSIONS = Permission((1 << 53) - 1)


@dataclass(slots=True, eq=False)
class User:
    id: str
    name: str
    bot: bool = False
    takes_directs: bool = True
    moderator: bool = False
    locale: str = "en-US"


@dataclass(slots=True, eq=False)
class Guild:
    id: str
    name: str
    owner: User
    bot_role: str
    joined_at: float
    boost_tier: int = 0
    has_bot: bool = True
    locale: str = "en-US"
    channels: dict[str, "Channel"] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    given: dict[str, list[str]] = field(default_factory=dict)

    @property
    def largest_file(self) -> int:
        """In bytes."""
        return LARGEST_FILES[self.boost_tier]

    @property
    def threads(self) -> list["Channel"]:
        return [channel for channel in self.channels.values() if channel.kind.is_thread]


@dataclass(slots=True, eq=False)
class Channel:
    """A channel of a server, a thread (`parent` and `owner` are set), a direct message (`recipient` is), or
    one where `people` are among themselves. `bot_added` says that the bot was added to a private thread,
    `bot_wrote_at` when it wrote last, on the monotonic clock."""

    id: str
    name: str
    kind: ChannelType
    created_at: float
    guild: Guild | None = None
    parent: "Channel | None" = None
    owner: User | None = None
    recipient: User | None = None
    people: tuple[User, ...] = ()
    permissions: Permission = field(default_factory=Permission.usual)
    messages: dict[str, "Message"] = field(default_factory=dict)
    last_message_id: str | None = None
    sent: int = 0
    topic: str | None = None
    slowmode: int = 0
    archived: bool = False
    locked: bool = False
    archived_at: float = 0.0
    auto_archive_minutes: int = 1440
    external_apps: bool = True
    bot_added: bool = False
    bot_wrote_at: float = 0.0

    @property
    def has_bot(self) -> bool:
        """Whether the bot is there at all."""
        return self.guild.has_bot if self.guild is not None else not self.people

    @property
    def rights(self) -> Permission:
        """What the bot may do here."""
        if not self.has_bot:
            return Permission(0)
        if self.guild is None:
            return ALL_PERMISSIONS
        if self.parent is None:
            return self.permissions
        shut = self.kind is ChannelType.PRIVATE_THREAD and not self.bot_added
        hidden = shut and Permission.MANAGE_THREADS not in self.parent.permissions
        return Permission(0) if hidden else self.parent.permissions

    @property
    def largest_file(self) -> int:
        """In bytes."""
        return LARGEST_FILES[0] if self.guild is None else self.guild.largest_file

    @property
    def may_write(self) -> bool:
        needed = Permission.SEND_MESSAGES if self.parent is None else Permission.SEND_MESSAGES_IN_THREADS
        return bool(self.rights & needed)


@dataclass(frozen=True, slots=True)
class Attachment:
    id: str
    url: str
    file: DiscordFile
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to post, checked already."""

    content: str
    type: int = MessageType.DEFAULT
    embeds: Sequence[Json] = ()
    components: Sequence[Json] = ()
    files: Sequence[DiscordFile] = ()
    flags: int = 0
    tts: bool = False
    nonce: str | int | None = None
    enforce_nonce: bool = False
    allowed_mentions: Json | None = None
    reply_to: "Message | None" = None
    mention_bot: bool | None = None
    webhook: bool = False
    age: float = 0.0
    interaction: Json | None = None
    id: str = ""
    forwards: "Message | None" = None


@dataclass(frozen=True, slots=True)
class Revision:
    """What an edit replaces; None leaves a thing as it is."""

    content: str | None = None
    embeds: Sequence[Json] | None = None
    components: Sequence[Json] | None = None
    keep_attachments: Sequence[str] | None = None
    files: Sequence[DiscordFile] = ()
    flags: int | None = None
    allowed_mentions: Json | None = None


@dataclass(slots=True, eq=False)
class Message:
    id: str
    channel: Channel
    author: User
    content: str
    type: int
    sent_at: float
    pings: Mentions
    mentions: Mentions
    embeds: Sequence[Json] = ()
    components: Sequence[Json] = ()
    attachments: tuple[Attachment, ...] = ()
    own_flags: int = 0
    tts: bool = False
    nonce: str | int | None = None
    reference: "Message | None" = None
    forwards: "Message | None" = None
    webhook: bool = False
    edited_at: float | None = None
    thread: Channel | None = None
    deleted: bool = False
    garbled: bool = False
    reactions: dict[str, list[str]] = field(default_factory=dict)
    interaction: Json | None = None

    @property
    def flags(self) -> int:
        snapshot = MessageFlag.HAS_SNAPSHOT if self.forwards is not None else 0
        return self.own_flags | snapshot | (MessageFlag.HAS_THREAD if self.thread is not None else 0)

    @property
    def is_thread_starter(self) -> bool:
        return self.type == MessageType.THREAD_STARTER_MESSAGE


@dataclass(frozen=True, slots=True)
class Member:
    guild: Guild
    user: User


@dataclass(frozen=True, slots=True)
class Reaction:
    message: Message
    user: User
    emoji: str


@dataclass(frozen=True, slots=True)
class Purge:
    """Messages of one channel that were deleted together."""

    channel: Channel
    messages: tuple[Message, ...]


Subject: TypeAlias = Guild | Channel | Member | Message | Reaction | Purge


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened. `name` is the gateway's."""

    name: str
    about: Subject
