"""Events and errors in the shape in which Dify puts them on the wire. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sandbox.dify.quirks import Quirks
from sandbox.dify.types import Run

PING = b"event: ping\n\n"
CREATED_AT = 1_785_312_000


@dataclass(frozen=True, slots=True)
class Ids:
    """The names of one turn."""

    conversation: str
    message: str
    task: str
    run: str


FAILURE = "[openai] Server Unavailable Error, the model is overloaded"


def error(status: int, code: str, message: str) -> dict[str, object]:
    return {"code": code, "message": message, "status": status}


class Writer:
    """Writes the events of one turn in one mode, as one version does."""

    def __init__(self, mode: str, ids: Ids, quirks: Quirks, user: str) -> None:
        self._ids = ids
        self._quirks = quirks
        self._user = user
        self._agent = mode == "agent-chat"
        self.flow = mode == "advanced-chat"

    def opening(self, query: str) -> Iterator[bytes]:
        """What comes before anything else."""
        if self.flow:
            inputs = {"sys.query": query, "sys.user_id": self._user}
            yield self._in_flow("workflow_started", {"id": self._ids.run, "inputs": inputs})
            yield from self.step(0, "Start")

    def step(self, number: int, title: str) -> tuple[bytes, ...]:
        """The beginning and the end of a node or of a tool's use; nothing where there are no such things."""
        if self.flow:
            return self._node("node_started", number, title), self._node("node_finished", number, title)
        if self._agent:
            return self._tool(number, title, ""), self._tool(number, title, '{"found": "something"}')
        return ()

    def thinking(self, pieces: list[str]) -> Iterator[bytes]:
        """The beginning of the node that answers, and its reasoning."""
        if self.flow:
            yield self._node("node_started", 99, "LLM")
            if pieces and self._quirks.flow_reasoning:
                yield from (self._reasoning(piece, is_final=False) for piece in pieces)
                yield self._reasoning("", is_final=True)

    def token(self, text: str) -> bytes:
        name = "agent_message" if self._agent else "message"
        return self._event(name, id=self._ids.message, answer=text)

    def ending(self, text: str) -> list[bytes]:
        """Everything after the last token of a good answer."""
        message_end = self._message_end()
        if not self.flow:
            return [message_end]
        finished = self._finished("succeeded", text, None)
        if not self._quirks.flow_message_end:
            return [self._node("node_finished", 99, "LLM"), finished]
        last = [message_end, finished] if self._quirks.flow_message_end_first else [finished, message_end]
        return [self._node("node_finished", 99, "LLM"), *last]

    def failure(self) -> list[bytes]:
        """The model failed midway."""
        if not self.flow:
            return [self._error("completion_request_error", FAILURE)]
        finished = self._finished("failed", "", FAILURE)
        if not self._quirks.flow_error_event:
            return [finished]
        return [finished, self._error("invalid_param", f"Run failed: {FAILURE}")]

    def stopped(self, text: str) -> list[bytes]:
        """Somebody asked to stop."""
        if not self.flow:
            return self.ending(text)
        finished = self._finished("stopped", text, None)
        return [finished, self._message_end()] if self._quirks.flow_stop_message_end else [finished]

    def paused(self) -> list[bytes]:
        """The flow waits for a person."""
        form = {
            "form_id": "form-1",
            "node_id": "1724",
            "node_title": "Approval",
            "form_content": "Please review",
        }
        waiting = {**form, "inputs": [], "actions": [], "form_token": "tok_1", "expiration_time": CREATED_AT}
        reason = {"TYPE": "human_input_required", **waiting}
        state = {"paused_nodes": ["1724"], "outputs": {}, "reasons": [reason], "status": "paused"}
        return [
            self._in_flow("human_input_required", waiting),
            self._in_flow("workflow_paused", {"workflow_run_id": self._ids.run, **state}),
        ]

    def snapshot(self, query: str) -> Iterator[bytes]:
        """What a flow that runs says to whoever begins to listen: its answer is kept only at its end, so that
        none of the text so far is told."""
        yield PING
        started, *nodes = self.opening(query)
        yield started
        yield self._event("message_replace", answer="", reason="")
        yield from nodes

    def _message_end(self) -> bytes:
        return self._event("message_end", id=self._ids.message, metadata={"usage": {}}, files=[])

    def _finished(self, status: str, answer: str, failure: str | None) -> bytes:
        outputs = {"answer": answer, "files": []} if status == "succeeded" else {}
        return self._in_flow("workflow_finished", {"status": status, "outputs": outputs, "error": failure})

    def _node(self, name: str, number: int, title: str) -> bytes:
        fields = {"id": f"node-{number}", "node_id": str(number), "node_type": "llm", "title": title}
        return self._in_flow(name, {**fields, "status": "succeeded"} if name == "node_finished" else fields)

    def _tool(self, number: int, tool: str, observation: str) -> bytes:
        fields = {"id": f"thought-{number}", "position": number, "tool": tool, "tool_input": "{}"}
        return self._event("agent_thought", **fields, thought="", observation=observation)

    def _reasoning(self, text: str, *, is_final: bool) -> bytes:
        data = {"message_id": self._ids.message, "reasoning": text, "node_id": "99", "is_final": is_final}
        return self._event("reasoning_chunk", data=data)

    def _in_flow(self, name: str, data: Mapping[str, object]) -> bytes:
        return self._event(name, workflow_run_id=self._ids.run, data=data)

    def _error(self, code: str, message: str) -> bytes:
        fields = {"message_id": self._ids.message, "code": code, "status": 400, "message": message}
        return self._frame({"event": "error", "conversation_id": self._ids.conversation, **fields})

    def _event(self, name: str, **fields: object) -> bytes:
        envelope = {
            "event": name,
            "conversation_id": self._ids.conversation,
            "message_id": self._ids.message,
            "created_at": CREATED_AT,
            "task_id": self._ids.task,
        }
        return self._frame({**envelope, **fields})

    def _frame(self, fields: Mapping[str, object]) -> bytes:
        if self._quirks.raw_unicode:
            text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
        else:
            text = json.dumps(fields)
        return b"data: " + text.encode() + b"\n\n"


def finished_run(run: Run) -> bytes:
    """The one event for whoever asks for the events of a run that is over. It names no conversation, and the
    run in the place of the task."""
    data = run_fields(run, {"exceptions_count": 0, "files": []})
    fields = {"event": "workflow_finished", "task_id": run.id, "workflow_run_id": run.id, "data": data}
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def paused_run(run: Run) -> bytes:
    """What is told of a run that waits for a person."""
    data = {
        "workflow_run_id": run.id,
        "paused_nodes": ["1724"],
        "outputs": {},
        "reasons": [],
        "status": "paused",
    }
    fields = {"event": "workflow_paused", "task_id": run.id, "workflow_run_id": run.id, "data": data}
    return PING + b"data: " + json.dumps(fields).encode() + b"\n\n"


def run_fields(run: Run, more: Mapping[str, object]) -> dict[str, object]:
    """What Dify tells of a run."""
    over = run.status not in ("running", "paused")
    return {
        "id": run.id,
        "workflow_id": "7c3e33d4-2a8b-4e5f-9b1a-d3c6e8f12345",
        "status": run.status,
        "outputs": {"answer": run.answer, "files": []} if run.status == "succeeded" else {},
        "error": run.error or None,
        "total_steps": 3,
        "total_tokens": 42,
        "created_at": CREATED_AT,
        "finished_at": CREATED_AT + 1 if over else None,
        "elapsed_time": 1.0 if over else 0.0,
        **more,
    }
