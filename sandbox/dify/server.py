"""A Dify on loopback: what tests, the demo and benchmarks hold in their hands."""

import asyncio
import json
import time
import uuid
from collections import deque
from collections.abc import Mapping
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sandbox.dify.demo import demo_script
from sandbox.dify.quirks import Unknown, quirks_of
from sandbox.dify.stream import PING_EVERY_SECONDS, Stream
from sandbox.dify.types import Call, ChatRequest, Conversation, Script, Turn
from sandbox.dify.wire import PING, Ids, Writer, error

CHAT_MODES = ("chat", "agent-chat", "advanced-chat")
USER_LIMIT = 255


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
        self._streams: dict[str, Stream] = {}
        self._failures: deque[web.Response] = deque()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The address of the API, `/v1` included. Known once started."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def running(self) -> int:
        """How many answers are being streamed."""
        return len(self._streams)

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
                web.post("/v1/chat-messages", self._chat),
                web.post("/v1/chat-messages/{task}/stop", self._stop),
                web.delete("/v1/conversations/{conversation}", self._delete),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()
        self._port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Stop listening and end what runs. What was said is kept."""
        for stream in self._streams.values():
            stream.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def forget(self, conversation_id: str) -> None:
        """As if somebody had deleted the conversation."""
        del self.conversations[conversation_id]

    def fail_http(self, status: int, code: str, message: str, *, times: int = 1, html: bool = False) -> None:
        """Let the next questions be refused like this."""
        for _ in range(times):
            if html:
                self._failures.append(web.Response(status=status, text="<html>", content_type="text/html"))
            else:
                self._failures.append(self._json(error(status, code, message), status))

    def _middleware(self) -> Middleware:
        @web.middleware
        async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
            refusal = self._refusal(request)
            response = refusal if refusal is not None else await handler(request)
            self.calls.append(Call(request.method, request.path, response.status, time.monotonic()))
            return response

        return admit

    def _refusal(self, request: web.Request) -> web.Response | None:
        """Whether the key and the app's state let a request in."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return self._error(
                401, "unauthorized", "Authorization header must be provided and start with 'Bearer'"
            )
        if key != self.key:
            return self._error(401, "unauthorized", "Access token is invalid")
        if not self.api_enabled:
            return self._error(403, "forbidden", "The app's API service has been disabled.")
        return None

    async def _info(self, _: web.Request) -> web.Response:
        info: dict[str, object] = {"name": self._name, "description": "", "tags": []}
        return self._json({**info, "mode": self.mode} if self._quirks.tells_mode else info)

    async def _parameters(self, _: web.Request) -> web.Response:
        if not self.published:
            return self._error(400, "app_unavailable", "App unavailable, please check it.")
        return self._json(
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
        turns = [
            {"id": turn.id, "query": turn.query, "answer": turn.answer, "status": turn.status}
            for turn in conversation.turns
        ]
        return self._json({"limit": 20, "has_more": False, "data": turns[-20:]})

    async def _delete(self, request: web.Request) -> web.Response:
        body = await _body(request)
        conversation = self._visible(request.match_info["conversation"], str(body.get("user", "")))
        if conversation is None:
            return self._unknown_conversation(request.path)
        self.forget(conversation.id)
        if self._quirks.deletes_with_json:
            return self._json({"result": "success"})
        return web.Response(status=204, headers=self._headers())

    async def _stop(self, request: web.Request) -> web.Response:
        body = await _body(request)
        if not body.get("user"):
            return self._error(400, "invalid_param", "Arg user must be provided.")
        stream = self._streams.get(request.match_info["task"])
        if stream is not None and stream.user == body["user"]:
            stream.stop()
        return self._json({"result": "success"})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        refusal = self._failures.popleft() if self._failures else self._chat_refusal(body)
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
            return await self._silence(request)
        return await self._answer(request, question, conversation)

    def _chat_refusal(self, body: Mapping[str, object]) -> web.Response | None:
        if self.mode not in CHAT_MODES:
            return self._error(400, "not_chat_app", "Please check if your app mode matches.")
        if not body.get("user"):
            return self._error(400, "invalid_param", "Arg user must be provided.")
        if len(str(body["user"])) > USER_LIMIT:
            return self._error(500, "internal_server_error", "Internal Server Error, please contact support.")
        if "inputs" not in body or not body.get("query"):
            return self._error(400, "invalid_param", "1 validation error for ChatRequestPayload")
        if body.get("conversation_id") and not _is_uuid(str(body["conversation_id"])):
            return self._error(400, "invalid_param", "conversation_id must be a valid UUID")
        if body.get("response_mode") != "streaming":
            return self._error(400, "invalid_param", "The sandbox answers only in response_mode streaming")
        if not self.published:
            return self._error(400, "invalid_param", "Workflow not published")
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

    async def _answer(
        self, request: web.Request, question: ChatRequest, conversation: Conversation
    ) -> web.StreamResponse:
        answer = self.script(question, len(conversation.turns))
        ids = Ids(conversation.id, *(str(uuid.uuid4()) for _ in range(3)))
        turn = Turn(ids.message, question.query)
        conversation.turns.append(turn)
        writer = Writer(self.mode, ids, self._quirks, question.user)
        stream = Stream(answer, writer, question.user, self._quirks.flow_tail_seconds if writer.flow else 0.0)
        turn.written = stream.written
        self._streams[ids.task] = stream
        # Nothing is sent, not even the status line, before the first event; flows begin with one at once.
        waited = 0.0 if writer.flow else min(answer.first_token_after, PING_EVERY_SECONDS)
        try:
            await asyncio.sleep(waited)
            response = await self._open(request)
            if waited == PING_EVERY_SECONDS:
                await response.write(PING)
            await stream.run(request, response, question.query, waited)
        except (ConnectionError, asyncio.CancelledError):
            # Whoever asked has left. Flows run on without them, all others are lost.
            turn.answer = answer.text if self._quirks.flow_outlives_client and writer.flow else ""
            raise
        else:
            turn.answer = "" if stream.failed else stream.said
            return response
        finally:
            turn.status = "error" if stream.failed else "normal"
            del self._streams[ids.task]

    async def _silence(self, request: web.Request) -> web.StreamResponse:
        response = await self._open(request)
        await asyncio.sleep(self._idle_timeout)
        return response

    async def _open(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={**self._headers(), "Content-Type": "text/event-stream; charset=utf-8"}
        )
        await response.prepare(request)
        if self.mode == "advanced-chat" and self._quirks.flow_pings_at_once:
            await response.write(PING)
        return response

    @property
    def _unknown(self) -> Unknown:
        return self._quirks.flow_unknown_conversation if self.mode == "advanced-chat" else Unknown.REFUSED

    def _visible(self, conversation_id: str, user: str) -> Conversation | None:
        conversation = self.conversations.get(conversation_id)
        return conversation if conversation is not None and conversation.user == user else None

    def _unknown_conversation(self, path: str) -> web.Response:
        tail = f" You have requested this URI [{path}] but did you mean {path} ?"
        suffix = tail if self._quirks.suggests_other_urls else ""
        return self._error(404, "not_found", f"Conversation Not Exists.{suffix}")

    def _error(self, status: int, code: str, message: str) -> web.Response:
        return self._json(error(status, code, message), status)

    def _json(self, fields: Mapping[str, object], status: int = 200) -> web.Response:
        return web.json_response(fields, status=status, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        return {"X-Version": self.version, "X-Env": "PRODUCTION"}


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
