"""Looking into what Slack sends, which may be anything. Pure."""

import re
from collections.abc import Mapping

Json = Mapping[str, object]

_TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,6}")


def object_of(value: object) -> Json:
    """The value, if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def text_of(fields: Json, name: str) -> str:
    """The text under a name; empty where there is none."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def first_of(value: object) -> Json:
    """The first object of a list."""
    return object_of(value[0]) if isinstance(value, list) and value else {}


def is_ts(text: str) -> bool:
    """Whether it is what Slack names a message by: seconds and microseconds."""
    return _TS.fullmatch(text) is not None
