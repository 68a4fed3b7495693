"""Narrowing of JSON that came from outside: what is not of the expected shape counts as not there."""

import json
import math
from collections.abc import Mapping

# Whatever is longer is no name, title or id.
LONGEST_NAME_CHARACTERS = 300
# Beyond this a number of JSON is no longer the same everywhere.
LARGEST_NUMBER = 2**53


def mapping_of(value: object) -> Mapping[str, object]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items_of(value: object, most: int) -> list[Mapping[str, object]]:
    """The JSON objects in the value if it is a list, at most so many."""
    if not isinstance(value, list):
        return []
    return [item for item in value[:most] if isinstance(item, dict)]


def texts_of(value: object, most: int) -> tuple[str, ...]:
    """The texts in the value if it is a list, at most so many, without the empty ones."""
    if not isinstance(value, list):
        return ()
    return tuple(clean(item) for item in value[:most] if isinstance(item, str) and item)


def text_of(fields: Mapping[str, object], name: str) -> str:
    """The field if it is a text, else an empty one. Lone surrogates are replaced."""
    value = fields.get(name)
    return clean(value) if isinstance(value, str) else ""


def name_of(fields: Mapping[str, object], name: str) -> str:
    """The field if it is a text, as one line of bounded length."""
    return one_line(text_of(fields, name))


def one_line(text: str, longest: int = LONGEST_NAME_CHARACTERS) -> str:
    """The text without line ends and other space at its ends, cut where it is too long."""
    return " ".join(text[: 2 * longest].split())[:longest]


def number_of(fields: Mapping[str, object], name: str) -> int:
    """The field if it is a whole number above zero, else 0."""
    value = fields.get(name)
    return (
        value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < LARGEST_NUMBER else 0
    )


def time_of(fields: Mapping[str, object], name: str) -> float:
    """The field if it is a time in seconds since 1970, else 0."""
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    try:
        seconds = float(value)
    except OverflowError:
        return 0.0
    return seconds if math.isfinite(seconds) and seconds > 0 else 0.0


def written(value: object) -> str:
    """The value as a text: a text as it is, nothing as an empty one, anything else as compact JSON."""
    if isinstance(value, str):
        return clean(value)
    if value is None:
        return ""
    try:
        return clean(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    except (ValueError, TypeError, RecursionError):
        return ""


def clean(text: str) -> str:
    """The text with lone surrogates replaced: they cannot be sent on."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
