"""The story: someone speaks, Dify answers, the answer appears."""

import asyncio
import logging
from contextlib import aclosing
from dataclasses import dataclass, field

from bridge.budget import Budget, Option, Ticket
from bridge.dify import ChatRequest, DifyClient, Ending, Ids
from bridge.errors import BridgeError, DifyConversationGone, DifyError, PlatformError, StoreError
from bridge.inbox import Accepted, dify_user_of
from bridge.markdown import strip_thinking
from bridge.ports import Adapter, OpensThreads, ShowsWaiting
from bridge.reply import Reply
from bridge.store import Opened, Store
from bridge.types import Message, MessageRef, Thread
from bridge.window import Priority

log = logging.getLogger(__name__)

# Longer than any message a person types, shorter than what makes a model fail without a word.
QUESTION_LIMIT_CHARACTERS = 32_000
WAITING_SHOWN_EVERY_SECONDS = 8.0
WAITING_SHOWN_WITHIN_SECONDS = 2.0
# A step that is over sooner is not worth a message of its own.
STEPS_SHOWN_AFTER_SECONDS = 1.0
CLOSING_SECONDS = 10.0

EMPTY_QUESTION = "Write your question together with the mention, and it will be answered here."
ONLY_FILES = "Files alone cannot be answered yet. Please add a question in words."
TOO_LONG = (
    f"That message is too long: up to {QUESTION_LIMIT_CHARACTERS:,} characters can be asked at once. "
    "Please shorten it."
)
NO_WORDS = "The AI app ended without an answer. Please ask again in other words."
LEAVING = "The bot is being restarted, so this answer ends here. Please ask again in a minute."
STOPPED = "This answer was stopped."
CUT_OFF = "cut off"
PAUSED = "The AI app waits for a decision that has to be made in Dify."
ENDINGS: dict[Ending | None, str] = {Ending.STOPPED: STOPPED, Ending.PAUSED: PAUSED}


@dataclass(slots=True)
class _Told:
    """What a turn has brought so far, so that it is kept however the turn ends."""

    text: str = ""
    notices: list[str] = field(default_factory=list)
    outcome: str = "answered"


class Conversation:
    """Answers questions with one Dify app."""

    def __init__(
        self, dify: DifyClient, store: Store, budget: Budget, *, show_reasoning: bool = False
    ) -> None:
        self._dify = dify
        self._store = store
        self._budget = budget
        self._show_reasoning = show_reasoning

    async def answer(self, accepted: Accepted) -> None:
        """See one question through to a closed reply, whatever happens on the way. Does not raise, except
        when it is cancelled, and then too the reply is closed first."""
        reply = self._reply(accepted)
        showing = asyncio.create_task(reply.run(), name=f"reply to {accepted.message.id}")
        told = _Told()
        try:
            await self._tell(accepted, reply, showing, told)
        except asyncio.CancelledError:
            told.outcome = CUT_OFF
            told.notices.append(LEAVING)
            raise
        except BridgeError as error:
            log.warning("%s: %s: %s", accepted.message.thread.key, type(error).__name__, error)
            told.outcome = type(error).__name__
            told.notices.append(error.notice)
        except Exception:
            # The one guard of this task: a defect of ours must not leave a reply open.
            log.exception("%s: the answer failed", accepted.message.thread.key)
            told.outcome = "defect"
            told.notices.append(BridgeError.notice)
        finally:
            reply.close(told.text, " ".join(told.notices))
            await self._closed(accepted, reply, showing, told.outcome)

    async def _tell(self, accepted: Accepted, reply: Reply, showing: asyncio.Task[None], told: _Told) -> None:
        message, adapter = accepted.message, accepted.adapter
        if isinstance(adapter, OpensThreads):
            await self._open(adapter, message)
        refusal = why_not(message)
        if refusal:
            told.outcome = "refused"
            told.notices.append(refusal)
            return
        waiting = asyncio.create_task(self._show_waiting(adapter, message.thread), name="waiting")
        steps = asyncio.get_running_loop().call_later(STEPS_SHOWN_AFTER_SECONDS, reply.show_steps)
        try:
            await self._ask(accepted, reply, waiting, told)
        finally:
            steps.cancel()
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

    async def _ask(self, accepted: Accepted, reply: Reply, waiting: asyncio.Task[None], told: _Told) -> None:
        """Ask Dify. A conversation that it no longer knows is begun anew, once."""
        opened = await self._store.current(accepted.opened.question_id)
        try:
            await self._turn(accepted.message, opened, reply, waiting, told)
        except DifyConversationGone as gone:
            if not opened.conversation_id:
                raise
            log.warning("%s: %s; starting anew", accepted.message.thread.key, gone)
            user = dify_user_of(accepted.message.thread, accepted.message.author)
            await self._store.forget_conversation(opened, user)
            told.text = ""
            told.notices.append(gone.notice)
            opened = await self._store.current(opened.question_id)
            await self._turn(accepted.message, opened, reply, waiting, told)

    async def _turn(
        self, message: Message, opened: Opened, reply: Reply, waiting: asyncio.Task[None], told: _Told
    ) -> None:
        request = ChatRequest(
            query=message.text, user=opened.dify_user, conversation_id=opened.conversation_id
        )
        async with self._dify.chat(request) as stream, aclosing(stream.updates()) as updates:
            known = False
            async for update in updates:
                if not known and update.ids.conversation_id:
                    known = True
                    await self._remember(message.thread, opened, update.ids, told)
                if update.text != told.text:
                    waiting.cancel()
                told.text = update.text
                reply.write(update.text, step=update.step, thought=update.thought)
                if reply.lost is not None or reply.stopped:
                    await self._abandon(message.thread, opened, update.ids)
                    break
            if reply.stopped or stream.ending in ENDINGS:
                told.notices.append(ENDINGS.get(stream.ending, STOPPED))
            elif not strip_thinking(told.text).answer.strip():
                told.notices.append(NO_WORDS)

    async def _abandon(self, thread: Thread, opened: Opened, ids: Ids) -> None:
        """Let Dify end a turn that nobody will see the end of. Flows go on by themselves otherwise."""
        if not ids.task_id:
            return
        try:
            await self._dify.stop(ids.task_id, opened.dify_user)
        except DifyError as error:
            log.warning("%s: Dify was not told to stop: %s", thread.key, error)

    async def _remember(self, thread: Thread, opened: Opened, ids: Ids, told: _Told) -> None:
        """Keep the conversation's id as soon as Dify gives it, and notice when it is another one."""
        if opened.conversation_id and ids.conversation_id != opened.conversation_id:
            log.warning("%s: Dify began another conversation than the one it was asked for", thread.key)
            told.notices.append(DifyConversationGone.notice)
        await self._store.remember_turn(opened, ids.conversation_id, ids.message_id, ids.task_id)

    async def _open(self, adapter: OpensThreads, message: Message) -> None:
        """Make the thread. Without one the answer still finds its place in the channel."""
        try:
            lanes = adapter.open_lanes(message)
            async with self._budget.slot(Ticket((Option(lanes),), Priority.FIRST, message.thread.key)):
                await adapter.open(message)
        except PlatformError as error:
            log.warning("%s: no thread was made: %s", message.thread.key, error)

    async def _show_waiting(self, adapter: Adapter, thread: Thread) -> None:
        """Show that an answer is being worked on, until cancelled. A mere courtesy: where the budget has no
        room for it, or it fails, there is none."""
        while isinstance(adapter, ShowsWaiting):
            try:
                lanes = adapter.waiting_lanes(thread)
                async with (
                    asyncio.timeout(WAITING_SHOWN_WITHIN_SECONDS),
                    self._budget.slot(Ticket((Option(lanes),), Priority.COURTESY, thread.key)),
                ):
                    await adapter.show_waiting(thread)
            except TimeoutError:
                log.debug("%s: no room to show that an answer is coming", thread.key)
            except PlatformError as error:
                log.debug("%s: %s", thread.key, error)
                return
            await asyncio.sleep(WAITING_SHOWN_EVERY_SECONDS)

    def _reply(self, accepted: Accepted) -> Reply:
        question_id = accepted.opened.question_id

        async def posted(page: int, ref: MessageRef) -> None:
            try:
                await self._store.remember_reply(question_id, page, ref)
            except StoreError as error:
                log.error("%s: %s", accepted.message.thread.key, error)

        # The part of the message's name that is unique in its channel; both platforms' are shorter than 20.
        key = accepted.message.id.rpartition(":")[2][:20]
        return Reply(
            accepted.adapter,
            accepted.message.thread,
            self._budget,
            key,
            posted,
            show_reasoning=self._show_reasoning,
        )

    async def _closed(
        self, accepted: Accepted, reply: Reply, showing: asyncio.Task[None], outcome: str
    ) -> None:
        """Wait until the reply stands closed on the screen, and note what became of the question."""
        patience = CLOSING_SECONDS if outcome == CUT_OFF else None
        try:
            await asyncio.wait({showing}, timeout=patience)
        except asyncio.CancelledError:
            # Asked to leave while the last words are on their way: a moment more, and no longer.
            await asyncio.wait({showing}, timeout=CLOSING_SECONDS)
            raise
        finally:
            showing.cancel()
            (ended,) = await asyncio.gather(showing, return_exceptions=True)
            if isinstance(ended, Exception):
                log.error("%s: the reply failed", accepted.message.thread.key, exc_info=ended)
                outcome = "defect"
            if reply.lost is not None:
                outcome = f"lost: {type(reply.lost).__name__}"
            await self._finish(accepted, outcome)

    async def _finish(self, accepted: Accepted, outcome: str) -> None:
        try:
            await self._store.finish(accepted.opened.question_id, outcome)
        except StoreError as error:
            log.error("%s: %s", accepted.message.thread.key, error)
        log.info("%s: %s", accepted.message.thread.key, outcome)


def why_not(message: Message) -> str:
    """The sentence for a message that is not worth a call to Dify; empty when it is."""
    if len(message.text) > QUESTION_LIMIT_CHARACTERS:
        return TOO_LONG
    if message.text:
        return ""
    return ONLY_FILES if message.attachments else EMPTY_QUESTION
