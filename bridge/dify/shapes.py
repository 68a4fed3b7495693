"""Narrowing of JSON that came from outside: what is not of the expected shape counts as not there."""

from collections.abc import Mapping


def mapping_of(value: object) -> Mapping[str, object]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def text_of(fields: Mapping[str, object], name: str) -> str:
    """The field if it is a text, else an empty one. Lone surrogates are replaced."""
    value = fields.get(name)
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
