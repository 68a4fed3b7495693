"""The story: someone speaks, Dify answers, the answer appears."""

import asyncio
import logging

from bridge.asking import STOPPED, Asking, Told
from bridge.budget import Budget, Option, Ticket
from bridge.dify import DifyClient
from bridge.errors import BridgeError, LeaseLost, PlatformError
from bridge.inbox import Asked, dify_user_of
from bridge.notes import Notes
from bridge.ports import Adapter, OpensThreads, ShowsWaiting
from bridge.reply import Begun, Reply
from bridge.store import Job, Store
from bridge.types import Message, Thread
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
RESTARTING = "The bot is being restarted. This answer goes on in a moment."
GIVEN_UP = "Answering this has failed several times, so the bot has given it up. Please ask in another way."
# A question whose answer was begun so often, and never ended, is given up.
MOST_STARTS = 5


class Conversation:
    """Answers questions with one Dify app. Dify is asked again for `retry_seconds` while it is away; what was
    left behind by somebody, or found waiting, is answered when it is no older than `max_age_seconds`."""

    def __init__(
        self,
        dify: DifyClient,
        store: Store,
        budget: Budget,
        *,
        retry_seconds: float,
        max_age_seconds: float,
        show_reasoning: bool = False,
    ) -> None:
        self._dify = dify
        self._store = store
        self._budget = budget
        self._retry_seconds = retry_seconds
        self._max_age_seconds = max_age_seconds
        self._show_reasoning = show_reasoning

    async def answer(self, asked: Asked) -> str:
        """See one question through to a closed reply, whatever happens on the way; gives what became of it.
        Raises only `LeaseLost`, when somebody else goes on with it; when it is cancelled, the reply is closed
        first."""
        notes, told = Notes(self._store, asked.job), Told()
        reply = self._reply(asked, notes)
        asking = self._asking(asked, notes, reply, told)
        showing = asyncio.create_task(reply.run(), name=f"reply to {asked.job.message.id}")
        try:
            await self._guarded(asked, asking, reply, told)
        except LeaseLost:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)
            raise
        except asyncio.CancelledError:
            reply.close(told.text, " ".join([*told.notices, RESTARTING]))
            await self._closed(asked, reply, showing, CLOSING_SECONDS)
            await notes.save()
            raise
        reply.close(told.text, " ".join(told.notices))
        problem = await self._closed(asked, reply, showing, None)
        await notes.settle()
        return problem or told.outcome

    async def _guarded(self, asked: Asked, asking: Asking, reply: Reply, told: Told) -> None:
        """Whatever goes wrong becomes a sentence."""
        try:
            async with asked.stop.heeded():
                await self._tell(asked, asking, reply, told)
            if asked.stop.given:
                told.notices.append(STOPPED)
                await asking.abandon()
        except LeaseLost:
            raise
        except BridgeError as error:
            log.warning("%s: %s: %s", asked.job.thread.key, type(error).__name__, error)
            told.outcome = type(error).__name__
            told.notices.append(error.notice)
        except Exception:
            # The one guard of this task: a defect of ours must not leave a reply open.
            log.exception("%s: the answer failed", asked.job.thread.key)
            told.outcome = "defect"
            told.notices.append(BridgeError.notice)

    async def _tell(self, asked: Asked, asking: Asking, reply: Reply, told: Told) -> None:
        message, adapter = asked.job.message, asked.adapter
        await asked.hold.standing()
        if isinstance(adapter, OpensThreads):
            await self._open(adapter, message)
        refusal = GIVEN_UP if asked.job.starts > MOST_STARTS else why_not(message)
        if refusal:
            told.outcome = "refused"
            told.notices.append(refusal)
            return
        waiting = asyncio.create_task(self._show_waiting(adapter, message.thread), name="waiting")
        steps = asyncio.get_running_loop().call_later(STEPS_SHOWN_AFTER_SECONDS, reply.show_steps)
        try:
            await asking.ask(waiting)
        finally:
            steps.cancel()
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

    def _too_old(self, job: Job) -> bool:
        """Whether it is too late to answer what nobody has answered in time."""
        asked_at = max(message.sent_at for message in job.messages)
        return job.found_at > 0 and job.found_at - asked_at > self._max_age_seconds

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

    def _reply(self, asked: Asked, notes: Notes) -> Reply:
        job = asked.job
        # The part of the message's name that is unique in its channel; both platforms' are shorter than 20.
        key = job.message.id.rpartition(":")[2][:20]
        return Reply(
            asked.adapter,
            job.thread,
            self._budget,
            key,
            notes.posted,
            asked.hold,
            Begun(job.first_started_at, job.replies, job.beside, again=job.begun_before),
            show_reasoning=self._show_reasoning,
        )

    def _asking(self, asked: Asked, notes: Notes, reply: Reply, told: Told) -> Asking:
        job = asked.job
        return Asking(
            self._dify,
            notes,
            job,
            dify_user_of(job.thread, job.message.author),
            asked.hold,
            reply,
            told,
            self._retry_seconds,
            too_old=self._too_old(job),
        )

    async def _closed(
        self, asked: Asked, reply: Reply, showing: asyncio.Task[None], patience: float | None
    ) -> str:
        """Wait until the reply stands closed on the screen, or for so many seconds. What went wrong, if
        anything did. `LeaseLost` when somebody else closes it."""
        try:
            await asyncio.wait({showing}, timeout=patience)
        except asyncio.CancelledError:
            # Asked to leave while the last words are on their way: a moment more, and no longer.
            await asyncio.wait({showing}, timeout=CLOSING_SECONDS)
            if not showing.done():
                raise
        finally:
            showing.cancel()
            (ended,) = await asyncio.gather(showing, return_exceptions=True)
        if isinstance(ended, Exception):
            log.error("%s: the reply failed", asked.job.thread.key, exc_info=ended)
            return "defect"
        if isinstance(reply.lost, LeaseLost):
            raise reply.lost
        return f"lost: {type(reply.lost).__name__}" if reply.lost is not None else ""


def why_not(message: Message) -> str:
    """The sentence for a message that is not worth a call to Dify; empty when it is."""
    if len(message.text) > QUESTION_LIMIT_CHARACTERS:
        return TOO_LONG
    if message.text:
        return ""
    return ONLY_FILES if message.attachments else EMPTY_QUESTION
