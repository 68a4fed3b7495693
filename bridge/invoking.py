"""What becomes of the platforms' own commands: at once what whoever used one sees of it, and a question where
one was asked.

Nothing is kept of a command: its forms carry all that is needed to go on when they are sent.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import assert_never

from bridge import invoked
from bridge.apps import Apps, OpenApp
from bridge.commands import Word, command_of, help_text
from bridge.errors import DifyError
from bridge.gate import Gate
from bridge.inputs import fillable, problems_with
from bridge.patience import REACT_WITHIN_SECONDS
from bridge.store import Store, ThreadState
from bridge.types import (
    Action,
    Begin,
    Invocation,
    Message,
    Order,
    Person,
    Press,
    Reaction,
    Thread,
    Whisper,
)
from bridge.words import english, say

# Help is not kept waiting for the name of an app.
NAMED_WITHIN_SECONDS = 1.0

# What a form can carry of what it is about.
_ID = re.compile(r"[!-~]{1,60}")
# A form that is about nothing carries this.
NOTHING = "-"

# Whoever uses these asks the app something.
COUNTED = frozenset({Order.ASK, Order.ABOUT, Order.GENERATE})

Deliver = Callable[[Message], Awaitable[None]]
Stop = Callable[[Thread, Person], Awaitable[bool]]


class Invoking:
    """Takes commands, and their forms when they are sent. What has to be done in a thread is given to
    `deliver`; `stop` ends what somebody is being answered in a place, and says whether there was anything."""

    def __init__(self, store: Store, apps: Apps, gate: Gate, deliver: Deliver, stop: Stop) -> None:
        self._store = store
        self._apps = apps
        self._gate = gate
        self._deliver = deliver
        self._stop = stop

    async def invoke(self, invocation: Invocation) -> Reaction:
        """See `bridge.ports.Host`."""
        try:
            async with asyncio.timeout(REACT_WITHIN_SECONDS):
                reaction = await self._react(invocation)
        except TimeoutError:
            return Whisper(say(english.TRY_AGAIN, invocation.person.locale))
        if not isinstance(reaction, Message):
            return reaction
        await self._deliver(reaction)
        return None

    async def sent(self, press: Press) -> Reaction:
        """A form of `Action.ABOUT` or `Action.GENERATE` was sent: the question that it asks, or the form once
        more."""
        try:
            async with asyncio.timeout(REACT_WITHIN_SECONDS):
                return await self._sent(press)
        except TimeoutError:
            return Whisper(say(english.TRY_AGAIN, press.person.locale))

    async def _react(self, invocation: Invocation) -> Reaction | Message:
        person, place, text = invocation.person, invocation.place, invocation.text.strip()
        if invocation.order is Order.STOP:
            # Whoever could ask can always end what came of it.
            stopped = await self._stop(place, person)
            return Whisper(say(english.STOPPED_ONE if stopped else english.NOTHING_OF_YOURS, person.locale))
        state = await self._store.thread_state(place)
        opened = self._app_for(place, state, _word_of(invocation))
        counted = invocation.order in COUNTED
        if refusal := await self._gate.why_not(opened.config, place, person, counted=counted):
            return Whisper(refusal.said(person.locale))
        match invocation.order:
            case Order.ASK:
                return Begin(text) if text else invoked.question_form(NOTHING, person.locale)
            case Order.ABOUT:
                about = invocation.about if _ID.fullmatch(invocation.about) else NOTHING
                return invoked.about_form(text, about, person.locale)
            case Order.GENERATE:
                return await self._form(invocation, opened, state)
            case Order.NEW:
                return _anew(invocation, state)
            case Order.HELP:
                return await self._help(invocation, opened)
            case _:
                assert_never(invocation.order)

    def _app_for(self, place: Thread, state: ThreadState | None, word: str) -> OpenApp:
        """The app that would answer in this place."""
        known = self._apps.of(state.app) if state is not None else None
        return known or self._apps.route(place, "" if state is not None else word)

    async def _form(self, invocation: Invocation, opened: OpenApp, state: ThreadState | None) -> Reaction:
        async with opened.in_use() as dify:
            app = await dify.app()
        if not fillable(app):
            return Whisper(say(english.NOTHING_TO_GENERATE, invocation.person.locale))
        return invoked.app_form(app, invocation, opened.config.inputs, state.inputs if state else ())

    async def _help(self, invocation: Invocation, opened: OpenApp) -> Reaction:
        try:
            async with asyncio.timeout(NAMED_WITHIN_SECONDS), opened.in_use() as dify:
                name = (await dify.app()).name
        except (TimeoutError, DifyError):
            name = ""
        return Whisper(invoked.help_for(invocation, name, help_text(invocation.person.locale)))

    async def _sent(self, press: Press) -> Reaction:
        place = press.place or Thread(press.platform, "", "", "")
        word = Word.GENERATE if press.action is Action.GENERATE else ""
        state = await self._store.thread_state(place)
        opened = self._app_for(place, state, word)
        if refusal := await self._gate.why_not(opened.config, place, press.person):
            return Whisper(refusal.said(press.person.locale))
        if press.action is Action.GENERATE:
            return await self._generate(press, opened)
        return invoked.asked(press, about="" if press.value == NOTHING else press.value)

    async def _generate(self, press: Press, opened: OpenApp) -> Reaction:
        async with opened.in_use() as dify:
            app = await dify.app()
        fields, given = fillable(app), press.filled or ()
        if not fields:
            return Whisper(say(english.NOTHING_TO_GENERATE, press.person.locale))
        if problem := problems_with(fields, given, press.person.locale):
            return invoked.app_form_again(app, press, problem)
        return invoked.generated(app, given)


def _word_of(invocation: Invocation) -> str:
    """The word by which routes know what is asked."""
    if invocation.order is Order.GENERATE:
        return Word.GENERATE
    command = command_of(invocation.text) if invocation.order is Order.ASK else None
    return command.word if command is not None else ""


def _anew(invocation: Invocation, state: ThreadState | None) -> Reaction | Message:
    """Where a conversation goes on, it ends there, for all to see."""
    place, person = invocation.place, invocation.person
    if state is None or not state.conversation_id:
        is_thread = state is not None or place.id != place.channel
        return Whisper(say(english.NEXT_BEGINS if is_thread else english.EACH_BEGINS, person.locale))
    return Message(
        id=invocation.id,
        thread=place,
        author=person,
        text=f"!{Word.NEW}",
        sent_at=invocation.at,
        addressed=True,
        pressed=True,
    )
