"""The little Discord itself, and everything that can change in it.

Whoever changes it calls a method of `World`; each change is announced once, as an `Event` which the gateway
and the timeline take from there.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

from sandbox.discord import files as addresses
from sandbox.discord.errors import (
    missing_access,
    missing_permissions,
    thread_archived,
    thread_exists,
    unknown_channel,
    unknown_emoji,
    unknown_guild,
    unknown_message,
    wrong_channel_type,
)
from sandbox.discord.flags import ChannelType, MessageType, Permission
from sandbox.discord.mentions import Mentions, parse
from sandbox.discord.state import (
    Attachment,
    Channel,
    Draft,
    Event,
    Guild,
    Member,
    Message,
    Purge,
    Reaction,
    Revision,
    User,
)
from sandbox.discord.types import DiscordFile, Json

EPOCH_MS = 1_420_070_400_000
_A_PAIR = 2
NONCE_SECONDS = 300.0  # "the past few minutes" in which a nonce is remembered

# What grows from a message, by where that stands.
_THREADS_OF = {
    ChannelType.TEXT: ChannelType.PUBLIC_THREAD,
    ChannelType.ANNOUNCEMENT: ChannelType.ANNOUNCEMENT_THREAD,
}


class Snowflakes:
    """Ids as Discord makes them: the time in the upper bits, and each greater than the one before."""

    def __init__(self) -> None:
        self._last = 0
        self._past = 0

    def next(self) -> str:
        self._last = max((int(time.time() * 1000) - EPOCH_MS) << 22, self._last + 1)
        return str(self._last)

    def past(self, seconds_ago: float) -> str:
        """An id from before now, no two alike."""
        self._past += 1
        return str(((int((time.time() - seconds_ago) * 1000) - EPOCH_MS) << 22) + self._past)


class World:
    def __init__(self, announce: Callable[[Event], None]) -> None:
        self.origin = ""  # where attachments are served; known once the server listens
        self.users: dict[str, User] = {}
        self.guilds: dict[str, Guild] = {}
        self.channels: dict[str, Channel] = {}
        self.attachments: dict[str, Attachment] = {}
        self._announce = announce
        self._snowflakes = Snowflakes()
        self._nonces: dict[tuple[str, str], tuple[float, Message]] = {}
        self.bot = self.add_user("sandbox-bot", bot=True)

    def new_id(self) -> str:
        return self._snowflakes.next()

    def id_of(self, age: float) -> str:
        """The id of something that was made so many seconds ago."""
        return self._snowflakes.past(age) if age else self.new_id()

    # People and places

    def add_user(self, name: str, *, bot: bool = False, locale: str = "en-US") -> User:
        user = User(self.new_id(), name, bot, locale=locale)
        self.users[user.id] = user
        for guild in self.guilds.values():
            self._announce(Event("GUILD_MEMBER_ADD", Member(guild, user)))
        return user

    def add_guild(self, name: str, boost_tier: int, *, has_bot: bool = True) -> Guild:
        owner = self.add_user(f"{name}-owner")
        guild = Guild(self.new_id(), name, owner, self.new_id(), time.time(), boost_tier, has_bot)
        self.guilds[guild.id] = guild
        self._announce(Event("GUILD_CREATE", guild))
        return guild

    def add_channel(
        self, guild: Guild, name: str, permissions: Permission, kind: ChannelType = ChannelType.TEXT
    ) -> Channel:
        channel = Channel(self.new_id(), name, kind, time.time(), guild, permissions=permissions)
        self._place(channel)
        self._announce(Event("CHANNEL_CREATE", channel))
        return channel

    def open_dm(self, user: User) -> Channel:
        for channel in self.channels.values():
            if channel.recipient is user:
                return channel
        return self._place(Channel(self.new_id(), user.name, ChannelType.DM, time.time(), recipient=user))

    def add_group(self, people: Sequence[User]) -> Channel:
        """Where people are among themselves."""
        kind = ChannelType.DM if len(people) == _A_PAIR else ChannelType.GROUP_DM
        return self._place(Channel(self.new_id(), "", kind, time.time(), people=tuple(people)))

    def set_permissions(self, channel: Channel, permissions: Permission) -> None:
        channel.permissions = permissions
        self._announce(Event("CHANNEL_UPDATE", channel))

    def _place(self, channel: Channel) -> Channel:
        self.channels[channel.id] = channel
        if channel.guild is not None:
            channel.guild.channels[channel.id] = channel
        return channel

    # Finding, as the bot may

    def guild(self, guild_id: str) -> Guild:
        guild = self.guilds.get(guild_id)
        if guild is None or not guild.has_bot:
            raise unknown_guild()
        return guild

    def channel(self, channel_id: str, needed: Permission = Permission.VIEW_CHANNEL) -> Channel:
        channel = self.channels.get(channel_id)
        if channel is None:
            raise unknown_channel()
        if not channel.rights & Permission.VIEW_CHANNEL:
            raise missing_access()
        if needed & ~channel.rights:
            raise missing_permissions()
        return channel

    def message(self, channel: Channel, message_id: str) -> Message:
        message = channel.messages.get(message_id)
        if message is None:
            raise unknown_message()
        return message

    def find_message(self, message_id: str) -> Message:
        for channel in self.channels.values():
            if message_id in channel.messages:
                return channel.messages[message_id]
        raise unknown_message()

    # Talking

    def post(self, channel: Channel, author: User, draft: Draft) -> Message:
        known = self._posted_before(author, draft)
        if known is not None:
            return known
        if channel.archived:
            if channel.locked:
                raise thread_archived()
            self.change_channel(channel, archived=False)
        replied_to = draft.reply_to.author.id if draft.reply_to is not None else None
        mentions = parse(
            draft.content,
            people=self._people(channel),
            allowed=draft.allowed_mentions,
            replied_to=replied_to if author is self.bot else None,
        )
        if draft.mention_bot is not None:
            users = tuple(id_ for id_ in mentions.users if id_ != self.bot.id)
            users = (*users, self.bot.id) if draft.mention_bot else users
            mentions = Mentions(users, mentions.roles, mentions.everyone)
        message = Message(
            id=draft.id or self.id_of(draft.age),
            channel=channel,
            author=author,
            content=draft.content,
            type=draft.type,
            sent_at=time.time() - draft.age,
            pings=mentions,
            mentions=mentions,
            embeds=draft.embeds,
            components=draft.components,
            own_flags=draft.flags,
            tts=draft.tts,
            nonce=draft.nonce,
            reference=draft.reply_to,
            forwards=draft.forwards,
            webhook=draft.webhook,
            interaction=draft.interaction,
        )
        message.attachments = self.attach(message, draft.files)
        if draft.nonce is not None:
            self._nonces[author.id, str(draft.nonce)] = (time.monotonic(), message)
        self._append(message)
        return message

    def edit(self, message: Message, revision: Revision, *, unseen: bool = False) -> None:
        """`unseen` says that it stands in no channel, so that nobody is told."""
        if message.channel.archived:
            raise thread_archived()
        if revision.content is not None:
            message.content = revision.content
            message.mentions = parse(
                message.content,
                people=self._people(message.channel),
                allowed=revision.allowed_mentions,
                replied_to=None,
            )
        if revision.embeds is not None:
            message.embeds = revision.embeds
        if revision.components is not None:
            message.components = revision.components
        if revision.keep_attachments is not None:
            kept = [item for item in message.attachments if item.id in revision.keep_attachments]
            message.attachments = (*kept, *self.attach(message, revision.files))
        if revision.flags is not None:
            message.own_flags = revision.flags
        message.edited_at = time.time()
        if not unseen:
            self._announce(Event("MESSAGE_UPDATE", message))

    def delete(self, message: Message) -> None:
        message.deleted = True
        del message.channel.messages[message.id]
        self._announce(Event("MESSAGE_DELETE", message))

    def delete_together(self, messages: Sequence[Message]) -> None:
        for message in messages:
            message.deleted = True
            del message.channel.messages[message.id]
        self._announce(Event("MESSAGE_DELETE_BULK", Purge(messages[0].channel, tuple(messages))))

    def preview(self, message: Message, embed: Json) -> None:
        """What Discord adds by itself is no edit: no time of one is set."""
        message.embeds = [*message.embeds, embed]
        self._announce(Event("MESSAGE_UPDATE", message))

    def react(self, message: Message, user: User, emoji: str) -> None:
        if message.channel.archived:
            raise thread_archived()
        who = message.reactions.setdefault(emoji, [])
        if user.id not in who:
            who.append(user.id)
            self._announce(Event("MESSAGE_REACTION_ADD", Reaction(message, user, emoji)))

    def unreact(self, message: Message, user: User, emoji: str) -> None:
        who = message.reactions.get(emoji)
        if who is None:
            raise unknown_emoji()
        if user.id in who:
            who.remove(user.id)
            if not who:
                del message.reactions[emoji]
            self._announce(Event("MESSAGE_REACTION_REMOVE", Reaction(message, user, emoji)))

    def attach(self, message: Message, files: Sequence[DiscordFile]) -> tuple[Attachment, ...]:
        attachments: list[Attachment] = []
        for file in files:
            id_ = self.new_id()
            address = addresses.address(message.channel.id, id_, file.name, time.time())
            attachments.append(Attachment(id_, f"{self.origin}{address}", file))
            self.attachments[id_] = attachments[-1]
        return tuple(attachments)

    def redeliver(self, message: Message) -> None:
        """Only the gateway hears of it: nothing changed for people."""
        self._announce(Event("MESSAGE_REDELIVERED", message))

    # Threads

    def start_thread(
        self, message: Message, name: str, minutes: int, slowmode: int, owner: User | None = None
    ) -> Channel:
        """Announced as Discord does: the thread, then the message which now has one, then, inside the thread,
        a message of type 21 that only points back. It is said to be by whoever wrote the message pointed to:
        a bot that looks at authors alone takes it for something to answer.
        """
        if message.channel.kind not in _THREADS_OF:
            raise wrong_channel_type()
        if message.thread is not None:
            raise thread_exists()
        thread = Channel(
            message.id,
            name,
            _THREADS_OF[message.channel.kind],
            time.time(),
            message.channel.guild,
            parent=message.channel,
            owner=owner or self.bot,
            auto_archive_minutes=minutes,
            slowmode=slowmode,
        )
        message.thread = self.add_thread(thread)
        self._announce(Event("MESSAGE_UPDATE", message))
        starter = Message(
            id=self.new_id(),
            channel=thread,
            author=message.author,
            content="",
            type=MessageType.THREAD_STARTER_MESSAGE,
            sent_at=time.time(),
            pings=Mentions(),
            mentions=Mentions(),
            reference=message,
        )
        self._append(starter)
        return thread

    def add_thread(self, thread: Channel) -> Channel:
        self._place(thread)
        self._announce(Event("THREAD_CREATE", thread))
        return thread

    def change_channel(self, channel: Channel, **changes: Any) -> None:
        """Set attributes of it, and tell."""
        if changes.get("archived", channel.archived) != channel.archived:
            channel.archived_at = time.time()
        for name, value in changes.items():
            setattr(channel, name, value)
        self._announce(Event("THREAD_UPDATE" if channel.parent is not None else "CHANNEL_UPDATE", channel))

    def _append(self, message: Message) -> None:
        channel = message.channel
        channel.messages[message.id] = message
        channel.last_message_id = max(channel.last_message_id or "0", message.id, key=int)
        if not message.is_thread_starter:
            channel.sent += 1
        self._announce(Event("MESSAGE_CREATE", message))

    def _posted_before(self, author: User, draft: Draft) -> Message | None:
        if draft.nonce is None or not draft.enforce_nonce:
            return None
        posted_at, message = self._nonces.get((author.id, str(draft.nonce)), (0.0, None))
        if message is None or message.deleted or time.monotonic() - posted_at > NONCE_SECONDS:
            return None
        return message

    def _people(self, channel: Channel) -> set[str]:
        if channel.people:
            return {user.id for user in channel.people}
        if channel.recipient is not None:
            return {self.bot.id, channel.recipient.id}
        return set(self.users)
