"""The events of one turn in the shape in which Dify puts them on the wire. Pure, but for signing links."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sandbox.dify.extras import CREATED_AT, branches, iteration, logged, loop, retry
from sandbox.dify.frames import PING, WORKFLOW_ID, frame, synthetic
from sandbox.dify.human import Decision, Form
from sandbox.dify.quirks import Early, Quirks
from sandbox.dify.shapes import event_file, flow_file, source_fields, turn_file, waiting_form
from sandbox.dify.types import Answer, Failure, KeptFile, Replacement, Source

ABORTED = Failure("Aborted: User requested stop", "invalid_param")


@dataclass(frozen=True, slots=True)
class Ids:
    """The names of one turn."""

    conversation: str
    message: str
    task: str
    run: str


@dataclass(frozen=True, slots=True)
class Asking:
    """What a turn is about: `files` are the user's, and `inputs` as the app uses them."""

    app_id: str
    query: str
    user: str
    turn: int
    inputs: Mapping[str, object] = field(default_factory=dict)
    files: tuple[KeptFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What an answer has come to: its text, what a flow gives, the app's files, and what it rests on."""

    text: str
    outputs: Mapping[str, object] | None = None
    files: tuple[KeptFile, ...] = ()
    sources: tuple[Source, ...] = ()
    annotated: bool = False


class Writer:
    """Writes the events of one turn in one mode, as one version does. `link` signs the address of a file."""

    def __init__(
        self, mode: str, ids: Ids, quirks: Quirks, asking: Asking, link: Callable[[KeptFile], str]
    ) -> None:
        self.ids = ids
        self.asking = asking
        self._quirks = quirks
        self._link = link
        self._mode = mode
        self._agent = mode in ("agent-chat", "agent")
        self._workflow = mode == "workflow"
        self.flow = mode in ("advanced-chat", "workflow")
        self._text_as_file = quirks.text_as_file and bool(asking.files)

    def opening(self, reason: str = "initial") -> Iterator[bytes]:
        """What comes before anything else."""
        if self.flow:
            yield self._started(reason)
            if reason == "initial":
                yield from self.step(0, "Start")

    def step(self, number: int, title: str) -> tuple[bytes, ...]:
        """The beginning and the end of a node or of a tool's use; nothing where there are no such things."""
        if self.flow:
            return self._node("node_started", number, title), self._node("node_finished", number, title)
        if self._agent:
            return self._tool(number, title, ""), self._tool(number, title, '{"found": "something"}')
        return ()

    def extras(self, answer: Answer) -> Iterator[bytes]:
        """Nodes within nodes, retries and whatever else may come before an answer."""
        if self.flow:
            for title in answer.iterations:
                yield from self._all_in_flow(iteration(title))
            for title in answer.loops if self._quirks.flow_loops else ():
                yield from self._all_in_flow(loop(title))
            for title in answer.branches if self._quirks.flow_branches else ():
                yield from self._all_in_flow(branches(title))
            for title in answer.retries:
                yield from self._all_in_flow(retry(title))
            for label in answer.agent_logs if self._quirks.flow_agent_log else ():
                yield from (self._event("agent_log", data=data) for data in logged(label))
        for extra in answer.extras:
            yield self._event(extra.event, **extra.fields)

    def thinking(self, pieces: list[str]) -> Iterator[bytes]:
        """The beginning of the node that answers, and its reasoning."""
        if self.flow:
            yield self._node("node_started", 99, "LLM")
            if pieces and self._quirks.flow_reasoning:
                yield from (self._reasoning(piece, is_final=False) for piece in pieces)
                yield self._reasoning("", is_final=True)

    def token(self, text: str) -> bytes:
        """A piece of the answer. Some versions name it for a file when there was one before."""
        if self._workflow:
            data = {"text": text, "from_variable_selector": ["99", "text"]}
            return self._event("text_chunk", workflow_run_id=self.ids.run, data=data)
        if self._agent:
            return self._event("agent_message", id=self.ids.message, answer=text)
        misnamed = self._text_as_file and not self.flow
        selector = ["99", "text"] if self.flow else [] if self._quirks.omits_nulls else None
        return self._event(
            "message_file" if misnamed else "message",
            id=self.ids.message,
            answer=text,
            from_variable_selector=selector,
        )

    def files(self, files: Iterable[KeptFile], *, spoken: bool) -> list[bytes]:
        """Files that the app made, where each has an event: text is misnamed that only then begins."""
        if self.flow:
            return []
        self._text_as_file |= not spoken and not self._agent
        return [self._event("message_file", **event_file(one, self._link(one))) for one in files]

    def links(self, files: Iterable[KeptFile]) -> str:
        """Files that the app made, as they stand in the text of a chatflow."""
        if self._mode != "advanced-chat":
            return ""
        return "".join(
            f"\n\n{'!' if one.kind == 'image' else ''}[{one.name}]({self._link(one)})" for one in files
        )

    def replaced(self, replacement: Replacement) -> bytes:
        """A moderator has stepped in."""
        if not self._quirks.tells_replace_reason:
            return self._event("message_replace", answer=replacement.text)
        reason = replacement.reason if self.flow else ""
        return self._event("message_replace", answer=replacement.text, reason=reason)

    def voice(self) -> list[bytes]:
        """The answer, read out; its end."""
        return [
            self._event("tts_message", audio="//uQxAAA"),
            self._event("tts_message_end", audio=""),
        ]

    def ending(self, result: Result) -> list[bytes]:
        """Everything after the last token of a good answer."""
        if not self.flow:
            whole = (
                [self._event("message", id=self.ids.message, answer=result.text)]
                if self._mode == "agent"
                else []
            )
            return [*whole, self._message_end(result)]
        if result.annotated:
            return [self._message_end(result), *self._never_finished()]
        last = self._node("node_finished", 99, "LLM")
        finished = self._finished("succeeded", self.outputs(result), None, result)
        if self._workflow or not self._quirks.flow_message_end:
            return [last, finished]
        message_end = self._message_end(result)
        if self._quirks.flow_message_end_first:
            return [last, message_end, finished]
        return [last, finished, message_end]

    def outputs(self, result: Result) -> dict[str, object]:
        """What a flow gives in the end."""
        files = [flow_file(one, self._link(one)) for one in result.files]
        if not self._workflow:
            return {"answer": result.text, "files": files}
        if result.outputs is not None:
            return dict(result.outputs)
        return {"text": result.text, "files": files} if files else {"text": result.text}

    def failure(self, failure: Failure) -> list[bytes]:
        """The model failed midway."""
        if not self.flow:
            return [self._error(failure.code, failure.status, failure.message)]
        finished = self._finished("failed", {}, failure.message)
        if not self._quirks.flow_error_event:
            return [finished]
        return [finished, self._error("invalid_param", 400, f"Run failed: {failure.message}")]

    def stopped(self, result: Result) -> list[bytes]:
        """Somebody asked to stop."""
        if not self.flow:
            return [self._message_end(result)]
        finished = self._finished("stopped", {}, None)
        if self._workflow or not self._quirks.flow_stop_message_end:
            return [finished]
        return [finished, self._message_end(result)]

    def paused(self, form: Form, token: str, expires_at: int) -> list[bytes]:
        """The flow waits for a person."""
        waiting = waiting_form(form, token, expires_at)
        reason = {"TYPE": "human_input_required", **waiting}
        state = {
            "paused_nodes": ["1724"],
            "outputs": {},
            "reasons": [reason],
            "status": "paused",
            "created_at": CREATED_AT,
            "elapsed_time": 0.5,
            "total_tokens": 0,
            "total_steps": 2,
        }
        return [
            self._in_flow("human_input_required", waiting),
            self._in_flow("workflow_paused", {"workflow_run_id": self.ids.run, **state}),
        ]

    def resumed(self, form: Form, decision: Decision, expires_at: int) -> Iterator[bytes]:
        """The flow goes on, because somebody decided or because the time ran out."""
        yield from self.opening("resumption")
        node = {"node_id": "1724", "node_title": form.title}
        if not decision.action:
            yield self._in_flow("human_input_form_timeout", {**node, "expiration_time": expires_at})
            return
        titles = {action.id: action.title for action in form.actions}
        filled = {
            "rendered_content": form.content,
            "action_id": decision.action,
            "action_text": titles.get(decision.action, ""),
        }
        submitted = {"submitted_data": dict(decision.filled)} if self._quirks.omits_nulls else {}
        yield self._in_flow("human_input_form_filled", {**node, **filled, **submitted})

    def snapshot(self, kept: str = "") -> Iterator[bytes]:
        """What a flow says first to whoever begins to listen: its answer is kept only when it ends or pauses,
        so that little or none of the text so far is told."""
        yield PING
        started, *nodes = self.opening()
        yield started
        if not self._workflow:
            yield self._event("message_replace", answer=kept, reason="")
        yield from nodes

    def _started(self, reason: str) -> bytes:
        asking = self.asking
        talk = {} if self._workflow else {"sys.query": asking.query, "sys.dialogue_count": asking.turn}
        system = {
            "sys.files": [flow_file(one, self._link(one)) for one in asking.files],
            "sys.user_id": asking.user,
            "sys.app_id": asking.app_id,
            "sys.workflow_id": WORKFLOW_ID,
            "sys.workflow_run_id": self.ids.run,
        }
        data: dict[str, object] = {"id": self.ids.run, "workflow_id": WORKFLOW_ID}
        if self._quirks.flow_sequence_number:
            data["sequence_number"] = 1
            if not self._workflow:
                system["sys.conversation_id"] = self.ids.conversation
        data |= {"inputs": {**asking.inputs, **talk, **system}, "created_at": CREATED_AT}
        return self._in_flow("workflow_started", {**data, "reason": reason} if self._tells_reason else data)

    @property
    def _tells_reason(self) -> bool:
        return self._quirks.flow_pauses

    def _message_end(self, result: Result) -> bytes:
        return self._event(
            "message_end", id=self.ids.message, metadata=self._metadata(result), files=self._end_files(result)
        )

    def _metadata(self, result: Result) -> dict[str, object]:
        metadata: dict[str, object] = {}
        if self._quirks.tells_annotation:
            if result.annotated and not self.flow:
                metadata["annotation_reply"] = {"id": "a-1", "account": {"id": "acc-1", "name": "Curator"}}
            elif not result.annotated and (self.flow or not self._quirks.omits_nulls):
                metadata["annotation_reply"] = None
            metadata["retriever_resources"] = []
        if result.sources:
            metadata["retriever_resources"] = [
                source_fields(position, source) for position, source in enumerate(result.sources, 1)
            ]
        return {**metadata, "usage": {"prompt_tokens": 7, "completion_tokens": 10, "total_tokens": 17}}

    def _end_files(self, result: Result) -> list[dict[str, object]] | None:
        if self.flow:
            return [flow_file(one, self._link(one)) for one in result.files]
        files = (*self.asking.files, *result.files)
        if self._quirks.message_end_files and files:
            return [turn_file(one, self._link(one)) for one in files]
        return [] if self._quirks.omits_nulls else None

    def _never_finished(self) -> list[bytes]:
        """How a flow ends that never began, in versions that notice."""
        if self._quirks.flow_early is not Early.SYNTHETIC:
            return []
        return synthetic(self.ids.run, "Workflow stream ended without a terminal event")

    def _finished(
        self, status: str, outputs: Mapping[str, object], failure: str | None, result: Result | None = None
    ) -> bytes:
        files = () if result is None else result.files
        data: dict[str, object] = {
            "id": self.ids.run,
            "workflow_id": WORKFLOW_ID,
            "status": status,
            "outputs": outputs,
            "error": failure,
            "elapsed_time": 2.51,
            "total_tokens": 17,
            "total_steps": 3,
            "created_by": {"id": "0f6c", "user": self.asking.user},
            "created_at": CREATED_AT,
            "finished_at": CREATED_AT + 3,
            "exceptions_count": 0,
            "files": [flow_file(one, self._link(one)) for one in files],
        }
        if self._quirks.flow_sequence_number:
            data["sequence_number"] = 1
        return self._in_flow("workflow_finished", data)

    def _node(self, name: str, number: int, title: str) -> bytes:
        fields = {"id": f"node-{number}", "node_id": str(number), "node_type": "llm", "title": title}
        return self._in_flow(name, {**fields, "status": "succeeded"} if name == "node_finished" else fields)

    def _tool(self, number: int, tool: str, observation: str) -> bytes:
        fields = {"id": f"thought-{number}", "position": number, "tool": tool, "tool_input": "{}"}
        return self._event("agent_thought", **fields, thought="", observation=observation)

    def _reasoning(self, text: str, *, is_final: bool) -> bytes:
        message = None if self._workflow else self.ids.message
        data = {"message_id": message, "reasoning": text, "node_id": "99", "is_final": is_final}
        return self._event("reasoning_chunk", data=data)

    def _all_in_flow(self, events: Iterable[tuple[str, Mapping[str, object]]]) -> Iterator[bytes]:
        return (self._in_flow(name, data) for name, data in events)

    def _in_flow(self, name: str, data: Mapping[str, object]) -> bytes:
        return self._event(name, workflow_run_id=self.ids.run, data=data)

    def _error(self, code: str, status: int, message: str) -> bytes:
        fields = {"code": code, "status": status, "message": message}
        envelope = {name: value for name, value in self._envelope().items() if name != "task_id"}
        return self._frame({"event": "error", **envelope, **fields})

    def _event(self, name: str, **fields: object) -> bytes:
        return self._frame({"event": name, **self._envelope(), **fields})

    def _envelope(self) -> dict[str, object]:
        if self._workflow:
            return {"workflow_run_id": self.ids.run, "task_id": self.ids.task}
        talk = {} if self._mode == "completion" else {"conversation_id": self.ids.conversation}
        return {
            **talk,
            "message_id": self.ids.message,
            "created_at": CREATED_AT,
            "task_id": self.ids.task,
        }

    def _frame(self, fields: Mapping[str, object]) -> bytes:
        return frame(fields, raw=self._quirks.raw_unicode)
