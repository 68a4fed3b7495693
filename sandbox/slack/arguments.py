"""The arguments of a method: what it takes, and reading them from a form or from JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import NoReturn

from sandbox.slack.errors import ApiError
from sandbox.slack.types import Json, JsonObject


class Kind(Enum):
    TEXT = auto()
    FLAG = auto()
    NUMBER = auto()
    TEXTS = auto()
    OBJECT = auto()
    OBJECTS = auto()


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument. `missing` is the code where it is required but absent, `malformed` where it is wrong."""

    name: str
    kind: Kind = Kind.TEXT
    missing: str | None = None
    malformed: str = "invalid_arguments"


class Arguments:
    """What was given, each of the kind its method declares."""

    def __init__(self, values: Mapping[str, Json]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str:
        value = self._values.get(name)
        return value if isinstance(value, str) else ""

    def flag(self, name: str) -> bool:
        return self._values.get(name) is True

    def number(self, name: str, default: int) -> int:
        value = self._values.get(name)
        return value if isinstance(value, int) else default

    def mapping(self, name: str) -> JsonObject | None:
        value = self._values.get(name)
        return value if isinstance(value, Mapping) else None

    def objects(self, name: str) -> tuple[JsonObject, ...]:
        value = self._values.get(name)
        return tuple(item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else ()

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._values.get(name)
        return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def read(schema: tuple[Arg, ...], raw: JsonObject) -> Arguments:
    """Check `raw` against `schema`. Unlike Slack, an argument that is not documented is an error here."""
    known = {arg.name: arg for arg in schema}
    unknown = sorted(set(raw) - set(known))
    if unknown:
        raise ApiError("invalid_arguments", *(f"[ERROR] unknown argument: {name}" for name in unknown))
    for arg in schema:
        if arg.missing is not None and raw.get(arg.name) is None:
            raise ApiError(arg.missing, f"[ERROR] missing required field: {arg.name}")
    given = {name: value for name, value in raw.items() if value is not None}
    return Arguments({name: _value(known[name], value) for name, value in given.items()})


def _value(arg: Arg, value: Json) -> Json:
    match arg.kind:
        case Kind.TEXT:
            return value if isinstance(value, str) else _malformed(arg)
        case Kind.FLAG:
            return _flag(arg, value)
        case Kind.NUMBER:
            return _number(arg, value)
        case Kind.TEXTS:
            return _list(arg, _decoded(arg, value), str)
        case Kind.OBJECT:
            decoded = _decoded(arg, value)
            return decoded if isinstance(decoded, dict) else _malformed(arg)
        case Kind.OBJECTS:
            return _list(arg, _decoded(arg, value), dict)


def _flag(arg: Arg, value: Json) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("1", "true", 1):
        return True
    return False if value in ("0", "false", 0) else _malformed(arg)


def _number(arg: Arg, value: Json) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() else _malformed(arg)


def _list(arg: Arg, value: Json, of: type) -> Json:
    if isinstance(value, list) and all(isinstance(item, of) for item in value):
        return value
    return _malformed(arg)


def _decoded(arg: Arg, value: Json) -> Json:
    """Lists and objects travel as JSON, or as JSON in a string: in forms always, in JSON bodies at will."""
    if not isinstance(value, str):
        return value
    try:
        decoded: Json = json.loads(value)
    except ValueError:
        _malformed(arg)
    return decoded


def _malformed(arg: Arg) -> NoReturn:
    raise ApiError(arg.malformed, f"[ERROR] {arg.name} must be of type {arg.kind.name.lower()}")
