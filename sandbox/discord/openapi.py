"""Requests held against Discord's official OpenAPI document.

The validators are development dependencies, so they are imported here and only when a check is asked for.
One thing is relaxed: the document has ids as text, Discord takes numbers as well, and discord.py sends them.
It knows no rules beyond types and single lengths; what the stand-in itself refuses as malformed, by the rules
that stand only in prose, counts as well. Not caught: fields the document does not know.
"""

import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from sandbox.discord.errors import ApiError
from sandbox.discord.forms import Form
from sandbox.discord.types import Json

_BOOLEANS = {"1": True, "true": True, "0": False, "false": False}
_ROOT = "urn:discord"
# An empty message, an invalid form body, a request that is no JSON.
_OF_SHAPE = (50006, 50035, 50109)
_LENIENT_SNOWFLAKE: Json = {
    "anyOf": [{"type": "string", "pattern": "^(0|[1-9][0-9]*)$"}, {"type": "integer", "minimum": 0}]
}


class Asked(Protocol):
    """What of a request is checked."""

    @property
    def path(self) -> Mapping[str, str]: ...

    @property
    def query(self) -> Mapping[str, str]: ...

    @property
    def form(self) -> Form: ...


class Unofficial(AssertionError):
    """Requests came that Discord does not take."""


class Document:
    """The official document, read once for all stand-ins of a process."""

    def __init__(self, path: Path) -> None:
        self.content: Json = json.loads(path.read_text(encoding="utf-8"))
        self.content["components"]["schemas"]["SnowflakeType"] = _LENIENT_SNOWFLAKE
        self._jsonschema: Any = importlib.import_module("jsonschema")
        referencing: Any = importlib.import_module("referencing")
        dialect: Any = importlib.import_module("referencing.jsonschema").DRAFT202012
        resource = referencing.Resource.from_contents(self.content, default_specification=dialect)
        self._registry = referencing.Registry().with_resource(_ROOT, resource)
        self._validators: dict[str, Any] = {}

    def complaints(self, pointer: str, value: Any) -> Iterator[tuple[str, str]]:
        """What is wrong with it: where, from `$` on, and why."""
        if pointer not in self._validators:
            self._validators[pointer] = self._jsonschema.Draft202012Validator(
                {"$ref": f"{_ROOT}#{pointer}"}, registry=self._registry
            )
        for error in self._validators[pointer].iter_errors(value):
            worst = self._jsonschema.exceptions.best_match([error])
            yield worst.json_path, worst.message


@cache
def read(path: Path) -> Document:
    return Document(path)


class OpenApi:
    """Holds what comes to one stand-in against the document at `path`."""

    def __init__(self, path: Path) -> None:
        self.violations: list[str] = []
        self._document = read(path)

    def check(self, method: str, path: str, asked: Asked) -> None:
        """`path` is the document's own, with its placeholders; `asked.path` is what stood there."""
        described = self._document.content["paths"].get(path)
        operation = (described or {}).get(method.lower())
        if operation is None:
            self._violate(method, path, "is not in the document")
            return
        for index, parameter in enumerate(described.get("parameters", ())):
            if parameter["in"] == "path":
                pointer = f"{_pointer('paths', path, 'parameters', index)}/schema"
                self._validate(method, path, parameter["name"], pointer, asked.path[parameter["name"]])
        self._check_query(method, path, operation.get("parameters", ()), asked.query)
        form = asked.form
        body = operation.get("requestBody")
        if body is None:
            if form.value is not None:
                self._violate(method, path, "takes no body")
        elif form.value is not None:
            # Beside files the JSON stands in a part of its own, and is described as it is without them.
            pointer = _pointer(
                "paths", path, method.lower(), "requestBody", "content", "application/json", "schema"
            )
            self._validate(method, path, "body", pointer, form.value)
        elif body.get("required"):
            self._violate(method, path, "needs a body")

    def refused(self, method: str, path: str, error: ApiError) -> None:
        """A request was refused for rules that the document does not have."""
        if error.body["code"] in _OF_SHAPE:
            self._violate(method, path, f"{error.body['message']} {error.body.get('errors', '')}")

    def _check_query(
        self, method: str, path: str, parameters: Sequence[Json], query: Mapping[str, str]
    ) -> None:
        """Discord drops what it does not know, but whoever asks for it means something."""
        places = {parameter["name"]: index for index, parameter in enumerate(parameters)}
        for name, value in query.items():
            if name not in places:
                self._violate(method, path, f"{name} is not in the document")
                continue
            pointer = f"{_pointer('paths', path, method.lower(), 'parameters', places[name])}/schema"
            meant = _meant(value, parameters[places[name]]["schema"].get("type"))
            self._validate(method, path, name, pointer, meant)

    def _validate(self, method: str, path: str, what: str, pointer: str, value: Any) -> None:
        for place, why in self._document.complaints(pointer, value):
            self._violate(method, path, f"{place.replace('$', what, 1)}: {why}")

    def _violate(self, method: str, path: str, what: str) -> None:
        self.violations.append(f"{method} {path}: {what}")


def _meant(value: str, kind: object) -> object:
    """What a text in a query stands for."""
    if kind == "integer" and value.isdecimal():
        return int(value)
    if kind == "boolean" and value in _BOOLEANS:
        return _BOOLEANS[value]
    return value


def _pointer(*steps: str | int) -> str:
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)
