"""What becomes of a press: at once what whoever pressed sees of it; and where it asks the app something, a
message that goes the way of all messages.

Buttons name the question they belong to, so that nothing needs to be in memory: they work after a restart,
and in whichever replica they arrive, for as long as the question is remembered.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bridge.access import groups_curating, is_curator
from bridge.apps import Apps, OpenApp
from bridge.cited import source_list
from bridge.commands import command_of
from bridge.deciding import decision_of, form_of, unpacked
from bridge.dify import AppInfo, Exchange, Rating
from bridge.errors import DifyError, NotForYou, StoreError
from bridge.gate import Gate
from bridge.inputs import fillable, problems_with, to_ask_for
from bridge.inputs import form_of as form_of_inputs
from bridge.patience import REACT_WITHIN_SECONDS
from bridge.store import Known, Store, is_row_number
from bridge.types import (
    WHISPER_CHARACTERS,
    Action,
    Decision,
    Field,
    FieldKind,
    Form,
    Message,
    Press,
    Reaction,
    Whisper,
)
from bridge.words import english, say

log = logging.getLogger(__name__)

# What is not stored by then will be: it is as good as taken.
TAKEN_WITHIN_SECONDS = 0.5
RATED_WITHIN_SECONDS = 1.5
COMMENT_CHARACTERS = 1_000
# As many exchanges of a conversation as Dify gives at once.
MOST_LOOKED_AT = 100
# Of a question and of an answer that Dify takes as an annotation, as far as a form can hold them.
ANNOTATION_CHARACTERS = 2_900


# Whoever presses these asks the app something new.
COUNTED = frozenset({Action.ASK, Action.FILL, Action.AGAIN, Action.GENERATE, Action.ABOUT})

Deliver = Callable[[Message], Awaitable[None]]
Stop = Callable[[Press, int], Awaitable[None]]


class Presses:
    """Takes presses. What asks something is given to `deliver`; an answer to a question is ended with
    `stop`."""

    def __init__(self, store: Store, apps: Apps, gate: Gate, deliver: Deliver, stop: Stop) -> None:
        self._store = store
        self._apps = apps
        self._gate = gate
        self._deliver = deliver
        self._stop = stop
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """See through what was begun for a press."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def press(self, press: Press) -> Reaction:
        """See `bridge.ports.Host`."""
        question, _, number = press.value.partition(":")
        if not is_row_number(question) or (number and not is_row_number(number)):
            return _told(press, english.TOO_LONG_AGO)
        if press.action is Action.STOP:
            await self._stop(press, int(question))
            return None
        known = await self._store.known(int(question))
        opened = self._apps.of(known.app) if known is not None else None
        if known is None or opened is None:
            return _told(press, english.TOO_LONG_AGO)
        try:
            async with asyncio.timeout(REACT_WITHIN_SECONDS):
                counted = press.action in COUNTED
                refusal = await self._gate.why_not(opened.config, known.thread, press.person, counted=counted)
                if refusal is not None:
                    return Whisper(refusal.said(press.person.locale))
                reaction = await self._react(press, known, opened, int(number or 0))
        except TimeoutError:
            return _told(press, english.TOO_SLOW)
        if not isinstance(reaction, Message):
            return reaction
        await self.take(reaction)
        return None

    async def take(self, message: Message) -> None:
        """Have something delivered that was pressed. Cutting that short would not take it back, so that it is
        only waited for."""
        delivering = asyncio.ensure_future(self._deliver(message))
        try:
            await asyncio.wait({delivering}, timeout=TAKEN_WITHIN_SECONDS)
        finally:
            if not delivering.done():
                self._begin(delivering)
        if delivering.done():
            delivering.result()

    async def _react(self, press: Press, known: Known, opened: OpenApp, number: int) -> Reaction | Message:
        """What is to be shown, or what is to be asked."""
        match press.action:
            case Action.LIKE | Action.DISLIKE:
                return await self._rate(press, known, opened)
            case Action.ASK:
                text = await self._store.suggested(known.id, number)
                return _message(press, known, text) if text else _told(press, english.TOO_LONG_AGO)
            case Action.SPEAK:
                return _message(press, known, f"!speak {known.id}")
            case Action.FILL:
                return await self._fill(press, known, opened)
            case Action.DECIDE:
                return await self._decide(press, known, opened, number)
            case Action.CURATE:
                return await self._curate(press, known, opened)
            case Action.AGAIN:
                said = await self._said(known, opened)
                if said is None or not said.query:
                    return _told(press, english.TOO_LONG_AGO)
                return _message(press, known, said.query)
            case Action.SOURCES:
                return await self._sources(press, known, opened)
            case Action.STOP | Action.GENERATE | Action.ABOUT:
                return None

    async def _rate(self, press: Press, known: Known, opened: OpenApp) -> Reaction:
        """The same again takes it back. A thumb down is noted at once; why, may be added."""
        rating = Rating.LIKE if press.action is Action.LIKE else Rating.DISLIKE
        comment = dict(press.filled or ()).get("comment", "")
        if press.filled is None and known.rating == rating.value:
            noted = await self._noted(known, opened, None)
            return _told(press, english.TAKEN_BACK if noted else english.NOT_RATED)
        if rating is Rating.DISLIKE and press.filled is None:
            # The form has to come first, and soon.
            self._begin(self._noted(known, opened, rating))
            label = say(english.WHAT_WAS_WRONG, press.person.locale)
            why = Field("comment", label, FieldKind.PARAGRAPH, longest=COMMENT_CHARACTERS)
            title = say(english.THANK_YOU_FOR_TELLING, press.person.locale)
            return Form(title, (why,), Action.DISLIKE, press.value)
        noted = await self._noted(known, opened, rating, comment[:COMMENT_CHARACTERS])
        return _told(press, english.THANKS if noted else english.NOT_RATED)

    async def _noted(self, known: Known, opened: OpenApp, rating: Rating | None, comment: str = "") -> bool:
        try:
            async with asyncio.timeout(RATED_WITHIN_SECONDS), opened.in_use() as dify:
                await dify.rate(known.dify_message_id, known.dify_user, rating, comment)
            await self._store.rate(known.id, rating.value if rating is not None else "")
        except (TimeoutError, DifyError, StoreError) as error:
            log.warning("%s: a rating was not noted: %s", known.thread.key, error)
            return False
        return True

    async def _fill(self, press: Press, known: Known, opened: OpenApp) -> Reaction | Message:
        """The form that the question waits for, or the question with what was filled in."""
        if known.message is None:
            return _told(press, english.TOO_LONG_AGO)
        async with opened.in_use() as dify:
            app = await dify.app()
        if press.filled is None:
            return _form_for(press, app, opened, known, known.message)
        fields = fillable(app)
        if problem := problems_with(fields, press.filled, press.person.locale):
            given = [field for field in fields if field.name in dict(press.filled)]
            return form_of_inputs(given, _title(press, app), press.value, press.filled, problem)
        command = command_of(known.message.text)
        return replace(
            known.message,
            id=press.id,
            text=command.rest if command is not None else known.message.text,
            thread=known.thread,
            sent_at=press.at,
            addressed=True,
            replies_to="",
            filled=tuple({**dict(known.message.filled), **dict(press.filled)}.items()),
        )

    async def _decide(self, press: Press, known: Known, opened: OpenApp, number: int) -> Reaction | Message:
        choice = unpacked(known.decision, number)
        if choice is None:
            return _told(press, english.NO_FORM)
        async with opened.in_use() as dify:
            form = await dify.form(choice.token)
        if form.fields and press.filled is None:
            return form_of(form, choice, press.value)
        decision = decision_of(choice, known.dify_run_id, form, press.filled or ())
        return _message(press, known, choice.title, decision)

    async def _curate(self, press: Press, known: Known, opened: OpenApp) -> Reaction:
        groups = groups_curating(opened.config, press.platform)
        person = await self._gate.known(known.thread, press.person, groups)
        if person is None or not is_curator(opened.config, known.thread, person):
            raise NotForYou
        if press.filled is not None:
            given = dict(press.filled)
            async with opened.in_use() as dify:
                await dify.annotate(given.get("question", ""), given.get("answer", ""))
            return _told(press, english.SAVED)
        exchange = await self._said(known, opened)
        if exchange is None:
            return _told(press, english.TOO_LONG_AGO)
        locale = press.person.locale
        fields = (
            _long_field("question", say(english.QUESTION, locale), exchange.query),
            _long_field("answer", say(english.THE_RIGHT_ANSWER, locale), exchange.answer),
        )
        title, submit = say(english.SAVE_AS_THE_RIGHT_ANSWER, locale), say(english.SAVE, locale)
        return Form(title, fields, Action.CURATE, press.value, submit)

    async def _sources(self, press: Press, known: Known, opened: OpenApp) -> Reaction:
        said = await self._said(known, opened)
        if said is None:
            return _told(press, english.TOO_LONG_AGO)
        locale = press.person.locale
        listed = source_list(said.sources, WHISPER_CHARACTERS, locale)
        return Whisper(listed or say(english.NO_SOURCES, locale))

    async def _said(self, known: Known, opened: OpenApp) -> Exchange | None:
        """The question and its answer as Dify keeps them; None where it does not, or they are of long ago."""
        if not (known.conversation_id and known.dify_message_id):
            return None
        async with opened.in_use() as dify:
            said = await dify.history(known.conversation_id, known.dify_user, MOST_LOOKED_AT)
        return next((one for one in said if one.id == known.dify_message_id), None)

    def _begin(self, work: Awaitable[object]) -> None:
        async def guarded() -> None:
            try:
                await work
            except Exception:
                # The one guard of this task: nothing depends on it.
                log.exception("what a press began has failed")

        task = asyncio.create_task(guarded(), name="press")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _told(press: Press, sentence: str) -> Whisper:
    """A sentence of the catalogue for whoever pressed."""
    return Whisper(say(sentence, press.person.locale))


def _title(press: Press, app: AppInfo) -> str:
    """What the app's form is called."""
    return app.name or say(english.DETAILS, press.person.locale)


def _form_for(press: Press, app: AppInfo, opened: OpenApp, known: Known, message: Message) -> Reaction:
    """The form that a question waits for, or the app's whole form where that was asked for."""
    whole = command_of(message.text) is not None
    configured = opened.config.inputs if whole else {**opened.config.inputs, **dict(known.inputs)}
    fields = to_ask_for(app, message, configured, whole=whole)
    if not fields:
        return _told(press, english.NO_FORM)
    return form_of_inputs(fields, _title(press, app), press.value, known.inputs)


def _message(press: Press, known: Known, text: str, decision: Decision | None = None) -> Message:
    """What was pressed, as something that was said."""
    return Message(
        id=press.id,
        thread=known.thread,
        author=press.person,
        text=text,
        sent_at=press.at,
        addressed=True,
        pressed=True,
        decision=decision,
    )


def _long_field(name: str, label: str, text: str) -> Field:
    return Field(
        name,
        label,
        FieldKind.PARAGRAPH,
        required=True,
        default=text[:ANNOTATION_CHARACTERS],
        longest=ANNOTATION_CHARACTERS,
    )
