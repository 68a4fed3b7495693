"""One question put to Dify: asked until it is answered, or known that it will not be."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from math import inf

from bridge import deciding
from bridge.capacity import Capacity, step_text
from bridge.dify import (
    ChatRequest,
    ChatStream,
    Ending,
    HumanForm,
    Ids,
    LostTurn,
    Mode,
    RunRequest,
    Update,
)
from bridge.errors import (
    DifyConversationGone,
    DifyCut,
    DifyDown,
    DifyError,
    DifyFormOver,
    DifyQuota,
    DifySilent,
    LeaseLost,
    TooOld,
)
from bridge.markdown import strip_thinking
from bridge.preparing import Prepared
from bridge.scene import Scene
from bridge.store import TurnIds
from bridge.trace import trace_id
from bridge.types import Decision
from bridge.words import english

log = logging.getLogger(__name__)

# Dify is asked again after 0.5, 1, 2, ... seconds while it is away.
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0
# A run that goes on without us is followed for so long.
RECOVERY_SECONDS = 300.0


Prepare = Callable[[str], Awaitable[Prepared]]


class Asking:
    """The exchange about one question with its app; what it brings goes to the scene's `reply` and `told`.
    `prepare` gives what is to be sent under an end user. What is `too_old` is not asked; but what Dify knows
    of it is shown."""

    def __init__(
        self, scene: Scene, capacity: Capacity, prepare: Prepare, retry_seconds: float, *, too_old: bool
    ) -> None:
        self._dify = scene.dify
        self._capacity = capacity
        self._prepare = prepare
        self._notes = scene.notes
        self._job = job = scene.job
        self._asker = scene.user
        self._hold = scene.hold
        self._reply = scene.reply
        self._told = scene.told
        self._retry_seconds = retry_seconds
        self._too_old = too_old
        self._conversation_id = job.conversation_id
        self._user = job.dify_user
        self._ids = Ids(job.conversation_id, job.turn.message_id, job.turn.task_id, job.turn.run_id)
        self._lost_turn = bool(job.turn.task_id)
        # When something was asked last, in seconds since 1970; and whether it is not known if it has arrived.
        self._asked_at = 0.0
        self._unsure = False
        self._decided = False
        # By a flow that has been waiting, in an answer that stands above.
        self._said_before = ""
        self._mode: Mode | None = None
        self._ready: tuple[str, Prepared] | None = None
        self._cut: DifyError | None = None

    @property
    def ids(self) -> Ids:
        """What Dify calls the turn, as far as it has told."""
        return self._ids

    @property
    def user(self) -> str:
        """The end user under whom it was asked."""
        return self._user

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
                await self._find_what_began()
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
                # A refusal says that nothing was begun; silence does not say so for certain.
                self._unsure = self._unsure or isinstance(error, DifyCut | DifyDown)
                log.warning("%s: %s; asking again in %g s", self._job.thread.key, error, wait)
                self._show_step(self._told.say(english.AWAY))
                await asyncio.sleep(wait)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            else:
                return

    async def abandon(self) -> None:
        """Let Dify end a turn that nobody will see the end of. Flows go on by themselves otherwise."""
        if not self._ids.task_id:
            return
        try:
            await self._dify.stop(self._ids.task_id, self._user, self._mode or Mode.UNKNOWN)
        except DifyError as error:
            log.warning("%s: Dify was not told to stop: %s", self._job.thread.key, error)

    async def _turn(self, waiting: asyncio.Task[None]) -> None:
        ending: Ending | None = None
        forms: tuple[HumanForm, ...] = ()
        try:
            async with (
                self._capacity.place(self._job.thread.key, self._show_place),
                self._stream() as stream,
                aclosing(stream.updates()) as updates,
            ):
                async for update in updates:
                    forms = update.forms
                    if not await self._goes_on(update, waiting):
                        break
                ending = stream.ending
        except (DifyCut, DifySilent) as cut:
            if cut.nothing_began or not (self._ids.message_id or self._ids.workflow_run_id):
                raise
            self._lost_turn, self._cut = True, cut
            await self._is_recovered()
            return
        if isinstance(self._reply.lost, LeaseLost):
            raise self._reply.lost
        if self._reply.stopped or self._reply.lost is not None:
            await self.abandon()
        await self._conclude(Ending.STOPPED if self._reply.stopped else ending, forms)

    async def _goes_on(self, update: Update, waiting: asyncio.Task[None]) -> bool:
        """Show the newest state; whether anybody still wants more."""
        if update.ids != self._ids:
            await self._learn(update.ids)
        await self._notes.save_again()
        before = update.said_before or self._said_by_then(update.text)
        if len(update.text) > before:
            waiting.cancel()
        self._said_before, self._told.text = update.text[:before], update.text[before:]
        self._told.files, self._told.sources = update.files, update.sources
        self._reply.write(self._told.shown, step=update.step, thought=update.thought)
        return self._reply.lost is None and not self._reply.stopped

    @asynccontextmanager
    async def _stream(self) -> AsyncIterator[ChatStream]:
        """The running turn, however this app is asked."""
        decision = self._job.message.decision
        self._ids = Ids()
        if decision is not None:
            await self._decide(decision)
            async with self._dify.follow(decision.run_id, self._user) as stream:
                yield stream
            return
        prepared = await self._prepared()
        if self._mode is None:
            self._mode = (await self._dify.app()).mode
        trace = trace_id(self._job.message)
        if self._mode.conversing:
            chat = ChatRequest(
                query=prepared.query,
                user=self._user,
                conversation_id=self._conversation_id,
                inputs=prepared.inputs,
                files=prepared.uploads,
                trace_id=trace,
            )
            self._asked_at = time.time()
            async with self._dify.chat(chat) as stream:
                yield stream
        else:
            run = RunRequest(
                inputs=prepared.inputs,
                user=self._user,
                query=prepared.query,
                files=prepared.uploads,
                trace_id=trace,
            )
            async with self._dify.run(self._mode, run) as stream:
                yield stream

    async def _prepared(self) -> Prepared:
        """What is sent, made once for each end user: files belong to whoever uploaded them."""
        if self._ready is None or self._ready[0] != self._user:
            self._ready = self._user, await self._prepare(self._user)
        return self._ready[1]

    async def _decide(self, decision: Decision) -> None:
        """Tell the flow what was decided, once. An earlier attempt may have told it already."""
        if self._decided:
            return
        try:
            await self._dify.decide(decision.token, decision.action, dict(decision.filled), self._user)
        except DifyFormOver:
            if not (self._job.begun_before or self._job.found_at):
                raise
        self._decided = True

    def _said_by_then(self, text: str) -> int:
        """How much of it was said before somebody decided, and stands above."""
        decision = self._job.message.decision
        return deciding.said_before(decision.said, text) if decision is not None else 0

    async def _find_what_began(self) -> None:
        """Whether a question of whose turn nothing was heard has reached Dify all the same."""
        if not self._unsure or not self._asked_at or self._ready is None:
            return
        query = self._ready[1].query
        begun = await self._dify.begun_turn(self._conversation_id, self._user, query, self._asked_at)
        self._unsure = False
        if begun is not None:
            log.info("%s: Dify has begun to answer, unheard", self._job.thread.key)
            await self._learn(begun)
            self._lost_turn = True

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
        before = self._said_by_then(found.text)
        self._said_before, self._told.text = found.text[:before], found.text[before:]
        self._reply.write(self._told.shown)
        await self._look_for_files()
        forms = await self._waiting_forms() if found.ending is Ending.PAUSED else ()
        await self._conclude(found.ending, forms)
        return True

    async def _waiting_forms(self) -> tuple[HumanForm, ...]:
        """What a flow waits for that has paused unheard."""
        try:
            return await self._dify.waiting_forms(self._ids.workflow_run_id, self._user)
        except DifyError as error:
            log.info("%s: not known what the flow waits for: %s", self._job.thread.key, error)
            return ()

    async def _look_for_files(self) -> None:
        """What the app made meanwhile; without it, the answer is good enough."""
        if not (self._ids.conversation_id and self._ids.message_id):
            return
        try:
            self._told.files = await self._dify.files_of(
                self._ids.conversation_id, self._ids.message_id, self._user
            )
        except DifyError as error:
            log.info("%s: no files are known of this answer: %s", self._job.thread.key, error)

    async def _conclude(self, ending: Ending | None, forms: tuple[HumanForm, ...]) -> None:
        """Say how it ended, where the answer does not say enough by itself."""
        told = self._told
        if ending is Ending.STOPPED:
            told.note(english.STOPPED)
        elif ending is Ending.PAUSED:
            await self._wait_for_decision(forms)
        elif not strip_thinking(told.text).answer.strip() and not told.files:
            told.note(english.NO_WORDS if self._job.message.decision is None else english.NO_MORE_WORDS)

    async def _wait_for_decision(self, forms: tuple[HumanForm, ...]) -> None:
        """Show what the flow waits for, to be pressed by whoever decides."""
        choices = deciding.choices_of(forms, self._said_before + self._told.text)
        self._told.outcome = "paused"
        if not choices:
            self._told.note(english.DECIDED_ELSEWHERE)
            return
        await self._notes.decision(deciding.packed(choices))
        parts = (self._told.text, deciding.text_of_forms(forms, self._told.locale))
        self._told.text = "\n\n".join(part for part in parts if part)
        self._told.buttons.extend(deciding.buttons_of(forms, self._job.id))

    async def _begin_anew(self, gone: DifyConversationGone) -> None:
        """Forget a conversation that Dify no longer knows, once."""
        if not self._conversation_id:
            raise gone
        log.warning("%s: %s; starting anew", self._job.thread.key, gone)
        await self._notes.forget_conversation(self._asker)
        self._conversation_id, self._user = "", self._asker
        self._lost_turn = False
        self._told.text = ""
        self._told.notices.append(gone.sentence(self._told.locale))

    async def _learn(self, ids: Ids) -> None:
        """Keep the conversation's id as soon as Dify gives it, and notice when it is another one."""
        first = not self._ids.conversation_id and bool(ids.conversation_id)
        if first and self._conversation_id and ids.conversation_id != self._conversation_id:
            log.warning("%s: Dify began another conversation than it was asked for", self._job.thread.key)
            self._told.note(DifyConversationGone.notice)
        self._ids = ids
        if ids.conversation_id or ids.message_id or ids.workflow_run_id:
            turn = TurnIds(ids.message_id, ids.task_id, ids.workflow_run_id)
            await self._notes.turn(ids.conversation_id, turn)

    def _show_place(self, place: int) -> None:
        self._show_step(step_text(place, self._told.locale))

    def _show_step(self, step: str) -> None:
        """Say why nothing happens just now."""
        self._reply.show_steps()
        self._reply.write(self._told.shown, step=step)
