"""The settings, read once from the environment, an `.env` file and `*_FILE` secrets. Every mistake is
reported at once, by the name of its variable."""

import os
from collections.abc import Mapping
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Annotated, Self

from dotenv import dotenv_values
from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bridge.checks import (
    SLACK_HEARS,
    SLACK_SPEAKS,
    Command,
    PublicAddress,
    Without,
    are_keys,
    slack_contradictions,
    slack_missing,
    web_address,
)
from bridge.errors import SettingsError
from bridge.routes import Follow, Quota

EMPTY = SecretStr("")
POSTGRESQL = "postgresql://"
ENV_FILE = ".env"
BRIDGE_CONFIG = "bridge.toml"


class LogLevel(StrEnum):
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


class SlackStreaming(StrEnum):
    AUTO = "auto"
    NATIVE = "native"
    EDIT = "edit"


class DiscordReplies(StrEnum):
    """Where questions in a channel are answered: in a thread that begins with each, or below them."""

    THREAD = "thread"
    PLAIN = "plain"


class ArchiveMinutes(IntEnum):
    """After how many minutes without a word Discord hides a thread."""

    HOUR = 60
    DAY = 1440
    THREE_DAYS = 4320
    WEEK = 10_080


class Language(StrEnum):
    """What people are addressed in: their own language as far as it is known, or one for all."""

    AUTO = "auto"
    ENGLISH = "en"
    GERMAN = "de"
    JAPANESE = "ja"
    CHINESE = "zh"


class Reasoning(StrEnum):
    HIDE = "hide"
    SHOW = "show"


class Busy(StrEnum):
    """What becomes of a question that comes while an answer in its thread is running: it waits for its turn,
    stops the running answer, or is asked together with all others that wait."""

    QUEUE = "queue"
    INTERRUPT = "interrupt"
    MERGE = "merge"


class DifySettings(BaseSettings):
    """The app that answers: all that the demo needs. One field for each variable; the variable's name is the
    field's in capitals."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE, env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore"
    )

    dify_api_url: str = "https://api.dify.ai/v1"
    dify_api_key: SecretStr = EMPTY

    @field_validator("dify_api_url")
    @classmethod
    def _is_dify_address(cls, value: str) -> str:
        return web_address(value)

    @field_validator("dify_api_key")
    @classmethod
    def _is_app_key(cls, value: SecretStr) -> SecretStr:
        return app_key(value)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # In the order of `secret_named`.
        return init_settings, env_settings, _SecretFiles(settings_cls), dotenv_settings

    @model_validator(mode="wrap")
    @classmethod
    def _all_mistakes_at_once(
        cls, given: dict[str, object], handler: ModelWrapValidatorHandler[Self]
    ) -> Self:
        missing = cls._missing({name: value for name, value in given.items() if _is_set(value)})
        try:
            settings = handler(given)
        except ValidationError as error:
            raise SettingsError((*_malformed(error), *missing)) from None
        if problems := (*missing, *settings.contradictions()):
            raise SettingsError(problems)
        return settings

    @classmethod
    def _missing(cls, given: Mapping[str, object]) -> tuple[str, ...]:
        """What is not there and has to be, given the fields that are."""
        return ()

    def contradictions(self) -> tuple[str, ...]:
        """What is right by itself and cannot be together."""
        return ()


class DiscordSettings(DifySettings):
    """All that an invitation of the Discord bot needs."""

    discord_bot_token: SecretStr = EMPTY
    discord_api_url: str = "https://discord.com/api/v10"

    @field_validator("discord_api_url")
    @classmethod
    def _is_discord_address(cls, value: str) -> str:
        return web_address(value)

    @classmethod
    def _missing(cls, given: Mapping[str, object]) -> tuple[str, ...]:
        known = "discord_bot_token" in given
        return () if known else ("DISCORD_BOT_TOKEN is missing: the bot's token of the developer portal",)


class SlackAppSettings(DifySettings):
    """What a Slack app is made for, also before there are any tokens."""

    slack_app_token: SecretStr = EMPTY
    slack_signing_secret: SecretStr = EMPTY
    slack_client_id: str = ""
    slack_command: Command = "dify"
    slack_without: Without = ""
    bridge_public_url: PublicAddress = ""
    language: Language = Language.AUTO


class Settings(DifySettings):
    """All settings. `Settings()` reads them; `SettingsError` lists everything that is wrong with them."""

    dify_max_streams: Annotated[int, Field(ge=0, le=10_000)] = 8
    slack_bot_token: SecretStr = EMPTY
    slack_app_token: SecretStr = EMPTY
    slack_api_url: str = "https://slack.com/api/"
    slack_streaming: SlackStreaming = SlackStreaming.AUTO
    slack_signing_secret: SecretStr = EMPTY
    slack_client_id: str = ""
    slack_client_secret: SecretStr = EMPTY
    slack_command: Command = "dify"
    slack_without: Without = ""
    slack_outsiders: bool = False
    discord_bot_token: SecretStr = EMPTY
    discord_api_url: str = "https://discord.com/api/v10"
    discord_shard_ids: str = ""
    discord_shard_count: Annotated[int, Field(ge=0)] = 0
    discord_replies: DiscordReplies = DiscordReplies.THREAD
    discord_archive_minutes: ArchiveMinutes = ArchiveMinutes.DAY
    # Empty where there is none to be looked for.
    bridge_config: str = BRIDGE_CONFIG
    # Both may hold a password.
    database_url: SecretStr = SecretStr("sqlite:///bridge.db")
    database_listen_url: SecretStr = EMPTY
    bridge_http_host: str = "127.0.0.1"
    bridge_http_port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    # Where people and platforms reach that port from outside.
    bridge_public_url: PublicAddress = ""
    bridge_secret_key: SecretStr = EMPTY
    busy: Busy = Busy.QUEUE
    follow_threads: Follow = Follow.ALWAYS
    follow_idle_hours: Annotated[float, Field(ge=0, le=8760)] = 0.0
    language: Language = Language.AUTO
    quota_person_hour: Annotated[int, Field(ge=0)] = 0
    quota_person_running: Annotated[int, Field(ge=0)] = 0
    quota_channel_hour: Annotated[int, Field(ge=0)] = 0
    quota_channel_running: Annotated[int, Field(ge=0)] = 0
    reasoning: Reasoning = Reasoning.HIDE
    dify_retry_for: Annotated[float, Field(ge=0, le=3600)] = 120.0
    recover_max_age: Annotated[float, Field(ge=0, le=86_400)] = 900.0
    thread_ttl_days: Annotated[int, Field(ge=0)] = 0
    drain_seconds: Annotated[float, Field(ge=0, le=3600)] = 25.0
    log_level: LogLevel = LogLevel.INFO
    log_format: LogFormat = LogFormat.TEXT

    @property
    def slack(self) -> bool:
        """Whether Slack is switched on."""
        return bool(self.slack_bot_token.get_secret_value()) or self.slack_everywhere

    @property
    def slack_everywhere(self) -> bool:
        """Whether any Slack workspace may install the bot."""
        return bool(self.slack_client_id)

    @property
    def discord(self) -> bool:
        """Whether Discord is switched on."""
        return bool(self.discord_bot_token.get_secret_value())

    @property
    def quota(self) -> Quota:
        """How much may be asked, in all apps together."""
        return Quota(
            self.quota_person_hour,
            self.quota_person_running,
            self.quota_channel_hour,
            self.quota_channel_running,
        )

    @property
    def shards(self) -> tuple[int, ...]:
        """The shards of the Discord bot that this process serves; empty when it is not sharded by hand."""
        return tuple(int(part) for part in self.discord_shard_ids.split(",") if part)

    @field_validator("slack_api_url", "discord_api_url")
    @classmethod
    def _is_platform_address(cls, value: str) -> str:
        return web_address(value)

    @field_validator("slack_bot_token")
    @classmethod
    def _is_bot_token(cls, value: SecretStr) -> SecretStr:
        return _with_prefix(value, "xoxb-", "the Bot User OAuth Token")

    @field_validator("slack_app_token")
    @classmethod
    def _is_app_token(cls, value: SecretStr) -> SecretStr:
        return _with_prefix(value, "xapp-", "the app-level token for Socket Mode")

    @field_validator("bridge_secret_key")
    @classmethod
    def _is_secret_key(cls, value: SecretStr) -> SecretStr:
        if not are_keys(value.get_secret_value()):
            raise ValueError("must be what `dify-bridge secret-key` prints, or several of these with commas")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_database(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("sqlite:///", POSTGRESQL)):
            raise ValueError(
                "must begin with sqlite:/// followed by the path of a file, or with postgresql://"
            )
        return value

    @field_validator("database_listen_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr) -> SecretStr:
        return _with_prefix(value, POSTGRESQL, "the address of a PostgreSQL")

    @field_validator("discord_shard_ids")
    @classmethod
    def _is_list_of_shards(cls, value: str) -> str:
        if value and not all(part.strip().isdecimal() for part in value.split(",")):
            raise ValueError("must be numbers with commas between them, such as 0,1")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, value: str) -> str:
        return value.upper()

    @classmethod
    def _missing(cls, given: Mapping[str, object]) -> tuple[str, ...]:
        problems = []
        # Where there is a file of apps, it is up to that whether the key is needed.
        if "dify_api_key" not in given and not Path(str(given.get("bridge_config", BRIDGE_CONFIG))).is_file():
            problems.append("DIFY_API_KEY is missing: the API key of the Dify app, app-...")
        problems += slack_missing(given.keys())
        if not given.keys() & {"discord_bot_token", *SLACK_SPEAKS, *SLACK_HEARS}:
            problems.append(
                "no platform is set up: set SLACK_BOT_TOKEN and SLACK_APP_TOKEN, or DISCORD_BOT_TOKEN, or all"
            )
        return tuple(problems)

    def contradictions(self) -> tuple[str, ...]:
        given = {name for name in SLACK_HEARS | SLACK_SPEAKS if _is_set(getattr(self, name))}
        problems = slack_contradictions(given)
        if any(shard >= self.discord_shard_count for shard in self.shards):
            problems.append("DISCORD_SHARD_IDS: must be below DISCORD_SHARD_COUNT, the number of all shards")
        listens = bool(self.database_listen_url.get_secret_value())
        if listens and not self.database_url.get_secret_value().startswith(POSTGRESQL):
            problems.append("DATABASE_LISTEN_URL: is of use only beside a DATABASE_URL of PostgreSQL")
        return tuple(problems)


def app_key(value: SecretStr) -> SecretStr:
    """`value`, unless it is another kind of key: `ValueError`."""
    if value.get_secret_value().startswith("dataset-"):
        raise ValueError("is the key of a knowledge base; the bridge needs the key of an app (app-...)")
    return value


def secret_named(name: str) -> SecretStr:
    """The secret in the variable `name` of the environment, in the file that `NAME_FILE` names, or in `.env`;
    empty where it is in none. `SettingsError` when that file cannot be read."""
    # Asked for last, so that it is not read in vain.
    found = os.environ.get(name) or _in_file(name) or dotenv_values(ENV_FILE).get(name)
    return SecretStr(found or "")


class _SecretFiles(PydanticBaseSettingsSource):
    """`NAME_FILE=/path` gives the secret `NAME` from a file, as container platforms mount them."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[str | None, str, bool]:
        wanted = field.annotation is SecretStr
        return (_in_file(field_name.upper()) or None) if wanted else None, field_name, False

    def __call__(self) -> dict[str, str]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self._fields()}
        return {name: value for name, value in found.items() if value is not None}

    def _fields(self) -> list[tuple[str, FieldInfo]]:
        return list(self.settings_cls.model_fields.items())


def _in_file(name: str) -> str:
    """What stands in the file that `NAME_FILE` names; empty where nothing is named."""
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError((f"{name}_FILE names a file that cannot be read",)) from error


def _with_prefix(value: SecretStr, prefix: str, what: str) -> SecretStr:
    text = value.get_secret_value()
    if text and not text.startswith(prefix):
        raise ValueError(f"must be {what}, which begins with {prefix}")
    return value


def _malformed(error: ValidationError) -> tuple[str, ...]:
    """One sentence for each mistake, never with the value that was wrong: it may be a secret."""
    return tuple(
        f"{'_'.join(str(part) for part in detail['loc']).upper()}: {_lower(detail['msg'])}"
        for detail in error.errors(include_url=False, include_context=False, include_input=False)
    )


def _lower(sentence: str) -> str:
    sentence = sentence.removeprefix("Value error, ")
    return sentence[:1].lower() + sentence[1:]


def _is_set(value: object) -> bool:
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)
