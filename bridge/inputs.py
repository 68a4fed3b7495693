"""The inputs that an app declares: filled by name from what is known of a message, from the settings, from a
form that somebody filled in, and from the app's own defaults. Pure.

They are sent with every question: Dify does not remember them, and refuses a question without them.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from bridge.dify import AppInfo, AppInput, InputKind, Upload, file_input
from bridge.types import Action, Field, FieldKind, Filled, Form, Message
from bridge.words import english, say

# Fields that only an attached file can fill.
OF_FILES = frozenset({InputKind.FILE, InputKind.FILES})
# Of a list of files whose length the app leaves open, what a server takes in one run as it is shipped.
MOST_IN_LIST = 10
_KINDS = {
    InputKind.TEXT: FieldKind.TEXT,
    InputKind.PARAGRAPH: FieldKind.PARAGRAPH,
    InputKind.JSON: FieldKind.PARAGRAPH,
    InputKind.NUMBER: FieldKind.NUMBER,
    InputKind.SELECT: FieldKind.CHOICE,
    InputKind.CHECKBOX: FieldKind.CHECK,
}
# Fields that take whatever somebody writes.
_WORDY = (InputKind.TEXT, InputKind.PARAGRAPH)
# A thousand to some people, and one to others.
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+")
_TRUE = frozenset({"true", "1", "yes", "on"})


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is sent, and what has to be asked for before anything can be. `files` are those that have no place
    in the form."""

    values: Mapping[str, object]
    missing: tuple[AppInput, ...] = ()
    files: tuple[Upload, ...] = ()


def context_of(message: Message) -> Mapping[str, str]:
    """What is known of a message, by the names under which an app may declare it: also what its author had in
    front of them, by names that mean nothing else."""
    thread, author = message.thread, message.author
    known = {
        "platform": thread.platform,
        "workspace": thread.workspace,
        "channel": thread.channel,
        "thread": thread.id,
        "user_id": author.id,
        "user_name": author.name,
        "user_email": author.email,
    }
    return {name: value for name, value in {**dict(message.context), **known}.items() if value}


def inputs_of(
    app: AppInfo,
    message: Message,
    configured: Mapping[str, str],
    uploads: Sequence[Upload] = (),
    *,
    text: str = "",
) -> Inputs:
    """Everything that the app declares. What somebody filled in counts most, then what is configured, then
    what is known of the message. `text` is what was written, where nothing but the form is asked with: it
    fills the one field that is still missing, or else the only one for words that nobody has filled."""
    known = {**context_of(message), **configured, **dict(message.filled)}
    values: dict[str, object] = {}
    missing = []
    files = list(uploads)
    for field in app.inputs:
        if field.kind in OF_FILES:
            value = _files(field, files)
        else:
            given = known.get(field.name, field.default)
            value = None if not given or problem_with(field, given) else _value(field, given)
        if value is not None:
            values[field.name] = value
        elif field.required:
            missing.append(field)
    open_fields = missing or [
        field for field in app.inputs if field.kind in _WORDY and field.name not in known
    ]
    if text and len(open_fields) == 1 and open_fields[0].kind in _WORDY:
        (field,) = open_fields
        if not problem_with(field, text):
            return Inputs({**values, field.name: text}, (), tuple(files))
    return Inputs(values, tuple(missing), tuple(files))


def fillable(app: AppInfo) -> tuple[AppInput, ...]:
    """The fields that can be filled in; others take files."""
    return tuple(field for field in app.inputs if field.kind not in OF_FILES)


def to_ask_for(
    app: AppInfo, message: Message, configured: Mapping[str, str], *, whole: bool
) -> tuple[AppInput, ...]:
    """The fields of the form that somebody is shown: those that would be empty, or of a `whole` form also
    those with defaults. Where that is none, all that can be filled in."""
    there = fillable(app)
    if whole:
        known = {**context_of(message), **configured}
        fields = tuple(field for field in there if field.name not in known)
    else:
        sent = inputs_of(app, message, configured).values
        fields = tuple(field for field in there if field.name not in sent)
    return fields or there


def problems_with(fields: Sequence[AppInput], filled: Filled, locale: str = "") -> str:
    """Why this cannot be what was filled into them, in a sentence each; empty when it can."""
    given = dict(filled)
    problems = (problem_with(field, given[field.name], locale) for field in fields if field.name in given)
    return " ".join(problem for problem in problems if problem)


def places_for_files(app: AppInfo) -> int:
    """How many attached files the app's form has a place for."""
    return sum(_places(field) for field in app.inputs)


def problem_with(field: AppInput, given: str, locale: str = "") -> str:
    """Why this cannot stand in the field, as a sentence; empty when it can."""
    name = field.label or field.name
    if not given.strip():
        return say(english.IS_MISSING, locale, name=name) if field.required else ""
    if field.longest and len(given) > field.longest:
        return say(english.IS_TOO_LONG, locale, name=name, most=field.longest)
    if field.kind is InputKind.NUMBER and _number(given) is None:
        return say(english.MUST_BE_NUMBER, locale, name=name)
    if field.kind is InputKind.SELECT and field.options and given not in field.options:
        return say(english.MUST_BE_ONE_OF, locale, name=name, options=", ".join(field.options))
    if field.kind is InputKind.JSON and _object(given) is None:
        return say(english.MUST_BE_JSON, locale, name=name)
    return ""


def form_of(
    fields: Sequence[AppInput],
    title: str,
    value: str,
    filled: Filled = (),
    problem: str = "",
    action: Action = Action.FILL,
) -> Form:
    """The form that asks for these; once more, when there was a `problem` with what was filled in."""
    known = dict(filled)
    shown = tuple(
        Field(
            field.name,
            field.label or field.name,
            _KINDS[field.kind],
            field.required and field.kind is not InputKind.CHECKBOX,
            known.get(field.name, field.default),
            field.options,
            field.longest,
        )
        for field in fields
        if field.kind not in OF_FILES
    )
    return Form(title, shown, action, value, intro=problem)


def filled_anew(before: Filled, now: Filled) -> Filled:
    """What counts in a thread from now on. What was left empty counts no more."""
    return tuple((name, value) for name, value in {**dict(before), **dict(now)}.items() if value.strip())


def names_of(fields: Sequence[AppInput]) -> str:
    """What they are called, as a list within a sentence."""
    return ", ".join(field.label or field.name for field in fields)


def _value(field: AppInput, given: str) -> object:
    match field.kind:
        case InputKind.NUMBER:
            return _number(given)
        case InputKind.CHECKBOX:
            return given.strip().lower() in _TRUE
        case InputKind.JSON:
            return _object(given)
        case _:
            return given


def _places(field: AppInput) -> int:
    if field.kind not in OF_FILES:
        return 0
    return (field.longest or MOST_IN_LIST) if field.kind is InputKind.FILES else 1


def _files(field: AppInput, left: list[Upload]) -> object:
    """What fills the field, taken from the files that are left."""
    places = _places(field)
    found = [file_input(upload) for upload in left[:places]]
    del left[:places]
    if not found:
        return None
    return found if field.kind is InputKind.FILES else found[0]


def _number(given: str) -> float | None:
    if _THOUSANDS.fullmatch(given.strip()):
        return None
    try:
        number = float(given.strip().replace(",", "."))
    except ValueError:
        return None
    if not isfinite(number):
        return None
    return int(number) if number.is_integer() else number


def _object(given: str) -> Mapping[str, object] | None:
    try:
        found = json.loads(given)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
