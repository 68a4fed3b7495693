"""What Discord's events say of messages that were changed or deleted. Pure."""

from typing import TypeAlias

import discord

from adapters.discord.events import read_message
from bridge.types import Message

Removal: TypeAlias = discord.RawMessageDeleteEvent | discord.RawBulkMessageDeleteEvent


def read_edit(message: discord.Message, bot_user_id: int) -> Message | None:
    """What somebody has changed, as it stands now. None where nobody has: Discord tells of a message once
    more when a link in it has got a preview, when it was pinned, and when a thread has grown from it."""
    return None if message.edited_at is None else read_message(message, bot_user_id)


def removed(event: Removal) -> tuple[str, ...]:
    """The ids of the messages that are gone. Discord does not tell whose they were."""
    if isinstance(event, discord.RawBulkMessageDeleteEvent):
        return tuple(str(one) for one in sorted(event.message_ids))
    return (str(event.message_id),)
