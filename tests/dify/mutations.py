"""Frames like those of real servers, and what may become of them on a bad day."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

_IDS = {
    "conversation_id": "45701982-8118-4bc5-8e9b-64562b4555f2",
    "message_id": "9da23599-e713-473b-982c-4328d4f5c78a",
    "created_at": 1785312000,
    "task_id": "c3800678-a077-43df-a102-53f23ed20b88",
}
_FILE = {
    "dify_model_identity": "__dify__file__",
    "id": None,
    "related_id": "3f1c2b9e-1111-4222-8333-444455556666",
    "type": "image",
    "transfer_method": "tool_file",
    "remote_url": "",
    "filename": "chart.png",
    "extension": ".png",
    "mime_type": "image/png",
    "size": 1234,
    "url": "/files/tools/3f1c2b9e-1111-4222-8333-444455556666.png?timestamp=1&nonce=a&sign=b%3D",
}
_PIECE = {
    "position": 1,
    "dataset_name": "HR handbook",
    "document_id": "8dd1ad74-0b5f-4175-b735-7d98bbbb4e00",
    "document_name": "leave.pdf",
    "score": 0.98457545,
    "content": "Employees get 20 days…",
    "page": None,
    "doc_metadata": {"page": 3},
}
_FORM = {
    "form_id": "a1b2c3d4",
    "node_id": "1724",
    "node_title": "Approval",
    "form_content": "Please review: **draft** {{#$output.comment#}}",
    "inputs": [
        {"type": "paragraph", "output_variable_name": "comment", "default": None},
        {"type": "select", "output_variable_name": "grade", "default": {"value": "a"}, "options": ["a", "b"]},
    ],
    "actions": [{"id": "approve", "title": "Approve", "button_style": "primary"}],
    "form_token": "tok_abc123",
    "resolved_default_values": {"comment": "fine"},
    "expiration_time": 1785398400,
}
_NODE = {"id": "5ad498b6", "node_id": "1711527768326", "node_type": "llm", "title": "LLM", "index": 2}


def _event(name: str, **fields: object) -> dict[str, object]:
    return {"event": name, **_IDS, **fields}


def _in_flow(name: str, **data: object) -> dict[str, object]:
    return {"event": name, **_IDS, "workflow_run_id": "fb47b2e6-5e43-4f90-be01-d5c5a088d156", "data": data}


# One of each kind that a server was seen to send, or says that it would.
SAMPLES: tuple[dict[str, object], ...] = (
    _event("message", answer="Grüße, 世界 🌍\u2028and on", from_variable_selector=["1", "text"]),
    _event("agent_message", answer="Let me look that up. "),
    _event(
        "agent_thought",
        id="592c84cf",
        position=1,
        thought="",
        observation="",
        tool="clock;search",
        tool_input="{}",
    ),
    _event("message_file", id="de9ad5d6", type="image", belongs_to="assistant", url=_FILE["url"]),
    _event("message_file", id="de9ad5d6", answer="text", url=None),
    _event("message_replace", answer="I can't help with that.", reason="output_moderation"),
    _event(
        "message_end", metadata={"retriever_resources": [_PIECE, _PIECE], "usage": {}}, files=[_FILE, _FILE]
    ),
    _event("error", code="completion_request_error", status=400, message="[openai] Server Unavailable Error"),
    {"event": "error", "message": "lang is required in input form", "status": 500},
    _event("tts_message", audio="//uQxAAA"),
    _event("agent_log", data={"id": "c8f0", "label": "ROUND 1", "parent_id": None, "status": "start"}),
    _in_flow("workflow_started", id="fb47b2e6", inputs={"sys.query": "hi"}, reason="initial"),
    _in_flow("node_started", **_NODE),
    _in_flow("node_finished", **_NODE, outputs={"text": "Hello"}, status="succeeded", files=[_FILE]),
    _in_flow("node_retry", **_NODE, status="retry", retry_index=1),
    _in_flow("iteration_started", **_NODE, metadata={"iterator_length": 3}),
    _in_flow("iteration_next", **_NODE),
    _in_flow("iteration_completed", **_NODE, status="succeeded"),
    _in_flow("loop_started", **_NODE),
    _in_flow("loop_completed", **_NODE, status="succeeded"),
    _in_flow("reasoning_chunk", reasoning="The user asks about leave.", node_id="1", is_final=False),
    _in_flow("text_chunk", text="Hello", from_variable_selector=["1", "text"]),
    _in_flow("text_replace", text="Hello"),
    _in_flow("human_input_required", **_FORM),
    _in_flow("workflow_paused", reasons=[{"TYPE": "human_input_required", **_FORM}], status="paused"),
    _in_flow("human_input_form_filled", node_id="1724", action_id="approve"),
    _in_flow("human_input_form_timeout", node_id="1724"),
    _in_flow(
        "workflow_finished",
        status="succeeded",
        outputs={"answer": "Hello", "score": 0.5, "files": [_FILE], "deep": {"a": [1, {"b": None}]}},
        error=None,
        files=[_FILE],
    ),
    _in_flow("workflow_finished", status="failed", outputs=None, error="Stopped by user.", files=[]),
    _in_flow(
        "workflow_finished", status="failed", outputs={}, error="404 Not Found: Conversation Not Exists."
    ),
)

Json: TypeAlias = object
# Values that a field never has, or should not.
ODD: tuple[Json, ...] = (
    None,
    True,
    False,
    0,
    -1,
    2**63,
    10**400,
    1e308,
    float("nan"),
    float("-inf"),
    "",
    "x" * 5000,
    "\ud800",
    "\x00\u2028\u2029\u0085\r\n",
    "😀" * 300,
    "/files/../../v1/info",
    "//evil.example/files/x",
    "http://[::1",
    [],
    {},
    [[[[[]]]]],
    [None] * 300,
    [{}] * 300,
    {"id": {}, "url": [], "answer": 5},
    {"x": {"x": {"x": {"x": 1}}}},
    list(range(300)),
    {str(number): number for number in range(300)},
)


@dataclass(frozen=True, slots=True)
class Spot:
    """One place in a sample: what holds it, and under which name or number."""

    holder: dict[str, object] | list[object]
    name: str
    number: int

    @property
    def value(self) -> object:
        """What is there."""
        return self.holder[self.name] if isinstance(self.holder, dict) else self.holder[self.number]

    def put(self, value: object) -> None:
        """Let something else be there."""
        if isinstance(self.holder, dict):
            self.holder[self.name] = value
        else:
            self.holder[self.number] = value


def _spots(value: object) -> Iterator[Spot]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield Spot(value, name, 0)
            yield from _spots(item)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield Spot(value, "", number)
            yield from _spots(item)


class Mutator:
    """Makes frames out of the samples, always the same ones for a seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311  # no secret
        self._samples = [json.loads(json.dumps(sample)) for sample in SAMPLES]
        self._spots = [list(_spots(sample)) for sample in self._samples]
        self._whole = [_frame(sample) for sample in self._samples]
        self._ways: tuple[Callable[[], bytes], ...] = (
            self._odd_value,
            self._odd_value,
            self._odd_value,
            self._other_value,
            self._without,
            self._flipped,
            self._flipped,
            self._cut,
            self._spliced,
            self._repeated,
            self._deep,
            self._noise,
        )

    def frame(self) -> bytes:
        """The next one."""
        return self._chance.choice(self._ways)()

    def _spot(self) -> tuple[object, Spot]:
        number = self._chance.randrange(len(self._samples))
        return self._samples[number], self._chance.choice(self._spots[number])

    def _with(self, value: object) -> bytes:
        """A sample with another value somewhere."""
        sample, spot = self._spot()
        before = spot.value
        spot.put(value)
        try:
            return _frame(sample)
        finally:
            spot.put(before)

    def _odd_value(self) -> bytes:
        return self._with(self._chance.choice(ODD))

    def _other_value(self) -> bytes:
        """One that belongs elsewhere."""
        _, spot = self._spot()
        return self._with(json.loads(json.dumps(spot.value)))

    def _without(self) -> bytes:
        whole = self._chance.choice(self._whole)
        at = whole.find(b'"', self._chance.randrange(len(whole)))
        end = whole.find(b",", at)
        return whole[:at] + whole[end + 1 :] if 0 <= at < end else whole

    def _flipped(self) -> bytes:
        whole = bytearray(self._chance.choice(self._whole))
        for _ in range(self._chance.randint(1, 6)):
            whole[self._chance.randrange(len(whole))] = self._chance.randrange(256)
        return bytes(whole) + b"\n\n"

    def _cut(self) -> bytes:
        whole = self._chance.choice(self._whole)
        return whole[: self._chance.randrange(len(whole))] + b"\n\n"

    def _spliced(self) -> bytes:
        one, other = self._chance.choice(self._whole), self._chance.choice(self._whole)
        return one[: self._chance.randrange(len(one))] + other[self._chance.randrange(len(other)) :] + b"\n\n"

    def _repeated(self) -> bytes:
        whole = self._chance.choice(self._whole)
        start = self._chance.randrange(len(whole))
        piece = whole[start : start + self._chance.randint(1, 40)]
        return whole[:start] + piece * self._chance.randint(2, 30) + whole[start:] + b"\n\n"

    def _deep(self) -> bytes:
        depth = self._chance.choice((10, 900, 3000, 20_000))
        opening, closing = self._chance.choice(((b"[", b"]"), (b'{"data":', b"}"), (b'{"outputs":', b"}")))
        return (
            b'data: {"event":"workflow_finished","data":'
            + opening * depth
            + b"1"
            + closing * depth
            + b"}\n\n"
        )

    def _noise(self) -> bytes:
        return (
            self._chance.choice((b"data: ", b"event: ", b"", b"data:data:"))
            + self._chance.randbytes(60)
            + b"\n\n"
        )


def _frame(sample: object) -> bytes:
    try:
        text = json.dumps(sample, ensure_ascii=False, separators=(",", ":"))
        return b"data: " + text.encode("utf-8", "surrogatepass") + b"\n\n"
    except ValueError:
        # A number with so many digits is spelled otherwise.
        return b'data: {"event":"message_end","files":[{"url":"x","size":' + b"9" * 5000 + b"}]}\n\n"
