"""What becomes of messages on Slack, as recorded and as told, is an edit, a deletion, or nothing."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from adapters.slack.changes import Deleted, Edited, read_change

SAMPLES = Path(__file__).resolve().parents[1].parent / "shared" / "reference" / "slack-samples" / "events"
BOT = "U0BOT"
SAID = {"user": "U1", "ts": "12.5", "text": "Hello", "thread_ts": "9.1"}


def told(subtype: str, **fields: object) -> dict[str, object]:
    around = {"channel": "C1", "channel_type": "channel", "ts": "20.1", "hidden": True}
    return {"type": "message", "subtype": subtype, **around, **fields}


def changed(**now: object) -> dict[str, object]:
    return told("message_changed", message={**SAID, **now}, previous_message=SAID)


def test_an_edit_is_the_message_as_it_stands_now() -> None:
    now = changed(text=f"<@{BOT}> Goodbye", edited={"user": "U1", "ts": "19.0"})
    change = read_change(now, "T1", BOT)
    assert isinstance(change, Edited)
    message = change.message
    assert (message.id, message.thread.key, message.author.id) == ("T1:C1:12.5", "slack:T1:C1:9.1", "U1")
    assert (message.text, message.sent_at, message.edited_at) == ("Goodbye", 12.5, 19.0)


def test_a_file_that_was_taken_away_is_an_edit() -> None:
    before = {**SAID, "files": [{"id": "F1", "name": "a.png"}]}
    event = told("message_changed", message=SAID, previous_message=before)
    assert isinstance(read_change(event, "T1", BOT), Edited)


@pytest.mark.parametrize(
    "event",
    [
        changed(attachments=[{"id": 1, "title": "A page"}]),
        changed(pinned_to=["C1"]),
        changed(reply_count=1),
        changed(edited={"user": "U1", "ts": "19.0"}),
        told("message_changed", message={**SAID, "text": "x", "bot_id": "B1"}, previous_message=SAID),
        told("message_changed", message={**SAID, "text": "x"}, previous_message={**SAID, "user": BOT}),
        told("message_changed", message={**SAID, "text": "x"}, previous_message={**SAID, "bot_id": "B1"}),
        told("message_changed", message="x", previous_message=None),
        told("message_changed"),
        told("message_deleted", deleted_ts=None, previous_message=[]),
        told("message_deleted", deleted_ts="12.5", previous_message={**SAID, "user": BOT}),
        told("message_deleted", deleted_ts="12.5", channel=None),
        told("channel_join"),
        {**SAID, "channel": "C1"},
        {},
    ],
)
def test_all_else_is_nothing(event: Mapping[str, object]) -> None:
    assert read_change(event, "T1", BOT) is None


def test_a_deletion_names_the_message_by_the_id_that_it_came_with() -> None:
    for event in (
        told("message_deleted", deleted_ts="12.5", previous_message=SAID),
        told("message_deleted", deleted_ts="12.5"),
        told("message_deleted", previous_message=SAID),
    ):
        assert read_change(event, "T1", BOT) == Deleted("T1:C1:12.5")


def test_a_message_with_a_thread_is_deleted_though_its_place_stays() -> None:
    left = {"user": "USLACKBOT", "ts": "12.5", "subtype": "tombstone", "text": "This message was deleted."}
    event = told("message_changed", message=left, previous_message=SAID)
    assert read_change(event, "T1", BOT) == Deleted("T1:C1:12.5")


@pytest.mark.skipif(not SAMPLES.exists(), reason="the recordings are not here")
@pytest.mark.parametrize(
    "name",
    [
        "message_changed.bot_edit",
        "bolt_channel_message_changed_event",
        "bolt_message_changed_event",
        "message.im",
        "app_mention",
    ],
)
def test_no_recorded_noise_is_taken_for_a_change(name: str) -> None:
    payload = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    assert read_change(payload["event"], payload["team_id"], "U00FAKEBOT01") is None
