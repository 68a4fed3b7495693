"""The forms in which a flow asks a person for a decision. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.dify.shapes import (
    LONGEST_NAME_CHARACTERS,
    items_of,
    mapping_of,
    name_of,
    text_of,
    texts_of,
    time_of,
    written,
)

MOST_FORMS = 20
MOST_FIELDS = 50
MOST_ACTIONS = 50
MOST_OPTIONS = 500
LONGEST_CONTENT_CHARACTERS = 100_000
LONGEST_TOKEN_CHARACTERS = 500
LONGEST_DEFAULT_CHARACTERS = 10_000

# Where Dify's own page shows the fields; the fields follow by themselves here.
_PLACEHOLDER = re.compile(r"\{\{#\$output\.[^#{}]{1,200}#\}\}")


@dataclass(frozen=True, slots=True)
class FormField:
    """`kind` is Dify's own word: paragraph, text-input, select, ..."""

    name: str
    kind: str
    default: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FormAction:
    """One way to decide. `style` is Dify's own word: primary, default, accent, ghost."""

    id: str
    title: str
    style: str


@dataclass(frozen=True, slots=True)
class HumanForm:
    """A form that waits for somebody. `token` is empty where it cannot be answered through the API;
    `content` is Markdown; `expires_at` is in seconds since 1970, 0 where it is not told."""

    token: str
    title: str
    content: str
    fields: tuple[FormField, ...]
    actions: tuple[FormAction, ...]
    expires_at: float

    @property
    def size(self) -> int:
        """About how many characters it holds."""
        fields = sum(len(field.default) + sum(map(len, field.options)) for field in self.fields)
        return len(self.content) + fields


def form_in(fields: Mapping[str, object], token: str = "") -> HumanForm:
    """The form that an event, a reason of a pause or `GET /form/human_input/{token}` tells of."""
    content = text_of(fields, "form_content")[:LONGEST_CONTENT_CHARACTERS]
    defaults = mapping_of(fields.get("resolved_default_values"))
    told = text_of(fields, "form_token") or token
    actions = fields.get("actions") or fields.get("user_actions")
    return HumanForm(
        told if len(told) <= LONGEST_TOKEN_CHARACTERS else "",
        name_of(fields, "node_title"),
        _PLACEHOLDER.sub("", content).strip(),
        tuple(_field(item, defaults) for item in items_of(fields.get("inputs"), MOST_FIELDS) if _name(item)),
        tuple(_action(item) for item in items_of(actions, MOST_ACTIONS) if text_of(item, "id")),
        time_of(fields, "expiration_time"),
    )


def _name(item: Mapping[str, object]) -> str:
    """Dify wants it back as it is; so one that cannot be a name is none."""
    name = text_of(item, "output_variable_name")
    return name if len(name) <= LONGEST_NAME_CHARACTERS else ""


def _field(item: Mapping[str, object], defaults: Mapping[str, object]) -> FormField:
    name = _name(item)
    # A default is a text, or an object that says where it comes from.
    default = item.get("default")
    told = mapping_of(default).get("value") if isinstance(default, dict) else default
    return FormField(
        name,
        name_of(item, "type"),
        (written(defaults.get(name)) or written(told))[:LONGEST_DEFAULT_CHARACTERS],
        _options(item.get("options") or item.get("option_source")),
    )


def _options(value: object) -> tuple[str, ...]:
    plain = value if isinstance(value, list) else mapping_of(value).get("value")
    labelled = tuple(text_of(item, "value") for item in items_of(plain, MOST_OPTIONS))
    return texts_of(plain, MOST_OPTIONS) or tuple(text for text in labelled if text)


def _action(item: Mapping[str, object]) -> FormAction:
    name = text_of(item, "id")[:LONGEST_NAME_CHARACTERS]
    return FormAction(name, name_of(item, "title") or name, name_of(item, "button_style"))
