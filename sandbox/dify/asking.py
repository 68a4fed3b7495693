"""The calls that ask an app something, in whatever mode, and those that stop it."""

import asyncio
import time
import uuid
from collections import deque
from dataclasses import dataclass

from aiohttp import web

from sandbox.dify.answering import Answering
from sandbox.dify.app import CONVERSING, App
from sandbox.dify.blocking import whole_answer, whole_pause, whole_run
from sandbox.dify.capacity import Capacity
from sandbox.dify.files import Files
from sandbox.dify.frames import WORKFLOW_ID, early_error, synthetic
from sandbox.dify.inputs import Refused, attached, checked_files, checked_inputs
from sandbox.dify.outlet import Deaf, Outlet
from sandbox.dify.quirks import Early, Unknown
from sandbox.dify.records import Fields, Stopped
from sandbox.dify.replies import fields_of
from sandbox.dify.stream import Outcome, Stream
from sandbox.dify.types import Answer, Attached, ChatRequest, Conversation, KeptFile

USER_LIMIT = 255
# Never sent: the line is cut instead.
CUT = web.Response()


@dataclass(frozen=True, slots=True)
class Door:
    """One way to ask: for which modes, what others hear, and what Dify calls its body."""

    modes: tuple[str, ...]
    wrong: str
    model: str


CHAT = Door(CONVERSING, "not_chat_app", "ChatRequestPayload")
COMPLETION = Door(("completion",), "app_unavailable", "CompletionRequestPayload")
WORKFLOW = Door(("workflow",), "not_workflow_app", "WorkflowRunPayload")


class Asking:
    """Answers those calls. `failures` are what the next questions hear instead of an answer."""

    def __init__(self, app: App, files: Files, answering: Answering, capacity: Capacity, relay: int) -> None:
        self._app = app
        self._quirks = app.quirks
        self._replies = app.replies
        self._files = files
        self._answering = answering
        self._capacity = capacity
        self._relay = relay
        self.failures: deque[web.Response] = deque()

    def routes(self) -> list[web.RouteDef]:
        routes = [
            web.post("/v1/chat-messages", self._chat),
            web.post("/v1/completion-messages", self._complete),
            web.post("/v1/workflows/run", self._run),
            web.post("/v1/chat-messages/{task}/stop", self._stop_chat),
            web.post("/v1/completion-messages/{task}/stop", self._stop_completion),
            web.post("/v1/workflows/tasks/{task}/stop", self._stop_run),
        ]
        if self._quirks.picks_workflow:
            routes.append(web.post("/v1/workflows/{workflow}/run", self._run))
        return routes

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        return await self._ask(request, CHAT)

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        return await self._ask(request, COMPLETION)

    async def _run(self, request: web.Request) -> web.StreamResponse:
        return await self._ask(request, WORKFLOW)

    async def _stop_chat(self, request: web.Request) -> web.Response:
        return await self._stop(request, CHAT)

    async def _stop_completion(self, request: web.Request) -> web.Response:
        return await self._stop(request, COMPLETION)

    async def _stop_run(self, request: web.Request) -> web.Response:
        return await self._stop(request, WORKFLOW)

    async def _stop(self, request: web.Request, door: Door) -> web.Response:
        """Always well received, whether or not there is anything to stop."""
        fields = await fields_of(request)
        user, task = fields.text("user"), request.match_info["task"]
        if self._app.mode not in door.modes:
            return self._replies.wrong_mode(door.wrong)
        if not user:
            return self._replies.nobody()
        self._app.stopped.append(Stopped(task, user, request.path))
        await asyncio.sleep(self._app.stop_seconds)
        self._answering.stop(task, user)
        return self._replies.done()

    async def _ask(self, request: web.Request, door: Door) -> web.StreamResponse:
        fields = await fields_of(request)
        refusal = self.failures.popleft() if self.failures else self._refusal(fields, door)
        if refusal is CUT:
            Outlet(request, self._replies.stream()).cut()
            return web.Response()
        if refusal is not None:
            return refusal
        picked = request.match_info.get("workflow") or fields.text("workflow_id")
        refusal = self._workflow_refusal(picked, request.path)
        if refusal is not None:
            return refusal
        async with self._capacity.question() as busy:
            return busy or await self._admitted(request, fields)

    def _refusal(self, fields: Fields, door: Door) -> web.Response | None:
        """What is wrong with a question at first sight."""
        replies = self._replies
        if fields.broken:
            return replies.not_json()
        if not fields.text("user"):
            return replies.nobody()
        if len(fields.text("user")) > USER_LIMIT:
            return replies.broken()
        if self._app.mode not in door.modes:
            return replies.wrong_mode(door.wrong)
        for name in ("inputs", "query") if door is CHAT else ("inputs",):
            if name not in fields.values:
                return replies.missing(door.model, name)
        conversation = fields.text("conversation_id").strip()
        if door is CHAT and conversation and not _is_uuid(conversation):
            return replies.invalid("conversation_id must be a valid UUID")
        if fields.text("response_mode") not in ("", "blocking", "streaming"):
            return replies.invalid(f"1 validation error for {door.model}")
        return self._mode_refusal(fields)

    def _mode_refusal(self, fields: Fields) -> web.Response | None:
        if not self._streams(fields):
            if self._app.mode == "agent-chat":
                return self._replies.invalid("Agent Chat App does not support blocking mode")
            if self._app.mode == "agent":
                return self._replies.error(400, "bad_request", "Agent App does not support blocking mode")
        if self._app.published:
            return None
        if self._app.mode == "agent":
            return self._replies.error(400, "agent_not_published", "Agent not published")
        if self._app.flow:
            return self._replies.invalid("Workflow not published")
        return self._replies.wrong_mode("app_unavailable")

    def _workflow_refusal(self, picked: str, path: str) -> web.Response | None:
        """Whether there is this version of the app's flow; one picked in vain by older servers is none."""
        if not picked or not self._app.flow or not self._quirks.picks_workflow or picked == WORKFLOW_ID:
            return None
        if not _is_uuid(picked):
            return self._replies.error(400, "bad_request", "Invalid workflow_id format.")
        return self._replies.not_there("Workflow not found", path)

    def _streams(self, fields: Fields) -> bool:
        default = "streaming" if self._app.mode == "agent" else "blocking"
        return (fields.text("response_mode") or default) == "streaming"

    async def _admitted(self, request: web.Request, fields: Fields) -> web.StreamResponse:
        streams = self._streams(fields)
        kind = Outlet if streams else Deaf
        outlet = kind(request, self._replies.stream(), self._relay if self._passes_relay else 0)
        question = _question(request, fields)
        self._app.requests.append(question)
        if not streams and self._app.mode == "advanced-chat" and self._quirks.flow_blocking_broken:
            return await self._silent(Outlet(request, self._replies.stream()))
        unknown = self._unknown
        if unknown is Unknown.SILENCE and not streams:
            unknown = Unknown.REFUSED
        conversation = self._known(question)
        if conversation is None and question.conversation_id and unknown is not Unknown.BEGUN_ANEW:
            if unknown is Unknown.SILENCE:
                return await self._silent(outlet)
            return self._replies.not_there("Conversation Not Exists.", request.path)
        try:
            inputs, files = self._accepted(question, conversation)
        except Refused as refused:
            return await self._refused(str(refused), outlet, streams=streams)
        if conversation is None:
            names_itself = fields.values.get("auto_generate_name") is not False
            conversation = self._app.begin(question.user, inputs, names_itself=names_itself)
        answer = self._answer(question, conversation)
        stream = await self._answering.answer(question, conversation, answer, outlet, inputs, files)
        return outlet.response if streams else self._whole(stream)

    def _answer(self, question: ChatRequest, conversation: Conversation) -> Answer:
        """What the app says: by an annotation if one fits, else by its script."""
        if self._app.setup.annotation_reply:
            for saved in reversed(self._app.annotations):
                if saved.question == question.query:
                    return Answer(saved.answer, annotated=True)
        return self._app.script(question, len(conversation.turns))

    def _known(self, question: ChatRequest) -> Conversation | None:
        if not self._app.converses or not question.conversation_id:
            return None
        return self._app.visible(question.conversation_id, question.user)

    def _accepted(
        self, question: ChatRequest, conversation: Conversation | None
    ) -> tuple[dict[str, object], tuple[KeptFile, ...]]:
        """The inputs and the files as the app uses them. `Refused` where they do not fit."""
        if self._app.converses and not question.query:
            raise Refused("query is required")
        setup, uploads = self._app.setup, self._files.usable(question.user)
        if conversation is not None and self._quirks.inputs_remembered:
            inputs = dict(conversation.inputs)
        else:
            inputs = checked_inputs(setup, question.inputs, uploads)
        files = checked_files(setup, question.files, uploads)
        return inputs, tuple(self._files.take(one, upload) for one, upload in files)

    async def _refused(self, message: str, outlet: Outlet, *, streams: bool) -> web.StreamResponse:
        """Tell that a question does not fit. Where flows run elsewhere, it is too late for a status."""
        early = self._quirks.flow_early if self._app.flow and streams else Early.REFUSED
        match early:
            case Early.REFUSED:
                return self._replies.invalid(message)
            case Early.SILENCE:
                return await self._silent(outlet)
            case Early.BARE_ERROR:
                return await self._silent(outlet, early_error(message))
            case Early.SYNTHETIC:
                await outlet.ping()
                await outlet.write(b"".join(synthetic(str(uuid.uuid4()), message)))
                return outlet.response

    async def _silent(self, outlet: Outlet, last: bytes = b"") -> web.StreamResponse:
        """A ping, perhaps a word, then nothing. A client that leaves does not free its connection."""
        await outlet.ping()
        if last:
            await outlet.write(last)
        loop = asyncio.get_running_loop()
        until = loop.time() + self._answering.idle_timeout
        try:
            await self._answering.idle()
        except asyncio.CancelledError:
            self._capacity.keep_slot(until - loop.time())
            raise
        return outlet.response

    def _whole(self, stream: Stream) -> web.Response:
        """An answer that is given at once."""
        ids = stream.writer.ids
        if self._app.mode == "workflow":
            return self._replies.json(whole_run(ids, stream))
        if stream.outcome is Outcome.FAILED:
            failure = stream.failure
            if self._app.flow:
                return self._replies.invalid(f"Run failed: {failure.message}")
            return self._replies.error(failure.status, failure.code, failure.message)
        if stream.outcome is Outcome.PAUSED:
            return self._replies.json(whole_pause(ids))
        return self._replies.json(whole_answer(self._app.mode, ids, stream.result))

    @property
    def _passes_relay(self) -> bool:
        return self._app.flow and self._quirks.flow_outlives_client

    @property
    def _unknown(self) -> Unknown:
        return self._quirks.flow_unknown_conversation if self._app.flow else Unknown.REFUSED


def _question(request: web.Request, fields: Fields) -> ChatRequest:
    files = (attached(item) for item in fields.items("files"))
    trace = request.headers.get("X-Trace-Id") or request.query.get("trace_id") or fields.text("trace_id")
    return ChatRequest(
        query=fields.text("query"),
        user=fields.text("user"),
        conversation_id=fields.text("conversation_id").strip(),
        inputs=fields.mapping("inputs"),
        trace_id=trace,
        at=time.monotonic(),
        files=tuple(file for file in files if isinstance(file, Attached)),
        path=request.path,
    )


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
