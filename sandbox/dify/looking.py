"""The calls that look at what is there: messages, runs, and the events of a run."""

from aiohttp import web

from sandbox.dify.answering import Answering
from sandbox.dify.outlet import Outlet
from sandbox.dify.quirks import Quirks
from sandbox.dify.replies import Replies
from sandbox.dify.types import Conversation, Run, Thought, Turn
from sandbox.dify.wire import CREATED_AT, PING, finished_run, paused_run, run_fields

NOBODY = "00000000-0000-0000-0000-000000000000"
PAGE_LIMIT = 100
PAGE_DEFAULT = 20


class Looking:
    """Answers those calls, for apps that hold conversations."""

    def __init__(self, replies: Replies, quirks: Quirks, answering: Answering) -> None:
        self._replies = replies
        self._quirks = quirks
        self._answering = answering

    def messages(self, request: web.Request, conversation: Conversation) -> web.Response:
        """The newest messages, or those before `first_id`; the oldest of them first."""
        limit = request.query.get("limit", str(PAGE_DEFAULT))
        if not limit.isdecimal() or not 1 <= int(limit) <= PAGE_LIMIT:
            return self._replies.error(400, "invalid_param", "1 validation error for MessageListQuery")
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

    def run(self, request: web.Request, mode: str) -> web.Response:
        """How a run stands. Nobody is asked whose it is."""
        if mode != "advanced-chat":
            return self._wrong_mode()
        run = self._answering.runs.get(request.match_info["run"])
        if run is None:
            return self._replies.not_there("Workflow run not found.", request.path)
        return self._replies.json(run_fields(run, {"inputs": {"sys.query": run.query}}))

    async def events(self, request: web.Request, mode: str) -> web.StreamResponse:
        """What happens in a run from now on; of one that is over, only that."""
        if mode != "advanced-chat":
            return self._wrong_mode()
        user = request.query.get("user")
        if not user:
            return self._replies.error(400, "invalid_param", "Arg user must be provided.")
        run = self._answering.runs.get(request.match_info["run"])
        if run is None or run.user != user:
            return self._replies.not_there("Workflow run not found", request.path)
        outlet = Outlet(request, self._replies.stream({"Cache-Control": "no-cache"}))
        if run.status == "running":
            await self._follow(run, outlet, snapshot=request.query.get("include_state_snapshot") == "true")
        # It may have ended while the beginning of this was being sent.
        if run.status != "running" and not outlet.told_live:
            await outlet.write(paused_run(run) if run.status == "paused" else finished_run(run))
        return outlet.response

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

    def _wrong_mode(self) -> web.Response:
        return self._replies.error(400, "not_workflow_app", "Please check if your app mode matches.")

    def _message(self, conversation: Conversation, turn: Turn) -> dict[str, object]:
        """One message, with the fields that real ones were seen to have."""
        fields: dict[str, object] = {
            "id": turn.id,
            "conversation_id": conversation.id,
            "parent_message_id": NOBODY,
            "inputs": {},
            "query": turn.query,
            "answer": turn.answer,
            "feedback": None,
            "retriever_resources": [],
            "created_at": CREATED_AT,
            "agent_thoughts": [
                _thought(turn, position, thought) for position, thought in enumerate(turn.thoughts, 1)
            ],
            "message_files": [],
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
