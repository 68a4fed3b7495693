"""What becomes of a turn whose stream was lost: read from Dify's records, or waited for while it runs."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote

from bridge.dify.calls import Calls
from bridge.dify.events import Failed, FlowFinished, FlowPaused, Ids, decode
from bridge.dify.frames import MAX_FRAME_BYTES, FrameSplitter
from bridge.dify.records import (
    MessageRecord,
    Outlook,
    Records,
    Recovered,
    RunRecord,
    left,
    message_in,
    outlook,
    recovered,
    run_in,
    version_of,
)
from bridge.dify.shapes import text_of
from bridge.dify.transport import Body, patience
from bridge.errors import (
    DifyConversationGone,
    DifyError,
    DifyNotDify,
    DifyNotThere,
    DifySilent,
    DifyWrongMode,
)

# What is said last may be kept a moment after Dify has noticed that nobody listens, or that the flow is over.
SETTLING_SECONDS = 2.0
FIRST_PAUSE_SECONDS = 0.25
PAUSES_GROW_BY = 1.6
LONGEST_PAUSE_SECONDS = 10.0
# A thread's questions are asked one after the other; a lost one is among the newest of its conversation.
PAGE_LIMIT = 5


@dataclass(frozen=True, slots=True)
class LostTurn:
    """A turn as far as it was heard of: the `user` who asked, and the ids, each of which may be empty."""

    user: str
    ids: Ids


class Recovery:
    """The search for one lost turn. `silence_seconds` is how long a stream may say nothing."""

    def __init__(self, calls: Calls, lost: LostTurn, silence_seconds: float) -> None:
        self._calls = calls
        self._lost = lost
        self._silence_seconds = silence_seconds
        self._mode: str | None = None
        # Known to be missing once Dify has said so: the events came with 1.14.
        self._has_events = bool(lost.ids.workflow_run_id)

    async def wait(self, patience_seconds: float) -> Recovered | None:
        """See `DifyClient.recover`."""
        if not self._lost.ids.message_id and not self._lost.ids.workflow_run_id:
            return None
        clock = asyncio.get_running_loop().time
        until = clock() + patience_seconds
        settled_at: float | None = None
        for pause in _pauses():
            records = await self._look()
            found = recovered(records)
            if found is not None:
                return found
            hope = outlook(records)
            if hope is Outlook.NOTHING_COMES:
                return left(records)
            if hope is Outlook.RUNS:
                await self._follow(until)
            if hope is not Outlook.SETTLES:
                settled_at = None
            elif settled_at is None:
                settled_at = min(until, clock() + SETTLING_SECONDS)
            remaining = (until if settled_at is None else settled_at) - clock()
            if remaining <= 0 and hope is Outlook.RUNS:
                raise DifySilent(f"the run still goes on after {patience_seconds:g} s")
            if remaining <= 0:
                return left(records)
            await asyncio.sleep(min(pause, remaining))
        return None

    async def _look(self) -> Records:
        """What is on record now."""
        run, version = await self._run()
        message, told = await self._message()
        if message is not None and run is None and not message.answer and self._mode is None:
            self._mode = text_of((await self._calls.get("info")).fields, "mode")
        return Records(message, run, version_of(told or version), self._mode or "")

    async def _run(self) -> tuple[RunRecord | None, str]:
        run_id = self._lost.ids.workflow_run_id
        if not run_id:
            return None, ""
        try:
            told = await self._calls.get(f"workflows/run/{quote(run_id, safe='')}", max_bytes=MAX_FRAME_BYTES)
        except (DifyNotDify, DifyNotThere, DifyWrongMode):
            # Not known any more, or not a flow's.
            return None, ""
        return run_in(told.fields, conversing=bool(self._lost.ids.message_id)), told.version

    async def _message(self) -> tuple[MessageRecord | None, str]:
        ids = self._lost.ids
        if not ids.conversation_id or not ids.message_id:
            return None, ""
        query = {"conversation_id": ids.conversation_id, "user": self._lost.user, "limit": str(PAGE_LIMIT)}
        try:
            told = await self._calls.get("messages", query, MAX_FRAME_BYTES)
        except DifyConversationGone:
            return None, ""
        return message_in(told.fields, ids.message_id), told.version

    async def _follow(self, until: float) -> None:
        """Listen to the run until it says that it is over, as far as that can be heard: whatever stands in
        the way, the next look meets it too."""
        if not self._has_events:
            return
        path = f"workflow/{quote(self._lost.ids.workflow_run_id, safe='')}/events"
        query = {"user": self._lost.user, "include_state_snapshot": "true"}
        waiting = patience(self._silence_seconds)
        with suppress(TimeoutError, DifyError):
            async with asyncio.timeout_at(until):
                try:
                    async with self._calls.stream("GET", path, waiting, query=query) as body:
                        await _heard_out(body)
                except (DifyNotDify, DifyNotThere):
                    self._has_events = False


async def _heard_out(body: Body) -> None:
    splitter = FrameSplitter()
    while chunk := await body.gulp():
        events = [decode(frame).event for frame in splitter.feed(chunk)]
        if any(isinstance(event, FlowFinished | FlowPaused | Failed) for event in events):
            return


def _pauses() -> Iterator[float]:
    seconds = FIRST_PAUSE_SECONDS
    while True:
        yield seconds
        seconds = min(seconds * PAUSES_GROW_BY, LONGEST_PAUSE_SECONDS)
