"""What somebody pressed, sent or commanded, as the gateway tells of it, and what can be answered. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from discord import Permissions
from discord.utils import snowflake_time

from adapters.discord.buttons import Component
from adapters.discord.commands import Used, read_command
from adapters.discord.events import DIRECT, PLATFORM
from adapters.discord.forms import Entry
from adapters.discord.labels import shortened
from adapters.discord.render import CONTENT_LIMIT
from bridge.types import Person, Thread

APPLICATION_COMMAND: Final = 2
MESSAGE_COMPONENT: Final = 3
MODAL_SUBMIT: Final = 5

Response: TypeAlias = Mapping[str, object]

EPHEMERAL: Final = 1 << 6
_MESSAGE, _DEFERRED_MESSAGE, _DEFERRED_UPDATE, _MODAL = 4, 5, 6, 9
# discord.com/developers, "Interaction Context Types", "Application Integration Types" and "Channel Types".
_PRIVATE_CHANNEL = 2
_INSTALLED_IN_SERVER = "0"
_THREADS = (10, 11, 12)
# Far more than a modal has.
_MOST_ENTRIES = 50
_SNOWFLAKE_DIGITS = 20
_PERMISSION_DIGITS = 30
_Object: TypeAlias = Mapping[object, object]

# What was pressed was taken; nothing is to be seen of it yet.
TAKEN: Final[Response] = {"type": _DEFERRED_UPDATE}


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button that has this custom id."""

    custom_id: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A modal that has this custom id, and what was filled in."""

    custom_id: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A command that is none of ours (any more)."""


Done: TypeAlias = Pressed | Sent | Used | Unknown


@dataclass(frozen=True, slots=True)
class Interaction:
    """What somebody did, and where: see `bridge.types.Invocation.place`. `at` is in seconds since 1970. The
    `token` is a secret, to answer with for a quarter of an hour.

    `below` names the interaction that the message answers whose button it was, and is empty where it answers
    none; None where it was no button of a message. `away` says that the bot reaches that place by this token
    alone, and `hidden` that whatever it answers there nobody else will see.
    """

    id: str
    token: str = field(repr=False)
    application: str
    person: Person
    at: float
    done: Done
    place: Thread | None = None
    below: str | None = None
    away: bool = False
    hidden: bool = False


def read_interaction(payload: object) -> Interaction | None:
    """None for all that is not known here, or cannot be understood."""
    match payload:
        case {
            "id": str(id_),
            "type": int(kind),
            "token": str(token),
            "application_id": str(application),
            "data": dict(data),
            **more,
        } if _is_snowflake(id_):
            person, done = _person(more), _done(kind, data)
            if person is None or done is None:
                return None
            away = _is_away(more)
            return Interaction(
                id=id_,
                token=token,
                application=application,
                person=person,
                at=snowflake_time(int(id_)).timestamp(),
                done=done,
                place=_place(more),
                below=_below(more),
                away=away,
                hidden=away and _is_hidden(more),
            )
    return None


def whisper(text: str, *rows: Component) -> Component:
    """A message that only the person sees who pressed."""
    return {
        "content": shortened(text, CONTENT_LIMIT),
        "flags": EPHEMERAL,
        "components": list(rows),
        "allowed_mentions": {"parse": []},
    }


def with_message(message: Component) -> Response:
    return {"type": _MESSAGE, "data": message}


def with_promise(*, private: bool) -> Response:
    """A message will follow. Only now it can be said who will see it."""
    return {"type": _DEFERRED_MESSAGE, "data": {"flags": EPHEMERAL if private else 0}}


def with_modal(modal: Component) -> Response:
    return {"type": _MODAL, "data": modal}


def _done(kind: int, data: _Object) -> Done | None:
    custom_id = data.get("custom_id")
    if kind == APPLICATION_COMMAND:
        return read_command(data) or Unknown()
    if kind == MESSAGE_COMPONENT and isinstance(custom_id, str):
        return Pressed(custom_id)
    if kind == MODAL_SUBMIT and isinstance(custom_id, str):
        return Sent(custom_id, tuple(_entries(data)))
    return None


def _is_snowflake(text: object) -> bool:
    return isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) <= _SNOWFLAKE_DIGITS


def _person(payload: _Object) -> Person | None:
    """In a server, whoever it is comes as a member of it."""
    member = payload.get("member")
    nick = member.get("nick") if isinstance(member, dict) else None
    match member.get("user") if isinstance(member, dict) else payload.get("user"):
        case {"id": str(id_), **user}:
            names = (nick, user.get("global_name"), user.get("username"))
            name = next((name for name in names if isinstance(name, str) and name), "")
            roles = member.get("roles") if isinstance(member, dict) else None
            locale = payload.get("locale")
            return Person(
                id_,
                name,
                locale=locale if isinstance(locale, str) else "",
                roles=_texts(roles),
                moderator=_moderates(member),
            )
    return None


def _moderates(member: object) -> bool:
    """Whether they may take away what others say in the channel."""
    may = _permissions(member.get("permissions")) if isinstance(member, dict) else None
    return may is not None and (may.manage_messages or may.administrator)


def _texts(found: object) -> tuple[str, ...]:
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()


def _place(payload: _Object) -> Thread | None:
    channel, server = payload.get("channel_id"), payload.get("guild_id")
    if not isinstance(channel, str) or not _is_snowflake(channel):
        return None
    if not isinstance(server, str) or not _is_snowflake(server):
        return Thread(PLATFORM, DIRECT, channel, channel)
    match payload.get("channel"):
        case {"type": int(kind), "parent_id": str(parent)} if kind in _THREADS and _is_snowflake(parent):
            return Thread(PLATFORM, server, parent, channel)
    return Thread(PLATFORM, server, channel, channel)


def _below(payload: _Object) -> str | None:
    match payload.get("message"):
        case {"interaction_metadata": {"id": str(id_)}} if _is_snowflake(id_):
            return id_
        case dict():
            return ""
    return None


def _is_away(payload: _Object) -> bool:
    """Whether the bot is not there itself, or may neither see what is said there nor say anything."""
    if payload.get("context") == _PRIVATE_CHANNEL:
        return True
    # With somebody whom it shares no server with, the bot may not even speak in their direct messages.
    owners = payload.get("authorizing_integration_owners")
    if isinstance(owners, dict) and owners and _INSTALLED_IN_SERVER not in owners:
        return True
    if not isinstance(payload.get("guild_id"), str):
        return False
    may = _permissions(payload.get("app_permissions"))
    if may is None or may.administrator:
        return False
    match payload.get("channel"):
        case {"type": int(kind)} if kind in _THREADS:
            speaks = may.send_messages_in_threads
        case _:
            speaks = may.send_messages or (may.create_public_threads and may.send_messages_in_threads)
    return not (may.view_channel and speaks)


def _is_hidden(payload: _Object) -> bool:
    member = payload.get("member")
    may = _permissions(member.get("permissions")) if isinstance(member, dict) else None
    return may is not None and not (may.use_external_apps or may.administrator)


def _permissions(told: object) -> Permissions | None:
    if not isinstance(told, str) or not told.isascii() or not told.isdecimal():
        return None
    return Permissions(int(told[:_PERMISSION_DIGITS]))


def _entries(data: _Object) -> Iterator[Entry]:
    """What was sent of each component. It stands in a label, or as in older modals in a row."""
    components = data.get("components")
    for one in components[:_MOST_ENTRIES] if isinstance(components, list) else ():
        match one:
            case {"component": inner} | {"components": [inner]}:
                yield from _entry(inner)


def _entry(component: object) -> Iterator[Entry]:
    match component:
        case {"custom_id": str(name), "values": [str(value)]}:
            yield Entry(name, value, chosen=True)
        case {"custom_id": str(name), "values": []}:
            yield Entry(name, "", chosen=True)
        case {"custom_id": str(name), "value": str(value)}:
            yield Entry(name, value)
