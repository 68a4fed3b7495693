"""The story: someone speaks, Dify answers, the answer appears."""

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import replace
from functools import partial

from bridge.afterwards import Afterwards, Answered
from bridge.apps import Apps, OpenApp
from bridge.asking import Asking
from bridge.attached import Carrier
from bridge.budget import Budget
from bridge.cited import source_lines
from bridge.courtesy import open_thread, release, show_waiting
from bridge.dify import DifyClient, Ids
from bridge.errors import BridgeError, LeaseLost, NotAllowed, NothingAsked, PlatformError, Unfilled
from bridge.gate import Gate
from bridge.hindrance import hindered, tell_lost
from bridge.inbox import Asked, dify_user_of
from bridge.inputs import OF_FILES, filled_anew, names_of
from bridge.made import Fetching, Making, all_made
from bridge.markdown import without_own_links
from bridge.meaning import QUESTION_LIMIT_CHARACTERS, command_in, is_too_long, lead_of
from bridge.naming import name_thread
from bridge.notes import Notes
from bridge.obeying import Obeying, fill_button
from bridge.ports import HoldsSessions, OpensThreads
from bridge.preparing import Prepared, prepare, says_nothing
from bridge.reply import Begun, Reply
from bridge.scene import Scene, Told, key_of
from bridge.spoken import growing_buttons, in_their_language
from bridge.stop import Why
from bridge.store import REFUSED, UNFILLED, Job, Store
from bridge.types import Action, Button
from bridge.words import english

log = logging.getLogger(__name__)

# A step that is over sooner is not worth a message of its own.
STEPS_SHOWN_AFTER_SECONDS = 1.0
# Nor is it where the platform tells it otherwise, until somebody may want to stop it.
STEPS_SHOWN_ALSO_AFTER_SECONDS = 10.0
# A file comes below the words that go with it, if those do not take too long.
WORDS_FIRST_SECONDS = 5.0
CLOSING_SECONDS = 10.0
# Dify is told of a stop before the answer is closed, but nobody waits for it.
STOP_HEARD_WITHIN_SECONDS = 0.5

# The outcome where the question was taken back.
DELETED = "deleted"
HINDERED = "hindered"
# A question whose answer was begun so often, and never ended, is given up.
MOST_STARTS = 10


class Conversation:
    """Answers questions with Dify apps. Dify is asked again for `retry_seconds` while it is away; what was
    left behind by somebody, or found waiting, is answered when it is no older than `max_age_seconds`."""

    def __init__(
        self,
        apps: Apps,
        store: Store,
        budget: Budget,
        gate: Gate,
        afterwards: Afterwards,
        *,
        retry_seconds: float,
        max_age_seconds: float,
        show_reasoning: bool = False,
    ) -> None:
        self._apps = apps
        self._store = store
        self._budget = budget
        self._gate = gate
        self._afterwards = afterwards
        self._carrier = Carrier()
        self._making = Making(budget)
        self._obeying = Obeying(store, budget, gate)
        self._retry_seconds = retry_seconds
        self._max_age_seconds = max_age_seconds
        self._show_reasoning = show_reasoning

    async def answer(self, asked: Asked) -> str:
        """See one question through to a closed reply, whatever happens on the way; gives what became of it.
        Raises only `LeaseLost`, when somebody else goes on with it; when it is cancelled, the reply is closed
        first."""
        opened = self._apps.of(asked.job.app) or self._apps.route(asked.job.thread)
        await asked.hold.standing()
        admitted = await self._gate.admit(opened.config, asked.job)
        silent = admitted.job is None and not admitted.unsaid
        if silent and not asked.job.begun_before:
            return admitted.outcome
        async with opened.in_use() as dify:
            scene = self._scene(asked, admitted.job or asked.job, opened, dify)
            scene.told.unsaid = admitted.unsaid
            scene.told.notices.extend(admitted.unsaid)
            if admitted.job is None:
                scene.told.outcome = admitted.outcome
            if silent:
                await self._recall(scene)
            return await self._answered(asked, scene, opened)

    async def _answered(self, asked: Asked, scene: Scene, opened: OpenApp) -> str:
        reply, told = scene.reply, scene.told
        if scene.job.begun_before and isinstance(scene.adapter, HoldsSessions):
            scene.adapter.inherit(scene.job.thread)
        showing = asyncio.create_task(reply.run(), name=f"reply to {asked.job.message.id}")
        try:
            async with in_their_language(scene, self._budget):
                scene, asking = await self._attempts(asked, scene, opened)
                told.buttons.extend(await self._buttons(scene, asking.ids))
        except LeaseLost:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)
            raise
        except asyncio.CancelledError:
            reply.close(told.shown, " ".join([*told.notices, told.say(english.RESTARTING)]))
            await self._closed(scene, showing, asyncio.wait({showing}, timeout=CLOSING_SECONDS))
            await release(scene.adapter, self._budget, scene.job.thread)
            await scene.notes.save()
            raise
        sources = source_lines(told.sources, told.locale)
        reply.close(told.shown, " ".join(told.notices), sources, tuple(told.buttons))
        problem = await self._closed(scene, showing, self._landed(asked, scene, showing))
        await release(scene.adapter, self._budget, scene.job.thread)
        await scene.notes.settle()
        if isinstance(scene.reply.lost, NotAllowed):
            telling = tell_lost(scene.adapter, self._budget, scene.job.message)
            self._afterwards.start(telling, scene.job.thread.key)
        self._follow_up(scene, opened, asking)
        return problem or told.outcome

    async def _attempts(self, asked: Asked, scene: Scene, opened: OpenApp) -> tuple[Scene, Asking]:
        """Answer, and begin anew for as long as the question is edited meanwhile, in the same reply. Whoever
        was refused stays so."""
        refused = scene.told.outcome.startswith(REFUSED)
        asking = self._asking(scene, opened)
        if scene.job.anew:
            await self._abandon(asking, scene)
        else:
            await self._guarded(asked, scene, asking)
        while not refused and scene.reply.lost is None and (scene.job.anew or asked.stop.why is Why.EDITED):
            scene = await self._begun_anew(asked, scene)
            asking = self._asking(scene, opened)
            if not scene.job.taken_back:
                await self._guarded(asked, scene, asking)
        if scene.job.taken_back or asked.stop.why is Why.DELETED:
            scene.told.begin_anew()
            scene.told.outcome = DELETED
        return scene, asking

    async def _begun_anew(self, asked: Asked, scene: Scene) -> Scene:
        """The same, with the words that the question has now. Edits from then on are for the next attempt."""
        asked.stop.begin_anew()
        job = await scene.notes.begin_anew()
        asked.stop.heeded_until(job.changed_at)
        log.info("%s: the question was changed", job.thread.key)
        scene.told.begin_anew()
        if job.taken_back:
            await self._recall(scene)
        else:
            scene.reply.begin_anew(scene.told.say(english.ANSWERING_ANEW))
        return replace(scene, job=job, attempt=scene.attempt + 1)

    async def _recall(self, scene: Scene) -> None:
        """See that all messages of a reply are known that is to be removed."""
        if scene.job.begun_before and not scene.attempt:
            try:
                await scene.reply.recall()
            except PlatformError as error:
                log.warning("%s: not known whether all of the reply is removed: %s", scene.key, error)

    async def _abandon(self, asking: Asking, scene: Scene) -> None:
        """Let Dify be told, which nobody waits for."""
        stopping = self._afterwards.start(asking.abandon(), scene.job.thread.key)
        await asyncio.wait({stopping}, timeout=STOP_HEARD_WITHIN_SECONDS)

    async def _guarded(self, asked: Asked, scene: Scene, asking: Asking) -> None:
        """Whatever goes wrong becomes a sentence."""
        told, key = scene.told, scene.job.thread.key
        try:
            async with asked.stop.heeded():
                await self._tell(scene, asking)
            if asked.stop.why is Why.STOPPED:
                told.note(english.STOPPED)
            if asked.stop.why is not None:
                await self._abandon(asking, scene)
        except LeaseLost:
            raise
        except BridgeError as error:
            log.warning("%s: %s: %s", key, type(error).__name__, error)
            told.outcome = type(error).__name__
            await told.language_known()
            told.notices.append(error.sentence(told.locale))
        except Exception:
            # The one guard of this task: a defect of ours must not leave a reply open.
            log.exception("%s: the answer failed", key)
            told.outcome = "defect"
            told.note(BridgeError.notice)
        told.notices.extend(told.refused)

    async def _tell(self, scene: Scene, asking: Asking) -> None:
        message, adapter, told = scene.job.message, scene.adapter, scene.told
        await scene.hold.standing()
        if told.outcome.startswith(REFUSED):
            return
        if await hindered(adapter, self._budget, message):
            told.outcome = HINDERED
            return
        if isinstance(adapter, OpensThreads):
            await open_thread(adapter, self._budget, message)
        if scene.job.starts > MOST_STARTS:
            told.outcome = REFUSED
            told.note(english.GIVEN_UP)
        elif is_too_long(message):
            told.outcome = REFUSED
            told.note(english.QUESTION_TOO_LONG, most=QUESTION_LIMIT_CHARACTERS)
        elif command := command_in(message):
            await told.language_known()
            await self._obeying.obey(command, scene)
        else:
            await self._ask(scene, asking)

    async def _ask(self, scene: Scene, asking: Asking) -> None:
        told, adapter, thread = scene.told, scene.adapter, scene.job.thread
        told.lead = lead_of(scene.job.message)
        showing = show_waiting(adapter, self._budget, thread, lambda: scene.reply.step, lambda: told.locale)
        waiting = asyncio.create_task(showing, name="waiting")
        told_otherwise = isinstance(adapter, HoldsSessions) and adapter.tells_steps(thread)
        after = STEPS_SHOWN_ALSO_AFTER_SECONDS if told_otherwise else STEPS_SHOWN_AFTER_SECONDS
        steps = asyncio.get_running_loop().call_later(after, scene.reply.show_steps)
        try:
            await asking.ask(waiting)
            await self._put_files(scene, asking)
        except NothingAsked:
            told.outcome = REFUSED
            await told.language_known()
            if scene.job.message.filled:
                told.note(english.NOTED)
                return
            await self._obeying.offer_opening(scene)
            if not (told.text or told.refused):
                told.note(NothingAsked.notice)
        except Unfilled as unfilled:
            told.outcome = UNFILLED if unfilled.in_form else REFUSED
            await told.language_known()
            told.notices.append(unfilled.sentence(told.locale))
            if unfilled.in_form:
                told.buttons.append(fill_button(scene.job.id, told.locale))
        finally:
            steps.cancel()
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

    async def _put_files(self, scene: Scene, asking: Asking) -> None:
        """The files that the app made, below its words."""
        told, dify, ids = scene.told, scene.dify, asking.ids
        words, links = without_own_links(told.text, dify.owns)
        made = all_made(told.files, links)
        if not made:
            return
        scene.reply.write(told.shown, step=told.say(english.FETCHING_FILES))
        refresh = partial(dify.files_of, ids.conversation_id, ids.message_id, asking.user)
        if words.strip():
            await scene.reply.begun(WORDS_FIRST_SECONDS)
        await scene.hold.standing()
        fetching = Fetching(dify, refresh)
        problems = await self._making.put(
            scene.adapter, scene.job.thread, scene.files_key, made, fetching, told.locale
        )
        told.notices.extend(problems)

    async def _prepare(self, scene: Scene, user: str) -> Prepared:
        """What goes to the app, and what people see of it."""
        told, job = scene.told, scene.job
        prepared = await prepare(scene, self._carrier, self._budget, user)
        told.refused = list(prepared.refused)
        told.lead = lead_of(job.message, prepared.heard)
        app = await scene.dify.app()
        if job.message.filled and app.mode.conversing:
            await scene.notes.inputs(filled_anew(job.inputs, job.message.filled))
        if says_nothing(prepared, app, job.message):
            raise NothingAsked
        if prepared.missing:
            in_form = any(field.kind not in OF_FILES for field in prepared.missing)
            raise Unfilled(names_of(prepared.missing), in_form=in_form)
        return prepared

    async def _buttons(self, scene: Scene, ids: Ids) -> list[Button]:
        """What can be done with an answer that stands."""
        told, value = scene.told, str(scene.job.id)
        words, _ = without_own_links(told.text, scene.dify.owns)
        if told.outcome != "answered" or not ids.message_id or not words.strip():
            return []
        buttons = [
            Button(told.say(english.GOOD_ANSWER), Action.LIKE, value),
            Button(told.say(english.BAD_ANSWER), Action.DISLIKE, value),
        ]
        # What is looked up when these are pressed is kept with a conversation.
        if ids.conversation_id and told.sources:
            buttons.append(Button(told.say(english.SHOW_SOURCES), Action.SOURCES, value))
        if ids.conversation_id:
            buttons.append(Button(told.say(english.ASK_AGAIN), Action.AGAIN, value))
        try:
            if (await scene.dify.app()).speaks:
                buttons.append(Button(told.say(english.READ_ALOUD), Action.SPEAK, value))
        except BridgeError as error:
            log.info("%s: not known whether the app speaks: %s", scene.job.thread.key, error)
        if scene.config.curators:
            buttons.append(Button(told.say(english.SAVE_AS_RIGHT), Action.CURATE, value))
        return buttons

    def _follow_up(self, scene: Scene, opened: OpenApp, asking: Asking) -> None:
        last, ids = scene.reply.last, asking.ids
        if title := scene.told.title:
            naming = name_thread(scene.adapter, self._budget, scene.job.thread, title)
            self._afterwards.start(naming, scene.job.thread.key)
        if scene.told.outcome == "answered" and last is not None and ids.message_id:
            self._afterwards.begin(
                Answered(
                    scene.adapter,
                    scene.job,
                    opened,
                    *last,
                    conversation_id=ids.conversation_id,
                    message_id=ids.message_id,
                    user=asking.user,
                )
            )

    def _scene(self, asked: Asked, job: Job, opened: OpenApp, dify: DifyClient) -> Scene:
        notes = Notes(self._store, job)
        reply = Reply(
            asked.adapter,
            job.thread,
            self._budget,
            key_of(job.message),
            notes.posted,
            asked.hold,
            Begun(job.first_started_at, job.replies, job.beside, again=job.begun_before),
            show_reasoning=self._show_reasoning,
            growing=growing_buttons(job.id),
            is_own_link=dify.owns,
        )
        user = dify_user_of(job.thread, job.message.author)
        return Scene(asked.adapter, job, asked.hold, opened.config, dify, notes, reply, Told(), user)

    def _asking(self, scene: Scene, opened: OpenApp) -> Asking:
        return Asking(
            scene,
            opened.capacity,
            partial(self._prepare, scene),
            self._retry_seconds,
            too_old=self._too_old(scene.job),
        )

    def _too_old(self, job: Job) -> bool:
        """Whether it is too late to answer what nobody has answered in time."""
        asked_at = max(message.sent_at for message in job.messages)
        return job.found_at > 0 and job.found_at - asked_at > self._max_age_seconds

    async def _landed(self, asked: Asked, scene: Scene, showing: asyncio.Task[None]) -> None:
        """Wait for the last words. It is too late for an edit or a stop then, but not to take them back."""
        async with asked.stop.heeded(Why.DELETED):
            await asyncio.wait({showing})
        if asked.stop.why is Why.DELETED:
            scene.told.outcome = DELETED
            scene.reply.take_back()
            await asyncio.wait({showing})

    async def _closed(self, scene: Scene, showing: asyncio.Task[None], landing: Awaitable[object]) -> str:
        """Wait for `landing`, in which the reply comes to stand closed on the screen. What went wrong, if
        anything did. `LeaseLost` when somebody else closes it."""
        try:
            await landing
        except asyncio.CancelledError:
            # Asked to leave while the last words are on their way: a moment more, and no longer.
            await asyncio.wait({showing}, timeout=CLOSING_SECONDS)
            if not showing.done():
                raise
        finally:
            showing.cancel()
            (ended,) = await asyncio.gather(showing, return_exceptions=True)
        if isinstance(ended, Exception):
            log.error("%s: the reply failed", scene.job.thread.key, exc_info=ended)
            return "defect"
        lost = scene.reply.lost
        if isinstance(lost, LeaseLost):
            raise lost
        return f"lost: {type(lost).__name__}" if lost is not None else ""
