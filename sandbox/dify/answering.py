"""The answers that are being spoken, and what is kept of each, with its client or without."""

import asyncio
import re
import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from sandbox.dify.app import App
from sandbox.dify.files import Files
from sandbox.dify.forms import Forms, Waiting
from sandbox.dify.human import Decision, Form
from sandbox.dify.outlet import Outlet
from sandbox.dify.quirks import Early
from sandbox.dify.stream import Outcome, Part, Stream
from sandbox.dify.types import Answer, ChatRequest, Conversation, KeptFile, Run, Thought, Turn
from sandbox.dify.wire import Asking, Ids, Writer

IMAGE = re.compile(r"\n*!\[[^\]]*\]\([^)]*/files/[^)]*\)")


@dataclass(slots=True)
class Talk:
    """One turn while it goes on."""

    ids: Ids
    writer: Writer
    conversation: Conversation
    turn: Turn


class Answering:
    """Holds what runs. `idle_timeout` is how long, in seconds, a line that has gone silent is kept open."""

    def __init__(self, app: App, files: Files, forms: Forms, idle_timeout: float) -> None:
        self._app = app
        self._quirks = app.quirks
        self._files = files
        self._forms = forms
        self.idle_timeout = idle_timeout
        self._streams: dict[str, Stream] = {}
        self._by_run: dict[str, Stream] = {}
        self.runs: dict[str, Run] = {}

    @property
    def running(self) -> int:
        """How many answers are being spoken, or have somebody on their line."""
        return len(self._streams)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The ids of those answers."""
        return tuple(self._streams)

    def stop(self, task_id: str, user: str) -> None:
        """End an answer, also one whose client has left; for its own user. A flow also hears others: a
        workflow ends, a chatflow goes on to be called failed."""
        stream = self._streams.get(task_id)
        if stream is None:
            return
        if stream.user == user or self._app.mode == "workflow":
            stream.stop()
        elif self._app.flow and self._quirks.flow_stop_by_anyone:
            stream.abort()

    def cut_lines(self) -> None:
        for stream in self._streams.values():
            for outlet in stream.outlets:
                outlet.cut()

    def stop_all(self) -> None:
        for stream in self._streams.values():
            stream.stop()

    async def end_all(self) -> None:
        """Leave nothing running."""
        self._forms.close()
        tasks = [stream.task for stream in self._streams.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._streams.clear()
        self._by_run.clear()

    async def idle(self) -> None:
        """As long as a dead line is kept open."""
        await asyncio.sleep(self.idle_timeout)

    def stream_of(self, run_id: str) -> Stream | None:
        """The answer that a run is speaking; None when it is over."""
        return self._by_run.get(run_id)

    async def answer(
        self,
        question: ChatRequest,
        conversation: Conversation,
        answer: Answer,
        outlet: Outlet,
        inputs: Mapping[str, object],
        files: tuple[KeptFile, ...],
    ) -> Stream:
        """Answer a question over an open line, to the end or until the line is lost. `inputs` are as the app
        uses them, `files` the asker's."""
        talk = self._begin(question, conversation, inputs, files)
        # Of all modes, only flows are heard of before their first event.
        if talk.writer.flow and self._quirks.flow_pings_at_once and answer.cut_after != 0:
            await outlet.ping()
        if self._app.mode in ("agent-chat", "agent"):
            talk.turn.thoughts = [
                *(Thought(str(uuid.uuid4()), tool) for tool in answer.steps),
                Thought(str(uuid.uuid4())),
            ]
        made = tuple(self._files.make(one) for one in answer.files)
        opening = () if answer.annotated else tuple(talk.writer.opening())
        stream = self._start(talk, Part(answer, opening, made, written=talk.turn.written))
        if answer.annotated and self._flow_hangs:
            outlet.silent = True
        await self._attend(talk.ids, stream, outlet)
        return stream

    @property
    def _flow_hangs(self) -> bool:
        """Whether a flow that never began is waited for."""
        synthetic = self._quirks.flow_early is Early.SYNTHETIC
        return self._app.mode == "advanced-chat" and self._quirks.flow_needs_finish and not synthetic

    def _begin(
        self,
        question: ChatRequest,
        conversation: Conversation,
        inputs: Mapping[str, object],
        files: tuple[KeptFile, ...],
    ) -> Talk:
        ids = Ids(conversation.id, *(str(uuid.uuid4()) for _ in range(3)))
        turn = Turn(ids.message, question.query, inputs=inputs, files=list(files))
        asking = Asking(
            self._app.id,
            question.query,
            question.user,
            len(conversation.turns) + 1,
            inputs,
            files,
        )
        writer = Writer(self._app.mode, ids, self._quirks, asking, self._files.sign)
        conversation.turns.append(turn)
        conversation.changed = time.time()
        if writer.flow:
            turn.run_id = ids.run
            self.runs[ids.run] = Run(ids.run, question.user, question.query)
        return Talk(ids, writer, conversation, turn)

    def _start(self, talk: Talk, part: Part) -> Stream:
        pauses = talk.writer.flow and self._quirks.flow_pauses
        if part.answer.pause_after is not None and not pauses:
            part.answer = replace(part.answer, pause_after=None)
        stream = Stream(
            part,
            talk.writer,
            tail_seconds=self._quirks.flow_tail_seconds if talk.writer.flow else 0.0,
            outlives=self._outlives(),
            keep=lambda stream, outcome: self._keep(talk, part, stream, outcome),
        )
        self._streams[talk.ids.task] = stream
        if talk.writer.flow:
            self._by_run[talk.ids.run] = stream
        stream.task.add_done_callback(lambda _: self._tidy(talk.ids, stream))
        return stream

    async def _attend(self, ids: Ids, stream: Stream, outlet: Outlet) -> None:
        """Stay on the line. Whoever leaves takes the answer along, unless it outlives them."""
        stream.attended = True
        try:
            await stream.listen(outlet)
            if outlet.silent:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.idle_timeout):
                        await stream.stopped.wait()
        except asyncio.CancelledError:
            if not stream.outlives:
                stream.task.cancel()
            raise
        finally:
            stream.attended = False
            self._tidy(ids, stream)

    def _tidy(self, ids: Ids, stream: Stream) -> None:
        if not stream.task.done():
            return
        # By now the run may have gone on after a pause.
        if self._by_run.get(ids.run) is stream:
            self._by_run.pop(ids.run)
        if self._streams.get(ids.task) is stream and not stream.attended:
            self._streams.pop(ids.task)

    def _outlives(self) -> bool:
        if self._app.flow:
            return self._quirks.flow_outlives_client or self._quirks.flow_run_outlives_client
        return self._app.mode in ("agent-chat", "agent") and self._quirks.agent_outlives_client

    def _keep(self, talk: Talk, part: Part, stream: Stream, outcome: Outcome) -> Iterable[bytes]:
        """What a database would hold once the answer is over; then, what is said of it."""
        run = self.runs.get(talk.ids.run)
        if run is not None:
            self._keep_run(run, talk.writer, stream, outcome)
        if talk.turn.thoughts and outcome is Outcome.SUCCEEDED:
            talk.turn.thoughts[-1].text = stream.said
        if stream.outlets or (run is not None and self._quirks.flow_outlives_client):
            self._keep_turn(talk.turn, stream, outcome)
        match outcome:
            case Outcome.SUCCEEDED:
                return talk.writer.ending(stream.result)
            case Outcome.FAILED:
                return talk.writer.failure(stream.failure)
            case Outcome.STOPPED:
                return talk.writer.stopped(stream.result)
            case Outcome.PAUSED:
                return self._pause(talk, part, stream)

    def _keep_run(self, run: Run, writer: Writer, stream: Stream, outcome: Outcome) -> None:
        run.status = outcome
        run.answer = stream.said
        run.error = stream.failure.message if outcome is Outcome.FAILED else ""
        run.outputs = writer.outputs(stream.result)

    def _keep_turn(self, turn: Turn, stream: Stream, outcome: Outcome) -> None:
        turn.status = "normal"
        if outcome is Outcome.FAILED:
            turn.status, turn.error = "error", stream.failure.message
            return
        turn.answer = stream.said
        turn.sources = stream.result.sources
        turn.files.extend(one for one in stream.result.files if one not in turn.files)
        if self._app.flow and stream.result.files and self._quirks.stored_without_images:
            turn.answer = IMAGE.sub("", turn.answer)
        if outcome is Outcome.PAUSED:
            turn.status = "paused"
        elif outcome is Outcome.STOPPED and turn.thoughts and not self._quirks.agent_stop_kept:
            turn.answer = ""

    def _pause(self, talk: Talk, part: Part, stream: Stream) -> list[bytes]:
        form = part.answer.form or Form()
        rest = replace(
            part.answer,
            text=stream.unsaid,
            steps=(),
            thought="",
            first_token_after=0.0,
            pause_after=None,
            form=None,
            files_after=None,
            replaced=part.answer.replaced if part.answer.replaced_after is None else None,
        )

        def resume(waiting: Waiting, decision: Decision) -> None:
            self._resume(talk, waiting, decision, Part(rest, (), stream.unshown, stream.said))

        waiting = self._forms.ask(form, talk.ids.run, stream.said, resume)
        last = talk.writer.paused(form, waiting.token, int(waiting.expires_at))
        waiting.snapshot = lambda: b"".join([*talk.writer.snapshot(waiting.kept), *last])
        return last

    def _resume(self, talk: Talk, waiting: Waiting, decision: Decision, part: Part) -> None:
        """Let a run go on after a decision, or because there was none in time."""
        form = waiting.form
        if form.then is not None:
            part.answer = form.then(decision)
            part.files = tuple(self._files.make(one) for one in part.answer.files)
        part.opening = tuple(talk.writer.resumed(form, decision, int(waiting.expires_at)))
        part.starts_after = form.resumes_after
        part.outlets = waiting.listens
        part.written = talk.turn.written
        self.runs[talk.ids.run].status = "running"
        talk.turn.status = "normal"
        stream = self._start(talk, part)
        if self._quirks.flow_resume_stops:
            stream.stop()
