"""The rules that hold for every part of Block Kit, and reading what is in it."""

from collections.abc import Mapping

from sandbox.slack.errors import ApiError
from sandbox.slack.types import Json, JsonObject


def check_text(value: Json, most: int, at: str, *, plain: bool = False) -> None:
    kinds = ("plain_text",) if plain else ("plain_text", "mrkdwn")
    if not isinstance(value, Mapping) or value.get("type") not in kinds:
        raise invalid("must be a text object" + (" of type plain_text" if plain else ""), at)
    check_length(value.get("text"), most, f"{at}/text")


def check_length(value: Json, most: int, at: str, *, least: int = 1) -> None:
    if not isinstance(value, str) or len(value) < least:
        raise invalid(f"must be more than {least - 1} characters", at)
    if len(value) > most:
        raise invalid(f"must be less than {most + 1} characters", at)


def invalid(what: str, at: str) -> ApiError:
    return ApiError("invalid_blocks", f"[ERROR] {what} [json-pointer:{at}]")


def text_of(value: Json) -> str:
    """The words of a text object, or of anything that has a `text`."""
    text = value.get("text") if isinstance(value, Mapping) else None
    return text if isinstance(text, str) else ""


def object_of(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}


def items(value: Json) -> tuple[JsonObject, ...]:
    return tuple(item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else ()


def string(value: Json) -> str:
    return value if isinstance(value, str) else ""
