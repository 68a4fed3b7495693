"""Which app answers where, and who may talk to it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import SecretStr

from bridge.types import Thread

DEFAULT = "default"
EVERYONE = "*"


class Follow(StrEnum):
    """Which messages count in a thread that an app takes part in: all, only those that mention the bot, or
    only those of whoever opened its conversation, beside them."""

    ALWAYS = "always"
    MENTION = "mention"
    OPENER = "opener"


@dataclass(frozen=True, slots=True)
class AppConfig:
    """One app. `inputs` are what the operator sets of its inputs. `curators`, `allow` and `deny` name persons
    by platform and id (`slack:U012`), all of a platform (`slack:*`), or all (`*`)."""

    name: str
    key: SecretStr
    url: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    curators: frozenset[str] = frozenset()
    allow: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()
    follow: Follow = Follow.ALWAYS


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


def may_ask(app: AppConfig, platform: str, person_id: str) -> bool:
    """Whether this person may talk to the app: never when denied, and where some are allowed, only they."""
    names = _names(platform, person_id)
    return not app.deny & names and (not app.allow or bool(app.allow & names))


def is_curator(app: AppConfig, platform: str, person_id: str) -> bool:
    """Whether this person may teach the app right answers."""
    return bool(app.curators & _names(platform, person_id))


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


def _names(platform: str, person_id: str) -> frozenset[str]:
    return frozenset((EVERYONE, f"{platform}:{EVERYONE}", f"{platform}:{person_id}"))
