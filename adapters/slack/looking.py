"""What people who talk to the agent have before them, and where they open it, as Slack's events say. Pure.

Slack tells an agent what somebody looks at with three events, and with what they write. Each says it anew.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from adapters.slack.fields import Json, object_of, text_of
from bridge.types import Filled

# The names under which it goes to the app's inputs, by the kind of thing that Slack says it is.
CHANNEL, MESSAGE, TEAM = "slack_channel_id", "slack_message_ts", "slack_team_id"
KINDS = {
    "slack#/types/channel_id": CHANNEL,
    "slack#/types/canvas_id": "slack_canvas_id",
    "slack#/types/list_id": "slack_list_id",
}
MESSAGE_CONTEXT = "slack#/types/message_context"
# Slack says few of them.
MOST_ENTITIES = 20

_ID = re.compile(r"[A-Za-z0-9.:_-]{1,80}")


@dataclass(frozen=True, slots=True)
class Opened:
    """Somebody has opened the bot itself at its `tab`, `home` or `messages`; or in the older assistant view,
    a `thread` there. `channel` is that of their direct messages. `published` says that they see something in
    the Home tab already; `seen` is None where nothing is said of what they look at."""

    user: str
    channel: str
    tab: str
    thread: str = ""
    published: bool = False
    seen: Filled | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """Somebody looks at something else now, with their direct messages in `channel` open, or a `thread` of
    the older assistant view there."""

    channel: str
    seen: Filled
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """Somebody wants the agent's work in a thread to end."""

    user: str
    channel: str
    thread: str


def read_event(event: Json) -> Opened | Looked | Ended | None:
    """What an event says that is not about a message; None where it is no matter of ours."""
    match event.get("type"):
        case "app_home_opened":
            return _opened(event)
        case "app_context_changed":
            channel = text_of(event, "channel")
            return Looked(channel, seen_in(event.get("context"))) if channel else None
        case "assistant_thread_started":
            return _begun(object_of(event.get("assistant_thread")))
        case "assistant_thread_context_changed":
            about = object_of(event.get("assistant_thread"))
            channel, thread = text_of(about, "channel_id"), text_of(about, "thread_ts")
            return Looked(channel, _older(about), thread) if channel and thread else None
        case "agent_session_stopped":
            user, channel, thread = (text_of(event, name) for name in ("user", "channel", "thread_ts"))
            return Ended(user, channel, thread) if user and channel and thread else None
        case _:
            return None


def seen_in(context: object) -> Filled:
    """What a `context` or `app_context` names, each kind once, as inputs."""
    entities = object_of(context).get("entities")
    found: dict[str, str] = {}
    for entity in entities[:MOST_ENTITIES] if isinstance(entities, list) else ():
        for name, value in _named(object_of(entity)):
            if _ID.fullmatch(value):
                found.setdefault(name, value)
    return tuple(found.items())


def _named(entity: Json) -> list[tuple[str, str]]:
    kind, value, team = text_of(entity, "type"), entity.get("value"), text_of(entity, "team_id")
    if kind == MESSAGE_CONTEXT:
        about = object_of(value)
        found = [(CHANNEL, text_of(about, "channel_id")), (MESSAGE, text_of(about, "message_ts"))]
    elif kind in KINDS and isinstance(value, str):
        found = [(KINDS[kind], value)]
    else:
        return []
    return [*found, (TEAM, team)]


def _opened(event: Json) -> Opened | None:
    user, channel, tab = (text_of(event, name) for name in ("user", "channel", "tab"))
    if not (user and channel and tab):
        return None
    seen = seen_in(event.get("context")) if "context" in event else None
    return Opened(user, channel, tab, published=isinstance(event.get("view"), Mapping), seen=seen)


def _begun(about: Json) -> Opened | None:
    user, channel, thread = (text_of(about, name) for name in ("user_id", "channel_id", "thread_ts"))
    return (
        Opened(user, channel, "messages", thread, seen=_older(about)) if user and channel and thread else None
    )


def _older(about: Json) -> Filled:
    context = object_of(about.get("context"))
    named = ((CHANNEL, text_of(context, "channel_id")), (TEAM, text_of(context, "team_id")))
    return tuple((name, value) for name, value in named if _ID.fullmatch(value)) if named[0][1] else ()
