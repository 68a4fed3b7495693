"""Presses and forms that were sent, as Slack's interactions say them. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from adapters.slack import forms
from adapters.slack.buttons import FEEDBACK, ID_PREFIX
from adapters.slack.events import PLATFORM
from adapters.slack.forms import Origin
from bridge.types import Action, Person, Press

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


def read_press(payload: Json, team_id: str, now: float) -> Pressed | None:
    """The press that an interaction carries; None where it is none of ours, or cannot be read. `now` is in
    seconds since 1970."""
    person = _person(payload, team_id)
    match payload.get("type"):
        case "block_actions" if person:
            return _button(payload, person, team_id)
        case "view_submission" if person:
            return _form(payload, person, team_id, now)
        case _:
            return None


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


def _person(payload: Json, team_id: str) -> Person | None:
    user = _object(payload.get("user"))
    user_id, team = _text(user, "id"), _text(user, "team_id")
    outside = team.startswith("T") and team != team_id
    name = _text(user, "name") or _text(user, "username")
    return Person(user_id, name, outside=outside) if user_id else None


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
