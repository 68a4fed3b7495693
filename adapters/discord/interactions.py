"""What somebody pressed or sent, as the gateway tells of it, and what can be answered. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from discord.utils import snowflake_time

from adapters.discord.buttons import Component
from adapters.discord.forms import Entry
from adapters.discord.labels import shortened
from adapters.discord.render import CONTENT_LIMIT
from bridge.types import Person

MESSAGE_COMPONENT: Final = 3
MODAL_SUBMIT: Final = 5

Response: TypeAlias = Mapping[str, object]

_EPHEMERAL = 1 << 6
_MESSAGE, _DEFERRED_UPDATE, _MODAL = 4, 6, 9
# Far more than a modal has.
_MOST_ENTRIES = 50
_SNOWFLAKE_DIGITS = 20
_Object: TypeAlias = Mapping[object, object]

# What was pressed was taken; nothing is to be seen of it yet.
TAKEN: Final[Response] = {"type": _DEFERRED_UPDATE}


@dataclass(frozen=True, slots=True)
class Interaction:
    """Somebody pressed something with this `custom_id`, or sent a modal that has it: then `entries` is not
    None. `at` is in seconds since 1970. The `token` is a secret, to answer with for a quarter of an hour."""

    id: str
    token: str = field(repr=False)
    application: str
    person: Person
    custom_id: str
    at: float
    entries: tuple[Entry, ...] | None = None


def read_interaction(payload: object) -> Interaction | None:
    """None for all that is not a press or a sent modal, or cannot be understood."""
    match payload:
        case {
            "id": str(id_),
            "type": int(kind),
            "token": str(token),
            "application_id": str(application),
            "data": {"custom_id": str(custom_id), **data},
            **more,
        } if _is_snowflake(id_) and kind in (MESSAGE_COMPONENT, MODAL_SUBMIT):
            person = _person(more)
            entries = tuple(_entries(data)) if kind == MODAL_SUBMIT else None
            if person is None:
                return None
            at = snowflake_time(int(id_)).timestamp()
            return Interaction(id_, token, application, person, custom_id, at, entries)
    return None


def whisper(text: str, *rows: Component) -> Component:
    """A message that only the person sees who pressed."""
    return {
        "content": shortened(text, CONTENT_LIMIT),
        "flags": _EPHEMERAL,
        "components": list(rows),
        "allowed_mentions": {"parse": []},
    }


def with_message(message: Component) -> Response:
    return {"type": _MESSAGE, "data": message}


def with_modal(modal: Component) -> Response:
    return {"type": _MODAL, "data": modal}


def _is_snowflake(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _SNOWFLAKE_DIGITS


def _person(payload: _Object) -> Person | None:
    """In a server, whoever it is comes as a member of it."""
    member = payload.get("member")
    nick = member.get("nick") if isinstance(member, dict) else None
    match member.get("user") if isinstance(member, dict) else payload.get("user"):
        case {"id": str(id_), **user}:
            names = (nick, user.get("global_name"), user.get("username"))
            name = next((name for name in names if isinstance(name, str) and name), "")
            roles = member.get("roles") if isinstance(member, dict) else None
            return Person(id_, name, roles=_texts(roles))
    return None


def _texts(found: object) -> tuple[str, ...]:
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()


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
