"""The answers that are being spoken, and what is kept of each, with its client or without."""

import asyncio
import uuid
from contextlib import suppress

from sandbox.dify.outlet import Outlet
from sandbox.dify.quirks import Quirks
from sandbox.dify.stream import Outcome, Stream
from sandbox.dify.types import Answer, ChatRequest, Conversation, Run, Thought, Turn
from sandbox.dify.wire import FAILURE, Ids, Writer


class Answering:
    """Holds what runs. `idle_timeout` is how long, in seconds, a line that has gone silent is kept open."""

    def __init__(self, quirks: Quirks, idle_timeout: float) -> None:
        self._quirks = quirks
        self._idle_timeout = idle_timeout
        self._streams: dict[str, Stream] = {}
        self._by_run: dict[str, Stream] = {}
        self.runs: dict[str, Run] = {}

    @property
    def running(self) -> int:
        """How many answers are being spoken, or have somebody on their line."""
        return len(self._streams)

    def stop(self, task_id: str, user: str) -> None:
        """End an answer, also one whose client has left; for its own user only."""
        stream = self._streams.get(task_id)
        if stream is not None and stream.user == user:
            stream.stop()

    def cut_lines(self) -> None:
        for stream in self._streams.values():
            for outlet in stream.outlets:
                outlet.cut()

    def stop_all(self) -> None:
        for stream in self._streams.values():
            stream.stop()

    async def end_all(self) -> None:
        """Leave nothing running."""
        tasks = [stream.task for stream in self._streams.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._streams.clear()
        self._by_run.clear()

    async def idle(self) -> None:
        """As long as a dead line is kept open."""
        await asyncio.sleep(self._idle_timeout)

    def stream_of(self, run_id: str) -> Stream | None:
        """The answer that a run is speaking; None when it is over."""
        return self._by_run.get(run_id)

    async def answer(
        self, mode: str, question: ChatRequest, conversation: Conversation, answer: Answer, outlet: Outlet
    ) -> None:
        """Answer a question over an open line, to the end or until the line is lost."""
        ids = Ids(conversation.id, *(str(uuid.uuid4()) for _ in range(3)))
        writer = Writer(mode, ids, self._quirks, question.user)
        turn = Turn(ids.message, question.query)
        conversation.turns.append(turn)
        if writer.flow:
            turn.run_id = ids.run
            self.runs[ids.run] = Run(ids.run, question.user, question.query)
            # Of all modes, only flows are heard of before their first event.
            if self._quirks.flow_pings_at_once and answer.cut_after != 0:
                await outlet.ping()
        if mode == "agent-chat":
            turn.thoughts = [
                *(Thought(str(uuid.uuid4()), tool) for tool in answer.steps),
                Thought(str(uuid.uuid4())),
            ]
        stream = Stream(
            answer,
            writer,
            user=question.user,
            query=question.query,
            tail_seconds=self._quirks.flow_tail_seconds if writer.flow else 0.0,
            outlives=self._outlives(mode),
            keep=lambda stream, outcome: self._keep(turn, stream, outcome),
        )
        turn.written = stream.written
        self._streams[ids.task] = stream
        if writer.flow:
            self._by_run[ids.run] = stream
        stream.task.add_done_callback(lambda _: self._tidy(ids, stream))
        await self._attend(ids, stream, outlet)

    async def _attend(self, ids: Ids, stream: Stream, outlet: Outlet) -> None:
        """Stay on the line. Whoever leaves takes the answer along, unless it outlives them."""
        stream.attended = True
        try:
            await stream.listen(outlet)
            if outlet.silent:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._idle_timeout):
                        await stream.stopped.wait()
        except asyncio.CancelledError:
            if not stream.outlives:
                stream.task.cancel()
            raise
        finally:
            stream.attended = False
            self._tidy(ids, stream)

    def _tidy(self, ids: Ids, stream: Stream) -> None:
        if stream.task.done():
            self._by_run.pop(ids.run, None)
            if not stream.attended:
                self._streams.pop(ids.task, None)

    def _outlives(self, mode: str) -> bool:
        if mode == "advanced-chat":
            return self._quirks.flow_outlives_client or self._quirks.flow_run_outlives_client
        return mode == "agent-chat" and self._quirks.agent_outlives_client

    def _keep(self, turn: Turn, stream: Stream, outcome: Outcome) -> None:
        """What a database would hold once the answer is over."""
        run = self.runs.get(turn.run_id)
        if run is not None:
            run.status = outcome
            run.answer = stream.said
            run.error = FAILURE if outcome is Outcome.FAILED else ""
        if turn.thoughts and outcome is Outcome.SUCCEEDED:
            turn.thoughts[-1].text = stream.said
        if not stream.outlets and (run is None or not self._quirks.flow_outlives_client):
            return
        if outcome is Outcome.FAILED:
            turn.status, turn.error = "error", FAILURE
            return
        turn.answer = stream.said
        if outcome is Outcome.PAUSED:
            turn.status = "paused"
