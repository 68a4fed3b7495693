"""Slack's events, as recorded, become messages or nothing."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from adapters.slack.events import plain_text, read_asker, read_message
from bridge.types import Thread

SAMPLES = Path(__file__).resolve().parents[1].parent / "shared" / "reference" / "slack-samples" / "events"
BOT = "U0BOT"


def event(**changes: object) -> dict[str, object]:
    said = {"channel": "C1", "ts": "12.5", "user": "U1", "text": "Hello", "channel_type": "channel"}
    return {**said, **changes}


def test_a_mention_is_addressed_and_opens_a_thread() -> None:
    message = read_message(event(text=f"<@{BOT}> What is it?"), "T1", BOT)
    assert message is not None
    assert (message.id, message.thread) == ("T1:C1:12.5", Thread("slack", "T1", "C1", "12.5"))
    assert (message.text, message.addressed) == ("What is it?", True)


def test_both_events_of_one_mention_are_the_same_message() -> None:
    text = f"<@{BOT}> Twice?"
    mention = {"channel": "C1", "ts": "12.5", "user": "U1", "text": text}
    assert read_message(mention, "T1", BOT) == read_message(event(text=text), "T1", BOT)


def test_a_reply_belongs_to_its_thread() -> None:
    message = read_message(event(thread_ts="9.1"), "T1", BOT)
    assert message is not None
    assert (message.thread.id, message.addressed) == ("9.1", False)


@pytest.mark.parametrize(
    "changes",
    [
        {"bot_id": "B1"},
        {"user": BOT},
        {"user": "USLACK"},
        {"subtype": "message_changed"},
        {"subtype": "channel_join"},
        {"subtype": "bot_message"},
        {"user": None},
        {"ts": 12.5},
        {"channel": None},
    ],
)
def test_what_no_person_said_is_nothing(changes: Mapping[str, object]) -> None:
    assert read_message(event(**changes), "T1", BOT) is None


@pytest.mark.parametrize(
    ("text", "to_others"),
    [
        ("<@U2> what do you think?", True),
        ("<@U2|ada> what do you think?", True),
        ("<@U1> and <@U2>", True),
        ("<@U1> is me", False),
        (f"<@{BOT}> what does <@U2> think?", False),
        (f"<@{BOT}|bot> what does <@U2> think?", False),
        ("<#C2|general> and <!subteam^S1|@team> and <https://example.com|@U2>", False),
        ("nobody", False),
    ],
)
def test_who_calls_somebody_else_by_name_does_not_mean_the_bot(text: str, to_others: bool) -> None:
    message = read_message(event(text=text), "T1", BOT)
    assert message is not None
    assert message.to_others is to_others


@pytest.mark.parametrize(
    ("teams", "outside", "recipient"),
    [
        ({}, False, "T1"),
        ({"team": "T1"}, False, "T1"),
        ({"team": "T2"}, True, "T2"),
        ({"team": "T1", "user_team": "T2", "source_team": "T2"}, True, "T2"),
        ({"team": "T1", "source_team": "T2"}, True, "T2"),
        ({"team": "T1", "user_team": "E1"}, False, "T1"),
        ({"user_team": 5}, False, "T1"),
    ],
)
def test_who_belongs_to_another_workspace_is_from_outside(
    teams: Mapping[str, object], outside: bool, recipient: str
) -> None:
    said = event(**teams)
    message = read_message(said, "T1", BOT)
    assert message is not None
    assert message.author.outside is outside
    assert read_asker(said, message).team == recipient


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (f"<@{BOT}> hi", "hi"),
        ("<@U2|ada> and <#C3|general>", "@ada and #general"),
        ("<!here> <!subteam^S1|@team>", "@here @team"),
        (
            "<https://example.com> <https://example.com/a|words>",
            "https://example.com words (https://example.com/a)",
        ),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
    ],
)
def test_markup_is_read_as_a_person_reads_it(raw: str, read: str) -> None:
    assert plain_text(raw, BOT) == read


@pytest.mark.parametrize("text", ["<" * 5000, "<@" * 5000, "<@U1|" + "x" * 50_000, "\x00<@>|<>"])
def test_rubbish_is_read_quickly_and_without_a_complaint(text: str) -> None:
    read_message(event(text=text), "T1", BOT)


def test_every_recorded_event_can_be_read() -> None:
    if not SAMPLES.is_dir():
        pytest.skip("NO SAMPLES: shared/reference/slack-samples is not beside this checkout")
    spoken = {}
    for path in sorted(SAMPLES.glob("*.json")):
        body = json.loads(path.read_text(encoding="utf-8"))
        found = body.get("event", body)
        spoken[path.stem] = read_message(found, "T1", BOT) is not None
    assert spoken["app_mention"]
    assert spoken["message.im"]
    assert not spoken["message.im.system_USLACK"]
    assert not spoken["message.channels.own_bot_thread_reply"]
    assert not spoken["message_changed.bot_edit"]
