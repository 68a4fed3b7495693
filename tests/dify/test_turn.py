"""What events amount to: steps, reasoning, stops, and when a turn is over. Pure."""

import json

import pytest

from bridge.dify.events import decode
from bridge.dify.frames import Frame
from bridge.dify.turn import MAX_CHARACTERS, Ending, Turn
from bridge.errors import DifyError


def after(*events: dict[str, object]) -> Turn:
    turn = Turn()
    for event in events:
        turn.take(decode(Frame("", json.dumps(event).encode())))
    return turn


def said(text: str) -> dict[str, object]:
    return {"event": "message", "answer": text}


def in_flow(name: str, **data: object) -> dict[str, object]:
    return {"event": name, "workflow_run_id": "r", "data": data}


def thought(**fields: object) -> dict[str, object]:
    return {"event": "agent_thought", "id": "1", "thought": "Let me look.", **fields}


def reasoned(text: str) -> dict[str, object]:
    return {"event": "reasoning_chunk", "data": {"reasoning": text, "node_id": "1", "is_final": not text}}


END: dict[str, object] = {"event": "message_end"}


def test_reasoning_is_told_apart_from_the_answer() -> None:
    update = after(reasoned("The user "), said("Hi"), reasoned("greets."), said("!"), reasoned("")).update
    assert (update.thought, update.text) == ("The user greets.", "Hi!")


def test_without_reasoning_the_thought_is_empty() -> None:
    update = after(thought(tool="search"), said("<think>Hm</think>Hi")).update
    assert (update.thought, update.text) == ("", "<think>Hm</think>Hi")


def test_the_step_is_the_title_of_the_node_that_runs() -> None:
    begun = in_flow("node_started", id="1", title="Search", inputs={"secret": "x"})
    assert after(begun).update.step == "Search"
    assert after(begun, in_flow("node_finished", id="1", title="Search")).update.step == ""


def test_the_step_is_the_tool_that_an_agent_uses() -> None:
    used = thought(tool="search;clock", observation="")
    assert after(used).update.step == "search, clock"
    assert after(used, thought(tool="search;clock", observation='{"found": 1}')).update.step == ""


@pytest.mark.parametrize(
    "event",
    [
        in_flow("workflow_started"),
        in_flow("node_finished", id="1", title="LLM"),
        in_flow("node_retry", id="1"),
        reasoned("Hm."),
    ],
)
def test_any_event_of_a_flow_tells_that_its_end_is_to_be_waited_for(event: dict[str, object]) -> None:
    waiting = after(event, said("Hi"), END).read_on_seconds
    assert waiting is not None
    assert waiting > 0
    assert after(said("Hi"), END).read_on_seconds == 0


@pytest.mark.parametrize(
    "error", ["Stopped by user.", "Aborted: User requested stop", "Workflow execution aborted"]
)
def test_a_stop_is_no_failure_even_where_dify_calls_it_one(error: str) -> None:
    turn = after(said("Hi"), in_flow("workflow_finished", status="failed", error=error))
    assert (turn.ending, turn.error) == (Ending.STOPPED, None)


def test_a_model_that_speaks_of_a_stop_has_failed_all_the_same() -> None:
    turn = after(in_flow("workflow_finished", status="failed", error="[openai] the worker was stopped"))
    assert turn.ending is Ending.FAILED


@pytest.mark.parametrize("piece", [said("x" * (MAX_CHARACTERS // 2)), reasoned("x" * (MAX_CHARACTERS // 2))])
def test_an_answer_without_end_is_refused(piece: dict[str, object]) -> None:
    with pytest.raises(DifyError):
        after(piece, piece, said("x"))
