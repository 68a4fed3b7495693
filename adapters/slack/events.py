"""What Slack's events say, as `Message`s. Pure.

One mention in a joined channel arrives as `app_mention` and as `message`, in either order; both become the
same `Message`, so that whichever comes first will do.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

from adapters.slack.attached import read_files
from adapters.slack.fields import text_of
from bridge.types import Message, Person, Thread

PLATFORM = "slack"
# What the id of a direct message's channel begins with.
DIRECT_MESSAGE = "D"

# What the id of an organisation begins with that has installed the bot in all its workspaces.
ORGANISATION = "E"
# What an event's envelope says of its channel.
SHARED = "is_ext_shared_channel"

# Everything else under "message" is an edit, a deletion or Slack's own announcement.
SPOKEN_SUBTYPES = frozenset({None, "file_share", "thread_broadcast"})
# Slack itself writes notices into direct messages under this user.
SLACKBOT_USERS = frozenset({"USLACK", "USLACKBOT"})

# Somebody who is called by name.
_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^<>]*)?>")
_TOKEN = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")


def read_message(event: Mapping[str, object], team_id: str, bot_user_id: str) -> Message | None:
    """The message that an `app_mention` or `message` event carries; None when no person said it.

    `team_id` is the workspace that the event was delivered for, `bot_user_id` the bot's own user there.
    """
    channel, ts, user = (text_of(event, name) for name in ("channel", "ts", "user"))
    if not (channel and ts and user) or event.get("subtype") not in SPOKEN_SUBTYPES:
        return None
    if event.get("bot_id") or user == bot_user_id or user in SLACKBOT_USERS:
        return None
    raw = text_of(event, "text")
    addressed = event.get("channel_type") == "im" or f"<@{bot_user_id}" in raw
    return Message(
        id=f"{team_id}:{channel}:{ts}",
        thread=Thread(PLATFORM, team_id, channel, text_of(event, "thread_ts") or ts),
        author=Person(user, outside=is_outside(event, team_id)),
        text=plain_text(raw, bot_user_id),
        sent_at=_seconds(ts),
        addressed=addressed,
        attachments=read_files(event.get("files"), team_id),
        to_others=not addressed and any(called != user for called in _MENTION.findall(raw)),
        edited_at=_edited_at(event.get("edited")),
    )


def is_outside(event: Mapping[str, object], team_id: str) -> bool:
    """Whether somebody belongs to another workspace than the one that the bot is installed in: a channel may
    be shared with others. Where an organisation has installed the bot as a whole, Slack does not tell its own
    people from others, so that in a channel that is shared with others, nobody counts as its own."""
    if team_id.startswith(ORGANISATION):
        return event.get(SHARED) is True
    return team_of(event) not in ("", team_id)


def team_of(event: Mapping[str, object]) -> str:
    """The workspace of whoever said it, as far as it is told: in its place, there may be the organisation
    that it is a part of."""
    teams = (text_of(event, name) for name in ("user_team", "source_team", "team"))
    return next((team for team in teams if team.startswith("T")), "")


@dataclass(frozen=True, slots=True)
class Asker:
    """Whom an answer is for: somebody, and the workspace they belong to, which may be another than ours."""

    user: str
    team: str


def read_asker(event: Mapping[str, object], message: Message) -> Asker:
    """Who said `message`, which was read from this event."""
    return Asker(message.author.id, team_of(event) or message.thread.workspace)


def plain_text(text: str, bot_user_id: str) -> str:
    """Slack's markup as a person reads it: tokens become names and addresses, the bot's own name goes."""

    def shown(token: re.Match[str]) -> str:
        sign, target, label = token.group(1), token.group(2), token.group(3)
        if sign == "@" and target == bot_user_id:
            return ""
        if sign == "!":
            return f"@{label or target.partition('^')[0]}".replace("@@", "@")
        if sign:
            return sign + (label or target)
        return f"{label} ({target})" if label and label not in target else target

    return html.unescape(_TOKEN.sub(shown, text)).strip()


def _edited_at(edited: object) -> float:
    ts = edited.get("ts") if isinstance(edited, Mapping) else None
    return _seconds(ts) if isinstance(ts, str) else 0.0


def _seconds(ts: str) -> float:
    try:
        return float(ts)
    except ValueError:
        return 0.0
