"""One question put to Dify: asked until it is answered, or known that it will not be."""

import asyncio
import logging
from contextlib import aclosing
from dataclasses import dataclass, field
from math import inf

from bridge.dify import ChatRequest, DifyClient, Ending, Ids, LostTurn
from bridge.errors import (
    DifyConversationGone,
    DifyCut,
    DifyError,
    DifyQuota,
    DifySilent,
    LeaseLost,
    TooOld,
)
from bridge.markdown import strip_thinking
from bridge.notes import Notes
from bridge.reply import Hold, Reply
from bridge.store import Job, TurnIds

log = logging.getLogger(__name__)

# Dify is asked again after 0.5, 1, 2, ... seconds while it is away.
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0
# A run that goes on without us is followed for so long.
RECOVERY_SECONDS = 300.0

NO_WORDS = "The AI app ended without an answer. Please ask again in other words."
STOPPED = "This answer was stopped."
PAUSED = "The AI app waits for a decision that has to be made in Dify."
AWAY = "The AI service is away, asking again"
ENDINGS: dict[Ending | None, str] = {Ending.STOPPED: STOPPED, Ending.PAUSED: PAUSED}


@dataclass(slots=True)
class Told:
    """What has been heard so far, so that it is kept however the turn ends."""

    text: str = ""
    notices: list[str] = field(default_factory=list)
    outcome: str = "answered"


class Asking:
    """The exchange about one job; what it brings goes to `reply` and `told`. `asker` is the end user under
    whom a new conversation begins. What is `too_old` is not asked; but what Dify knows of it is shown."""

    def __init__(
        self,
        dify: DifyClient,
        notes: Notes,
        job: Job,
        asker: str,
        hold: Hold,
        reply: Reply,
        told: Told,
        retry_seconds: float,
        *,
        too_old: bool,
    ) -> None:
        self._dify = dify
        self._notes = notes
        self._job = job
        self._asker = asker
        self._hold = hold
        self._reply = reply
        self._told = told
        self._retry_seconds = retry_seconds
        self._too_old = too_old
        self._conversation_id = job.conversation_id
        self._user = job.dify_user
        self._ids = Ids(job.conversation_id, job.turn.message_id, job.turn.task_id, job.turn.run_id)
        self._lost_turn = bool(job.turn.task_id)
        self._cut: DifyError | None = None

    async def ask(self, waiting: asyncio.Task[None]) -> None:
        """Ask, again and again while Dify is away and the turn cannot have begun. `DifyError` when there will
        be no answer, `LeaseLost` when somebody else sees to it. `waiting` ends with the first text."""
        loop = asyncio.get_running_loop()
        until, pause = inf, FIRST_PAUSE_SECONDS
        while True:
            await self._hold.standing()
            if self._too_old and not self._lost_turn:
                raise TooOld
            try:
                if not await self._is_recovered():
                    await self._hold.standing()
                    await self._turn(waiting)
            except DifyConversationGone as gone:
                await self._begin_anew(gone)
            except DifyError as error:
                until = min(until, loop.time() + self._retry_seconds)
                wait = max(pause, error.retry_after or 0.0)
                # A quota that is used up will not be filled while somebody waits.
                again = error.nothing_began and not isinstance(error, DifyQuota)
                if not again or loop.time() + wait > until:
                    raise
                log.warning("%s: %s; asking again in %g s", self._job.thread.key, error, wait)
                self._reply.show_steps()
                self._reply.write(self._told.text, step=AWAY)
                await asyncio.sleep(wait)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            else:
                return

    async def abandon(self) -> None:
        """Let Dify end a turn that nobody will see the end of. Flows go on by themselves otherwise."""
        if not self._ids.task_id:
            return
        try:
            await self._dify.stop(self._ids.task_id, self._user)
        except DifyError as error:
            log.warning("%s: Dify was not told to stop: %s", self._job.thread.key, error)

    async def _turn(self, waiting: asyncio.Task[None]) -> None:
        request = ChatRequest(
            query=self._job.message.text, user=self._user, conversation_id=self._conversation_id
        )
        self._ids = Ids()
        try:
            async with self._dify.chat(request) as stream, aclosing(stream.updates()) as updates:
                async for update in updates:
                    if update.ids != self._ids:
                        await self._learn(update.ids)
                    await self._notes.save_again()
                    if update.text != self._told.text:
                        waiting.cancel()
                    self._told.text = update.text
                    self._reply.write(update.text, step=update.step, thought=update.thought)
                    if self._reply.lost is not None or self._reply.stopped:
                        break
                ending = stream.ending
        except (DifyCut, DifySilent) as cut:
            if cut.nothing_began or not self._ids.message_id:
                raise
            self._lost_turn, self._cut = True, cut
            await self._is_recovered()
            return
        if isinstance(self._reply.lost, LeaseLost):
            raise self._reply.lost
        if self._reply.stopped or self._reply.lost is not None:
            await self.abandon()
        self._conclude(Ending.STOPPED if self._reply.stopped else ending)

    async def _is_recovered(self) -> bool:
        """Whether Dify still knows the answer whose end was not seen. If not, an earlier attempt's is
        asked for again; of what broke just now, the beginning was seen: raises what broke it."""
        if not self._lost_turn:
            return False
        if await self._is_fetched():
            return True
        if self._cut is not None:
            raise self._cut
        await self._hold.standing()
        await self.abandon()
        if self._too_old:
            raise TooOld
        self._lost_turn = False
        return False

    async def _is_fetched(self) -> bool:
        """Whether Dify has, or soon will have, the whole answer of the turn whose stream was lost."""
        found = await self._dify.recover(LostTurn(self._user, self._ids), RECOVERY_SECONDS)
        if found is None:
            return False
        log.info("%s: Dify still knew the answer", self._job.thread.key)
        self._told.text = found.text
        self._reply.write(found.text)
        self._conclude(found.ending)
        return True

    def _conclude(self, ending: Ending | None) -> None:
        """Say how it ended, where the answer does not say enough by itself."""
        if ending in ENDINGS:
            self._told.notices.append(ENDINGS[ending])
        elif not strip_thinking(self._told.text).answer.strip():
            self._told.notices.append(NO_WORDS)

    async def _begin_anew(self, gone: DifyConversationGone) -> None:
        """Forget a conversation that Dify no longer knows, once."""
        if not self._conversation_id:
            raise gone
        log.warning("%s: %s; starting anew", self._job.thread.key, gone)
        await self._notes.forget_conversation(self._asker)
        self._conversation_id, self._user = "", self._asker
        self._lost_turn = False
        self._told.text = ""
        self._told.notices.append(gone.notice)

    async def _learn(self, ids: Ids) -> None:
        """Keep the conversation's id as soon as Dify gives it, and notice when it is another one."""
        first = not self._ids.conversation_id and bool(ids.conversation_id)
        if first and self._conversation_id and ids.conversation_id != self._conversation_id:
            log.warning("%s: Dify began another conversation than it was asked for", self._job.thread.key)
            self._told.notices.append(DifyConversationGone.notice)
        self._ids = ids
        if ids.conversation_id:
            turn = TurnIds(ids.message_id, ids.task_id, ids.workflow_run_id)
            await self._notes.turn(ids.conversation_id, turn)
