"""Messages, events and frames as they go over the wire, shaped like the recorded samples. Pure."""

import base64
import re

from sandbox.slack import objects
from sandbox.slack.state import Channel, Identity, Message, User
from sandbox.slack.types import Json, JsonObject

_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")


def mentions(text: str, user: str) -> bool:
    return user in _MENTION.findall(text)


def rich_text(text: str) -> JsonObject:
    """The block that Slack makes from a message's plain text."""
    elements: list[Json] = []
    for index, part in enumerate(_MENTION.split(text)):
        if index % 2:
            elements.append({"type": "user", "user_id": part})
        elif part:
            elements.append({"type": "text", "text": part})
    section = {"type": "rich_text_section", "elements": elements}
    return {"type": "rich_text", "block_id": "rt", "elements": [section]}


def message(who: Identity, channel: Channel, stored: Message, *, metadata: bool = False) -> dict[str, Json]:
    """A message as methods and events carry it."""
    body: dict[str, Json] = {"type": "message", "user": stored.user, "ts": stored.ts}
    if stored.bot_id:
        body |= {"bot_id": stored.bot_id, "app_id": who.app_id, "bot_profile": _bot_profile(who)}
    else:
        body["client_msg_id"] = stored.client_msg_id
    if stored.subtype:
        body["subtype"] = stored.subtype
    body |= {"text": stored.plain, "team": stored.team or who.team_id}
    if stored.team:
        body |= {"user_team": stored.team, "source_team": stored.team}
    body["blocks"] = list(stored.blocks) or [rich_text(stored.plain)]
    if stored.attachments:
        body["attachments"] = list(stored.attachments)
    if stored.files:
        body |= {"files": [objects.file(who, kept, stored.user) for kept in stored.files], "upload": False}
    if stored.subtype == "tombstone":
        body["hidden"] = True
    if stored.edited_ts:
        body["edited"] = {"user": stored.bot_id or stored.user, "ts": stored.edited_ts}
    if stored.reactions:
        body["reactions"] = [
            {"name": name, "users": users, "count": len(users)} for name, users in stored.reactions.items()
        ]
    if metadata and stored.metadata:
        body["metadata"] = stored.metadata
    return body | _thread_fields(channel, stored)


def message_event(who: Identity, channel: Channel, stored: Message) -> JsonObject:
    body = message(who, channel, stored, metadata=True)
    for only_in_answers in ("reply_count", "reply_users_count", "latest_reply"):
        body.pop(only_in_answers, None)
    if stored.app_context is not None:
        body["app_context"] = stored.app_context
    return body | {"channel": channel.id, "event_ts": stored.ts, "channel_type": channel.type}


def app_mention(who: Identity, channel: Channel, stored: Message) -> JsonObject:
    """The same words once more. It says neither which kind of channel it was in, nor a subtype."""
    event = dict(message_event(who, channel, stored))
    event.pop("channel_type")
    event.pop("subtype", None)
    return event | {"type": "app_mention"}


def message_changed(who: Identity, channel: Channel, before: JsonObject, now: Message, ts: str) -> JsonObject:
    sides: dict[str, Json] = {"message": message(who, channel, now), "previous_message": before}
    return _hidden("message_changed", channel, ts) | sides


def message_deleted(channel: Channel, before: JsonObject, ts: str) -> JsonObject:
    return _hidden("message_deleted", channel, ts) | {"previous_message": before, "deleted_ts": before["ts"]}


def reaction(kind: str, who: Identity, channel: Channel, stored: Message, name: str, ts: str) -> JsonObject:
    item: dict[str, Json] = {"type": "message", "channel": channel.id, "ts": stored.ts}
    return {
        "type": kind,
        "user": who.bot_user_id,
        "reaction": name,
        "item": item,
        "item_user": stored.user,
        "event_ts": ts,
    }


def session_stopped(channel: Channel, stored: Message, user: str, ts: str) -> JsonObject:
    return {
        "type": "agent_session_stopped",
        "channel": channel.id,
        "user": user,
        "thread_ts": stored.thread_ts,
        "streaming_message_ts": [stored.ts],
        "event_ts": ts,
    }


def app_uninstalled() -> JsonObject:
    return {"type": "app_uninstalled"}


def tokens_revoked(bot_user: str) -> JsonObject:
    return {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [bot_user]}}


def access(who: Identity, scope: str, tokens: JsonObject) -> JsonObject:
    """What `oauth.v2.access` answers."""
    here, everywhere = {"id": who.team_id, "name": who.team}, {"id": who.enterprise_id, "name": who.team}
    return {
        "token_type": "bot",
        "scope": scope,
        "bot_user_id": who.bot_user_id,
        "app_id": who.app_id,
        "team": None if who.enterprise_id else here,
        "enterprise": everywhere if who.enterprise_id else None,
        "is_enterprise_install": bool(who.enterprise_id),
        "authed_user": {"id": who.bot_user_id},
        **tokens,
    }


def event_callback(who: Identity, event: JsonObject, event_id: str, event_time: int) -> dict[str, Json]:
    body: dict[str, Json] = {"token": "REDACTED-token", "team_id": who.team_id}
    if event.get("type") == "message":
        body |= {"context_team_id": who.team_id, "context_enterprise_id": None}
    context = base64.urlsafe_b64encode(f"{who.team_id}:{event_id}".encode()).decode()
    return body | {
        "api_app_id": who.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": event_time,
        "authorizations": [
            {
                "enterprise_id": who.enterprise_id or None,
                "team_id": None if who.enterprise_id else who.team_id,
                "user_id": who.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": bool(who.enterprise_id),
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{context}",
    }


def acting(who: Identity, user: User, *, form: bool = False) -> JsonObject:
    """Who does something, as interactions say it. With a form, the team is where they come from."""
    team = user.team if form and user.team else who.team_id
    name = user.name.lower().replace(" ", ".")
    return {
        "user": {"id": user.id, "username": name, "name": name, "team_id": user.team or who.team_id},
        "api_app_id": who.app_id,
        "token": "REDACTED-token",
        "team": {"id": team, "domain": who.team.lower()},
        "enterprise": {"id": who.enterprise_id, "name": who.team} if who.enterprise_id else None,
        "is_enterprise_install": bool(who.enterprise_id),
    }


def block_actions(who: Identity, channel: Channel, pressed: Message, action: JsonObject) -> JsonObject:
    container: dict[str, Json] = {
        "type": "message",
        "message_ts": pressed.ts,
        "channel_id": channel.id,
        "is_ephemeral": False,
    }
    if pressed.thread_ts:
        container["thread_ts"] = pressed.thread_ts
    return {
        "type": "block_actions",
        "container": container,
        "channel": {"id": channel.id, "name": channel.name or "directmessage"},
        "message": message(who, channel, pressed),
        "state": {"values": {}},
        "actions": [action],
    }


def home_actions(kept: JsonObject, action: JsonObject) -> JsonObject:
    """Something pressed in the Home tab, which belongs to no channel."""
    return {
        "type": "block_actions",
        "container": {"type": "view", "view_id": kept["id"]},
        "view": kept,
        "actions": [action],
    }


def message_action(who: Identity, channel: Channel, about: Message, callback_id: str, ts: str) -> JsonObject:
    """A shortcut used on a message."""
    return {
        "type": "message_action",
        "callback_id": callback_id,
        "action_ts": ts,
        "message_ts": about.ts,
        "channel": {"id": channel.id, "name": channel.name or "directmessage"},
        "message": message(who, channel, about),
    }


def slash_command(who: Identity, channel: Channel, user: User, command: str, text: str) -> JsonObject:
    return {
        "token": "REDACTED-token",
        "team_id": who.team_id,
        "team_domain": who.team.lower(),
        "channel_id": channel.id,
        "channel_name": channel.name or "directmessage",
        "user_id": user.id,
        "user_name": user.name.lower().replace(" ", "."),
        "command": command,
        "text": text,
        "api_app_id": who.app_id,
        "is_enterprise_install": "true" if who.enterprise_id else "false",
        **({"enterprise_id": who.enterprise_id, "enterprise_name": who.team} if who.enterprise_id else {}),
    }


def home_opened(
    channel: Channel, user: str, tab: str, ts: str, context: JsonObject | None, kept: JsonObject | None
) -> JsonObject:
    event: dict[str, Json] = {
        "type": "app_home_opened",
        "user": user,
        "channel": channel.id,
        "tab": tab,
        "event_ts": ts,
    }
    if context is not None:
        event["context"] = context
    return event if kept is None else {**event, "view": kept}


def context_changed(channel: Channel, user: str, context: JsonObject, ts: str) -> JsonObject:
    return {
        "type": "app_context_changed",
        "channel": channel.id,
        "user": user,
        "context": context,
        "event_ts": ts,
    }


def assistant_thread(
    kind: str, who: Identity, channel: Channel, thread_ts: str, user: str, looking_at: str, ts: str
) -> JsonObject:
    """The older assistant view: a thread was begun in it, or whoever has it open looks at something else."""
    context: dict[str, Json] = {}
    if looking_at:
        context = {"channel_id": looking_at, "team_id": who.team_id, "enterprise_id": None}
    thread: dict[str, Json] = {
        "user_id": user,
        "context": context,
        "channel_id": channel.id,
        "thread_ts": thread_ts,
    }
    return {"type": f"assistant_thread_{kind}", "assistant_thread": thread, "event_ts": ts}


def entities(who: Identity, channel: str, message_ts: str = "") -> JsonObject:
    """What somebody looks at, as an agent is told: a channel, or a message in it; or nothing."""
    if not channel:
        return {}
    seen: dict[str, Json] = {"type": "slack#/types/channel_id", "value": channel, "team_id": who.team_id}
    if message_ts:
        value = {"message_ts": message_ts, "channel_id": channel}
        seen = {"type": "slack#/types/message_context", "value": value, "team_id": who.team_id}
    return {"entities": [seen]}


def view_submission(sent: JsonObject, state: JsonObject) -> JsonObject:
    filled: dict[str, Json] = {**sent, "state": {"values": state}}
    return {"type": "view_submission", "view": filled, "response_urls": []}


def view(who: Identity, view_id: str, view_hash: str, sent: JsonObject) -> JsonObject:
    """A view as Slack keeps it."""
    kept: dict[str, Json] = {"id": view_id, "team_id": who.team_id, "app_id": who.app_id, **sent}
    return kept | {
        "state": {"values": {}},
        "hash": view_hash,
        "previous_view_id": None,
        "root_view_id": view_id,
        "app_installed_team_id": who.team_id,
        "bot_id": who.bot_id,
        "external_id": "",
    }


def hello(app_id: str, connections: int) -> JsonObject:
    debug: dict[str, Json] = {
        "host": "applink-sandbox",
        "started": "2026-01-01 00:00:00.000",
        "build_number": 1,
        "approximate_connection_time": 18060,
    }
    return {
        "type": "hello",
        "num_connections": connections,
        "debug_info": debug,
        "connection_info": {"app_id": app_id},
    }


def disconnect(reason: str) -> JsonObject:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-sandbox"}}


def _bot_profile(who: Identity) -> JsonObject:
    return {**objects.bot_info(who), "team_id": who.team_id}


def _hidden(subtype: str, channel: Channel, ts: str) -> dict[str, Json]:
    return {
        "type": "message",
        "subtype": subtype,
        "channel": channel.id,
        "hidden": True,
        "ts": ts,
        "event_ts": ts,
        "channel_type": channel.type,
    }


def _thread_fields(channel: Channel, stored: Message) -> dict[str, Json]:
    if stored.thread_ts is not None:
        root = channel.messages.get(stored.thread_ts)
        return {"thread_ts": stored.thread_ts, "parent_user_id": root.user if root else "USLACKBOT"}
    replies = channel.replies(stored.ts)
    if not replies:
        return {}
    return {
        "thread_ts": stored.ts,
        "reply_count": len(replies),
        "reply_users_count": len({reply.user for reply in replies}),
        "latest_reply": replies[-1].ts,
    }
