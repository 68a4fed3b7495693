"""What people press and send: read from Slack's interactions, taken by the host, and what comes of it shown.

An interaction is not delivered again, and Slack wants to hear of it within three seconds. So it is
acknowledged when the press is stored and answered, or shortly before that time is over. A form that was sent
stays open then, with a word of patience in it, until there is something to show in its place.
"""

import asyncio
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, assert_never

from adapters.slack import forms
from adapters.slack.buttons import FEEDBACK, ID_PREFIX
from adapters.slack.events import PLATFORM
from adapters.slack.faults import TooLate
from adapters.slack.forms import Origin
from adapters.slack.web import SlackWeb
from bridge.errors import BridgeError, Leaving, PlatformError
from bridge.ports import Host
from bridge.types import Action, Begin, Form, Person, Press, Reaction, Whisper
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
VALUE_LIMIT_CHARACTERS = 200

# What makes a press's id its own: a time; the hash of a view, or its id. It has at most 20 characters.
_TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,6}")
_OWN = re.compile(r"[!-9;-~]{1,20}")


Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press, where it was, and what Slack wants to have to show something for it: `trigger` for a form,
    `answer_url` for a whisper. `view` is the form that was sent, if one was."""

    press: Press
    origin: Origin
    trigger: str
    answer_url: str = ""
    view: str = ""


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


def read_press(payload: Json, team_id: str, now: float) -> Pressed | None:
    """The press that an interaction carries; None where it is none of ours, or cannot be read. `now` is in
    seconds since 1970."""
    person = _person(payload)
    match payload.get("type"):
        case "block_actions" if person:
            return _button(payload, person, team_id)
        case "view_submission" if person:
            return _form(payload, person, team_id, now)
        case _:
            return None


def _next_form(reaction: Reaction, origin: Origin) -> Json:
    """What is told when a form was sent."""
    return _in_its_place(forms.view(reaction, origin)) if isinstance(reaction, Form) else {}


def _in_its_place(view: Json) -> Json:
    return {"response_action": "update", "view": view}


def _button(payload: Json, person: Person, team_id: str) -> Pressed | None:
    actions = payload.get("actions")
    action = _object(actions[0]) if isinstance(actions, list) and actions else {}
    origin, at = _origin(payload), _text(action, "action_ts")
    what = _action(_text(action, "action_id"), _text(action, "value"))
    if origin is None or what is None or not _TS.fullmatch(at):
        return None
    press = Press(
        id=f"{team_id}:{origin.channel}:{at}",
        platform=PLATFORM,
        person=person,
        action=what[0],
        value=what[1],
        at=float(at),
    )
    return Pressed(press, origin, _text(payload, "trigger_id"), _text(payload, "response_url"))


def _form(payload: Json, person: Person, team_id: str, now: float) -> Pressed | None:
    """Slack does not number what is sent, but a form is taken only once: then it closes, or becomes another
    one, which has another hash."""
    view = _object(payload.get("view"))
    memory = forms.remembered(view.get("private_metadata"))
    own = _OWN.fullmatch(_text(view, "hash")) or _OWN.fullmatch(_text(view, "id"))
    if memory is None or own is None:
        return None
    value, origin = memory
    what = _action(_text(view, "callback_id"), value)
    if what is None:
        return None
    press = Press(
        id=f"{team_id}:{origin.channel}:{own.group()}",
        platform=PLATFORM,
        person=person,
        action=what[0],
        value=what[1],
        at=now,
        filled=forms.filled(_object(view.get("state")).get("values")),
    )
    return Pressed(press, origin, _text(payload, "trigger_id"), view=_text(view, "id"))


def _action(action_id: str, value: str) -> tuple[Action, str] | None:
    """What an id of ours stands for: `bridge:<action>`, with a number where there are several."""
    if not action_id.startswith(ID_PREFIX) or len(value) > VALUE_LIMIT_CHARACTERS:
        return None
    name = action_id.removeprefix(ID_PREFIX).partition(":")[0]
    if name == FEEDBACK:
        name, _, value = value.partition(":")
    try:
        return Action(name), value
    except ValueError:
        return None


def _person(payload: Json) -> Person | None:
    user = _object(payload.get("user"))
    user_id = _text(user, "id")
    return Person(user_id, _text(user, "name") or _text(user, "username")) if user_id else None


def _origin(payload: Json) -> Origin | None:
    """The channel and the thread of the message that the button belongs to."""
    container, message = _object(payload.get("container")), _object(payload.get("message"))
    channel, ts = _text(container, "channel_id"), _text(container, "message_ts")
    if not (channel and ts):
        return None
    return Origin(channel, _text(container, "thread_ts") or _text(message, "thread_ts") or ts)


def _object(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _text(fields: Json, name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
