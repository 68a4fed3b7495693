"""Flows that wait for a person: what is shown, what is kept, and what somebody's press means. Pure.

A flow may wait with several forms at once. Each of their actions is a button; the button's number says which.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zlib import crc32

from bridge.dify import HumanForm
from bridge.types import Action, Button, Decision, Field, FieldKind, Filled, Form, Style
from bridge.words import english, say

# Beyond this, no platform shows them well.
MOST_ACTIONS = 20
_STYLES = {"primary": Style.PRIMARY, "danger": Style.DANGER, "accent": Style.PRIMARY}


@dataclass(frozen=True, slots=True)
class Choice:
    """One button: the action of the form with this token. `said` is a mark of what the flow had said."""

    token: str
    action: str
    title: str
    said: str = ""


def choices_of(forms: Sequence[HumanForm], text: str = "") -> tuple[Choice, ...]:
    """Everything that can be pressed after the flow has said this `text`; nothing where it waits for somebody
    who answers elsewhere."""
    said = f"{len(text)}.{_checksum(text)}" if text else ""
    choices = [
        Choice(form.token, action.id, action.title, said)
        for form in forms
        if form.token
        for action in form.actions
    ]
    return tuple(choices[:MOST_ACTIONS])


def said_before(said: str, text: str) -> int:
    """How many characters at the beginning of `text` the flow had said when it was marked so; 0 where the
    text does not begin like that."""
    length, _, checksum = said.partition(".")
    before = int(length) if length.isdecimal() and length.isascii() else 0
    return before if 0 < before <= len(text) and _checksum(text[:before]) == checksum else 0


def buttons_of(forms: Sequence[HumanForm], question_id: int) -> tuple[Button, ...]:
    """The buttons that stand below the forms."""
    styles = [action.style for form in forms if form.token for action in form.actions]
    return tuple(
        Button(choice.title, Action.DECIDE, f"{question_id}:{number}", _STYLES.get(style, Style.PLAIN))
        for number, (choice, style) in enumerate(zip(choices_of(forms), styles, strict=False))
    )


def text_of_forms(forms: Sequence[HumanForm], locale: str = "") -> str:
    """What the forms say, as Markdown."""
    parts = []
    for form in forms:
        parts.append(f"**{form.title}**" if form.title else "")
        parts.append(form.content)
        if form.expires_at:
            until = datetime.fromtimestamp(form.expires_at, UTC)
            parts.append(say(english.OPEN_UNTIL, locale, until=f"{until:%Y-%m-%d %H:%M}"))
    return "\n\n".join(part for part in parts if part.strip())


def packed(choices: Sequence[Choice]) -> str:
    """The choices, as they are kept until somebody presses one."""
    return json.dumps([[choice.token, choice.action, choice.title, choice.said] for choice in choices])


def unpacked(kept: str, number: int) -> Choice | None:
    """The choice with this number; None where it is not known any more."""
    try:
        token, action, title, said = json.loads(kept)[number]
    except (ValueError, IndexError, TypeError, KeyError):
        return None
    return Choice(str(token), str(action), str(title), str(said))


def form_of(form: HumanForm, choice: Choice, value: str) -> Form:
    """What has to be filled in before the choice counts."""
    fields = tuple(
        Field(
            field.name,
            field.name.replace("_", " ").capitalize(),
            FieldKind.CHOICE if field.options else FieldKind.PARAGRAPH,
            default=field.default,
            options=field.options,
        )
        for field in form.fields
    )
    return Form(form.title or choice.title, fields, Action.DECIDE, value, submit=choice.title)


def decision_of(choice: Choice, run_id: str, form: HumanForm, filled: Filled) -> Decision:
    """The decision, with a value for every field that the form has."""
    given = dict(filled)
    values = tuple((field.name, given.get(field.name, field.default)) for field in form.fields)
    return Decision(choice.token, run_id, choice.action, values, choice.said)


def _checksum(text: str) -> str:
    return f"{crc32(text.encode('utf-8', 'replace')):08x}"
