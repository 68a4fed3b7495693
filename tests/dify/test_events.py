"""What each of Dify's events says. Pure."""

import json

import pytest

from bridge.dify import AppFile, FormAction, FormField, HumanForm, Source
from bridge.dify.app_files import MOST_FILES, Named, safe_name
from bridge.dify.events import (
    Asked,
    Decided,
    Event,
    Failed,
    FileSent,
    FlowFinished,
    FlowPaused,
    FlowStarted,
    Ids,
    Ignored,
    MessageEnded,
    Origin,
    Ping,
    Reasoned,
    Replaced,
    StepFinished,
    StepStarted,
    Text,
    Thought,
    decode,
)
from bridge.dify.frames import Frame
from bridge.dify.human import LONGEST_CONTENT_CHARACTERS
from bridge.dify.outputs import LONGEST_VALUE_CHARACTERS, answer_in, result_in

PNG = "/files/tools/3f1c2b9e-1111-4222-8333-444455556666.png"
SIGNED = f"{PNG}?timestamp=1&nonce=a&sign=b%3D"
FORM = {
    "form_id": "f1",
    "node_id": "1724",
    "node_title": "Approval",
    "form_content": "Please review: **draft**\n\n{{#$output.comment#}}",
    "inputs": [
        {"type": "paragraph", "output_variable_name": "comment", "default": None},
        {
            "type": "select",
            "output_variable_name": "grade",
            "default": {"type": "constant", "value": "b"},
            "options": ["a", "b"],
        },
        {"type": "paragraph"},
        "x",
    ],
    "actions": [
        {"id": "approve", "title": "Approve", "button_style": "primary"},
        {"id": "reject", "title": "", "button_style": "default"},
        {"title": "without an id"},
    ],
    "form_token": "tok_abc123",
    "resolved_default_values": {"comment": "fine"},
    "expiration_time": 1785398400,
}
ASKED = Asked(
    "1724",
    HumanForm(
        "tok_abc123",
        "Approval",
        "Please review: **draft**",
        (FormField("comment", "paragraph", "fine", ()), FormField("grade", "select", "b", ("a", "b"))),
        (FormAction("approve", "Approve", "primary"), FormAction("reject", "reject", "default")),
        1785398400.0,
    ),
)
PICTURE = {
    "id": "row",
    "related_id": "3f1c2b9e",
    "filename": "../chart.png",
    "mime_type": "image/png",
    "size": 1234,
    "url": SIGNED,
    "transfer_method": "tool_file",
}
NAMED = Named(AppFile("3f1c2b9e", "chart.png", "image/png", SIGNED, 1234), frozenset({"3f1c2b9e", "row"}))


def decoded(name: str, **fields: object) -> Event:
    return decode(Frame("", json.dumps({"event": name, **fields}).encode())).event


def in_flow(name: str, **data: object) -> Event:
    return decoded(name, data=data)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (decoded("message", answer="Hi"), Text("Hi", Origin.MESSAGE)),
        (decoded("agent_message", answer="Hi"), Text("Hi", Origin.AGENT)),
        (decoded("message_file", answer="Hi", url=None), Text("Hi", Origin.FILE)),
        (in_flow("text_chunk", text="Hi"), Text("Hi", Origin.CHUNK)),
        (in_flow("text_replace", text="No."), Replaced("No.")),
        (decoded("message_replace", answer="No.", reason="output_moderation"), Replaced("No.")),
        (decoded("agent_thought", id="1", tool="clock", observation=None), Thought("1", "clock", over=False)),
        (decoded("agent_thought", id="1", tool="clock", observation="{}"), Thought("1", "clock", over=True)),
        (in_flow("reasoning_chunk", reasoning="Hm", is_final=False), Reasoned("Hm")),
        (in_flow("workflow_started", id="r", reason="resumption"), FlowStarted()),
        (in_flow("node_started", id="1", title="LLM", inputs={"secret": 1}), StepStarted("1", "LLM")),
        (
            in_flow("node_finished", id="1", title="LLM", status="failed"),
            StepFinished("1", "LLM", "failed"),
        ),
        (in_flow("iteration_started", id="1", title="Each"), StepStarted("1", "Each")),
        (in_flow("loop_started", node_id="1", title="Again"), StepStarted("1", "Again")),
        (
            in_flow("iteration_completed", id="1", title="Each", status="succeeded"),
            StepFinished("1", "Each", "succeeded"),
        ),
        (in_flow("loop_completed", id="1", title="Again", status="x"), StepFinished("1", "Again", "x")),
        (in_flow("human_input_required", **FORM), ASKED),
        (in_flow("human_input_form_filled", node_id="1724", action_id="approve"), Decided("1724")),
        (in_flow("human_input_form_timeout", node_id="1724"), Decided("1724")),
        (
            in_flow("workflow_paused", reasons=[{"TYPE": "human_input_required", **FORM}, {"TYPE": "x"}]),
            FlowPaused((ASKED,)),
        ),
        (decoded("error", code="x", status=400, message="m"), Failed("x", 400, "m")),
        (decoded("error", message="query is required", status=500), Failed("", 500, "query is required")),
        (decoded("ping"), Ping()),
    ],
)
def test_every_event_is_told_in_our_words(event: Event, expected: Event) -> None:
    assert event == expected


@pytest.mark.parametrize(
    "name",
    [
        "agent_log",
        "tts_message",
        "tts_message_end",
        "node_retry",
        "iteration_next",
        "loop_next",
        "parallel_branch_started",
        "parallel_branch_finished",
        "invented_tomorrow",
    ],
)
def test_what_means_nothing_here_is_ignored(name: str) -> None:
    event = decoded(name, audio="//uQ", answer="x", data={"id": "1", "title": "x", "text": "x"})
    assert event == Ignored(name)


@pytest.mark.parametrize(
    "data", [b"{", b"\xff", b"[1]", b'"x"', b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5000]
)
def test_what_cannot_be_read_is_ignored(data: bytes) -> None:
    assert isinstance(decode(Frame("", data)).event, Ignored)


def test_the_ids_of_an_event_are_kept() -> None:
    frame = json.dumps(
        {"event": "message", "conversation_id": "c", "message_id": "m", "task_id": "t", "x": 1}
    )
    assert decode(Frame("", frame.encode())).ids == Ids("c", "m", "t", "")


@pytest.mark.parametrize("odd", [None, 5, "", "x" * 101, "a\nb", "ü", ["x"], {}])
def test_what_cannot_be_an_id_is_none(odd: object) -> None:
    frame = json.dumps({"event": "message", "conversation_id": odd, "task_id": "t"})
    assert decode(Frame("", frame.encode())).ids == Ids(task_id="t")


def test_a_file_that_an_agent_made_is_named_by_its_link() -> None:
    event = decoded("message_file", id="de9", type="image", belongs_to="assistant", url=SIGNED)
    assert event == FileSent(Named(AppFile("de9", "", "image/png", SIGNED, 0), frozenset({"de9"})))


def test_a_file_of_the_asker_is_marked() -> None:
    event = decoded("message_file", id="de9", type="image", belongs_to="user", url="/files/x/file-preview")
    assert isinstance(event, FileSent)
    assert event.named.own


@pytest.mark.parametrize("url", [None, "", 5, "/files/" + "x" * 5000])
def test_a_file_that_is_nowhere_is_none(url: object) -> None:
    assert decoded("message_file", id="de9", type="image", url=url) == Ignored("message_file")


def test_files_and_sources_come_with_the_end_of_a_message() -> None:
    pieces = [
        {"position": 2, "document_id": "d2", "document_name": "pay.pdf", "dataset_name": "HR", "page": 7},
        {
            "position": 1,
            "document_id": "d1",
            "document_name": "leave.pdf",
            "dataset_name": "HR",
            "page": None,
        },
        {"position": 3, "document_id": "d1", "document_name": "leave.pdf", "dataset_name": "HR", "page": 3},
        {"position": 4, "document_name": "web", "doc_metadata": {"page": "iv"}},
        {"position": 5},
        None,
    ]
    event = decoded("message_end", files=[PICTURE, 3], metadata={"retriever_resources": pieces})
    assert event == MessageEnded(
        (NAMED,),
        (Source("leave.pdf", "HR", ""), Source("pay.pdf", "HR", "7"), Source("web", "", "iv")),
    )


@pytest.mark.parametrize("fields", [{}, {"files": None, "metadata": None}, {"files": {}, "metadata": []}])
def test_the_end_of_a_message_may_carry_nothing(fields: dict[str, object]) -> None:
    assert decoded("message_end", **fields) == MessageEnded((), ())


def test_a_list_of_files_has_bounds() -> None:
    event = decoded("message_end", files=[PICTURE] * (MOST_FILES + 10))
    assert isinstance(event, MessageEnded)
    assert len(event.files) == MOST_FILES


def test_the_end_of_a_flow_tells_its_answer_and_files() -> None:
    event = in_flow("workflow_finished", status="succeeded", outputs={"answer": "Hi"}, files=[PICTURE])
    assert event == FlowFinished("succeeded", "Hi", "", "Hi", (NAMED,))


def test_the_end_that_dify_makes_up_is_a_failure() -> None:
    told = "Workflow stream ended without a terminal event"
    event = in_flow("workflow_finished", status="failed", outputs=None, error=told, created_by={}, files=[])
    assert event == FlowFinished("failed", "", told, "", ())


@pytest.mark.parametrize(
    ("outputs", "answer", "result"),
    [
        ({}, "", ""),
        ({"text": "Hi"}, "Hi", "Hi"),
        ({"text": "Hi", "files": [], "nothing": None, "empty": ""}, "Hi", "Hi"),
        ({"score": 3}, "", "3"),
        ({"answer": "Hi", "score": 3}, "Hi", "**answer**: Hi\n**score**: 3"),
        ({"a": "x\ny", "b": {"c": [1, 2]}}, "", '**a**: x\ny\n**b**: {"c":[1,2]}'),
        ({"ok": False, "n": 0, "ü": "ö"}, "", "**ok**: false\n**n**: 0\n**ü**: ö"),
        ({"picture": PICTURE, "more": [PICTURE]}, "", ""),
        ({"text": "Hi", "picture": PICTURE}, "Hi", "Hi"),
        ({"a\nb": 1, "c": 2}, "", "**a b**: 1\n**c**: 2"),
    ],
)
def test_what_a_flow_puts_out_is_told_as_a_text(outputs: dict[str, object], answer: str, result: str) -> None:
    assert (answer_in(outputs), result_in(outputs)) == (answer, result)


def test_data_among_the_outputs_has_bounds() -> None:
    long = result_in({"data": ["x" * LONGEST_VALUE_CHARACTERS], "more": 1})
    assert len(long) < LONGEST_VALUE_CHARACTERS + 100
    assert "…\n**more**: 1" in long
    assert len(result_in({str(number): number for number in range(1000)}).splitlines()) == 50


def test_a_form_without_bounds_is_cut() -> None:
    options = ["x" * 100] * 10_000
    inputs = [{"type": "select", "output_variable_name": f"v{n}", "options": options} for n in range(200)]
    event = in_flow("human_input_required", form_content="x" * 10**6, inputs=inputs, form_token="t" * 10**4)
    assert isinstance(event, Asked)
    assert event.form.token == ""
    assert len(event.form.content) == LONGEST_CONTENT_CHARACTERS
    assert len(event.form.fields) <= 50
    assert all(len(field.options) <= 500 for field in event.form.fields)


@pytest.mark.parametrize("token", [None, 5, ""])
def test_a_form_without_a_token_cannot_be_answered(token: object) -> None:
    event = in_flow("human_input_required", **{**FORM, "form_token": token})
    assert isinstance(event, Asked)
    assert event.form.token == ""


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("chart.png", "chart.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\a.txt", "a.txt"),
        ("a\x00b\nc.txt", "abc.txt"),
        ('"><x>?.png', "x.png"),
        ("..", ""),
        ("", ""),
        ("ünïcödé 文件.pdf", "ünïcödé 文件.pdf"),
        ("\ud800.txt", "txt"),
        ("x" * 300 + ".png", "x" * 196 + ".png"),
        ("x" * 300, "x" * 200),
    ],
)
def test_the_name_of_a_file_means_the_same_everywhere(name: str, safe: str) -> None:
    assert safe_name(name) == safe
