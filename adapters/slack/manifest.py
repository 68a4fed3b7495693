"""The manifest of the Slack app: what it has to be given for what the bot does there, and no more. Pure.

One table says it all: for each thing that the bot does, the scopes of its token, the events that it is told
of, and the methods that it calls.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from adapters.slack.commands import ABOUT_CALLBACK_ID
from adapters.slack.paths import EVENTS_PATH, REDIRECT_PATH
from bridge.words import english, say

# What can be written behind the command.
COMMAND_HINT = "ask | new | stop | generate | help"


class Feature(StrEnum):
    """What the bot does. Of `SOCKET` and `HTTP`, and of `AGENT` and `ASSISTANT`, an app has one; the rest is
    optional, but for `TALK`."""

    TALK = "talk"
    SOCKET = "socket"
    HTTP = "http"
    INSTALL = "install"
    AGENT = "agent"
    ASSISTANT = "assistant"
    HOME = "home"
    COMMAND = "command"
    SHORTCUT = "shortcut"
    FILES = "files"
    MARKS = "marks"
    PEOPLE = "people"
    GROUPS = "groups"


@dataclass(frozen=True, slots=True)
class Needs:
    """What a feature needs."""

    scopes: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()


MESSAGES = ("message.channels", "message.groups", "message.im", "message.mpim")
# What an agent, and an assistant, show beside their answers.
LINES = (
    "assistant.threads.setStatus",
    "assistant.threads.setTitle",
    "assistant.threads.setSuggestedPrompts",
)
NEEDS: Mapping[Feature, Needs] = {
    Feature.TALK: Needs(
        scopes=(
            *("app_mentions:read", "channels:history", "groups:history", "im:history", "mpim:history"),
            "chat:write",
        ),
        events=("app_mention", *MESSAGES),
        methods=(
            *("auth.test", "chat.postMessage", "chat.update", "chat.delete", "chat.postEphemeral"),
            *("chat.startStream", "chat.appendStream", "chat.stopStream"),
            *("conversations.replies", "conversations.history", "views.open", "views.update"),
        ),
    ),
    Feature.SOCKET: Needs(methods=("apps.connections.open",)),
    Feature.HTTP: Needs(),
    Feature.INSTALL: Needs(events=("app_uninstalled", "tokens_revoked"), methods=("oauth.v2.access",)),
    Feature.AGENT: Needs(
        scopes=("assistant:write",),
        events=("app_home_opened", "app_context_changed", "agent_session_stopped"),
        methods=(*LINES, "agents.sessions.setStatus"),
    ),
    Feature.ASSISTANT: Needs(
        scopes=("assistant:write",),
        events=("assistant_thread_started", "assistant_thread_context_changed"),
        methods=LINES,
    ),
    Feature.HOME: Needs(events=("app_home_opened",), methods=("views.publish",)),
    Feature.COMMAND: Needs(scopes=("commands",)),
    Feature.SHORTCUT: Needs(scopes=("commands",)),
    Feature.FILES: Needs(
        scopes=("files:read", "files:write"),
        methods=("files.info", "files.getUploadURLExternal", "files.completeUploadExternal"),
    ),
    Feature.MARKS: Needs(scopes=("reactions:write",), methods=("reactions.add", "reactions.remove")),
    Feature.PEOPLE: Needs(scopes=("users:read", "users:read.email"), methods=("users.info",)),
    Feature.GROUPS: Needs(scopes=("usergroups:read",), methods=("usergroups.users.list",)),
}


def features(
    *, http: bool, install: bool, without: Collection[str] = (), assistant: bool = False
) -> frozenset[Feature]:
    """Everything but what is left out by name. `assistant` is for apps that still have the older view."""
    not_both = {
        Feature.SOCKET if http else Feature.HTTP,
        Feature.AGENT if assistant else Feature.ASSISTANT,
    }
    out = {Feature(name) for name in without} | not_both
    return frozenset(Feature) - out - (set() if install else {Feature.INSTALL})


def scopes(chosen: Collection[Feature]) -> tuple[str, ...]:
    """The scopes of the bot's token, each once."""
    return tuple(dict.fromkeys(scope for one in Feature if one in chosen for scope in NEEDS[one].scopes))


def events(chosen: Collection[Feature]) -> tuple[str, ...]:
    """The events that the app is told of, each once."""
    return tuple(dict.fromkeys(event for one in Feature if one in chosen for event in NEEDS[one].events))


def manifest(
    chosen: Collection[Feature], command: str, public_url: str, locale: str = ""
) -> Mapping[str, object]:
    """The whole of it, as Slack takes it. `public_url` is where the web port is reached; it is needed where
    Slack or people come there. Slack shows what the app says of itself to everybody in one language."""
    hook = public_url.rstrip("/") + EVENTS_PATH if Feature.HTTP in chosen else ""
    oauth: dict[str, object] = {"scopes": {"bot": list(scopes(chosen))}}
    if Feature.INSTALL in chosen:
        oauth["redirect_urls"] = [public_url.rstrip("/") + REDIRECT_PATH]
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": say(english.SLACK_APP_NAME, locale),
            "description": say(english.SLACK_APP_SAYS, locale),
        },
        "features": _features(chosen, command, hook, locale),
        "oauth_config": oauth,
        "settings": {
            "event_subscriptions": _reached({"bot_events": list(events(chosen))}, hook),
            "interactivity": _reached({"is_enabled": True}, hook),
            "org_deploy_enabled": Feature.INSTALL in chosen,
            "socket_mode_enabled": Feature.SOCKET in chosen,
            "token_rotation_enabled": Feature.INSTALL in chosen,
        },
    }


def _features(chosen: Collection[Feature], command: str, hook: str, locale: str) -> dict[str, object]:
    shown: dict[str, object] = {
        "app_home": {
            "home_tab_enabled": Feature.HOME in chosen,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "bot_user": {"display_name": say(english.SLACK_APP_NAME, locale), "always_online": True},
    }
    if Feature.AGENT in chosen:
        shown["agent_view"] = {"agent_description": say(english.SLACK_AGENT_SAYS, locale)}
    if Feature.ASSISTANT in chosen:
        shown["assistant_view"] = {"assistant_description": say(english.SLACK_AGENT_SAYS, locale)}
    if Feature.COMMAND in chosen:
        # Escaped, names of people and channels come with their ids.
        said = {
            "description": say(english.SLACK_COMMAND_SAYS, locale),
            "usage_hint": COMMAND_HINT,
            "should_escape": True,
        }
        named = {"command": f"/{command.removeprefix('/')}", **said}
        shown["slash_commands"] = [{**named, "url": hook} if hook else named]
    if Feature.SHORTCUT in chosen:
        shown["shortcuts"] = [
            {
                "name": say(english.ABOUT_TITLE, locale),
                "type": "message",
                "callback_id": ABOUT_CALLBACK_ID,
                "description": say(english.SLACK_SHORTCUT_SAYS, locale),
            }
        ]
    return shown


def _reached(settings: dict[str, object], hook: str) -> dict[str, object]:
    return {**settings, "request_url": hook} if hook else settings
