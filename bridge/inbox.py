"""Each message once, each thread in order, none lost.

A message counts when the bot was meant or already takes part in its thread. It is stored before the platform
is told that it arrived; what arrives again is recognised. Storing it gives its thread to this process, if
nobody holds it: then its answer begins at once. Within a thread one question is answered at a time, in the
order in which they were said; threads do not wait for each other. What waits for somebody (its holder is
gone, or has no room) is found by `run`.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace

from bridge.budget import Budget
from bridge.commands import Word, command_of
from bridge.dify import end_user
from bridge.errors import BridgeError, LeaseLost, Leaving, StoreError
from bridge.ports import Adapter
from bridge.queued import QueueMarks
from bridge.replica import Hold, Replica
from bridge.routes import is_direct
from bridge.stop import Halt, StopSign, Why
from bridge.store import Following, Job, Store, Taken, Underway, asker_of
from bridge.types import Message, Person, Thread

log = logging.getLogger(__name__)

# More at once is left to others, or waits.
MOST_ANSWERS = 5_000
CLAIMED_AT_ONCE = 200
# So many questions are asked together at most.
MOST_TOGETHER = 20
SWEEP_SECONDS = 2.0
# So many messages that could not be stored are tried again by ourselves; all are delivered again some time.
MOST_UNSTORED = 1_000
# So many wishes are remembered for answers that are not known here, or not yet.
MOST_EARLY = 1_000
# Whoever is asked to leave and is still busy then is asked again.
CLOSING_SECONDS = 15.0
# The next question of a thread waits so long at most for the mark of the last one to go.
UNMARKING_SECONDS = 5.0
FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 0.25, 2.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A question in the hands of this process: what to answer, where, as long as `hold` stands, and until
    `stop` is given."""

    adapter: Adapter
    job: Job
    hold: Hold
    stop: StopSign = field(default_factory=StopSign)


@dataclass(frozen=True, slots=True)
class Routed:
    """The app that answers a message, and which messages count in its threads."""

    app: str
    following: Following = field(default_factory=Following)


Answer = Callable[[Asked], Awaitable[str]]
AppOf = Callable[[Message], Routed | None]
Moderates = Callable[[Message], Awaitable[bool]]


async def _moderates(message: Message) -> bool:
    """By the platform's word."""
    return message.author.moderator


class Inbox:
    """Takes messages in and hands each to `answer`, which gives the outcome and raises only `LeaseLost`. Told
    of the other replicas (`bridge.replica.Watched`).

    `app_of` names the app for a message, None where nobody answers it; `moderates` says whether who wrote one
    may stop the answers of others there.

    With `merging`, the questions that wait in a thread are asked together; with `interrupting`, a new one
    ends the answer that runs to the same person.
    """

    def __init__(
        self,
        store: Store,
        replica: Replica,
        adapters: Sequence[Adapter],
        budget: Budget,
        answer: Answer,
        app_of: AppOf,
        moderates: Moderates = _moderates,
        *,
        merging: bool = False,
        interrupting: bool = False,
    ) -> None:
        self._store = store
        self._replica = replica
        self._adapters = {adapter.platform: adapter for adapter in adapters}
        self._served = set(self._adapters)
        self._budget = budget
        self._marks = QueueMarks(store, budget)
        self._answer = answer
        self._app_of = app_of
        self._moderates = moderates
        self._together = MOST_TOGETHER if merging else 1
        self._interrupting = interrupting
        self._taking: set[asyncio.Task[None]] = set()
        self._workers: dict[int, asyncio.Task[None]] = {}
        self._running: dict[int, Asked] = {}
        self._early: OrderedDict[int, Halt] = OrderedDict()
        self._suspects = asyncio.Semaphore(1)
        self._unstored: dict[str, Message] = {}
        self._wake = asyncio.Event()
        self._in_doubt = False
        self._leaving = False

    async def deliver(self, message: Message) -> None:
        """Store a message and see to its answer. Returns as soon as it is stored. `Leaving` when nothing is
        taken any more: then the platform must keep the message for whoever comes next."""
        if self._leaving:
            raise Leaving
        # Whoever delivers may be cut off; what was stored by then has to be answered all the same.
        taking = asyncio.create_task(self._take(message), name=f"take {message.id}")
        self._taking.add(taking)
        taking.add_done_callback(self._taking.discard)
        await asyncio.shield(taking)

    @property
    def leaving(self) -> bool:
        """Whether nothing more is taken."""
        return self._leaving

    async def run(self) -> None:
        """Look for what waits for somebody, whenever something may, until cancelled."""
        self._wake.set()
        while True:
            try:
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            try:
                await self._settle_doubts()
                await self._store_again()
                await self._claim()
            except StoreError as error:
                log.warning("nothing could be taken over: %s", error)

    async def leave(self, within_seconds: float) -> None:
        """Take nothing more; let answers finish for so long, then hand them over and see them closed."""
        self._leaving = True
        if self._taking:
            await asyncio.wait(self._taking)
        if self._workers:
            log.info("finishing %d answers", len(self._workers))
            await asyncio.wait(self._workers.values(), timeout=within_seconds)
        while unfinished := list(self._workers.values()):
            for worker in unfinished:
                worker.cancel()
            # Not `gather`: whoever cuts this short must not cut the answers short that are closing.
            await asyncio.wait(unfinished, timeout=CLOSING_SECONDS)
        await self._marks.close()

    def without(self, platform: str) -> None:
        """Nothing can be shown there from here any more: what waits there is left to other replicas."""
        self._served.discard(platform)

    def lost(self) -> None:
        for worker in self._workers.values():
            worker.cancel()

    def wake(self) -> None:
        self._wake.set()

    def underway(self, question_id: int) -> Underway | None:
        """The answer to this question, if it is being given here."""
        asked = self._asked(question_id)
        if asked is None:
            return None
        job = asked.job
        return Underway(job.id, job.thread, job.app, frozenset(asker_of(one) for one in job.messages))

    def stop(self, halt: Halt) -> None:
        asked = self._asked(halt.question_id)
        if asked is not None:
            _give(asked, halt)
            return
        # It may be about to begin here, as its question has just been stored, or found.
        self._early[halt.question_id] = halt
        if len(self._early) > MOST_EARLY:
            self._early.popitem(last=False)

    def change_unstored(self, message: Message) -> None:
        """Let a message that could not be stored yet be stored as it is now."""
        known = self._unstored.get(message.id)
        if known is not None and known.thread.platform == message.thread.platform:
            self._unstored[message.id] = replace(known, text=message.text, attachments=message.attachments)

    def drop_unstored(self, platform: str, message_id: str) -> None:
        """Do not store a message any more that could not be stored yet."""
        message = self._unstored.get(message_id)
        if message is not None and message.thread.platform == platform:
            del self._unstored[message_id]

    def replicas(self, count: int) -> None:
        self._budget.share(count)

    def _asked(self, question_id: int) -> Asked | None:
        return next((one for one in self._running.values() if question_id in one.job.question_ids), None)

    async def _take(self, message: Message) -> None:
        routed = self._app_of(message)
        if routed is None:
            return
        user = dify_user_of(message.thread, message.author)
        owner = self._replica.id if self._has_room() else ""
        try:
            taken = await self._store.accept(message, routed.app, user, owner, routed.following)
        except StoreError:
            # It may have been stored all the same.
            self._in_doubt = True
            if len(self._unstored) < MOST_UNSTORED:
                self._unstored[message.id] = message
            raise
        self._unstored.pop(message.id, None)
        if taken is None:
            log.debug("%s: message %s is not for us, or came again", message.thread.key, message.id)
            return
        if taken.job is not None:
            self._begin(taken.job)
            return
        command = command_of(message.text)
        stops = command is not None and command.word is Word.STOP
        if not stops:
            self._marks.mark(self._adapters[message.thread.platform], taken.message)
        if not taken.held:
            self.wake()
        elif stops or self._interrupting:
            await self._interrupt(
                taken, "" if await self._is_theirs(taken.message, stops=stops) else asker_of(message)
            )

    async def _store_again(self) -> None:
        """What could not be stored is not waited for until the platform delivers it again."""
        for message in sorted(self._unstored.values(), key=lambda one: one.sent_at):
            await self._take(message)

    async def _is_theirs(self, message: Message, *, stops: bool) -> bool:
        """Whether somebody may end any answer in the thread, whoever asked."""
        return is_direct(message.thread) or (stops and await self._moderates(message))

    async def _interrupt(self, taken: Taken, asker: str) -> None:
        """End the answer to an earlier question of the thread, here or wherever it runs, if it is this
        asker's; '' is anybody. The answer to the new one may have begun already."""
        asked = self._running.get(taken.thread_id)
        if asked is not None:
            theirs = not asker or asker in {asker_of(one) for one in asked.job.messages}
            if theirs and max(asked.job.question_ids) < taken.question_id:
                asked.stop.give()
            return
        try:
            await self._store.ask_to_stop(taken.thread_id, taken.question_id, asker)
        except StoreError as error:
            log.warning("the running answer was not interrupted: %s", error)

    def _has_room(self) -> bool:
        return not self._leaving and len(self._workers) < MOST_ANSWERS

    async def _claim(self) -> None:
        """Take over what waits, as far as there is room."""
        while self._has_room():
            room = min(CLAIMED_AT_ONCE, MOST_ANSWERS - len(self._workers))
            owner = self._replica.id
            try:
                jobs = await self._store.claim(owner, sorted(self._served), room, together=self._together)
            except StoreError:
                self._in_doubt = True
                raise
            # Whatever has ended processes before comes last, the most suspicious at the end.
            for job in sorted(jobs, key=lambda job: job.starts):
                log.info("%s: taking over a question that waits", job.thread.key)
                self._begin(job)
            if len(jobs) < room:
                return

    async def _settle_doubts(self) -> None:
        """After a transaction of unknown end: let go what the database says is ours and nobody works on."""
        if not self._in_doubt:
            return
        held = await self._store.held_by(self._replica.id)
        if self._taking:
            await asyncio.wait(self._taking)
        self._in_doubt = False
        for lease in held:
            if lease.thread_id not in self._workers:
                log.info("letting go of a thread that nobody works on")
                self._in_doubt = True
                await self._store.let_go(lease)
                self._wake.set()

    def _begin(self, job: Job) -> None:
        thread_id = job.lease.thread_id
        before = self._workers.get(thread_id)
        worker = asyncio.create_task(self._work_off(job, before), name=f"thread {job.thread.key}")
        self._workers[thread_id] = worker
        worker.add_done_callback(lambda _: self._ended(thread_id, worker))

    def _ended(self, thread_id: int, worker: asyncio.Task[None]) -> None:
        if self._workers.get(thread_id) is worker:
            del self._workers[thread_id]
        if len(self._workers) == MOST_ANSWERS - 1:
            self.wake()

    async def _work_off(self, first: Job, before: asyncio.Task[None] | None) -> None:
        """Answer what is asked in a thread, one after the other; after whoever still closes an answer there
        that was lost to somebody else."""
        job: Job | None = first
        try:
            if before is not None:
                await asyncio.wait({before})
            while job is not None:
                job = await self._see_to(job)
        except LeaseLost as error:
            log.warning("%s: %s", first.thread.key, error)
        except Exception:
            # The one guard of this task. The thread is let go, and found waiting by somebody.
            log.exception("%s: the thread could not be worked off", first.thread.key)
            self._in_doubt = True

    async def _see_to(self, job: Job) -> Job | None:
        """Answer one question; gives the next one."""
        asked = Asked(self._adapters[job.thread.platform], job, Hold(self._replica, job.lease))
        self._running[job.lease.thread_id] = asked
        for early in [self._early.pop(one) for one in job.question_ids if one in self._early]:
            _give(asked, early)
        counted = not job.suspicious
        try:
            async with self._suspects if job.suspicious else nullcontext():
                if not counted:
                    counted = await self._count_start(job)
                unmarking = self._marks.unmark(asked.adapter, job)
                outcome = await self._answer(asked)
            if unmarking:
                await asyncio.wait(unmarking, timeout=UNMARKING_SECONDS)
            return await self._finish(job, outcome)
        except asyncio.CancelledError:
            await self._hand_over(job, counted=counted)
            raise
        finally:
            if self._running.get(job.lease.thread_id) is asked:
                del self._running[job.lease.thread_id]

    async def _finish(self, job: Job, outcome: str) -> Job | None:
        """Note the outcome, however long the database is away: the thread is not free before."""
        pause = FIRST_RETRY_SECONDS
        while True:
            try:
                following = await self._store.finish(
                    job, outcome, go_on=0 if self._leaving else self._together
                )
            except StoreError as error:
                log.error("%s: the outcome is not noted yet: %s", job.thread.key, error)
                self._in_doubt = True
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_RETRY_SECONDS)
            else:
                log.info("%s: %s", job.thread.key, outcome)
                return following

    async def _count_start(self, job: Job) -> bool:
        try:
            await self._store.count_start(job)
        except StoreError as error:
            log.warning("%s: a suspicious start was not counted: %s", job.thread.key, error)
            return False
        return True

    async def _hand_over(self, job: Job, *, counted: bool) -> None:
        try:
            await self._store.hand_over(job, counted=counted)
        except BridgeError as error:
            log.warning("%s: not handed over: %s", job.thread.key, error)


def _give(asked: Asked, halt: Halt) -> None:
    """Of several questions that are answered together, others are still asked when one is taken back."""
    partly = halt.why is Why.DELETED and len(asked.job.question_ids) > 1
    asked.stop.give(Why.EDITED if partly else halt.why, halt.at)


def dify_user_of(thread: Thread, person: Person) -> str:
    """The end user that Dify knows a person by: stable, at most 255 characters."""
    return end_user(f"{thread.platform}:{thread.workspace}:{person.id}")
