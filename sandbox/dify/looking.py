"""The calls that look at what is there: messages, runs, and the events of a run."""

import asyncio

from aiohttp import web

from sandbox.dify.answering import Answering
from sandbox.dify.app import DEFAULT_USER, App
from sandbox.dify.extras import CREATED_AT
from sandbox.dify.files import Files
from sandbox.dify.forms import Forms, Waiting
from sandbox.dify.frames import PING
from sandbox.dify.outlet import Outlet
from sandbox.dify.shapes import finished_run, message_file, run_fields, source_fields
from sandbox.dify.stream import PING_EVERY_SECONDS
from sandbox.dify.types import Conversation, Run, Thought, Turn

NOBODY = "00000000-0000-0000-0000-000000000000"
PAGE_LIMIT = 100
PAGE_DEFAULT = 20


class Looking:
    """Answers those calls. Events pass a `relay` that holds so many, if any."""

    def __init__(self, app: App, files: Files, forms: Forms, answering: Answering, relay: int) -> None:
        self._app = app
        self._replies = app.replies
        self._quirks = app.quirks
        self._files = files
        self._forms = forms
        self._answering = answering
        self._relay = relay

    def routes(self) -> list[web.RouteDef]:
        routes = [web.get("/v1/messages", self._messages), web.get("/v1/workflows/run/{run}", self._run)]
        if self._quirks.flow_events:
            routes.append(web.get("/v1/workflow/{run}/events", self._events))
        return routes

    async def _messages(self, request: web.Request) -> web.Response:
        """The newest messages, or those before `first_id`; the oldest of them first."""
        if not self._app.converses:
            return self._replies.wrong_mode("not_chat_app")
        user = request.query.get("user") or DEFAULT_USER
        conversation = self._app.visible(request.query.get("conversation_id", ""), user)
        if conversation is None:
            return self._replies.not_there("Conversation Not Exists.", request.path)
        limit = request.query.get("limit", str(PAGE_DEFAULT))
        if not limit.isdecimal() or not 1 <= int(limit) <= PAGE_LIMIT:
            return self._replies.invalid("1 validation error for MessageListQuery")
        turns = conversation.turns
        first = request.query.get("first_id")
        if first:
            at = next((at for at, turn in enumerate(turns) if turn.id == first), None)
            if at is None:
                return self._replies.not_there("First Message Not Exists.", request.path)
            turns = turns[:at]
        page = turns[-int(limit) :]
        return self._replies.json(
            {
                "limit": int(limit),
                "has_more": len(page) < len(turns),
                "data": [self._message(conversation, turn) for turn in page],
            }
        )

    async def _run(self, request: web.Request) -> web.Response:
        """How a run stands. Nobody is asked whose it is."""
        if not self._app.flow:
            return self._replies.wrong_mode("not_workflow_app")
        run = self._answering.runs.get(request.match_info["run"])
        if run is None:
            return self._replies.not_there("Workflow run not found.", request.path)
        return self._replies.json(run_fields(run, {"inputs": {"sys.query": run.query}}))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """What happens in a run from now on; of one that is over, only that."""
        if not self._app.flow:
            return self._replies.wrong_mode("not_workflow_app")
        user = request.query.get("user")
        if not user:
            return self._replies.nobody()
        run = self._answering.runs.get(request.match_info["run"])
        if run is None or run.user != user:
            return self._replies.not_there("Workflow run not found", request.path)
        headers = {"Cache-Control": "no-cache"}
        outlet = Outlet(request, self._replies.stream(headers), self._relay)
        snapshot = request.query.get("include_state_snapshot") == "true"
        waiting = self._forms.of_run(run.id)
        if waiting is not None:
            await self._wait(run, waiting, outlet, snapshot=snapshot)
        elif run.status == "running":
            await self._follow(run, outlet, snapshot=snapshot)
        # It may have ended while the beginning of this was being sent.
        if run.status not in ("running", "paused") and not outlet.told_live:
            await outlet.write(finished_run(run))
        return outlet.response

    async def _wait(self, run: Run, waiting: Waiting, outlet: Outlet, *, snapshot: bool) -> None:
        """Tell of a run that waits for a person: that it does, or what comes when it goes on."""
        if snapshot:
            await outlet.write(waiting.snapshot())
            outlet.told_live = True
            return
        waiting.listens.append(outlet)
        await outlet.ping()
        try:
            async with asyncio.timeout(self._answering.idle_timeout):
                await self._pinging(waiting, outlet)
        except TimeoutError:
            return
        stream = self._answering.stream_of(run.id)
        outlet.told_live = True
        if stream is not None:
            await stream.listen(outlet)

    async def _pinging(self, waiting: Waiting, outlet: Outlet) -> None:
        while not waiting.resumed.is_set():
            try:
                async with asyncio.timeout(PING_EVERY_SECONDS):
                    await waiting.resumed.wait()
            except TimeoutError:
                await outlet.ping()

    async def _follow(self, run: Run, outlet: Outlet, *, snapshot: bool) -> None:
        """Tell of a run that goes on, or is only said to: then nothing comes but the end of all patience."""
        stream = self._answering.stream_of(run.id)
        if stream is None:
            await outlet.ping()
            await self._answering.idle()
            return
        await outlet.write(stream.snapshot() if snapshot else PING)
        if run.status == "running":
            outlet.told_live = True
            await stream.listen(outlet)

    def _message(self, conversation: Conversation, turn: Turn) -> dict[str, object]:
        """One message, with the fields that real ones were seen to have."""
        tells_upload = self._quirks.tells_extra_contents
        fields: dict[str, object] = {
            "id": turn.id,
            "conversation_id": conversation.id,
            "parent_message_id": NOBODY,
            "inputs": dict(turn.inputs),
            "query": turn.query,
            "answer": self._files.sign_anew(turn.answer),
            "feedback": {"rating": turn.rating} if turn.rating else None,
            "retriever_resources": [
                source_fields(position, source) for position, source in enumerate(turn.sources, 1)
            ],
            "created_at": int(turn.asked_at),
            "agent_thoughts": [
                _thought(turn, position, thought) for position, thought in enumerate(turn.thoughts, 1)
            ],
            "message_files": [
                message_file(one, self._files.sign(one), tells_upload=tells_upload) for one in turn.files
            ],
            "status": turn.status,
            "error": turn.error or None,
        }
        return {**fields, "extra_contents": []} if self._quirks.tells_extra_contents else fields


def _thought(turn: Turn, position: int, thought: Thought) -> dict[str, object]:
    return {
        "id": thought.id,
        "chain_id": None,
        "message_id": turn.id,
        "position": position,
        "thought": thought.text,
        "tool": thought.tool,
        "tool_labels": {},
        "tool_input": "{}" if thought.tool else "",
        "created_at": CREATED_AT,
        "observation": '{"found": "something"}' if thought.tool else "",
        "files": [],
    }
