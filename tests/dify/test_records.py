"""What follows from Dify's records of a turn. Pure, and held against the records of real servers."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bridge import errors
from bridge.dify import Ending, Recovered
from bridge.dify.records import (
    MessageRecord,
    Outlook,
    Records,
    RunRecord,
    Thought,
    left,
    message_in,
    outlook,
    recovered,
    run_in,
    version_of,
)
from bridge.dify.turn import MAX_CHARACTERS

RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "recordings"
BEGUN = MessageRecord("", "normal", "", ())
ANSWERED = replace(BEGUN, answer="Hi")
RUNNING = RunRecord("running", "", "")
SUCCEEDED = RunRecord("succeeded", "Hi", "")
ABORTED = RunRecord("failed", "", "Aborted: User requested stop")
FAILED = RunRecord("failed", "", "[openai] overloaded")


@pytest.mark.parametrize(
    ("message", "run", "found"),
    [
        (ANSWERED, None, Recovered("Hi", Ending.COMPLETED)),
        (ANSWERED, SUCCEEDED, Recovered("Hi", Ending.COMPLETED)),
        (ANSWERED, replace(SUCCEEDED, status="partial-succeeded"), Recovered("Hi", Ending.COMPLETED)),
        (ANSWERED, replace(RUNNING, status="stopped"), Recovered("Hi", Ending.STOPPED)),
        (ANSWERED, ABORTED, Recovered("Hi", Ending.STOPPED)),
        (ANSWERED, FAILED, Recovered("Hi", Ending.COMPLETED)),
        (
            replace(ANSWERED, status="paused"),
            replace(RUNNING, status="paused"),
            Recovered("Hi", Ending.PAUSED),
        ),
        (replace(BEGUN, status="paused"), None, Recovered("", Ending.PAUSED)),
        (BEGUN, None, None),
        (BEGUN, RUNNING, None),
        (BEGUN, SUCCEEDED, None),
        (replace(ANSWERED, status="paused"), RUNNING, None),
        (None, None, None),
    ],
)
def test_a_turn_is_recovered_once_its_answer_is_kept(
    message: MessageRecord | None, run: RunRecord | None, found: Recovered | None
) -> None:
    assert recovered(Records(message, run)) == found


@pytest.mark.parametrize(
    ("message", "run"),
    [(replace(BEGUN, status="error", error="Run failed: x"), None), (BEGUN, FAILED), (None, FAILED)],
)
def test_a_turn_that_failed_is_an_error_and_no_answer(
    message: MessageRecord | None, run: RunRecord | None
) -> None:
    with pytest.raises(errors.DifyModelFailed):
        recovered(Records(message, run))


def test_what_moderation_took_back_does_not_return_with_the_record_of_the_run() -> None:
    records = Records(replace(BEGUN, answer="No."), replace(SUCCEEDED, answer="Never say this"))
    assert recovered(records) == Recovered("No.", Ending.COMPLETED)


@pytest.mark.parametrize(
    ("run", "found"),
    [
        (SUCCEEDED, Recovered("Hi", Ending.COMPLETED)),
        (ABORTED, Recovered("", Ending.STOPPED)),
        (replace(RUNNING, status="paused"), Recovered("", Ending.PAUSED)),
        (RUNNING, None),
        (None, None),
    ],
)
def test_the_run_speaks_for_a_message_that_was_not_kept(
    run: RunRecord | None, found: Recovered | None
) -> None:
    assert left(Records(BEGUN, run)) == found


@pytest.mark.parametrize(
    ("thoughts", "text"),
    [
        ((), None),
        ((Thought("", ""),), None),
        ((Thought("Hi", ""),), "Hi"),
        ((Thought("Let me look.", "search"),), None),
        ((Thought("Let me look.", "search"), Thought("", "")), None),
        ((Thought("Let me look.", "search"), Thought("Hi", "")), "Let me look.\nHi"),
    ],
)
def test_an_agent_has_spoken_when_its_last_thought_needs_no_tool(
    thoughts: tuple[Thought, ...], text: str | None
) -> None:
    found = recovered(Records(replace(BEGUN, thoughts=thoughts), None))
    assert (found.text if found is not None else None) == text


THINKING = replace(BEGUN, thoughts=(Thought("", ""),))


@pytest.mark.parametrize(
    ("records", "version", "expected"),
    [
        (Records(BEGUN, RUNNING), "1.14.2", Outlook.RUNS),
        (Records(BEGUN, RUNNING), "", Outlook.RUNS),
        (Records(BEGUN, RUNNING), "1.9.2", Outlook.RUNS),
        (Records(BEGUN, RUNNING), "1.9.1", Outlook.SETTLES),
        (Records(BEGUN, SUCCEEDED), "1.14.2", Outlook.SETTLES),
        (Records(BEGUN, None, mode="advanced-chat"), "1.13.0", Outlook.MAY_RUN),
        (Records(BEGUN, None, mode="advanced-chat"), "1.12.1", Outlook.SETTLES),
        (Records(BEGUN, None, mode="agent-chat"), "1.15.0", Outlook.MAY_RUN),
        (Records(BEGUN, None, mode="agent-chat"), "1.16.0", Outlook.SETTLES),
        (Records(THINKING, None), "0.15.3", Outlook.MAY_RUN),
        (Records(BEGUN, None, mode="chat"), "1.14.2", Outlook.SETTLES),
        (Records(BEGUN, None), "0.15.3", Outlook.SETTLES),
        (Records(None, SUCCEEDED), "1.14.2", Outlook.NOTHING_COMES),
        (Records(None, None), "1.14.2", Outlook.NOTHING_COMES),
    ],
)
def test_whether_waiting_helps_depends_on_mode_and_version(
    records: Records, version: str, expected: Outlook
) -> None:
    assert outlook(replace(records, version=version_of(version))) is expected


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("1.14.2", (1, 14, 2)), ("1.15.0-rc1", (1, 15, 0)), ("main", ()), ("", ()), ("1.x", (1,))],
)
def test_a_version_is_the_numbers_it_begins_with(text: str, numbers: tuple[int, ...]) -> None:
    assert version_of(text) == numbers


def test_an_answer_without_bounds_is_refused() -> None:
    with pytest.raises(errors.DifyError):
        recovered(Records(replace(BEGUN, answer="x" * (MAX_CHARACTERS + 1)), None))


@pytest.mark.parametrize(
    "page", [{}, {"data": "x"}, {"data": [1, None, {"id": 2}]}, {"data": [{"id": "other"}]}]
)
def test_a_page_without_the_message_says_so(page: dict[str, object]) -> None:
    assert message_in(page, "m") is None


def test_thoughts_are_read_in_the_order_of_their_positions() -> None:
    thoughts = [{"position": 2, "thought": "Hi"}, "x", {"position": 1, "thought": "Hm", "tool": "clock"}]
    message = message_in({"data": [{"id": "m", "agent_thoughts": thoughts}]}, "m")
    assert message is not None
    assert message.thoughts[-2:] == (Thought("Hm", "clock"), Thought("Hi", ""))


def test_a_run_of_unknown_shape_is_one_that_runs() -> None:
    assert outlook(Records(None, run_in({"outputs": "x", "status": 3}))) is Outlook.RUNS


@pytest.mark.parametrize(
    ("recording", "text"),
    [
        ("0.15.3-chat-disconnect-midstream-messages-after-8s", None),
        ("0.15.3-agent-chat-disconnect-midstream-messages-after-8s", None),
        ("1.14.2-chat-disconnect-midstream-messages-after-8s", None),
        ("1.14.2-agent-chat-disconnect-midstream-messages-after-8s", None),
        ("1.14.2-chatflow-llm-disconnect-midstream-messages-after-8s", None),
        ("1.14.2-chatflow-llm-stop-midstream-messages", "w1 w2 w3"),
        ("1.14.2-chat-stop-midstream-messages", "w1 w2 w3"),
        ("1.14.2-agent-chat-file-image-messages", "Echo: what is this"),
        ("0.15.3-chatflow-llm-file-image-messages", "Echo: what is this"),
    ],
)
def test_the_pages_of_real_servers_are_understood(recording: str, text: str | None) -> None:
    path = RECORDINGS / f"{recording}.sse"
    if not path.exists():
        pytest.skip(f"NO RECORDING: {recording} is not beside this checkout")
    page = json.loads(path.read_bytes())
    message = message_in(page, page["data"][-1]["id"])
    assert message is not None
    found = recovered(Records(message, None))
    assert (found is None) == (text is None)
    assert found is None or found.text.startswith(text or "")
    # The thoughts of an agent that was heard out say the same as its message.
    if message.thoughts and found is not None:
        assert recovered(Records(replace(message, answer=""), None)) == found
