"""What events amount to: steps, reasoning, stops, and when a turn is over. Pure."""

import json

import pytest

from bridge.dify import Source
from bridge.dify.app_files import MOST_FILES
from bridge.dify.events import decode
from bridge.dify.frames import Frame
from bridge.dify.turn import MAX_CHARACTERS, Ending, Turn
from bridge.errors import (
    DifyConversationGone,
    DifyError,
    DifyFileRefused,
    DifyInputRefused,
    DifyModelFailed,
)


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


PNG = "/files/tools/3f1c2b9e-1111-4222-8333-444455556666.png"


def file(url: str = PNG, **fields: object) -> dict[str, object]:
    return {"url": url, "transfer_method": "tool_file", **fields}


def asked(node: str) -> dict[str, object]:
    return in_flow("human_input_required", node_id=node, node_title=f"Node {node}", form_token="t")


def test_a_file_is_told_once_with_the_newest_link_and_all_that_is_known_of_it() -> None:
    sent = {"event": "message_file", "id": "row", "type": "image", "belongs_to": "assistant"}
    ended = {**END, "files": [file(f"{PNG}?sign=2", related_id="tool", filename="chart.png", size=7)]}
    (before,) = after({**sent, "url": f"{PNG}?sign=1"}).update.files
    assert (before.name, before.url) == (PNG.rpartition("/")[2], f"{PNG}?sign=1")
    (one,) = after({**sent, "url": f"{PNG}?sign=1"}, ended).update.files
    assert (one.name, one.media_type, one.size, one.url) == ("chart.png", "image/png", 7, f"{PNG}?sign=2")


def test_the_files_of_a_flow_are_told_once_although_both_of_its_ends_name_them() -> None:
    files = [file(related_id="1", filename="a.png"), file(related_id="1", filename="a.png")]
    turn = after(
        said("Hi"), {**END, "files": files}, in_flow("workflow_finished", status="succeeded", files=files)
    )
    assert [one.name for one in turn.update.files] == ["a.png"]


def test_what_the_asker_sent_is_not_told_as_a_file_of_the_app() -> None:
    turn = Turn(["mine"])
    own = [
        file("/files/mine/file-preview?sign=1", related_id="mine"),
        file("/files/mine/file-preview?sign=2", upload_file_id="mine"),
        file("/files/other/file-preview", belongs_to="user"),
        file(related_id="app", filename="a.png"),
    ]
    turn.take(decode(Frame("", json.dumps({**END, "files": own}).encode())))
    assert [one.name for one in turn.update.files] == ["a.png"]


def test_more_files_than_anybody_would_look_at_are_not_kept() -> None:
    pictures: list[dict[str, object]] = [
        {
            "event": "message_file",
            "id": str(number),
            "belongs_to": "assistant",
            "url": f"/files/tools/{number}.png",
        }
        for number in range(1000)
    ]
    assert len(after(*pictures).update.files) == MOST_FILES


def test_the_sources_come_with_the_end() -> None:
    piece = {"position": 1, "document_id": "1", "document_name": "leave.pdf", "dataset_name": "HR", "page": 3}
    update = after(said("Hi"), {**END, "metadata": {"retriever_resources": [piece]}}).update
    assert update.sources == (Source("leave.pdf", "HR", "3"),)


def test_forms_wait_until_somebody_has_answered_or_their_time_is_over() -> None:
    turn = after(asked("1"), asked("2"), asked("3"))
    assert [form.title for form in turn.update.forms] == ["Node 1", "Node 2", "Node 3"]
    turn.take(decode(Frame("", json.dumps(in_flow("human_input_form_filled", node_id="1")).encode())))
    turn.take(decode(Frame("", json.dumps(in_flow("human_input_form_timeout", node_id="2")).encode())))
    assert [form.title for form in turn.update.forms] == ["Node 3"]
    turn.take(decode(Frame("", json.dumps(in_flow("workflow_paused")).encode())))
    assert turn.ending is Ending.PAUSED


def test_a_form_that_was_lost_on_the_way_is_found_among_the_reasons_of_the_pause() -> None:
    reason = {"TYPE": "human_input_required", "node_id": "1", "node_title": "Approval", "form_token": "t"}
    turn = after(said("Hi"), in_flow("workflow_paused", reasons=[reason]))
    assert [form.token for form in turn.update.forms] == ["t"]


def test_forms_without_bounds_are_refused() -> None:
    options = [["x" * 1000] * 500]
    inputs = [{"type": "select", "output_variable_name": "v", "options": options[0]}]
    with pytest.raises(DifyError):
        after(*(in_flow("human_input_required", node_id="1", inputs=inputs) for _ in range(20)))


def test_a_turn_that_is_followed_outlives_the_pause_that_has_just_ended() -> None:
    reason = {"TYPE": "human_input_required", "node_id": "1", "form_token": "answered"}
    turn = Turn(followed=True)
    events = (
        {"event": "message_replace", "answer": "Before. "},
        in_flow("workflow_paused", reasons=[reason]),
        said("After."),
        in_flow("workflow_finished", status="succeeded", outputs={"answer": "Before. And after."}),
    )
    for event in events[:3]:
        turn.take(decode(Frame("", json.dumps(event).encode())))
    assert (turn.ending, turn.text) == (None, "Before. After.")
    turn.take(decode(Frame("", json.dumps(events[3]).encode())))
    assert (turn.ending, turn.text) == (Ending.COMPLETED, "Before. And after.")


def test_a_turn_that_is_followed_ends_with_the_next_form() -> None:
    turn = Turn(followed=True)
    for event in (asked("2"), in_flow("workflow_paused")):
        turn.take(decode(Frame("", json.dumps(event).encode())))
    assert (turn.ending, len(turn.update.forms)) == (Ending.PAUSED, 1)


@pytest.mark.parametrize(
    "live", [said("After."), in_flow("node_started", id="n2", title="Two")], ids=["text", "step"]
)
def test_a_turn_that_is_followed_sees_the_next_pause_without_the_news_of_its_form(
    live: dict[str, object],
) -> None:
    old, new = (
        {"TYPE": "human_input_required", "node_id": node, "form_token": f"token-{node}"} for node in "12"
    )
    turn = Turn(followed=True)
    events = (
        {"event": "message_replace", "answer": "Before. "},
        in_flow("node_started", id="n1", title="One"),
        in_flow("workflow_paused", reasons=[old]),
        live,
        in_flow("workflow_paused", reasons=[new]),
    )
    for event in events:
        turn.take(decode(Frame("", json.dumps(event).encode())))
    assert (turn.ending, [form.token for form in turn.update.forms]) == (Ending.PAUSED, ["token-2"])


def chunk(text: str) -> dict[str, object]:
    return in_flow("text_chunk", text=text)


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ((), "**a**: x\n**b**: 2"),
        ((chunk("Str"), chunk("eamed")), "Streamed"),
        ((chunk("Str"), in_flow("text_replace", text="No.")), "No."),
    ],
)
def test_a_workflow_is_read_by_what_it_streamed_or_else_by_its_outputs(
    events: tuple[dict[str, object], ...], text: str
) -> None:
    outputs = {"a": "x", "b": 2}
    turn = after(*events, in_flow("workflow_finished", status="succeeded", outputs=outputs))
    assert (turn.text, turn.ending) == (text, Ending.COMPLETED)


def test_what_was_lost_of_a_workflow_is_taken_from_its_only_text() -> None:
    finished = in_flow("workflow_finished", status="succeeded", outputs={"text": "Hello, world"})
    assert after(chunk("Hel"), chunk("world"), finished).text == "Hello, world"


def test_a_flow_that_converses_puts_only_its_answer_out() -> None:
    finished = in_flow("workflow_finished", status="succeeded", outputs={"answer": "Hi", "score": 1})
    assert after({**finished, "message_id": "m"}).text == "Hi"


def test_an_agent_that_repeats_itself_at_the_end_says_it_once() -> None:
    pieces: list[dict[str, object]] = [
        {"event": "agent_message", "answer": piece} for piece in ("Let me look. ", "4", "2")
    ]
    turn = after(*pieces, said("It is 42."), END)
    assert (turn.text, turn.ending) == ("It is 42.", Ending.COMPLETED)


def test_iterations_and_loops_are_steps_by_their_titles() -> None:
    begun = in_flow("iteration_started", id="1", title="Each page", inputs={"secret": "x"})
    assert after(begun, in_flow("iteration_next", id="1", index=1)).update.step == "Each page"
    assert after(begun, in_flow("iteration_completed", id="1")).update.step == ""
    assert after(in_flow("loop_started", id="2", title="Again")).update.step == "Again"


def test_a_refusal_that_comes_as_an_event_without_a_code_is_understood() -> None:
    turn = after({"event": "error", "message": "lang is required in input form", "status": 500})
    assert isinstance(turn.error, DifyInputRefused)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("Conversation Not Exists.", DifyConversationGone),
        ("404 Not Found: Conversation Not Exists.", DifyConversationGone),
        ("lang is required in input form", DifyInputRefused),
        ("Invalid upload file", DifyFileRefused),
        ("[openai] age in input form is no answer", DifyModelFailed),
        ("Workflow stream ended without a terminal event", DifyModelFailed),
    ],
)
def test_a_failure_that_dify_makes_up_tells_what_it_was(error: str, kind: type[DifyError]) -> None:
    started = in_flow("workflow_started")
    turn = after(started, in_flow("workflow_finished", status="failed", outputs=None, error=error))
    assert (turn.ending, type(turn.error)) == (Ending.FAILED, kind)


def test_an_annotation_that_answers_is_not_spoiled_by_the_failure_dify_makes_up() -> None:
    made_up = in_flow("workflow_finished", status="failed", error="Workflow stream ended without ...")
    turn = after(said("From the notes."), END, in_flow("workflow_started"), made_up)
    assert (turn.ending, turn.text, turn.error) == (Ending.COMPLETED, "From the notes.", None)
