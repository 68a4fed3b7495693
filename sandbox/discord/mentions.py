"""Whom a text notifies, given what its sender allowed. Pure."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sandbox.discord.errors import invalid_form
from sandbox.discord.types import Json

_CODE = re.compile(r"```.*?```|``.*?``|`[^`\n]*`", re.DOTALL)
_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_EVERYONE = re.compile(r"@(?:everyone|here)")

_KINDS = ("everyone", "users", "roles")


@dataclass(frozen=True, slots=True)
class Mentions:
    users: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    everyone: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        everyone = ("everyone",) if self.everyone else ()
        return (*everyone, *(f"user:{id_}" for id_ in self.users), *(f"role:{id_}" for id_ in self.roles))


def parse(content: str, *, people: Collection[str], allowed: Json | None, replied_to: str | None) -> Mentions:
    """Read `content` as Discord does.

    `people` are the users who can see it: a mention of anybody else notifies nobody. Without
    `allowed_mentions` everything counts, the author of the message replied to included; with it, only what
    it names. What stands in code is no mention.
    """
    text = _CODE.sub(" ", content)
    users = _unique(id_ for id_ in _USER.findall(text) if id_ in people)
    roles = _unique(_ROLE.findall(text))
    everyone = bool(_EVERYONE.search(text))
    if allowed is None:
        return Mentions(_with(users, replied_to), roles, everyone)
    kinds = frozenset(allowed.get("parse") or ())
    return Mentions(
        _with(
            users if "users" in kinds else _only(users, allowed.get("users")),
            replied_to if allowed.get("replied_user") else None,
        ),
        roles if "roles" in kinds else _only(roles, allowed.get("roles")),
        everyone and "everyone" in kinds,
    )


def check(allowed: Json) -> None:
    """Refuse what Discord refuses: unknown kinds, and naming single ones of a kind that is wholly allowed."""
    kinds = allowed.get("parse") or ()
    for index, kind in enumerate(kinds):
        if kind not in _KINDS:
            raise invalid_form(
                f"allowed_mentions.parse.{index}",
                "BASE_TYPE_CHOICES",
                f"Value must be one of {_KINDS}.",
            )
    for kind in ("users", "roles"):
        if kind in kinds and allowed.get(kind):
            raise invalid_form(
                "allowed_mentions",
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
            )


def _unique(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))


def _with(users: tuple[str, ...], one_more: str | None) -> tuple[str, ...]:
    return users if one_more is None or one_more in users else (*users, one_more)


def _only(ids: tuple[str, ...], named: Collection[object] | None) -> tuple[str, ...]:
    wanted = {str(id_) for id_ in named or ()}
    return tuple(id_ for id_ in ids if id_ in wanted)
