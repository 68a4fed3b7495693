"""Whatever Slack sends of commands, tabs and agents: it is read, or it is not, and nothing breaks."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack.commands import ABOUT_CALLBACK_ID, order_of, read_invoked
from adapters.slack.home import PROMPT, address, read_prompt
from adapters.slack.looking import Ended, Looked, Opened, read_event, seen_in
from adapters.slack.pressed import read_press
from bridge.types import Order, Thread

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
NAMES = (
    *("type", "command", "text", "channel_id", "user_id", "trigger_id", "response_url", "callback_id"),
    *("message", "message_ts", "channel", "user", "view", "actions", "container", "state"),
    *("context", "assistant_thread", "thread_ts", "tab", "app_context"),
)
KINDS = (
    *("block_actions", "view_submission", "message_action", "app_home_opened", "app_context_changed"),
    *("assistant_thread_started", "assistant_thread_context_changed", "agent_session_stopped"),
)
PAYLOADS = st.builds(
    lambda fields, kind: {**fields, "type": kind},
    st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=10),
    st.sampled_from(KINDS),
)
HOME = {
    "type": "block_actions",
    "trigger_id": "t",
    "user": {"id": "U1", "team_id": "T1"},
    "view": {"type": "home", "private_metadata": '{"channel": "D1"}'},
    "actions": [{"action_id": f"{PROMPT}:1", "value": "Why?", "type": "button"}],
}


@settings(max_examples=300, deadline=None)
@given(PAYLOADS)
def test_nothing_that_comes_breaks_the_reading(payload: Mapping[str, object]) -> None:
    for found in (
        read_invoked(payload, "T1", "UBOT", 1.0),
        read_prompt(payload, "T1", 1.0),
        read_press(payload, "T1", 1.0),
    ):
        assert found is None or (found.person.id and found.id)
    event = read_event(payload)
    assert event is None or isinstance(event, Opened | Looked | Ended)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_whatever_is_written_behind_a_command_is_kept(text: str) -> None:
    order, rest = order_of(text)
    assert order in Order
    assert rest in text
    assert order is not Order.ABOUT
    if order is Order.HELP and not rest:
        assert text.strip().lower() in ("", "help")


@pytest.mark.parametrize(
    "change",
    [
        {"view": {"type": "home", "private_metadata": '{"channel": "C1"}'}},
        {"view": {"type": "home", "private_metadata": "not JSON"}},
        {"view": {"type": "modal", "private_metadata": '{"channel": "D1"}'}},
        {"actions": [{"action_id": f"{PROMPT}:1", "value": "x" * 2_001}]},
        {"actions": [{"action_id": "bridge:ask", "value": "7:1"}]},
        {"user": {}},
        {"trigger_id": ""},
    ],
)
def test_only_a_prompt_of_our_own_home_tab_is_asked(change: Mapping[str, object]) -> None:
    found = read_prompt(HOME, "T1", 5.0)
    assert found is not None
    assert (found.invocation.order, found.invocation.text) == (Order.ASK, "Why?")
    assert found.invocation.place == Thread("slack", "T1", "D1", "D1")
    assert read_prompt({**HOME, **change}, "T1", 5.0) is None


def test_whoever_is_from_outside_is_known_to_be() -> None:
    shortcut = {
        "type": "message_action",
        "callback_id": ABOUT_CALLBACK_ID,
        "trigger_id": "t",
        "channel": {"id": "C1"},
        "message_ts": "1.000001",
        "message": {"text": "Hello"},
        "user": {"id": "U1", "team_id": "T2"},
    }
    found = read_invoked(shortcut, "T1", "UBOT", 5.0)
    assert found is not None
    assert found.person.outside


def test_each_kind_of_thing_that_somebody_looks_at_has_a_name() -> None:
    entities = [
        {"type": "slack#/types/canvas_id", "value": "F1", "team_id": "T1"},
        {"type": "slack#/types/list_id", "value": "F2"},
        {"type": "slack#/types/channel_id", "value": "C1"},
        {"type": "slack#/types/channel_id", "value": "C2"},
        {"type": "slack#/types/channel_id", "value": "C 3 <!here>"},
        {"type": "slack#/types/unheard_of", "value": "X"},
    ]
    assert dict(seen_in({"entities": entities})) == {
        "slack_canvas_id": "F1",
        "slack_team_id": "T1",
        "slack_list_id": "F2",
        "slack_channel_id": "C1",
    }


def test_a_thread_has_an_address_also_where_the_workspace_has_none() -> None:
    thread = Thread("slack", "T1", "C1", "1700000000.000100")
    assert address("https://a.slack.com/", thread) == "https://a.slack.com/archives/C1/p1700000000000100"
    assert address("", thread) == "https://app.slack.com/client/T1/C1/thread/C1-1700000000.000100"
