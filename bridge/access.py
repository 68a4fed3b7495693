"""Who may ask, and who may do more than that: the names by which the configuration calls people. Pure.

`*` is everybody, `slack:*` everybody on a platform, `slack:U012` one person. Places and groups are named with
what they are: `slack:channel/C01`, `slack:workspace/T01`, `slack:group/S01`, `discord:server/123`,
`discord:channel/123`, `discord:role/123`.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import chain

from bridge.routes import AppConfig, is_direct
from bridge.types import Person, Thread

EVERYONE = "*"
# What a platform calls its largest place, and a group of people; nobody writes one's word for the other.
_LARGEST = ("workspace", "server")
_GROUPS = ("group", "role")

_NAME = re.compile(
    r"\*"
    r"|(slack|discord):(\*|[A-Za-z0-9]+)"
    r"|slack:(workspace|channel|group)/[A-Za-z0-9]+"
    r"|discord:(server|channel|role)/[0-9]+"
)
_GROUP = re.compile(rf"([a-z]+):(?:{'|'.join(_GROUPS)})/(.+)")


def is_name(text: str) -> bool:
    """Whether it names people in one of the ways there are."""
    return _NAME.fullmatch(text) is not None


def named(people: Collection[str], platform: str, thread: Thread | None, person: Person) -> bool:
    """Whether `person`, who speaks in `thread`, is among those who are named."""
    return bool(people) and any(name in people for name in _names(platform, thread, person))


def may_ask(app: AppConfig, thread: Thread, person: Person) -> bool:
    """Whether somebody may ask this app something here. Who is denied never may; where some are allowed, only
    they may. That goes for all apps together, and for this one."""
    return all(
        not named(one.deny, thread.platform, thread, person)
        and (not one.allow or named(one.allow, thread.platform, thread, person))
        for one in (app.everywhere, app)
    )


def is_curator(app: AppConfig, thread: Thread, person: Person) -> bool:
    """Whether somebody may teach the app right answers."""
    return named(app.curators, thread.platform, thread, person)


def is_moderator(app: AppConfig, thread: Thread, person: Person) -> bool:
    """Whether somebody may end and remove what others have asked, by the platform's word or by ours."""
    return person.moderator or any(
        named(one.moderators, thread.platform, thread, person) for one in (app.everywhere, app)
    )


def may_stop(app: AppConfig, thread: Thread, person: Person, askers: Collection[str]) -> bool:
    """Whether somebody may end an answer to these askers (`slack:U012`; '' is somebody who is not known) in
    this thread: their own, and in direct messages any."""
    asked = not askers or bool({"", f"{thread.platform}:{person.id}"} & set(askers))
    return asked or is_direct(thread) or is_moderator(app, thread, person)


def groups_asking(app: AppConfig, platform: str) -> tuple[str, ...]:
    """The ids of the platform's groups that decide who may ask."""
    return _groups(chain(app.everywhere.allow, app.everywhere.deny, app.allow, app.deny), platform)


def groups_curating(app: AppConfig, platform: str) -> tuple[str, ...]:
    """The ids of the platform's groups that decide who is a curator."""
    return _groups(app.curators, platform)


def groups_moderating(app: AppConfig, platform: str) -> tuple[str, ...]:
    """The ids of the platform's groups that decide who is a moderator."""
    return _groups(chain(app.everywhere.moderators, app.moderators), platform)


def denies_groups(app: AppConfig, platform: str) -> bool:
    """Whether somebody of whom it is not known which groups they belong to may be denied by one."""
    return bool(_groups(chain(app.everywhere.deny, app.deny), platform))


def _names(platform: str, thread: Thread | None, person: Person) -> Iterator[str]:
    """All names that somebody has here."""
    yield from (EVERYONE, f"{platform}:{EVERYONE}", f"{platform}:{person.id}")
    if thread is not None:
        yield f"{platform}:channel/{thread.channel}"
        yield from (f"{platform}:{word}/{thread.workspace}" for word in _LARGEST)
    for role in person.roles:
        yield from (f"{platform}:{word}/{role}" for word in _GROUPS)


def _groups(names: Iterable[str], platform: str) -> tuple[str, ...]:
    found = (match for match in map(_GROUP.fullmatch, names) if match is not None)
    return tuple(sorted({match[2] for match in found if match[1] == platform}))
