"""A workspace and what is in it: people, channels, messages, files."""

import re
import time
import uuid
import zlib
from dataclasses import dataclass, field
from itertools import count

from sandbox.slack import blocks as kit
from sandbox.slack.errors import ApiError
from sandbox.slack.types import JsonObject, SlackFile, SlackMessage


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the app is in this workspace."""

    team_id: str
    team: str
    app_id: str
    bot_id: str
    bot_user_id: str
    bot_name: str
    enterprise_id: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """`team` is the workspace of somebody from outside, with whom a channel is shared."""

    id: str
    name: str
    is_bot: bool = False
    team: str = ""
    locale: str = "en-US"


@dataclass(frozen=True, slots=True)
class StoredFile:
    id: str
    file: SlackFile
    created: int
    url: str
    download_url: str
    by: str = ""


@dataclass(slots=True)
class Stream:
    """A message that is being streamed. `size` is what has been accepted so far, in weighted UTF-8 bytes."""

    started: float
    mode: str = ""
    size: int = 0
    tasks: set[str] = field(default_factory=set)
    stopped_by: str = ""


@dataclass(slots=True)
class Message:
    """A message as Slack keeps it. `thread_ts` is set on replies only; `stream` until it is stopped."""

    ts: str
    user: str
    text: str = ""
    markdown: str = ""
    blocks: tuple[JsonObject, ...] = ()
    attachments: tuple[JsonObject, ...] = ()
    metadata: JsonObject | None = None
    thread_ts: str | None = None
    bot_id: str = ""
    team: str = ""
    subtype: str = ""
    files: tuple[StoredFile, ...] = ()
    edited_ts: str = ""
    reactions: dict[str, list[str]] = field(default_factory=dict)
    stream: Stream | None = None
    app_context: JsonObject | None = None
    client_msg_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def visible(self) -> str:
        """Blocks and Markdown are what a person sees; `text` counts only where neither has words."""
        words = (self.markdown, kit.visible(self.blocks))
        return "\n".join(part for part in words if part) or self.text

    @property
    def plain(self) -> str:
        """What the `text` field of this message says on the wire."""
        return self.text or self.visible

    def shown(self) -> SlackMessage:
        return SlackMessage(
            ts=self.ts,
            user=self.user,
            bot_id=self.bot_id,
            text=self.visible,
            raw=self.text,
            blocks=self.blocks,
            thread_ts=self.thread_ts,
            edited=bool(self.edited_ts),
            metadata=self.metadata,
            streaming=self.stream is not None,
            subtype=self.subtype,
            files=tuple(stored.file.name for stored in self.files),
            reactions=tuple(self.reactions),
            attached=tuple(stored.file for stored in self.files),
        )


@dataclass(slots=True)
class Channel:
    """A public channel; or what its `kind` says: `group` for a private one, `mpim` for the direct messages of
    several people. With `im_user`, the direct messages between that person and the bot."""

    id: str
    name: str
    bot_is_member: bool = True
    im_user: str = ""
    kind: str = "channel"
    messages: dict[str, Message] = field(default_factory=dict)

    @property
    def type(self) -> str:
        return "im" if self.im_user else self.kind

    def message(self, ts: str) -> Message:
        try:
            return self.messages[ts]
        except KeyError:
            raise ApiError("message_not_found") from None

    def top_level(self) -> list[Message]:
        return [m for m in self.messages.values() if m.thread_ts is None or m.subtype == "thread_broadcast"]

    def replies(self, root_ts: str) -> list[Message]:
        return [message for message in self.messages.values() if message.thread_ts == root_ts]

    def thread(self, root_ts: str) -> list[Message]:
        root = self.messages.get(root_ts)
        return [*([root] if root else []), *self.replies(root_ts)]


class Workspace:
    """With an `enterprise_id`, the app is installed in all of an organisation. `app_id` is that of an app
    which other workspaces know, too."""

    def __init__(self, name: str, enterprise_id: str = "", app_id: str = "") -> None:
        self._mark = (
            f"{zlib.crc32(name.encode()):08X}"  # ids of two workspaces differ, those of one never change
        )
        self._numbers = count(1)
        self._last_ts = 0
        self.identity = Identity(
            team_id=f"T{self._mark}",
            team=name,
            app_id=app_id or self._new_id("A"),
            bot_id=self._new_id("B"),
            bot_user_id=self._new_id("U"),
            bot_name="sandbox-bot",
            enterprise_id=enterprise_id,
        )
        bot = User(self.identity.bot_user_id, self.identity.bot_name, is_bot=True)
        self.users: dict[str, User] = {bot.id: bot}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, StoredFile] = {}
        self.groups: dict[str, tuple[str, ...]] = {}

    def new_ts(self) -> str:
        """Unique in the workspace, always increasing, near the wall clock: seconds and microseconds."""
        self._last_ts = max(time.time_ns() // 1_000, self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def add_user(self, name: str, team: str, locale: str) -> User:
        user = User(self._new_id("U"), name, team=team, locale=locale)
        self.users[user.id] = user
        return user

    def add_group(self, people: tuple[str, ...]) -> str:
        group = self._new_id("S")
        self.groups[group] = people
        return group

    def add_channel(self, name: str, *, bot_is_member: bool, kind: str = "channel") -> Channel:
        channel = Channel(self._new_id("C"), name, bot_is_member, kind=kind)
        self.channels[channel.id] = channel
        return channel

    def open_dm(self, user: str) -> Channel:
        """The one channel for direct messages with `user`; opening it again gives the same."""
        if user not in self.users:
            raise ValueError(f"nobody here has the id {user}")
        for channel in self.channels.values():
            if channel.im_user == user:
                return channel
        channel = Channel(self._new_id("D"), "", im_user=user)
        self.channels[channel.id] = channel
        return channel

    def new_view_id(self) -> str:
        return self._new_id("V")

    def new_file_id(self) -> str:
        return self._new_id("F")

    def keep_file(self, file: SlackFile, origin: str, by: str, file_id: str = "") -> StoredFile:
        file_id = file_id or self.new_file_id()
        base = f"{origin}/files-pri/{self.identity.team_id}-{file_id}"
        slug = re.sub(r"[^a-z0-9.]+", "_", file.name.lower())
        stored = StoredFile(file_id, file, int(time.time()), f"{base}/{slug}", f"{base}/download/{slug}", by)
        self.files[file_id] = stored
        return stored

    def channel(self, channel_id: str) -> Channel:
        try:
            return self.channels[channel_id]
        except KeyError:
            raise ApiError("channel_not_found") from None

    def joined(self, channel_id: str) -> Channel:
        channel = self.channel(channel_id)
        if not channel.bot_is_member:
            raise ApiError("not_in_channel")
        return channel

    def _new_id(self, prefix: str) -> str:
        return f"{prefix}{self._mark}{next(self._numbers):02d}"
