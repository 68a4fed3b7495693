"""Presses and forms that were sent, as Slack's interactions say them. Pure."""

import re
from dataclasses import dataclass

from adapters.slack import forms
from adapters.slack.acting import read_actor
from adapters.slack.buttons import FEEDBACK, ID_PREFIX, MENU
from adapters.slack.events import PLATFORM
from adapters.slack.fields import Json, first_of, is_ts, object_of, text_of
from adapters.slack.forms import Origin
from bridge.types import Action, Person, Press, Thread

VALUE_LIMIT_CHARACTERS = 200

# What makes a press's id its own: a time; the hash of a view, or its id. It has at most 20 characters.
_OWN = re.compile(r"[!-9;-~]{1,20}")


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press, where it was, and what Slack wants to have to show something for it: `trigger` for a form,
    `answer_url` for a whisper. `view` is the form that was sent, if one was."""

    press: Press
    origin: Origin
    trigger: str
    answer_url: str = ""
    view: str = ""

    @property
    def person(self) -> Person:
        return self.press.person

    @property
    def seen_in(self) -> str:
        """The thread in which a whisper is seen."""
        return self.origin.thread

    @property
    def id(self) -> str:
        return self.press.id

    @property
    def at(self) -> float:
        return self.press.at


def read_press(payload: Json, team_id: str, now: float) -> Pressed | None:
    """The press that an interaction carries; None where it is none of ours, or cannot be read. `now` is in
    seconds since 1970."""
    person = read_actor(payload, team_id)
    match payload.get("type"):
        case "block_actions" if person:
            return _button(payload, person, team_id)
        case "view_submission" if person:
            return _form(payload, person, team_id, now)
        case _:
            return None


def _button(payload: Json, person: Person, team_id: str) -> Pressed | None:
    action = first_of(payload.get("actions"))
    origin, at = _origin(payload), text_of(action, "action_ts")
    what = _action(text_of(action, "action_id"), _value(action))
    if origin is None or what is None or not is_ts(at):
        return None
    press = Press(
        id=f"{team_id}:{origin.channel}:{at}",
        platform=PLATFORM,
        person=person,
        action=what[0],
        value=what[1],
        at=float(at),
        place=_place(team_id, origin),
    )
    return Pressed(press, origin, text_of(payload, "trigger_id"), text_of(payload, "response_url"))


def _form(payload: Json, person: Person, team_id: str, now: float) -> Pressed | None:
    """Slack does not number what is sent, but a form is taken only once: then it closes, or becomes another
    one, which has another hash."""
    view = object_of(payload.get("view"))
    memory = forms.remembered(view.get("private_metadata"))
    own = _OWN.fullmatch(text_of(view, "hash")) or _OWN.fullmatch(text_of(view, "id"))
    if memory is None or own is None:
        return None
    value, origin = memory
    what = _action(text_of(view, "callback_id"), value)
    if what is None:
        return None
    press = Press(
        id=f"{team_id}:{origin.channel}:{own.group()}",
        platform=PLATFORM,
        person=person,
        action=what[0],
        value=what[1],
        at=now,
        filled=forms.filled(object_of(view.get("state")).get("values")),
        place=_place(team_id, origin),
    )
    return Pressed(press, origin, text_of(payload, "trigger_id"), view=text_of(view, "id"))


def _action(action_id: str, value: str) -> tuple[Action, str] | None:
    """What an id of ours stands for: `bridge:<action>`, with a number where there are several."""
    if not action_id.startswith(ID_PREFIX) or len(value) > VALUE_LIMIT_CHARACTERS:
        return None
    name = action_id.removeprefix(ID_PREFIX).partition(":")[0]
    if name in (FEEDBACK, MENU):
        name, _, value = value.partition(":")
    try:
        return Action(name), value
    except ValueError:
        return None


def _value(action: Json) -> str:
    """What a button carries, or what was chosen of a menu."""
    chosen = object_of(action.get("selected_option"))
    return text_of(chosen, "value") if action.get("type") == "overflow" else text_of(action, "value")


def _place(team_id: str, origin: Origin) -> Thread:
    return Thread(PLATFORM, team_id, origin.channel, origin.thread or origin.channel)


def _origin(payload: Json) -> Origin | None:
    """The channel and the thread of the message that the button belongs to."""
    container, message = object_of(payload.get("container")), object_of(payload.get("message"))
    channel, ts = text_of(container, "channel_id"), text_of(container, "message_ts")
    if not (channel and ts):
        return None
    return Origin(channel, text_of(container, "thread_ts") or text_of(message, "thread_ts") or ts)
