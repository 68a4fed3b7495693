"""The commands of the application: which there are, what may stand in them, and who sees them where."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.discord.components import required
from sandbox.discord.errors import invalid_form, not_your_application, too_long
from sandbox.discord.flags import CommandType, Context, Install
from sandbox.discord.lengths import utf16_length
from sandbox.discord.settings import Settings
from sandbox.discord.state import Channel, User
from sandbox.discord.types import Json
from sandbox.discord.world import World

LONGEST_NAME = 32
LONGEST_DESCRIPTION = 100
MOST_OPTIONS = 25
MOST_OF_A_KIND = {CommandType.CHAT_INPUT: 100, CommandType.USER: 15, CommandType.MESSAGE: 15}
STRING_OPTION = 3
LONGEST_VALUE = 6000

# discord.com/developers, "Locales".
LOCALES = frozenset(
    (
        *("id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no"),
        *("pl", "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th"),
        *("zh-CN", "ja", "zh-TW", "ko"),
    )
)
_NAME = re.compile(r"[-_'\w]{1,32}")
_NEW: Json = {"description": "", "default_member_permissions": None, "type": 1, "nsfw": False}
_LOCALISED = ("name_localizations", "description_localizations")


class Commands:
    """Those that were registered, by the guild they are for; empty for those that are for everywhere."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._settings = settings
        self._registered: dict[str, list[Json]] = {}
        self._installed: set[str] = set()

    def install(self, person: User) -> None:
        """This person takes the application along wherever they go."""
        self._installed.add(person.id)

    def owners(self, person: User, place: Channel) -> dict[Install, str]:
        """By whom the application is there for this person, in this place."""
        owners: dict[Install, str] = {}
        if place.has_bot:
            owners[Install.GUILD] = place.guild.id if place.guild is not None else "0"
        if person.id in self._installed:
            owners[Install.USER] = person.id
        return owners

    def find(self, name: str, kind: CommandType, person: User, place: Channel) -> Json:
        """What this person would pick there; ValueError where it is not offered to them."""
        guild = place.guild.id if place.guild is not None else ""
        known: list[Json] = [
            *self._registered.get(guild, ()),
            *(self._registered.get("", ()) if guild else ()),
        ]
        for command in known:
            if (command["name"], command["type"]) == (name, kind) and self._offered(command, person, place):
                return command
        raise ValueError(f"no command {name!r} is offered to {person.name} there")

    def listed(self, application_id: str, guild_id: str, *, localised: bool) -> list[Json]:
        found = self._registered.get(self._scope(application_id, guild_id), [])
        return found if localised else [_unlocalised(one) for one in found]

    def overwrite(self, application_id: str, guild_id: str, wanted: Sequence[Json]) -> list[Json]:
        """What is not named any more is gone; what is named as before keeps its id."""
        scope = self._scope(application_id, guild_id)
        _check_all(wanted)
        before = self._registered.get(scope, [])
        place = {"guild_id": scope} if scope else {"integration_types": [int(Install.GUILD)]}
        self._registered[scope] = [_NEW | place | one | self._identity(one, before) for one in wanted]
        return self._registered[scope]

    def _identity(self, command: Json, before: Sequence[Json]) -> Json:
        ids = (one["id"] for one in before if _key(one) == _key(command))
        return {
            "id": next(ids, None) or self._world.new_id(),
            "application_id": self._settings.application_id,
            "version": self._world.new_id(),
        }

    def _scope(self, application_id: str, guild_id: str) -> str:
        if application_id != self._settings.application_id:
            raise not_your_application()
        return self._world.guild(guild_id).id if guild_id else ""

    def _offered(self, command: Json, person: User, place: Channel) -> bool:
        contexts = command.get("contexts")
        fits = not contexts or context_of(place) in contexts
        installs = set(command.get("integration_types") or (Install.GUILD,))
        return fits and bool(installs & set(self.owners(person, place)))


def context_of(place: Channel) -> Context:
    if place.guild is not None:
        return Context.GUILD
    return Context.PRIVATE_CHANNEL if place.people else Context.BOT_DM


def used_options(command: Json, values: Mapping[str, str]) -> list[Json]:
    """What is sent of its options; ValueError where Discord's own box would not let somebody do that."""
    options: Sequence[Json] = command.get("options") or ()
    if unknown := set(values) - {one["name"] for one in options}:
        raise ValueError(f"this command does not ask for {sorted(unknown)}")
    for one in options:
        if one.get("required") and not values.get(one["name"]):
            raise ValueError(f"{one['name']} has to be filled in")
        if utf16_length(values.get(one["name"], "")) > (one.get("max_length") or LONGEST_VALUE):
            raise ValueError(f"{one['name']} is too long")
    kinds = {one["name"]: one["type"] for one in options}
    return [{"name": name, "type": kinds[name], "value": value} for name, value in values.items()]


def _check_all(wanted: Sequence[Json]) -> None:
    names: set[tuple[object, str, object]] = set()
    count: dict[int, int] = {}
    for index, command in enumerate(wanted):
        kind = CommandType(command.get("type") or CommandType.CHAT_INPUT)
        _check(str(index), command, kind)
        count[kind] = count.get(kind, 0) + 1
        localised: Mapping[str, str] = command.get("name_localizations") or {}
        for locale, name in (("", command["name"]), *localised.items()):
            if (kind, locale, name) in names:
                sentence = "Application command names must be unique"
                raise invalid_form(f"{index}", "APPLICATION_COMMANDS_DUPLICATE_NAME", sentence)
            names.add((kind, locale, name))
    for kind, most in MOST_OF_A_KIND.items():
        if count.get(kind, 0) > most:
            raise invalid_form("", "APPLICATION_COMMAND_TOO_MANY", f"There may be {most} of this kind.")


def _check(path: str, command: Json, kind: CommandType) -> None:
    slash = kind is CommandType.CHAT_INPUT
    _check_names(path, command, slash=slash)
    description = command.get("description") or ""
    if slash and not description:
        raise required(f"{path}.description")
    if not slash and description:
        sentence = "Context menu commands cannot have description"
        raise invalid_form(f"{path}.description", "APPLICATION_COMMAND_INVALID_DESCRIPTION", sentence)
    _check_text(f"{path}.description", description, LONGEST_DESCRIPTION)
    _check_locales(path, command)
    options: Sequence[Json] = command.get("options") or ()
    if options and not slash:
        raise invalid_form(f"{path}.options", "APPLICATION_COMMAND_OPTIONS", "Only slash commands have any.")
    if len(options) > MOST_OPTIONS:
        raise too_long(f"{path}.options", MOST_OPTIONS)
    optional = False
    for index, option in enumerate(options):
        here = f"{path}.options.{index}"
        _check_names(here, option, slash=True)
        _check_locales(here, option)
        if not option.get("description"):
            raise required(f"{here}.description")
        _check_text(f"{here}.description", option["description"], LONGEST_DESCRIPTION)
        if optional and option.get("required"):
            sentence = "Required options must be placed before non-required options"
            raise invalid_form(here, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", sentence)
        optional = optional or not option.get("required")


def _check_names(path: str, thing: Json, *, slash: bool) -> None:
    localised: Mapping[str, str] = thing.get("name_localizations") or {}
    for name in (thing.get("name"), *localised.values()):
        if not isinstance(name, str) or not name:
            raise required(f"{path}.name")
        _check_text(f"{path}.name", name, LONGEST_NAME)
        if slash and (not _NAME.fullmatch(name) or name != name.lower()):
            raise invalid_form(f"{path}.name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _check_locales(path: str, thing: Json) -> None:
    for field in _LOCALISED:
        given: Mapping[str, Any] = thing.get(field) or {}
        for locale, text in given.items():
            if locale not in LOCALES:
                raise invalid_form(f"{path}.{field}.{locale}", "ENUM_TYPE_COERCE", "This is no locale.")
            _check_text(f"{path}.{field}.{locale}", str(text), LONGEST_DESCRIPTION)


def _check_text(path: str, text: str, longest: int) -> None:
    if utf16_length(text) > longest:
        raise too_long(path, longest)


def _key(command: Json) -> tuple[object, object]:
    return command.get("type") or CommandType.CHAT_INPUT, command.get("name")


def _unlocalised(thing: Json) -> Json:
    """As they are listed to whoever has not asked for all languages."""
    told = {name: value for name, value in thing.items() if name not in _LOCALISED}
    if thing.get("options"):
        told["options"] = [_unlocalised(one) for one in thing["options"]]
    return told
