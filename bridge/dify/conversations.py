"""What can be done with a conversation beside talking in it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from bridge.dify.app_files import AppFile, Gathered, files_in, links_in
from bridge.dify.calls import LONG_CALL_PATIENCE, Calls
from bridge.dify.events import Ids
from bridge.dify.frames import MAX_FRAME_BYTES
from bridge.dify.shapes import items_of, name_of, text_of, time_of, written
from bridge.dify.sources import Source, sources_in
from bridge.errors import DifyConversationGone, DifyLacks, DifyNotThere, DifyRejected, DifyWrongMode

# As many as Dify gives at once.
PAGE_LIMIT = 100
# Dify's clock and ours may differ by so much.
CLOCK_SKEW_SECONDS = 10.0
# A message that is asked about is among the newest of its conversation.
NEWEST_MESSAGES = 20


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer; `at` is in seconds since 1970, and `id` names the message. `sources` is what
    the answer rests on."""

    id: str
    query: str
    answer: str
    at: float
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a conversation. `kind` is Dify's own word: string, number, object, array[string],
    ...; `value` is a text, for all but strings a JSON one."""

    id: str
    name: str
    kind: str
    value: str
    description: str


async def exists(calls: Calls, conversation_id: str, user: str) -> bool:
    """Whether Dify knows this conversation of this user."""
    try:
        await _messages(calls, conversation_id, user, 1)
    except (DifyConversationGone, DifyNotThere):
        return False
    return True


async def title(calls: Calls, conversation_id: str, user: str) -> str:
    """The name Dify gave the conversation; empty when it is none of the newest."""
    return (await titles(calls, user)).get(conversation_id, "")


async def titles(calls: Calls, user: str) -> Mapping[str, str]:
    """The names of this user's newest conversations, by their ids."""
    query = {"user": user, "limit": str(PAGE_LIMIT), "sort_by": "-updated_at"}
    told = await calls.get("conversations", query, MAX_FRAME_BYTES)
    listed = items_of(told.fields.get("data"), PAGE_LIMIT)
    return {text_of(item, "id"): name_of(item, "name") for item in listed}


async def rename(calls: Calls, conversation_id: str, user: str, name: str) -> str:
    """Name it, or let Dify find a name; gives the name."""
    wish: dict[str, object] = {"name": name} if name else {"auto_generate": True}
    path = f"conversations/{quote(conversation_id, safe='')}/name"
    told = await calls.put("POST", path, {**wish, "user": user}, LONG_CALL_PATIENCE)
    return name_of(told.fields, "name") or name


async def forget(calls: Calls, conversation_id: str, user: str) -> None:
    """Delete it; one that is not there counts as deleted."""
    try:
        await calls.do("DELETE", f"conversations/{quote(conversation_id, safe='')}", {"user": user})
    except (DifyConversationGone, DifyNotThere):
        return


async def history(calls: Calls, conversation_id: str, user: str, limit: int) -> tuple[Exchange, ...]:
    """The newest exchanges, the oldest of them first."""
    items = await _messages(calls, conversation_id, user, limit)
    return tuple(
        Exchange(
            text_of(item, "id"),
            text_of(item, "query"),
            text_of(item, "answer"),
            time_of(item, "created_at"),
            sources_in(item),
        )
        for item in items
    )


async def begun_turn(calls: Calls, conversation_id: str, user: str, query: str, since: float) -> Ids | None:
    """The turn that was begun with this `query` after `since` (seconds since 1970), if that is the newest one
    of the conversation; of the user's newest conversation, where a new one should have begun."""
    if not conversation_id:
        told = await calls.get("conversations", {"user": user, "limit": "1", "sort_by": "-created_at"})
        newest = next(iter(items_of(told.fields.get("data"), 1)), {})
        if time_of(newest, "created_at") < since - CLOCK_SKEW_SECONDS:
            return None
        conversation_id = text_of(newest, "id")
    for item in await _messages(calls, conversation_id, user, 1):
        if text_of(item, "query") == query and time_of(item, "created_at") >= since - CLOCK_SKEW_SECONDS:
            return Ids(conversation_id, text_of(item, "id"))
    return None


async def files_of(calls: Calls, conversation_id: str, message_id: str, user: str) -> tuple[AppFile, ...]:
    """The files the app made in this message, also those its answer links to, with links signed anew."""
    gathered = Gathered()
    for item in await _messages(calls, conversation_id, user, NEWEST_MESSAGES):
        if text_of(item, "id") == message_id:
            for named in (*links_in(text_of(item, "answer")), *files_in(item.get("message_files"))):
                gathered.add(named)
    return gathered.files


async def variables(calls: Calls, conversation_id: str, user: str) -> tuple[Variable, ...]:
    """The variables of a conversation. `DifyLacks` in versions and apps that do not
    show any."""
    query = {"user": user, "limit": str(PAGE_LIMIT)}
    path = f"conversations/{quote(conversation_id, safe='')}/variables"
    with _lacking():
        told = await calls.get(path, query, MAX_FRAME_BYTES, optional=True)
    return tuple(
        Variable(
            text_of(item, "id"),
            text_of(item, "name"),
            name_of(item, "value_type"),
            written(item.get("value")),
            text_of(item, "description"),
        )
        for item in items_of(told.fields.get("data"), PAGE_LIMIT)
    )


async def set_variable(calls: Calls, conversation_id: str, user: str, variable: Variable, value: str) -> None:
    """Set a variable. `DifyRejected` for a value that is none of its kind, `DifyLacks` in versions and
    apps that do not take one."""
    path = f"conversations/{quote(conversation_id, safe='')}/variables/{quote(variable.id, safe='')}"
    payload: dict[str, object] = {"value": value_as(variable.kind, value), "user": user}
    with _lacking():
        await calls.do("PUT", path, payload, optional=True)


def value_as(kind: str, text: str) -> object:
    """The text as a value of this kind. `DifyRejected` when it is none."""
    if kind in ("string", "secret", ""):
        return text
    try:
        # A word such as NaN is no JSON, though Python reads it.
        value = json.loads(text.strip(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        value = None
    if not _is_of(kind, value):
        raise DifyRejected(f"the value is no {kind[:40]}")
    return value


def _is_of(kind: str, value: object) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    match value:
        case int():
            return kind in ("number", "integer", "float")
        case float():
            return kind in ("number", "float")
        case dict():
            return kind in ("object", "json")
        case list():
            inner = kind.removeprefix("array[").removesuffix("]") if kind.startswith("array[") else ""
            return kind in ("array", "array[any]") or all(_is_item(inner, item) for item in value)
        case _:
            return False


def _is_item(kind: str, value: object) -> bool:
    return isinstance(value, str) if kind == "string" else _is_of(kind, value)


def _no_constant(name: str) -> object:
    raise ValueError(name)


@contextmanager
def _lacking() -> Iterator[None]:
    """Not every kind of app has variables."""
    try:
        yield
    except DifyWrongMode as wrong:
        raise DifyLacks(str(wrong)) from wrong


async def _messages(calls: Calls, conversation_id: str, user: str, limit: int) -> list[Mapping[str, object]]:
    """The newest messages, the oldest of them first."""
    many = min(max(limit, 1), PAGE_LIMIT)
    query = {"conversation_id": conversation_id, "user": user, "limit": str(many)}
    told = await calls.get("messages", query, MAX_FRAME_BYTES)
    return items_of(told.fields.get("data"), many)
