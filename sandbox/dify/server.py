"""A Dify on loopback: what tests, the demo and benchmarks hold in their hands."""

import asyncio
import json
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sandbox.dify.answering import Answering
from sandbox.dify.demo import demo_script
from sandbox.dify.looking import Looking
from sandbox.dify.outlet import Outlet
from sandbox.dify.quirks import Unknown, quirks_of
from sandbox.dify.replies import Replies
from sandbox.dify.types import Call, ChatRequest, Conversation, Run, Script, Turn

CHAT_MODES = ("chat", "agent-chat", "advanced-chat")
USER_LIMIT = 255
# How a call is noted whose client hung up before its end, as nginx does.
CLIENT_LEFT = 499
# Never sent: the line is cut instead.
CUT = web.Response()


class Dify:
    """One app of one server. `mode` is `chat`, `agent-chat` or `advanced-chat`; any other holds no
    conversations. `idle_timeout` is how long, in seconds, some versions keep a dead stream open."""

    def __init__(
        self,
        *,
        mode: str = "advanced-chat",
        version: str = "1.14.2",
        key: str = "app-sandbox",
        script: Script = demo_script,
        port: int = 0,
        name: str = "Sandbox assistant",
        idle_timeout: float = 300.0,
    ) -> None:
        self.mode = mode
        self.version = version
        self.key = key
        self.script = script
        self.published = True
        self.api_enabled = True
        self.requests: list[ChatRequest] = []
        self.calls: list[Call] = []
        self.conversations: dict[str, Conversation] = {}
        self._name = name
        self._port = port
        self._idle_timeout = idle_timeout
        self._quirks = quirks_of(version)
        self._replies = Replies(version, self._quirks)
        self._answering = Answering(self._quirks, idle_timeout)
        self._looking = Looking(self._replies, self._quirks, self._answering)
        self._failures: deque[web.Response] = deque()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The address of the API, `/v1` included. Known once started."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def running(self) -> int:
        """How many answers are being spoken, or have somebody on their line."""
        return self._answering.running

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All turns of all conversations; one that was asked twice is there twice."""
        return tuple(turn for conversation in self.conversations.values() for turn in conversation.turns)

    @property
    def runs(self) -> Mapping[str, Run]:
        """The runs of flows, by their ids."""
        return self._answering.runs

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Listen; after `close`, on the same port again."""
        app = web.Application(middlewares=[self._middleware()])
        app.add_routes(
            [
                web.get("/v1/info", self._info),
                web.get("/v1/parameters", self._parameters),
                web.get("/v1/messages", self._messages),
                web.get("/v1/workflows/run/{run}", self._run),
                web.post("/v1/chat-messages", self._chat),
                web.post("/v1/chat-messages/{task}/stop", self._stop),
                web.delete("/v1/conversations/{conversation}", self._delete),
            ]
        )
        if self._quirks.flow_events:
            app.add_routes([web.get("/v1/workflow/{run}/events", self._events)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()
        self._port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Stop listening and end what runs. What was said is kept."""
        self._answering.stop_all()
        await self._hang_up()
        await self._answering.end_all()

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Within the block nobody is answered and all lines are cut, as when the API is restarted; flows that
        outlive their clients go on."""
        await self._hang_up()
        yield
        await self.start()

    async def crash(self) -> None:
        """Let what runs die without a word: lines are cut, and the records of runs say for ever that they go
        on."""
        await self._answering.end_all()

    async def _hang_up(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def forget(self, conversation_id: str) -> None:
        """As if somebody had deleted the conversation."""
        del self.conversations[conversation_id]

    def fail_http(
        self,
        status: int,
        code: str,
        message: str,
        *,
        times: int = 1,
        html: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Let the next questions be refused like this."""
        for _ in range(times):
            refusal = self._replies.page(status) if html else self._replies.error(status, code, message)
            refusal.headers.update(headers or {})
            self._failures.append(refusal)

    def cut_next(self, *, times: int = 1) -> None:
        """Let the lines of the next questions be cut before the first byte, and nothing begin."""
        self._failures.extend([CUT] * times)

    def cut_lines(self) -> None:
        """Break the line of everybody who listens to an answer now."""
        self._answering.cut_lines()

    def listened_to(self, run_id: str) -> bool:
        """Whether somebody listens to this run of a flow."""
        stream = self._answering.stream_of(run_id)
        return stream is not None and bool(stream.outlets)

    def _middleware(self) -> Middleware:
        @web.middleware
        async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
            status = CLIENT_LEFT
            try:
                refusal = self._refusal(request)
                response = refusal if refusal is not None else await handler(request)
                status = response.status
            except web.HTTPException as unknown:
                status = unknown.status
                raise
            finally:
                self.calls.append(Call(request.method, request.path, status, time.monotonic()))
            return response

        return admit

    def _refusal(self, request: web.Request) -> web.Response | None:
        """Whether the key and the app's state let a request in."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return self._replies.error(
                401, "unauthorized", "Authorization header must be provided and start with 'Bearer'"
            )
        if key != self.key:
            return self._replies.error(401, "unauthorized", "Access token is invalid")
        if not self.api_enabled:
            return self._replies.error(403, "forbidden", "The app's API service has been disabled.")
        return None

    async def _info(self, _: web.Request) -> web.Response:
        info: dict[str, object] = {"name": self._name, "description": "", "tags": []}
        return self._replies.json({**info, "mode": self.mode} if self._quirks.tells_mode else info)

    async def _parameters(self, _: web.Request) -> web.Response:
        if not self.published:
            return self._replies.error(400, "app_unavailable", "App unavailable, please check it.")
        return self._replies.json(
            {
                "opening_statement": "",
                "suggested_questions": [],
                "suggested_questions_after_answer": {"enabled": False},
                "user_input_form": [],
                "file_upload": {"enabled": False},
            }
        )

    async def _messages(self, request: web.Request) -> web.Response:
        conversation = self._visible(request.query.get("conversation_id", ""), request.query.get("user", ""))
        if conversation is None:
            return self._unknown_conversation("/v1/messages")
        return self._looking.messages(request, conversation)

    async def _run(self, request: web.Request) -> web.Response:
        return self._looking.run(request, self.mode)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        return await self._looking.events(request, self.mode)

    async def _delete(self, request: web.Request) -> web.Response:
        body = await _body(request)
        conversation = self._visible(request.match_info["conversation"], str(body.get("user", "")))
        if conversation is None:
            return self._unknown_conversation(request.path)
        self.forget(conversation.id)
        if self._quirks.deletes_with_json:
            return self._replies.json({"result": "success"})
        return web.Response(status=204, headers=self._replies.headers)

    async def _stop(self, request: web.Request) -> web.Response:
        body = await _body(request)
        if not body.get("user"):
            return self._replies.error(400, "invalid_param", "Arg user must be provided.")
        self._answering.stop(request.match_info["task"], str(body["user"]))
        return self._replies.json({"result": "success"})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        outlet = Outlet(request, self._replies.stream())
        refusal = self._failures.popleft() if self._failures else self._chat_refusal(body)
        if refusal is CUT:
            outlet.cut()
            return web.Response()
        if refusal is not None:
            return refusal
        question = ChatRequest(
            query=str(body["query"]),
            user=str(body["user"]),
            conversation_id=str(body.get("conversation_id") or ""),
            inputs=_mapping(body["inputs"]),
            trace_id=request.headers.get("X-Trace-Id", ""),
            at=time.monotonic(),
        )
        self.requests.append(question)
        conversation = self._conversation(question)
        if conversation is None:
            if self._unknown is Unknown.REFUSED:
                return self._unknown_conversation("/v1/chat-messages")
            await outlet.ping()
            await asyncio.sleep(self._idle_timeout)
        else:
            answer = self.script(question, len(conversation.turns))
            await self._answering.answer(self.mode, question, conversation, answer, outlet)
        return outlet.response

    def _chat_refusal(self, body: Mapping[str, object]) -> web.Response | None:
        if self.mode not in CHAT_MODES:
            return self._replies.error(400, "not_chat_app", "Please check if your app mode matches.")
        if not body.get("user"):
            return self._replies.error(400, "invalid_param", "Arg user must be provided.")
        if len(str(body["user"])) > USER_LIMIT:
            return self._replies.error(
                500, "internal_server_error", "Internal Server Error, please contact support."
            )
        if "inputs" not in body or not body.get("query"):
            return self._replies.error(400, "invalid_param", "1 validation error for ChatRequestPayload")
        if body.get("conversation_id") and not _is_uuid(str(body["conversation_id"])):
            return self._replies.error(400, "invalid_param", "conversation_id must be a valid UUID")
        if body.get("response_mode") != "streaming":
            return self._replies.error(
                400, "invalid_param", "The sandbox answers only in response_mode streaming"
            )
        if not self.published:
            return self._replies.error(400, "invalid_param", "Workflow not published")
        return None

    def _conversation(self, question: ChatRequest) -> Conversation | None:
        """The conversation that a question belongs to; None where it is unknown and that matters."""
        if question.conversation_id:
            known = self._visible(question.conversation_id, question.user)
            if known is not None or self._unknown is not Unknown.BEGUN_ANEW:
                return known
        begun = Conversation(str(uuid.uuid4()), question.user)
        self.conversations[begun.id] = begun
        return begun

    @property
    def _unknown(self) -> Unknown:
        return self._quirks.flow_unknown_conversation if self.mode == "advanced-chat" else Unknown.REFUSED

    def _visible(self, conversation_id: str, user: str) -> Conversation | None:
        conversation = self.conversations.get(conversation_id)
        return conversation if conversation is not None and conversation.user == user else None

    def _unknown_conversation(self, path: str) -> web.Response:
        return self._replies.not_there("Conversation Not Exists.", path)


async def _body(request: web.Request) -> Mapping[str, object]:
    try:
        return _mapping(json.loads(await request.text()))
    except ValueError:
        return {}


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
