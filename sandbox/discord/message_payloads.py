"""Messages as Discord puts them on the wire. Pure: what goes in is only looked at."""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.discord import components, payloads
from sandbox.discord.flags import MessageFlag, MessageType
from sandbox.discord.state import Attachment, Member, Message, Purge, Reaction, User
from sandbox.discord.types import DiscordMessage, Json

# Nobody looks into the recordings that are sent here.
VOICE_SECONDS = 1.5
WAVEFORM = "AAAA"
# The kind of a reference.
_FORWARD = 1


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a message is written out: without the message content intent much of it stays empty."""

    bot: User
    users: Mapping[str, User]
    reads_everything: bool

    def may_read(self, message: Message) -> bool:
        return (
            self.reads_everything
            or message.channel.guild is None
            or message.author is self.bot
            or self.bot.id in message.mentions.users
        )


def message(about: Message, reader: Reader, *, nested: bool = False) -> Json:
    """As REST answers it. Inside another message it does not show in its turn what it refers to."""
    data: Json = {
        "id": about.id,
        "channel_id": about.channel.id,
        "type": about.type,
        "author": payloads.user(about.author),
        "timestamp": payloads.timestamp(about.sent_at),
        "edited_timestamp": payloads.timestamp(about.edited_at) if about.edited_at is not None else None,
        "tts": about.tts,
        "pinned": False,
        "flags": about.flags,
        "mention_everyone": about.mentions.everyone,
        "mention_roles": list(about.mentions.roles),
        "mentions": [payloads.user(who) for who in _mentioned(about, reader)],
        "content": "",
        "embeds": [],
        "attachments": [],
        "components": [],
    }
    if reader.may_read(about):
        data |= {
            "content": about.content,
            "embeds": [{"type": "rich"} | embed for embed in about.embeds],
            "attachments": [_attachment(item, about) for item in about.attachments],
            "components": components.numbered(about.components),
        }
        if about.forwards is not None:
            data["message_snapshots"] = [{"message": _snapshot(about.forwards)}]
    if about.garbled:
        data["author"] = {"kind": "of tomorrow"}
    if about.nonce is not None:
        data["nonce"] = about.nonce
    if about.webhook:
        data["webhook_id"] = about.author.id
    if about.interaction is not None:
        data["interaction_metadata"] = about.interaction
    if about.reactions:
        data["reactions"] = [_reactions(emoji, who, reader) for emoji, who in about.reactions.items()]
    if about.thread is not None:
        data["thread"] = payloads.thread(about.thread, reader.bot)
    if about.forwards is not None:
        data["message_reference"] = _reference(about.forwards) | {"type": _FORWARD}
    if about.reference is not None:
        data["message_reference"] = _reference(about.reference)
        if not nested:
            data["referenced_message"] = (
                None if about.reference.deleted else message(about.reference, reader, nested=True)
            )
    return data


def dispatched_message(about: Message, reader: Reader) -> Json:
    """As the gateway sends it: in a guild with the guild's id, and people as the members they are."""
    place = about.channel.guild
    data = message(about, reader) | {"channel_type": about.channel.kind}
    if place is None:
        return data
    data["guild_id"] = place.id
    data["mentions"] = [
        payloads.user(who) | {"member": payloads.partial_member(place, who, reader.bot)}
        for who in _mentioned(about, reader)
    ]
    if not about.webhook:
        data["member"] = payloads.partial_member(place, about.author, reader.bot)
    return data


def deleted_message(about: Message) -> Json:
    return {"id": about.id, "channel_id": about.channel.id} | _guild_id(about)


def deleted_messages(about: Purge) -> Json:
    ids = [message.id for message in about.messages]
    return {"ids": ids, "channel_id": about.channel.id} | _guild_id(about.messages[0])


def reaction(about: Reaction, bot: User, *, added: bool) -> Json:
    data: Json = {
        "user_id": about.user.id,
        "channel_id": about.message.channel.id,
        "message_id": about.message.id,
        "emoji": _emoji(about.emoji),
        "burst": False,
        "type": 0,
    } | _guild_id(about.message)
    place = about.message.channel.guild
    if added:
        data["message_author_id"] = about.message.author.id
        if place is not None:
            data["member"] = payloads.member(Member(place, about.user), bot)
    return data


def _mentioned(about: Message, reader: Reader) -> list[User]:
    return [reader.users[id_] for id_ in about.mentions.users if id_ in reader.users]


def _guild_id(about: Message) -> Json:
    return {"guild_id": about.channel.guild.id} if about.channel.guild is not None else {}


def _reference(target: Message) -> Json:
    return {"type": 0, "channel_id": target.channel.id, "message_id": target.id} | _guild_id(target)


def _snapshot(target: Message) -> Json:
    """A message as it was when somebody forwarded it. Who wrote it is not told."""
    return {
        "type": target.type,
        "content": target.content,
        "embeds": [],
        "attachments": [_attachment(item, target) for item in target.attachments],
        "timestamp": payloads.timestamp(target.sent_at),
        "edited_timestamp": None,
        "flags": target.own_flags,
        "mentions": [],
        "mention_roles": [],
        "components": [],
    }


def _attachment(item: Attachment, about: Message) -> Json:
    data: Json = {
        "id": item.id,
        "filename": item.file.name,
        "size": len(item.file.content),
        "content_type": item.file.media_type,
        "url": item.url,
        "proxy_url": item.url,
    }
    if about.own_flags & MessageFlag.IS_VOICE_MESSAGE:
        data |= {"duration_secs": VOICE_SECONDS, "waveform": WAVEFORM}
    return data if item.description is None else data | {"description": item.description}


def _reactions(emoji: str, who: list[str], reader: Reader) -> Json:
    return {
        "emoji": _emoji(emoji),
        "count": len(who),
        "count_details": {"burst": 0, "normal": len(who)},
        "burst_colors": [],
        "me": reader.bot.id in who,
        "me_burst": False,
    }


def _emoji(emoji: str) -> Json:
    """An emoji of a guild is written name:id."""
    name, _, id_ = emoji.partition(":")
    return {"id": id_ or None, "name": name}


def seen_message(about: Message) -> DiscordMessage:
    replies = about.type == MessageType.REPLY
    return DiscordMessage(
        id=about.id,
        author_id=about.author.id,
        content=about.content,
        edited=about.edited_at is not None,
        reference=about.reference.id if replies and about.reference is not None else None,
        nonce=None if about.nonce is None else str(about.nonce),
        flags=int(about.flags),
        pings=about.pings.names,
        mentions=about.mentions.names,
        type=int(about.type),
        attachments=tuple(item.file.name for item in about.attachments),
        reactions=tuple(about.reactions),
        buttons=components.buttons(about.components),
    )
