"""Every call that the adapter makes is one that Slack's documentation knows, with arguments that it lists.

The stand-in refuses anything else while the suite runs; here it is read from the code, so that no call is
missed which no story makes."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.slack.methods import METHODS

ADAPTER = Path(__file__).resolve().parents[1] / "adapters" / "slack"
# What docs.slack.dev/reference/methods lists for those that show the bot at work, without the token.
LOOKS = {"icon_emoji", "icon_url", "username"}
DOCUMENTED = {
    "assistant.threads.setStatus": {"channel_id", "thread_ts", "status", "loading_messages"} | LOOKS,
    "assistant.threads.setSuggestedPrompts": {"channel_id", "thread_ts", "prompts", "title"},
    "assistant.threads.setTitle": {"channel_id", "thread_ts", "title"},
    "agents.sessions.setStatus": {"channel_id", "status", "thread_ts", "title", "initiator_user_id"} | LOOKS,
    "agents.sessions.rename": {"channel_id", "title", "thread_ts"},
    "views.open": {"trigger_id", "view"},
    "views.update": {"view_id", "view"},
    "views.publish": {"user_id", "view", "hash"},
    "chat.startStream": {"channel", "thread_ts", "markdown_text", "chunks"}
    | {"recipient_user_id", "recipient_team_id", "task_display_mode"}
    | LOOKS,
    "chat.appendStream": {"channel", "ts", "markdown_text", "chunks"},
    "chat.stopStream": {"channel", "ts", "markdown_text", "chunks", "blocks", "metadata"},
}


def calls() -> Iterator[tuple[str, set[str], str]]:
    """Each call of the Web API in the adapter: the method, its arguments, and where it is made."""
    for path in sorted(ADAPTER.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(attr=name, value=ast.Attribute(attr="client"))):
                    given = {keyword.arg for keyword in node.keywords}
                    assert None not in given, f"{path.name}:{node.lineno}: not to be read"
                    yield name, {one for one in given if one}, f"{path.name}:{node.lineno}"


def method_of(name: str) -> str:
    """`chat_postMessage` as Slack writes it."""
    known = {method.replace(".", "_"): method for method in METHODS}
    return known.get(name, name)


def test_the_adapter_calls_only_what_slack_has_with_what_it_takes() -> None:
    found = list(calls())
    assert len(found) > 20
    for name, given, where in found:
        method = METHODS.get(method_of(name))
        assert method is not None, f"{where}: {name} is unknown to the stand-in"
        taken = {arg.name for arg in method.args} | {"app_token"}
        assert given <= taken, f"{where}: {name} takes no {sorted(given - taken)}"


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_stand_in_takes_no_argument_that_is_not_documented(name: str) -> None:
    taken = {arg.name for arg in METHODS[name].args}
    # Slack's own SDK sends it at the end of a stream, where the documentation does not list it.
    assert taken - DOCUMENTED[name] <= ({"session_status"} if name == "chat.stopStream" else set())
