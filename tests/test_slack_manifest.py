"""The manifest of the Slack app gives the bot what it uses, no more, and is one that Slack takes."""

import ast
import inspect
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # it has no annotations
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from typer.testing import CliRunner

from adapters.slack.desk import Desk
from adapters.slack.growing import Streaming
from adapters.slack.manifest import MESSAGES, NEEDS, Feature, events, features, manifest, scopes
from adapters.slack.rooms import Rooms
from adapters.slack.workspaces import OneWorkspace
from bridge.checks import SlackOption
from bridge.cli import cli
from bridge.types import Message
from sandbox.slack.web import SCOPES
from tests.e2e.quiet_host import QuietHost

ADAPTER = Path(__file__).resolve().parents[1] / "adapters" / "slack"
PUBLIC_URL = "https://bot.example.com"
# What docs.slack.dev/reference/methods asks for, for a bot's token. In conversations, one for each kind.
SCOPES_OF = {
    **dict.fromkeys(("auth.test", "apps.connections.open", "oauth.v2.access"), ()),
    **dict.fromkeys(("views.open", "views.update", "views.publish"), ()),
    **dict.fromkeys(
        ("chat.postMessage", "chat.postEphemeral", "chat.update", "chat.delete"), ("chat:write",)
    ),
    **dict.fromkeys(("chat.startStream", "chat.appendStream", "chat.stopStream"), ("chat:write",)),
    **dict.fromkeys(
        ("conversations.replies", "conversations.history"),
        ("channels:history", "groups:history", "im:history", "mpim:history"),
    ),
    **dict.fromkeys(("reactions.add", "reactions.remove"), ("reactions:write",)),
    "assistant.threads.setStatus": ("chat:write",),
    "assistant.threads.setTitle": ("assistant:write",),
    "assistant.threads.setSuggestedPrompts": ("assistant:write",),
    "agents.sessions.setStatus": ("chat:write",),
    "users.info": ("users:read",),
    "usergroups.users.list": ("usergroups:read",),
    "files.info": ("files:read",),
    "files.getUploadURLExternal": ("files:write",),
    "files.completeUploadExternal": ("files:write",),
}
# What docs.slack.dev/reference/events asks for.
SCOPES_OF_EVENTS = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "app_home_opened": "",
    "app_context_changed": "assistant:write",
    "agent_session_stopped": "assistant:write",
    "assistant_thread_started": "assistant:write",
    "assistant_thread_context_changed": "assistant:write",
    "app_uninstalled": "",
    "tokens_revoked": "",
}


def text(most: int, pattern: str = "") -> dict[str, object]:
    return {"type": "string", "minLength": 1, "maxLength": most, "pattern": pattern}


def fields(required: list[str], **properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": False,
    }


FLAG = {"type": "boolean"}
WEB = text(3_000, "^https://")
# Of the rules that Slack has published, those that are about what is in our manifests; nothing else may be.
RULES = fields(
    ["_metadata", "display_information", "features", "oauth_config", "settings"],
    _metadata=fields([], major_version={"const": 2}, minor_version={"type": "integer"}),
    display_information=fields(["name"], name=text(35), description=text(140)),
    features=fields(
        ["bot_user"],
        app_home=fields(
            [], home_tab_enabled=FLAG, messages_tab_enabled=FLAG, messages_tab_read_only_enabled=FLAG
        ),
        bot_user=fields(["display_name"], display_name=text(80), always_online=FLAG),
        agent_view=fields([], agent_description=text(300), suggested_prompts={"maxItems": 4}),
        assistant_view=fields(["assistant_description"], assistant_description=text(300)),
        slash_commands={
            "minItems": 1,
            "maxItems": 50,
            "items": fields(
                ["command", "description"],
                command=text(32, "^/[a-z0-9_-]+$"),
                description=text(2_000),
                usage_hint=text(1_000),
                should_escape=FLAG,
                url=WEB,
            ),
        },
        shortcuts={
            "minItems": 1,
            "maxItems": 10,
            "items": fields(
                ["name", "type", "callback_id", "description"],
                name=text(24),
                type={"enum": ["message", "global"]},
                callback_id=text(255),
                description=text(150),
            ),
        },
    ),
    oauth_config=fields(
        ["scopes"],
        scopes=fields(["bot"], bot={"maxItems": 255, "uniqueItems": True}),
        redirect_urls={"maxItems": 1_000, "items": WEB},
    ),
    settings=fields(
        [],
        event_subscriptions=fields([], request_url=WEB, bot_events={"maxItems": 100, "uniqueItems": True}),
        interactivity=fields(["is_enabled"], is_enabled={"const": True}, request_url=WEB),
        org_deploy_enabled=FLAG,
        socket_mode_enabled=FLAG,
        token_rotation_enabled=FLAG,
    ),
)
METHODS = {
    name.replace("_", "."): name
    for name, found in inspect.getmembers(AsyncWebClient, inspect.iscoroutinefunction)
    if "_" in name and not name.startswith("_")
}


def called() -> Iterator[str]:
    """Every method of Slack's that the adapter calls, wherever that stands in its code."""
    known = {name: method for method, name in METHODS.items() if name != "api_call"}
    for path in sorted(ADAPTER.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="api_call"), args=[ast.Constant(value=str(method)), *_]
                ):
                    yield method
                case ast.Call(func=ast.Attribute(attr=name, value=value)) if name in known:
                    # Those of our own have the names of what they do.
                    assert isinstance(value, ast.Attribute | ast.Call), f"{path.name}:{node.lineno}"
                    yield known[name]


def test_every_method_that_is_called_is_in_the_table_and_every_one_there_is_called() -> None:
    listed = {method for needs in NEEDS.values() for method in needs.methods}
    assert set(called()) == listed
    assert len(listed) > 20


@pytest.mark.parametrize("feature", Feature)
def test_a_feature_has_the_scopes_of_its_methods_and_events(feature: Feature) -> None:
    given = set(scopes((Feature.TALK, feature)))
    needs = NEEDS[feature]
    for method in needs.methods:
        assert set(SCOPES_OF[method]) <= given, method
    for event in needs.events:
        assert SCOPES_OF_EVENTS[event] in {*given, ""}, event
    # A scope is there for something: for a call, an event, or what has no method of its own.
    used = {scope for method in needs.methods for scope in SCOPES_OF[method]}
    used |= {SCOPES_OF_EVENTS[event] for event in needs.events}
    assert set(needs.scopes) <= used | {"commands", "users:read.email"}


async def test_every_event_that_is_handled_is_subscribed_to_and_every_other_is_not() -> None:
    async def take(event: object, message: Message) -> None: ...

    rooms = Rooms(Streaming.AUTO, 300.0, several=False)
    desk = Desk(OneWorkspace("https://slack.com/api/", "xoxb-1"), rooms, QuietHost(), take)
    subscribed = set(events(tuple(Feature)))
    assert set(MESSAGES) <= subscribed
    assert desk.handled == {"message", *(subscribed - set(MESSAGES))}


def every_choice() -> Iterator[frozenset[Feature]]:
    for http, install, assistant in itertools.product((False, True), repeat=3):
        for count in (0, 1, len(SlackOption)):
            for without in itertools.combinations(SlackOption, count):
                yield features(http=http, install=install, assistant=assistant, without=without)


def test_what_is_made_keeps_the_rules_whatever_is_chosen() -> None:
    made = [manifest(chosen, "dify", PUBLIC_URL) for chosen in every_choice()]
    assert len(made) > 50
    for one in made:
        jsonschema.validate(one, RULES)
        jsonschema.validate(json.loads(json.dumps(one)), RULES)


@pytest.mark.parametrize("locale", ["de", "ja", "zh"])
def test_every_language_keeps_the_rules(locale: str) -> None:
    for chosen in every_choice():
        jsonschema.validate(manifest(chosen, "dify", PUBLIC_URL, locale), RULES)


def test_what_breaks_the_rules_is_noticed() -> None:
    for chosen, command in (
        (features(http=False, install=False), "x" * 32),
        (features(http=True, install=False), "dify"),
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(manifest(chosen, command, "http://nowhere"), RULES)


def test_what_is_left_out_is_not_asked_for() -> None:
    everything = set(scopes(features(http=False, install=False)))
    assert set(SCOPES.split(",")) - everything <= {"im:write", "reactions:read"}
    bare = features(http=False, install=False, without=tuple(SlackOption))
    assert bare == {Feature.TALK, Feature.SOCKET}
    assert set(scopes(bare)) == {*NEEDS[Feature.TALK].scopes}
    for option in SlackOption:
        left = features(http=False, install=False, without=(option,))
        assert Feature(option) not in left
        assert set(scopes(left)) <= everything


def test_the_options_are_features() -> None:
    always = {Feature.TALK, Feature.SOCKET, Feature.HTTP, Feature.INSTALL, Feature.ASSISTANT}
    assert {Feature(option) for option in SlackOption} == set(Feature) - always


def printed(*arguments: str, **settings: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["slack", "manifest", *arguments], env={"DIFY_API_KEY": "", **settings})
    return result.exit_code, result.output


def test_it_is_printed_before_there_is_any_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    code, output = printed()
    assert code == 0
    made = json.loads(output)
    jsonschema.validate(made, RULES)
    assert made["settings"]["socket_mode_enabled"] is True
    assert made["features"]["slash_commands"][0]["command"] == "/dify"


def test_it_is_made_for_what_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    everywhere = {"SLACK_CLIENT_ID": "1.2", "SLACK_SIGNING_SECRET": "s", "BRIDGE_PUBLIC_URL": PUBLIC_URL}
    code, output = printed(SLACK_COMMAND="/ask", SLACK_WITHOUT="files, people", **everywhere)
    assert code == 0
    made = json.loads(output)
    jsonschema.validate(made, RULES)
    assert made["settings"]["socket_mode_enabled"] is False
    assert made["settings"]["token_rotation_enabled"] is True
    assert made["settings"]["event_subscriptions"]["request_url"] == f"{PUBLIC_URL}/slack/events"
    assert made["oauth_config"]["redirect_urls"] == [f"{PUBLIC_URL}/slack/oauth_redirect"]
    assert made["features"]["slash_commands"][0]["command"] == "/ask"
    assert not {"files:read", "users:read"} & set(made["oauth_config"]["scopes"]["bot"])


def test_what_cannot_be_made_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    code, output = printed("--http")
    assert (code, "BRIDGE_PUBLIC_URL" in output) == (2, True)
    code, output = printed(SLACK_WITHOUT="files,nonsense")
    assert (code, "SLACK_WITHOUT" in output, "nonsense" in output) == (2, True, True)


def test_a_key_is_printed_that_can_be_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    printed_keys = {CliRunner().invoke(cli, ["secret-key"]).output.strip() for _ in range(2)}
    assert len(printed_keys) == 2
    assert {len(key) for key in printed_keys} == {44}
