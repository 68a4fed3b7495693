"""What people press and send: read from Slack's interactions, taken by the host, and what comes of it shown.

An interaction is not delivered again, and Slack wants to hear of it within three seconds. So it is
acknowledged when the press is stored and answered, or shortly before that time is over. A form that was sent
stays open then, with a word of patience in it, until there is something to show in its place.
"""

import asyncio
import logging
import time
from typing import Self, assert_never

from adapters.slack import forms
from adapters.slack.faults import TooLate
from adapters.slack.forms import Origin
from adapters.slack.pressed import Json, Pressed, read_press
from adapters.slack.web import SlackWeb
from bridge.errors import BridgeError, Leaving, PlatformError
from bridge.ports import Host
from bridge.types import Begin, Form, Press, Reaction, Whisper
from bridge.words import english

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


class Presses:
    """Takes the interactions of one workspace; every press has a task of its own until all of it is shown.
    `left` says that a press was turned away, as the process is ending."""

    def __init__(
        self,
        web: SlackWeb,
        host: Host,
        within_seconds: float = TAKEN_WITHIN_SECONDS,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self.left = False
        self._web = web
        self._host = host
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
        pressed = read_press(payload, self._web.team_id, time.time())
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
            answer.set_result(_in_its_place(forms.words(english.SLACK_PATIENCE)) if pressed.view else {})
        return answer.result()

    async def _turn_away(self, pressed: Pressed) -> None:
        try:
            async with asyncio.timeout(ACKNOWLEDGE_SECONDS):
                await self._whisper(pressed, english.SLACK_TOO_MUCH)
        except (PlatformError, TimeoutError) as error:
            log.warning("Slack: it was not said that a press is not taken: %s", error)

    async def _deal_with(self, pressed: Pressed, answer: asyncio.Future[Json]) -> None:
        """Settles `answer`, unless it was settled before, because time was over."""
        try:
            reaction = await self._taken(pressed.press)
            if pressed.view and answer.done():
                await asyncio.sleep(SETTLED_SECONDS)
                await self._show_in_its_place(pressed, reaction)
                return
            if pressed.view:
                # Slack closes the form with that, or shows the next one in its place.
                answer.set_result(_next_form(reaction, pressed.origin))
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

    async def _taken(self, press: Press) -> Reaction:
        try:
            async with asyncio.timeout(self._within_seconds), self._turns:
                return await self._host.press(press)
        except TimeoutError:
            log.error("Slack: the host did not say in time what becomes of a press")
            return Whisper(english.SLACK_IN_DOUBT)
        except BridgeError as error:
            self.left = self.left or isinstance(error, Leaving)
            log.info("Slack: a press was not taken: %s", error)
            return Whisper(error.notice)

    async def _show(self, pressed: Pressed, reaction: Reaction) -> None:
        match reaction:
            case Form():
                try:
                    await self._web.open_view(pressed.trigger, forms.view(reaction, pressed.origin))
                except PlatformError as error:
                    log.warning("Slack: a form could not be shown: %s", error)
                    await self._whisper(pressed, error.notice)
            case Whisper(text):
                await self._whisper(pressed, text)
            case Begin():
                raise NotImplementedError
            case None:
                pass

    async def _show_in_its_place(self, pressed: Pressed, reaction: Reaction) -> None:
        """In the place of the form that was sent; whispered where that was closed meanwhile."""
        match reaction:
            case Form():
                view, otherwise = forms.view(reaction, pressed.origin), TooLate.notice
            case Whisper(text):
                view, otherwise = forms.words(text), text
            case Begin():
                raise NotImplementedError
            case None:
                view, otherwise = forms.words(english.SLACK_TAKEN), ""
            case _:
                assert_never(reaction)
        try:
            await self._web.update_view(pressed.view, view)
        except PlatformError as error:
            log.info("Slack: a form could not be replaced: %s", error)
            if otherwise:
                await self._whisper(pressed, otherwise)

    async def _whisper(self, pressed: Pressed, text: str) -> None:
        origin, person = pressed.origin, pressed.press.person.id
        if self._web.takes_answers(pressed.answer_url):
            try:
                await self._web.answer(pressed.answer_url, origin.thread, text)
            except PlatformError as error:
                log.info("Slack: whispering otherwise: %s", error)
            else:
                return
        await self._web.whisper(origin.channel, origin.thread, person, text)


def _next_form(reaction: Reaction, origin: Origin) -> Json:
    """What is told when a form was sent."""
    return _in_its_place(forms.view(reaction, origin)) if isinstance(reaction, Form) else {}


def _in_its_place(view: Json) -> Json:
    return {"response_action": "update", "view": view}
