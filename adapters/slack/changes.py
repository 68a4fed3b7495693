"""What Slack's events say of messages that were changed or deleted. Pure.

Whatever becomes of a message is told with the same subtype: that somebody has edited it, that a link in it
has got a preview, that it was pinned, that a thread has begun below it. And of a message with a thread below
it, which stays as an empty place when it is deleted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from adapters.slack.events import SHARED, read_message
from adapters.slack.fields import Json, object_of, text_of
from bridge.types import Message

# What is left of a message with replies, once it is deleted.
TOMBSTONE = "tombstone"


@dataclass(frozen=True, slots=True)
class Edited:
    """Somebody has changed what they said: as it stands now."""

    message: Message


@dataclass(frozen=True, slots=True)
class Deleted:
    """A message is gone."""

    message_id: str


Change: TypeAlias = Edited | Deleted


def read_change(event: Json, team_id: str, bot_user_id: str) -> Change | None:
    """What a `message` event says of an earlier message; None where it says nothing of one, where nothing of
    its words has changed, and of what no person said. Arguments as of `read_message`."""
    channel, before = text_of(event, "channel"), object_of(event.get("previous_message"))
    if not channel or before.get("bot_id") or before.get("user") == bot_user_id:
        return None
    match event.get("subtype"):
        case "message_deleted":
            return _deleted(team_id, channel, text_of(event, "deleted_ts") or text_of(before, "ts"))
        case "message_changed":
            now = object_of(event.get("message"))
            if now.get("subtype") == TOMBSTONE:
                return _deleted(team_id, channel, text_of(now, "ts"))
            if _words(now) == _words(before):
                return None
            place = {"channel": channel, "channel_type": event.get("channel_type"), SHARED: event.get(SHARED)}
            message = read_message({**now, **place}, team_id, bot_user_id)
            return Edited(message) if message is not None else None
        case _:
            return None


def _deleted(team_id: str, channel: str, ts: str) -> Deleted | None:
    return Deleted(f"{team_id}:{channel}:{ts}") if ts else None


def _words(message: Json) -> tuple[str, tuple[str, ...]]:
    """What is said: the text, and which files go with it."""
    files = message.get("files")
    listed = files if isinstance(files, list) else []
    return text_of(message, "text"), tuple(text_of(one, "id") for one in listed if isinstance(one, Mapping))
