"""What people press, send and tell the bot with commands: read from what Slack says, taken by the host, and
what comes of it shown.

An interaction is not delivered again, and Slack wants to hear of it within three seconds. So it is
acknowledged when it is stored and answered, or shortly before that time is over. A form that was sent
stays open then, with a word of patience in it, until there is something to show in its place.
"""

import asyncio
import logging
import time
from typing import Self, TypeAlias, assert_never

from adapters.slack import forms
from adapters.slack.asides import Asides
from adapters.slack.beginning import Deliver, begin
from adapters.slack.commands import Invoked, read_invoked
from adapters.slack.events import PLATFORM
from adapters.slack.faults import TooLate
from adapters.slack.fields import Json
from adapters.slack.home import read_prompt
from adapters.slack.pressed import Pressed, read_press
from adapters.slack.web import SlackWeb
from bridge.errors import BridgeError, Leaving, PlatformError
from bridge.ports import Host
from bridge.types import Begin, Form, Reaction, Whisper
from bridge.words import english, say

log = logging.getLogger(__name__)

# Half a second before Slack tells whoever pressed that it did not work.
ACKNOWLEDGE_SECONDS = 2.5
# More than so many at once wait for their turn; and more than the second number are not taken at all.
MAX_AT_ONCE = 50
MOST_WAITING = 500
# For the host, waiting for a turn included.
TAKEN_WITHIN_SECONDS = 30.0
# Until Slack has put up what it was told instead of a form that was sent; an earlier view would be lost.
SETTLED_SECONDS = 0.5


Used: TypeAlias = Invoked | Pressed


class Presses:
    """Takes the interactions of one workspace; every press has a task of its own until all of it is shown.
    What is asked with a command is given to `deliver`, in a thread of its own. `left` says that a press was
    turned away, as the process is ending."""

    def __init__(
        self,
        web: SlackWeb,
        host: Host,
        asides: Asides,
        deliver: Deliver,
        within_seconds: float = TAKEN_WITHIN_SECONDS,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self.left = False
        self._web = web
        self._host = host
        self._asides = asides
        self._deliver = deliver
        self._within_seconds = within_seconds
        self._most_waiting = most_waiting
        self._turns = asyncio.Semaphore(MAX_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """End what is still being shown."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def take(self, payload: Json) -> Json:
        """Returns when Slack may be told that this was heard, with what to tell it."""
        pressed = self._read(payload)
        if pressed is None:
            log.debug("Slack: an interaction of another kind is ignored")
            return {}
        if len(self._tasks) >= self._most_waiting:
            log.warning("Slack: too much is pressed at once; a press is not taken")
            await self._turn_away(pressed)
            return {}
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._deal_with(pressed, answer), name="slack: press")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.wait({answer}, timeout=ACKNOWLEDGE_SECONDS)
        if not answer.done():
            log.warning("Slack: a press is acknowledged before all of it is dealt with")
            answer.set_result(self._patience(pressed) if pressed.view else {})
        return answer.result()

    def _read(self, payload: Json) -> Used | None:
        team, now = self._web.team_id, time.time()
        return (
            read_invoked(payload, team, self._web.bot_user_id, now)
            or read_prompt(payload, team, now)
            or read_press(payload, team, now)
        )

    async def _turn_away(self, pressed: Used) -> None:
        try:
            async with asyncio.timeout(ACKNOWLEDGE_SECONDS):
                await self._whisper(pressed, say(english.SLACK_TOO_MUCH, self._locale(pressed)))
        except (PlatformError, TimeoutError) as error:
            log.warning("Slack: it was not said that a press is not taken: %s", error)

    async def _deal_with(self, pressed: Used, answer: asyncio.Future[Json]) -> None:
        """Settles `answer`, unless it was settled before, because time was over."""
        try:
            reaction = await self._taken(pressed)
            refusal = None
            if isinstance(reaction, Begin):
                refusal = reaction = await self._begun(pressed, reaction)
            if pressed.view and answer.done():
                await asyncio.sleep(SETTLED_SECONDS)
                await self._show_in_its_place(pressed, reaction)
                return
            if pressed.view and refusal is not None:
                # Where the bot may not write, it may not whisper either.
                answer.set_result(_in_its_place(forms.words(refusal.text, self._locale(pressed))))
                return
            if pressed.view:
                # Slack closes the form with that, or shows the next one in its place.
                answer.set_result(self._next_form(pressed, reaction))
                reaction = None if isinstance(reaction, Form) else reaction
            await self._show(pressed, reaction)
        except PlatformError as error:
            log.warning("Slack: what a press led to could not be shown: %s", error)
        except Exception:
            # The one guard of this task: a defect in one press must not end unseen.
            log.exception("Slack: a press could not be dealt with")
        finally:
            if not answer.done():
                answer.set_result({})

    async def _taken(self, used: Used) -> Reaction:
        try:
            async with asyncio.timeout(self._within_seconds), self._turns:
                if isinstance(used, Pressed):
                    return await self._host.press(used.press)
                return await self._host.invoke(used.invocation)
        except TimeoutError:
            log.error("Slack: the host did not say in time what becomes of a press")
            return Whisper(say(english.SLACK_IN_DOUBT, self._locale(used)))
        except BridgeError as error:
            self.left = self.left or isinstance(error, Leaving)
            log.info("Slack: a press was not taken: %s", error)
            return Whisper(error.sentence(self._locale(used)))

    async def _begun(self, used: Used, what: Begin) -> Whisper | None:
        """Have a question asked; what to say where that could not be."""
        try:
            await begin(self._web, self._asides, self._deliver, used, what, self._locale(used))
        except BridgeError as error:
            self.left = self.left or isinstance(error, Leaving)
            log.info("Slack: what was asked with a command is not answered: %s", error)
            return Whisper(error.sentence(self._locale(used)))
        return None

    async def _show(self, pressed: Used, reaction: Form | Whisper | None) -> None:
        match reaction:
            case Form():
                try:
                    await self._asides.open_view(pressed.trigger, self._view(pressed, reaction))
                except PlatformError as error:
                    log.warning("Slack: a form could not be shown: %s", error)
                    await self._whisper(pressed, error.sentence(self._locale(pressed)))
            case Whisper(text):
                await self._whisper(pressed, text)
            case None:
                pass

    async def _show_in_its_place(self, pressed: Used, reaction: Form | Whisper | None) -> None:
        """In the place of the form that was sent; whispered where that was closed meanwhile."""
        locale = self._locale(pressed)
        match reaction:
            case Form():
                view, otherwise = self._view(pressed, reaction), say(TooLate.notice, locale)
            case Whisper(text):
                view, otherwise = forms.words(text, locale), text
            case None:
                view, otherwise = forms.words(say(english.SLACK_TAKEN, locale), locale), ""
            case _:
                assert_never(reaction)
        try:
            await self._asides.update_view(pressed.view, view)
        except PlatformError as error:
            log.info("Slack: a form could not be replaced: %s", error)
            if otherwise:
                await self._whisper(pressed, otherwise)

    async def _whisper(self, pressed: Used, text: str) -> None:
        channel, thread, person = pressed.origin.channel, pressed.seen_in, pressed.person.id
        try:
            await self._asides.whisper(pressed.answer_url, channel, thread, person, text)
        except PlatformError as error:
            if not pressed.answer_url:
                raise
            log.info("Slack: whispering otherwise: %s", error)
            await self._asides.whisper("", channel, thread, person, text)

    def _next_form(self, pressed: Used, reaction: Reaction) -> Json:
        """What is told when a form was sent."""
        return _in_its_place(self._view(pressed, reaction)) if isinstance(reaction, Form) else {}

    def _patience(self, pressed: Used) -> Json:
        locale = self._locale(pressed)
        return _in_its_place(forms.words(say(english.SLACK_PATIENCE, locale), locale))

    def _view(self, used: Used, form: Form) -> Json:
        return forms.view(form, used.origin, self._locale(used))

    def _locale(self, used: Used) -> str:
        """The language of whoever pressed. Slack does not say it, but the host may know it by now."""
        return self._host.locale(PLATFORM, used.person)


def _in_its_place(view: Json) -> Json:
    return {"response_action": "update", "view": view}
