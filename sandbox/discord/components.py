"""What may stand below a message, and what a person sees of it. Pure.

The OpenAPI document tells the lengths of single things; what holds for the whole is told here.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sandbox.discord.errors import ApiError, invalid_form, too_long
from sandbox.discord.flags import ButtonStyle, ComponentType
from sandbox.discord.lengths import utf16_length
from sandbox.discord.types import DiscordButton, Json

MOST_ROWS = 5
MOST_IN_A_ROW = 5
MOST_IN_A_LAYOUT = 40
LONGEST_LABEL = 80
LONGEST_LAYOUT = 4000  # all that there is to read in it
LONGEST_CUSTOM_ID = 100

_WITHOUT_CUSTOM_ID = (ButtonStyle.LINK,)


def check(components: Sequence[Json], *, layout: bool) -> None:
    """Refuse what Discord refuses. `layout` says that the message consists of components ("V2"), so that
    there may be others than rows."""
    rows = all(item.get("type") == ComponentType.ACTION_ROW for item in components)
    if not layout and not rows:
        raise invalid_form("components", "UNION_TYPE_CHOICES", 'Value of field "type" must be one of (1,).')
    if not layout and len(components) > MOST_ROWS:
        raise _bad_length("components", MOST_ROWS)
    seen: set[str] = set()
    length = 0
    for count, (path, item) in enumerate(_walk("components", components)):
        if count >= MOST_IN_A_LAYOUT:
            raise _bad_length("components", MOST_IN_A_LAYOUT)
        match item.get("type"):
            case ComponentType.ACTION_ROW:
                _check_row(path, item)
            case ComponentType.BUTTON:
                _check_button(path, item, seen)
            case ComponentType.STRING_SELECT:
                check_custom_id(path, item, seen)
            case ComponentType.TEXT_DISPLAY:
                length += utf16_length(str(item.get("content") or ""))
    if length > LONGEST_LAYOUT:
        raise too_long("components", LONGEST_LAYOUT)


def check_custom_id(path: str, item: Json, seen: set[str]) -> None:
    """Each is there, short, and like no other; `seen` learns it."""
    custom_id = item.get("custom_id")
    if not isinstance(custom_id, str) or not custom_id:
        raise required(f"{path}.custom_id")
    if utf16_length(custom_id) > LONGEST_CUSTOM_ID:
        raise too_long(f"{path}.custom_id", LONGEST_CUSTOM_ID)
    if custom_id in seen:
        sentence = "Component custom id cannot be duplicated"
        raise invalid_form(f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", sentence)
    seen.add(custom_id)


def required(path: str) -> ApiError:
    return invalid_form(path, "BASE_TYPE_REQUIRED", "This field is required")


def numbered(components: Sequence[Json]) -> list[Json]:
    """As Discord tells them: each has a number."""
    told: list[Json] = []
    for index, item in enumerate(components, 1):
        inner = item.get("components")
        more = {"components": numbered(inner)} if isinstance(inner, list) else {}
        told.append({"id": index} | item | more)
    return told


def buttons(components: Sequence[Json]) -> tuple[DiscordButton, ...]:
    """All of them, in order."""
    found = (item for _, item in _walk("", components) if item.get("type") == ComponentType.BUTTON)
    return tuple(_seen(item) for item in found)


def _seen(item: Json) -> DiscordButton:
    emoji = (item.get("emoji") or {}).get("name", "")
    return DiscordButton(
        label=item.get("label") or emoji,
        custom_id=item.get("custom_id") or "",
        style=item.get("style", 0),
        emoji=emoji,
        disabled=bool(item.get("disabled")),
    )


def _walk(path: str, components: Sequence[Json]) -> Iterator[tuple[str, Json]]:
    for index, item in enumerate(components):
        here = f"{path}.{index}"
        if not isinstance(item, dict):
            raise invalid_form(here, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        yield here, item
        inner: Any = item.get("components")
        if isinstance(inner, list):
            yield from _walk(f"{here}.components", inner)
        if isinstance(item.get("accessory"), dict):
            yield f"{here}.accessory", item["accessory"]


def _check_row(path: str, item: Json) -> None:
    inner = item.get("components")
    if not isinstance(inner, list) or not 1 <= len(inner) <= MOST_IN_A_ROW:
        raise _bad_length(f"{path}.components", MOST_IN_A_ROW)
    kinds = [one.get("type") for one in inner if isinstance(one, dict)]
    if ComponentType.STRING_SELECT in kinds and len(kinds) > 1:
        # A select takes the whole row.
        raise _bad_length(f"{path}.components", 1)


def _check_button(path: str, item: Json, seen: set[str]) -> None:
    style = item.get("style")
    if style not in set(ButtonStyle):
        choices = tuple(int(one) for one in ButtonStyle)
        raise invalid_form(f"{path}.style", "BASE_TYPE_CHOICES", f"Value must be one of {choices}.")
    label = item.get("label")
    if label is not None and (not isinstance(label, str) or utf16_length(label) > LONGEST_LABEL):
        raise too_long(f"{path}.label", LONGEST_LABEL)
    if not label and not item.get("emoji"):
        sentence = "A button must have a label or an emoji"
        raise invalid_form(path, "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", sentence)
    if style in _WITHOUT_CUSTOM_ID:
        if not item.get("url"):
            raise required(f"{path}.url")
        return
    check_custom_id(path, item, seen)


def _bad_length(path: str, most: int) -> ApiError:
    return invalid_form(path, "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {most} in length.")
