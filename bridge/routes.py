"""Which app answers where, and what it is told by whoever runs it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import SecretStr

from bridge.types import Thread

DEFAULT = "default"


class Follow(StrEnum):
    """Which messages count in a thread that an app takes part in: all, only those that mention the bot, or
    only those of whoever opened its conversation, beside them."""

    ALWAYS = "always"
    MENTION = "mention"
    OPENER = "opener"


@dataclass(frozen=True, slots=True)
class Quota:
    """How many questions may be asked in any hour, and be answered at once: of one person, and in one
    channel. 0 is any number."""

    person_hour: int = 0
    person_running: int = 0
    channel_hour: int = 0
    channel_running: int = 0

    @property
    def limits(self) -> bool:
        """Whether there is anything to be counted."""
        return any((self.person_hour, self.person_running, self.channel_hour, self.channel_running))


@dataclass(frozen=True, slots=True)
class Everywhere:
    """What holds in all apps, beside what each says of itself."""

    allow: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()
    moderators: frozenset[str] = frozenset()
    quota: Quota = Quota()


@dataclass(frozen=True, slots=True)
class AppConfig:
    """One app. `inputs` are what the operator sets of its inputs. `allow`, `deny`, `curators` and
    `moderators` name people as `bridge.access.named` reads it. `outsiders` says that those of other
    organisations are answered, too; `follow_idle_hours` after how long without a word a thread needs a
    mention again, 0 for never."""

    name: str
    key: SecretStr
    url: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    curators: frozenset[str] = frozenset()
    allow: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()
    follow: Follow = Follow.ALWAYS
    moderators: frozenset[str] = frozenset()
    follow_idle_hours: float = 0.0
    outsiders: bool = False
    quota: Quota = Quota()
    everywhere: Everywhere = Everywhere()


@dataclass(frozen=True, slots=True)
class Route:
    """Where `app` answers: wherever all that is not empty is so. `workspace` is a Slack workspace or a
    Discord server; `direct` tells direct messages from all else; `command` is the word that the question was
    asked with."""

    app: str
    platform: str = ""
    workspace: str = ""
    channel: str = ""
    direct: bool | None = None
    command: str = ""

    @property
    def covers_platform(self) -> bool:
        """Whether it takes whatever is said on its platform."""
        return not (self.workspace or self.channel or self.command) and self.direct is None


@dataclass(frozen=True, slots=True)
class Config:
    """All apps by their names, and all routes in their order."""

    apps: Mapping[str, AppConfig]
    routes: tuple[Route, ...] = ()

    def serves(self, platform: str) -> bool:
        """Whether there is an app for whatever is said on this platform."""
        return DEFAULT in self.apps or any(
            one.covers_platform and one.platform in ("", platform) for one in self.routes
        )


def route(config: Config, thread: Thread, command: str = "") -> AppConfig:
    """The app for what is said in `thread`, with `command` where it was asked with one: that of the most
    specific route, and of the first among equals; else the default app. `LookupError` where there is none,
    which cannot be on a platform that the configuration `serves`."""
    fitting = [one for one in config.routes if _fits(one, thread, command.lower())]
    name = max(fitting, key=_specificity).app if fitting else DEFAULT
    return config.apps[name]


def names_channel(config: Config, thread: Thread) -> bool:
    """Whether a route is about just the channel of this thread."""
    return any(one.channel and not one.command and _fits(one, thread, "") for one in config.routes)


def is_direct(thread: Thread) -> bool:
    """Whether these are direct messages: on Slack their channels begin with a D, on Discord they are in no
    server."""
    return thread.workspace == "@me" or (thread.platform == "slack" and thread.channel.startswith("D"))


def direct_place(platform: str, workspace: str) -> Thread:
    """A place of direct messages, where nobody has written yet."""
    return Thread(platform, workspace if platform == "slack" else "@me", "D", "D")


def _fits(one: Route, thread: Thread, command: str) -> bool:
    return (
        one.platform in ("", thread.platform)
        and one.workspace in ("", thread.workspace)
        and one.channel in ("", thread.channel)
        and one.direct in (None, is_direct(thread))
        and one.command in ("", command)
    )


def _specificity(one: Route) -> tuple[bool, ...]:
    """A word that somebody chose says more than a place, and a small place more than a large one."""
    return (
        bool(one.command),
        bool(one.channel),
        one.direct is not None,
        bool(one.workspace),
        bool(one.platform),
    )
