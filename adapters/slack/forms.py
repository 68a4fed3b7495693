"""Forms as Slack's modal views, and what was filled into them. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from adapters.slack.buttons import ID_PREFIX, Block, label
from adapters.slack.mrkdwn import mrkdwn, mrkdwn_object
from adapters.slack.render import shorten
from bridge.types import Field, FieldKind, Filled, Form
from bridge.words import english, say

# Slack's limits, in characters where nothing else is said.
TITLE_LIMIT = 24
INTRO_LIMIT = 2_900
FIELD_LABEL_LIMIT = 2_000
HINT_LIMIT = 2_000
OPTION_LABEL_LIMIT = 75
OPTION_LIMIT = 150
MAX_OPTIONS = 100
TEXT_LIMIT = 3_000
# Of the blocks of a view, one is for the intro.
MAX_FIELDS = 99
MEMORY_LIMIT = 3_000

CHECKED = "true"
UNCHECKED = "false"

_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where somebody pressed, so that they can be told there what comes of it. `thread` is empty where that
    was in none."""

    channel: str
    thread: str


def view(form: Form, origin: Origin, locale: str = "") -> Block:
    """The modal view of a form that was asked for at `origin`, by somebody with this locale."""
    memory = {"value": form.value, "channel": origin.channel, "thread": origin.thread}
    intro = mrkdwn(form.intro)
    if len(intro) > INTRO_LIMIT:
        intro = shorten(intro, INTRO_LIMIT)
    section: list[Block] = [{"type": "section", "text": mrkdwn_object(intro)}] if intro else []
    inputs = (_input(at, field, locale) for at, field in enumerate(form.fields[:MAX_FIELDS]))
    return {
        "type": "modal",
        "callback_id": f"{ID_PREFIX}{form.action}",
        "private_metadata": json.dumps(memory),
        "title": _plain(form.title, TITLE_LIMIT),
        "submit": _plain(form.submit or say(english.SEND, locale), TITLE_LIMIT),
        "close": _plain(say(english.CANCEL, locale), TITLE_LIMIT),
        "blocks": [*section, *inputs],
    }


def words(text: str, locale: str = "") -> Block:
    """A view that only says something, in the place of a form that was sent."""
    said = {"type": "plain_text", "text": text[:INTRO_LIMIT]}
    return {
        "type": "modal",
        "title": _plain(say(english.SLACK_YOUR_FORM, locale), TITLE_LIMIT),
        "close": _plain(say(english.CLOSE, locale), TITLE_LIMIT),
        "blocks": [{"type": "section", "text": said}],
    }


def remembered(private_metadata: object) -> tuple[str, Origin] | None:
    """The value that a form of ours carries, and where it was asked for."""
    if not isinstance(private_metadata, str):
        return None
    try:
        memory = json.loads(private_metadata[:MEMORY_LIMIT])
    except ValueError:
        return None
    match memory:
        case {"value": str(value), "channel": str(channel), "thread": str(thread)}:
            return value, Origin(channel, thread)
        case _:
            return None


def filled(values: object) -> Filled:
    """What the state of a view says, in the order of the form. What is not read is left out."""
    found: list[tuple[int, str, str]] = []
    for block_id, inputs in values.items() if isinstance(values, Mapping) else ():
        number = block_id.removeprefix("field:") if isinstance(block_id, str) else ""
        for name, state in inputs.items() if isinstance(inputs, Mapping) else ():
            value = _value(state)
            if number.isascii() and number.isdecimal() and isinstance(name, str) and value is not None:
                found.append((int(number[:4]), name, value))
    return tuple((name, value) for _, name, value in sorted(found, key=lambda one: one[0]))


def _value(state: object) -> str | None:
    match state:
        case {"type": "checkboxes", "selected_options": [*selected]}:
            return CHECKED if selected else UNCHECKED
        case {"type": "static_select", "selected_option": {"value": str(value)}}:
            return value
        case {"type": "plain_text_input" | "number_input", "value": str(value)}:
            return value
        case {"type": "static_select" | "plain_text_input" | "number_input"}:
            return ""
        case _:
            return None


def _input(at: int, field: Field, locale: str) -> Block:
    """Named by its place, as Slack wants each block's name to be its own; the element has the field's name.
    To leave a check unchecked is an answer, which Slack takes only where nothing is required."""
    return {
        **_hint(field, locale),
        "type": "input",
        "block_id": f"field:{at}",
        "label": _plain(field.label or field.name, FIELD_LABEL_LIMIT),
        "optional": not field.required or field.kind is FieldKind.CHECK,
        "element": {"action_id": field.name, **_element(field, locale)},
    }


def _element(field: Field, locale: str) -> Block:
    match field.kind:
        case FieldKind.TEXT:
            return _text_input(field, multiline=False)
        case FieldKind.PARAGRAPH:
            return _text_input(field, multiline=True)
        case FieldKind.NUMBER:
            number: dict[str, object] = {"type": "number_input", "is_decimal_allowed": True}
            default = field.default.strip()
            return {**number, "initial_value": default} if _NUMBER.fullmatch(default) else number
        case FieldKind.CHOICE:
            return _select(field) if _is_selectable(field) else _text_input(field, multiline=False)
        case FieldKind.CHECK:
            option = _option(say(english.YES, locale), CHECKED)
            check: dict[str, object] = {"type": "checkboxes", "options": [option]}
            checked = field.default.strip().lower() in ("true", "1", "yes", "on")
            return {**check, "initial_options": [option]} if checked else check


def _text_input(field: Field, *, multiline: bool) -> Block:
    longest = min(field.longest, TEXT_LIMIT) if field.longest > 0 else TEXT_LIMIT
    text: dict[str, object] = {"type": "plain_text_input", "multiline": multiline, "max_length": longest}
    return {**text, "initial_value": field.default[:longest]} if field.default else text


def _select(field: Field) -> Block:
    options = [_option(one, one) for one in _options(field)]
    select: dict[str, object] = {"type": "static_select", "options": options}
    chosen = [one for one in options if one["value"] == field.default]
    return {**select, "initial_option": chosen[0]} if chosen else select


def _hint(field: Field, locale: str) -> Block:
    """What may be written where it cannot be selected, as far as there is room; whether it is one of them is
    for the host to say."""
    if field.kind is not FieldKind.CHOICE or not _options(field) or _is_selectable(field):
        return {}
    hint = say(english.ONE_OF, locale, options=", ".join(_options(field)))
    return {"hint": _plain(hint, HINT_LIMIT)}


def _is_selectable(field: Field) -> bool:
    """Whether Slack can show every option: one that is left out could never be chosen."""
    options = _options(field)
    return 0 < len(options) <= MAX_OPTIONS and all(len(one) <= OPTION_LIMIT for one in options)


def _options(field: Field) -> list[str]:
    return [one for one in dict.fromkeys(field.options) if one.strip()]


def _option(text: str, value: str) -> Block:
    return {"text": _plain(text, OPTION_LABEL_LIMIT), "value": value}


def _plain(text: str, limit: int) -> Block:
    return {"type": "plain_text", "text": label(text, limit)}
