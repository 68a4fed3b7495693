"""Modals: what may stand in one, what a person sees of it, and what is sent when it is filled in. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.discord.components import check_custom_id, required
from sandbox.discord.errors import invalid_form, too_long
from sandbox.discord.flags import ComponentType
from sandbox.discord.lengths import utf16_length
from sandbox.discord.types import DiscordField, DiscordModal, Json

LONGEST_TITLE = 45
LONGEST_LABEL = 45
LONGEST_TEXT = 4000
LONGEST_OPTION = 100
MOST_COMPONENTS = 5
MOST_OPTIONS = 25
PARAGRAPH_STYLE = 2


@dataclass(frozen=True, slots=True)
class Modal:
    """One that was taken. `components` is as it came."""

    custom_id: str
    title: str
    components: Sequence[Json]

    @property
    def seen(self) -> DiscordModal:
        texts = [one["content"] for one in self.components if one["type"] == ComponentType.TEXT_DISPLAY]
        fields = tuple(_seen(label, item) for label, item in _inputs(self.components))
        return DiscordModal(self.title, self.custom_id, "\n".join(texts), fields)


def read(data: Json) -> Modal:
    """Refuses what Discord refuses."""
    seen: set[str] = set()
    check_custom_id("data", data, set())
    title, components = data.get("title"), data.get("components")
    _check_text("data.title", title, 1, LONGEST_TITLE)
    if not isinstance(components, list) or not 1 <= len(components) <= MOST_COMPONENTS:
        sentence = f"Must be between 1 and {MOST_COMPONENTS} in length."
        raise invalid_form("data.components", "BASE_TYPE_BAD_LENGTH", sentence)
    for index, item in enumerate(components):
        _check_component(f"data.components.{index}", item, seen)
    return Modal(data["custom_id"], str(title), components)


def sent(modal: Modal, values: Mapping[str, str]) -> list[Json]:
    """The components of a submission. `values` are by label or custom id; what is not named stays as it is.
    ValueError where Discord's own form would not let somebody do that."""
    known = {name for label, item in _inputs(modal.components) for name in (label, item["custom_id"])}
    if not set(values) <= known:
        raise ValueError(f"the form asks for {sorted(known)}, not for {sorted(set(values) - known)}")
    return [_sent(index, item, values) for index, item in enumerate(modal.components, 1)]


def _sent(index: int, item: Json, values: Mapping[str, str]) -> Json:
    told: Json = {"type": item["type"], "id": index}
    if item["type"] == ComponentType.TEXT_DISPLAY:
        return told
    if item["type"] == ComponentType.ACTION_ROW:
        inner = item["components"][0]
        return told | {"components": [_answer(inner.get("label", ""), inner, values)]}
    return told | {"component": _answer(item["label"], item["component"], values)}


def _answer(label: str, item: Json, values: Mapping[str, str]) -> Json:
    field = _seen(label, item)
    value = values.get(label, values.get(item["custom_id"], field.value))
    told: Json = {"type": item["type"], "custom_id": item["custom_id"]}
    if not value and field.required:
        raise ValueError(f"{label} has to be filled in")
    if item["type"] == ComponentType.STRING_SELECT:
        chosen = [one["value"] for one in item["options"] if one["label"] == value]
        if value and not chosen:
            raise ValueError(f"{value!r} is not among {field.options}")
        return told | {"values": chosen}
    if value and not field.min_length <= utf16_length(value) <= field.max_length:
        raise ValueError(f"{label} has to have {field.min_length} to {field.max_length} characters")
    return told | {"value": value}


def _seen(label: str, item: Json) -> DiscordField:
    options = item.get("options") or ()
    chosen = [one["label"] for one in options if one.get("default")]
    return DiscordField(
        label=label,
        custom_id=item["custom_id"],
        value=(item.get("value") or "") if not options else "".join(chosen),
        required=item.get("required") is not False,
        paragraph=item.get("style") == PARAGRAPH_STYLE,
        min_length=item.get("min_length") or 0,
        max_length=item.get("max_length") or LONGEST_TEXT,
        options=tuple(one["label"] for one in options),
    )


def _inputs(components: Sequence[Json]) -> list[tuple[str, Json]]:
    """Each with its label."""
    found: list[tuple[str, Json]] = []
    for item in components:
        if item["type"] == ComponentType.LABEL:
            found.append((item["label"], item["component"]))
        elif item["type"] == ComponentType.ACTION_ROW:
            found.append((item["components"][0].get("label") or "", item["components"][0]))
    return found


def _check_component(path: str, item: Any, seen: set[str]) -> None:
    match item:
        case {"type": ComponentType.TEXT_DISPLAY, "content": content}:
            _check_text(f"{path}.content", content, 1, LONGEST_TEXT)
        case {"type": ComponentType.ACTION_ROW, "components": [dict(inner)]}:
            _check_text(f"{path}.components.0.label", inner.get("label"), 1, LONGEST_LABEL)
            _check_input(f"{path}.components.0", inner, seen)
        case {"type": ComponentType.LABEL, "component": dict(inner)}:
            _check_text(f"{path}.label", item.get("label"), 1, LONGEST_LABEL)
            if item.get("description") is not None:
                _check_text(f"{path}.description", item["description"], 1, LONGEST_OPTION)
            _check_input(f"{path}.component", inner, seen)
        case _:
            sentence = 'Value of field "type" must be one of (1, 10, 18).'
            raise invalid_form(path, "UNION_TYPE_CHOICES", sentence)


def _check_input(path: str, item: Json, seen: set[str]) -> None:
    check_custom_id(path, item, seen)
    match item.get("type"):
        case ComponentType.TEXT_INPUT:
            _check_text_input(path, item)
        case ComponentType.STRING_SELECT:
            _check_select(path, item)
        case _:
            raise invalid_form(
                f"{path}.type", "UNION_TYPE_CHOICES", "Only inputs of some kinds are known here."
            )


def _check_text_input(path: str, item: Json) -> None:
    if item.get("style") not in (1, PARAGRAPH_STYLE):
        raise invalid_form(f"{path}.style", "BASE_TYPE_CHOICES", "Value must be one of (1, 2).")
    shortest, longest = item.get("min_length") or 0, item.get("max_length") or LONGEST_TEXT
    if not 0 <= shortest <= longest <= LONGEST_TEXT:
        raise invalid_form(f"{path}.min_length", "TEXT_INPUT_MIN_GREATER_THAN_MAX", "Lengths contradict.")
    if item.get("value"):
        _check_text(f"{path}.value", item["value"], shortest, longest)


def _check_select(path: str, item: Json) -> None:
    options = item.get("options")
    if not isinstance(options, list) or not 1 <= len(options) <= MOST_OPTIONS:
        sentence = f"Must be between 1 and {MOST_OPTIONS} in length."
        raise invalid_form(f"{path}.options", "BASE_TYPE_BAD_LENGTH", sentence)
    values: set[str] = set()
    for index, option in enumerate(options):
        here = f"{path}.options.{index}"
        for name in ("label", "value"):
            _check_text(f"{here}.{name}", option.get(name), 1, LONGEST_OPTION)
        if option["value"] in values:
            sentence = "The specified option value is already used"
            raise invalid_form(f"{here}.value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", sentence)
        values.add(option["value"])
    if sum(bool(option.get("default")) for option in options) > (item.get("max_values") or 1):
        raise invalid_form(f"{path}.options", "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES", "Too many defaults")


def _check_text(path: str, text: object, shortest: int, longest: int) -> None:
    if text is None:
        raise required(path)
    if not isinstance(text, str) or not shortest <= utf16_length(text):
        sentence = f"Must be between {shortest} and {longest} in length."
        raise invalid_form(path, "BASE_TYPE_BAD_LENGTH", sentence)
    if utf16_length(text) > longest:
        raise too_long(path, longest)
