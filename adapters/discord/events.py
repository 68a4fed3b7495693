"""What Discord's messages say, as `Message`s. Pure."""

import re
from collections.abc import Iterator

import discord

from adapters.discord.files import safe_name
from bridge.types import Attachment, Message, Person, Thread
from bridge.words import english, say

PLATFORM = "discord"
# Where other threads have a server, a direct message has this.
DIRECT = "@me"
# The longest name a Discord thread can have.
TITLE_LIMIT = 100
SHORT_TITLE = 80

SPOKEN_TYPES = frozenset({discord.MessageType.default, discord.MessageType.reply})

_USER_MENTION = re.compile(r"<@!?(\d+)>")


def read_message(message: discord.Message, bot_user_id: int) -> Message | None:
    """What a person said; None for bots, webhooks and Discord's own announcements.

    A message in a server's channel names the thread that would grow from it: Discord gives such a thread the
    id of its message, so that its key is known before it exists.
    """
    if message.author.bot or message.webhook_id is not None or message.type not in SPOKEN_TYPES:
        return None
    reference = message.reference if not message.message_snapshots else None
    addressed = message.guild is None or _mentions(message, bot_user_id)
    heads = message.guild is not None and message.channel.id == message.id
    return Message(
        id=str(message.id),
        thread=thread_of(message),
        author=_author(message),
        text=_asked(message, bot_user_id),
        sent_at=message.created_at.timestamp(),
        addressed=addressed,
        replies_to=str(reference.message_id) if reference and reference.message_id else "",
        attachments=tuple(_attachments(message)),
        to_others=not addressed and any(user.id != message.author.id for user in message.mentions),
        edited_at=message.edited_at.timestamp() if message.edited_at is not None else 0.0,
        heads_thread=heads,
    )


def is_hidden(message: discord.Message, read: Message) -> bool:
    """Whether Discord has not told what was said, if the bot may not read what is said to others."""
    return not (read.addressed or message.content or message.attachments or message.message_snapshots)


def thread_of(message: discord.Message) -> Thread:
    """The thread that a message is in, or begins."""
    channel = message.channel
    if message.guild is None:
        return Thread(PLATFORM, DIRECT, str(channel.id), str(channel.id))
    if isinstance(channel, discord.Thread):
        return Thread(PLATFORM, str(message.guild.id), str(channel.parent_id), str(channel.id))
    return Thread(PLATFORM, str(message.guild.id), str(channel.id), str(message.id))


def _asked(message: discord.Message, bot_user_id: int) -> str:
    """What was said, together with what was forwarded, or with the title of the post that it begins."""
    text, channel = plain_text(message, bot_user_id), message.channel
    title = channel.name if isinstance(channel, discord.Thread) and channel.id == message.id else ""
    forwarded = (_without_ids(one.content) for one in message.message_snapshots)
    return "\n\n".join(part for part in (title, text, *forwarded) if part)


def _without_ids(text: str) -> str:
    """Of whom a forwarded message speaks is not told."""
    return _USER_MENTION.sub(f"@{english.DISCORD_SOMEONE}", text).strip()


def plain_text(message: discord.Message, bot_user_id: int) -> str:
    """The text with names instead of ids; the bot's own mention goes."""
    names = {user.id: user.display_name for user in message.mentions}

    someone = say(english.DISCORD_SOMEONE, _locale(message))

    def shown(mention: re.Match[str]) -> str:
        user = int(mention.group(1))
        return "" if user == bot_user_id else f"@{names.get(user, someone)}"

    text = _USER_MENTION.sub(shown, message.content)
    for role in message.role_mentions:
        text = text.replace(role.mention, "" if _is_own(role, message) else f"@{role.name}")
    return text.strip()


def thread_title(question: str, locale: str = "") -> str:
    """A name for the thread, from the first line of what was asked."""
    line = next((line.strip() for line in question.splitlines() if line.strip()), "")
    if not line:
        return say(english.QUESTION, locale)
    if len(line) <= SHORT_TITLE:
        return line
    cut = line[:SHORT_TITLE].rsplit(" ", 1)[0]
    return f"{cut[:SHORT_TITLE]}…"


def _author(message: discord.Message) -> Person:
    author = message.author
    return Person(
        str(author.id),
        author.display_name,
        locale=_locale(message),
        roles=_roles(author),
        moderator=_moderates(author),
    )


def _locale(message: discord.Message) -> str:
    """What those who keep the server say is read there; Discord does not tell it of whoever writes."""
    return str(message.guild.preferred_locale) if message.guild is not None else ""


def _attachments(message: discord.Message) -> Iterator[Attachment]:
    yield from (_attachment(file, message.flags) for file in message.attachments)
    for one in message.message_snapshots:
        yield from (_attachment(file, one.flags) for file in one.attachments)


def _attachment(file: discord.Attachment, flags: discord.MessageFlags) -> Attachment:
    media_type = (file.content_type or "").partition(";")[0].strip().lower()
    return Attachment(
        name=safe_name(file.filename),
        media_type=media_type,
        size=file.size,
        source=file.url,
        voice=flags.voice and media_type.startswith("audio/"),
    )


def _roles(author: discord.User | discord.Member) -> tuple[str, ...]:
    """Everybody's own role, which is called as the server, tells nothing."""
    if not isinstance(author, discord.Member):
        return ()
    return tuple(str(role.id) for role in author.roles if not role.is_default())


def _moderates(author: discord.User | discord.Member) -> bool:
    """Whether somebody may take away what others say in the server, as far as it is known here."""
    if not isinstance(author, discord.Member):
        return False
    may = author.guild_permissions
    return may.manage_messages or may.administrator


def _mentions(message: discord.Message, bot_user_id: int) -> bool:
    by_name = any(user.id == bot_user_id for user in message.mentions)
    return by_name or any(_is_own(role, message) for role in message.role_mentions)


def _is_own(role: discord.Role, message: discord.Message) -> bool:
    """Whether a role is the one that Discord made for the bot itself; people often pick it by mistake."""
    return message.guild is not None and message.guild.self_role == role
