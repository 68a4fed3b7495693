"""`bridge.toml`: the apps and their routes, read and checked. Every mistake is reported at once, by its place
in the file and never with what was written there: it may be a secret."""

import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StrictBool,
    StrictFloat,
    StrictInt,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from bridge.access import is_name
from bridge.checks import web_address
from bridge.errors import SettingsError
from bridge.routes import DEFAULT, AppConfig, Config, Everywhere, Follow, Quota, Route
from bridge.settings import BRIDGE_CONFIG, app_key

DEFAULT_KEY = "DIFY_API_KEY"
NO_QUOTA = Quota()
# Names of apps are kept beside every thread and shown in commands.
_APP_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
# pydantic's own sentences speak of Python.
_SENTENCES = {
    "extra_forbidden": "is not known here",
    "missing": "is missing",
    "string_type": "must be a text in quotation marks",
    "string_pattern_mismatch": "has letters that cannot be there",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "frozen_set_type": "must be a list in square brackets",
    "list_type": "must be a list in square brackets",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the settings say beside the file. `key` and `url` are those of the default app; `secret` finds the
    secret in a variable, empty where there is none, or raises `SettingsError`. The rest holds where the file
    says nothing else."""

    path: str
    key: SecretStr
    url: str
    platforms: Collection[str]
    secret: Callable[[str], SecretStr] = field(repr=False)
    follow: Follow = Follow.ALWAYS
    follow_idle_hours: float = 0.0
    outsiders: bool = False
    quota: Quota = NO_QUOTA


def read_config(around: Surroundings) -> Config:
    """The apps and routes of the file, and the default app of the settings. No file is no mistake, unless
    another name than the usual one was asked for. `SettingsError` lists everything that is wrong."""
    text = _text(around.path)
    reading = _Reading(around)
    config = reading.config(_tables(Path(around.path).name, text))
    if reading.problems:
        raise SettingsError(tuple(reading.problems))
    return config


def _text(path: str) -> str:
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        if path == BRIDGE_CONFIG:
            return ""
        raise SettingsError(("BRIDGE_CONFIG names a file that is not there",)) from None
    except OSError as error:
        raise SettingsError((f"{Path(path).name} cannot be read",)) from error
    except UnicodeDecodeError as error:
        raise SettingsError((f"{Path(path).name} is not a text in UTF-8",)) from error


def _tables(name: str, text: str) -> Mapping[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # Its sentence gives the line, and at most the name of a key.
        raise SettingsError((f"{name} is not TOML: {error}",)) from None


def _sentence(one: ErrorDetails) -> str:
    sentence = one["msg"].removeprefix("Value error, ")
    return _SENTENCES.get(one["type"], sentence[:1].lower() + sentence[1:])


def _place(place: Iterable[int | str]) -> str:
    """`apps.hr.key`; of lists, the number in the order of the file, counted from 1."""
    parts = (f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(parts).removeprefix(".")


def _variable(value: str) -> str:
    if value.startswith(("app-", "dataset-")):
        raise ValueError("must not be a key itself: put the key into .env, and the name of its variable here")
    if not _VARIABLE.fullmatch(value):
        raise ValueError("must be the name of a variable, such as HR_DIFY_KEY")
    return value


def _person(value: str) -> str:
    if not is_name(value):
        raise ValueError(
            'must name people, such as "slack:U012AB3CD", "slack:channel/C024BE91L" or '
            '"discord:role/80351110224678912", or "*"'
        )
    return value


def _plain(value: object) -> object:
    """Numbers and truths as the texts that inputs are filled with."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case _:
            return value


_People: TypeAlias = frozenset[Annotated[str, AfterValidator(_person)]]
# Discord's ids may be written as the numbers that they are.
_Id: TypeAlias = Annotated[str, BeforeValidator(_plain), StringConstraints(pattern=r"^[A-Za-z0-9]+$")]


_Count: TypeAlias = Annotated[StrictInt, Field(ge=0)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Quota(_Table):
    """None where nothing is said."""

    person_hour: _Count | None = None
    person_running: _Count | None = None
    channel_hour: _Count | None = None
    channel_running: _Count | None = None

    def read(self, otherwise: Quota = NO_QUOTA) -> Quota:
        told = {name: value for name, value in self if value is not None}
        return replace(otherwise, **told)


class _Everywhere(_Table):
    allow: _People = frozenset()
    deny: _People = frozenset()
    moderators: _People = frozenset()
    quota: _Quota = _Quota()


class _App(_Table):
    key: Annotated[str, AfterValidator(_variable)] = ""
    url: Annotated[str, AfterValidator(web_address)] = ""
    inputs: dict[str, Annotated[str, BeforeValidator(_plain)]] = {}
    curators: _People = frozenset()
    allow: _People = frozenset()
    deny: _People = frozenset()
    moderators: _People = frozenset()
    follow: Follow | None = None
    follow_idle_hours: Annotated[StrictFloat, Field(ge=0, le=8760)] | None = None
    outsiders: StrictBool | None = None
    quota: _Quota = _Quota()


class _Route(_Table):
    app: str
    platform: Literal["slack", "discord"] | None = None
    workspace: _Id = ""
    server: _Id = ""
    channel: _Id = ""
    direct: StrictBool | None = None
    command: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,32}$")] = ""

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if self.workspace and (self.server or self.platform == "discord"):
            raise ValueError("can never be met: only Slack has workspaces; Discord has servers")
        if self.server and self.platform == "slack":
            raise ValueError("can never be met: only Discord has servers; Slack has workspaces")
        if self.server and self.direct:
            raise ValueError("can never be met: Discord's direct messages are in no server")
        return self

    def read(self) -> Route:
        platform = "slack" if self.workspace else "discord" if self.server else self.platform or ""
        return Route(
            self.app, platform, self.workspace or self.server, self.channel, self.direct, self.command
        )


_T = TypeVar("_T", bound=_Table)


class _Reading:
    """What the file says, put together with what stands around it. `problems` are collected on the way."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._file = Path(around.path).name
        self._everywhere = Everywhere(quota=around.quota)
        self.problems: list[str] = []

    def config(self, tables: Mapping[str, object]) -> Config:
        for name in sorted(tables.keys() - {"access", "apps", "routes"}):
            self._wrong((name,), "is not known here")
        self._everywhere = self._for_all(tables.get("access", {}))
        apps = {name: self._app(name, table) for name, table in self._apps(tables.get("apps", {}))}
        if DEFAULT not in apps and self._around.key.get_secret_value():
            apps[DEFAULT] = self._configured(DEFAULT, self._around.key, _App())
        routes = list(self._routes(tables.get("routes", [])))
        for number, one in enumerate(routes):
            if one is not None and one.app not in apps:
                self._wrong(("routes", number, "app"), "there is no app of this name")
        config = Config(apps, tuple(one.read() for one in routes if one is not None))
        if None not in routes:
            self._check_serves(config)
        return config

    def _for_all(self, table: object) -> Everywhere:
        one = self._checked(_Everywhere, ("access",), table)
        if one is None:
            return self._everywhere
        return Everywhere(one.allow, one.deny, one.moderators, one.quota.read(self._around.quota))

    def _apps(self, tables: object) -> Iterator[tuple[str, object]]:
        if not isinstance(tables, dict):
            self._wrong(("apps",), "must be tables, such as [apps.hr]")
            return
        for name, table in tables.items():
            if not _APP_NAME.fullmatch(name):
                self._wrong(("apps", name), "names of apps are made of a to z, 0 to 9, - and _, 40 at most")
            yield name, table

    def _routes(self, tables: object) -> Iterator[_Route | None]:
        if not isinstance(tables, list):
            self._wrong(("routes",), "must be tables, each headed by [[routes]]")
            yield None
            return
        for number, table in enumerate(tables):
            yield self._checked(_Route, ("routes", number), table)

    def _check_serves(self, config: Config) -> None:
        left = [one.capitalize() for one in self._around.platforms if not config.serves(one)]
        if left:
            self.problems.append(
                f"what no route takes on {' and '.join(left)} has no app: set {DEFAULT_KEY}, or name an app "
                f"{DEFAULT!r} in {self._file}, or add a route there without conditions"
            )

    def _app(self, name: str, table: object) -> AppConfig:
        app = self._checked(_App, ("apps", name), table)
        if app is None:
            return AppConfig(name, SecretStr(""), "")
        return self._configured(name, self._key(name, app.key), app)

    def _configured(self, name: str, key: SecretStr, app: _App) -> AppConfig:
        around = self._around
        idle = app.follow_idle_hours
        return AppConfig(
            name,
            key,
            app.url or around.url,
            app.inputs,
            app.curators,
            app.allow,
            app.deny,
            app.follow or around.follow,
            app.moderators,
            around.follow_idle_hours if idle is None else idle,
            around.outsiders if app.outsiders is None else app.outsiders,
            app.quota.read(),
            self._everywhere,
        )

    def _key(self, name: str, variable: str) -> SecretStr:
        place = ("apps", name, "key")
        if not variable and name != DEFAULT:
            self._wrong(place, "is missing: the name of the variable that holds the app's key")
            return SecretStr("")
        variable = variable or DEFAULT_KEY
        try:
            key = self._around.key if variable == DEFAULT_KEY else app_key(self._around.secret(variable))
        except SettingsError as error:
            self.problems.extend(error.problems)
            return SecretStr("")
        except ValueError as error:
            self._wrong(place, f"what is in {variable} {error}")
            return SecretStr("")
        if not key.get_secret_value():
            ways = f"neither in the environment, nor in .env, nor by {variable}_FILE"
            self._wrong(place, f"{variable} is set {ways}")
        return key

    def _checked(self, model: type[_T], place: tuple[int | str, ...], table: object) -> _T | None:
        try:
            return model.model_validate(table)
        except ValidationError as error:
            for one in error.errors(include_url=False, include_context=False, include_input=False):
                self._wrong((*place, *one["loc"]), _sentence(one))
            return None

    def _wrong(self, place: Iterable[int | str], sentence: str) -> None:
        self.problems.append(": ".join(filter(None, (self._file, _place(place), sentence))))
