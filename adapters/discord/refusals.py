"""What went wrong with a call, in the bridge's own words: the one place where Discord's are translated."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import aiohttp

from bridge.errors import (
    LoginRefused,
    MessageGone,
    NotAllowed,
    PlatformDown,
    PlatformError,
    RateLimited,
)

# discord.com/developers, "JSON Error Codes": unknown channel, message, webhook and interaction, and a token
# of an interaction whose time is over.
GONE_CODES = frozenset({10003, 10008, 10015, 10062, 50027})
# The channel's own limit of writing (20028) is met where messages are counted, too.
SLOW_MODE_CODE = 20016


class ThreadExists(NotAllowed):
    """A message has its thread already."""


class NotMember(NotAllowed):
    """Somebody is not in this server (any more)."""


class Forbidden(NotAllowed):
    """The bot may not do this here. Too many of these, and Discord shuts out whoever asks."""


class RepliesRefused(Forbidden):
    """Without reading what was said before, nothing can be a reply to it."""


class Archived(NotAllowed):
    """Nothing can be changed in a thread that is archived."""


class Locked(NotAllowed):
    """Nothing can be said in a thread that is locked."""


class SlowedDown(RateLimited):
    """The channel is in slow mode."""


_KINDS: Mapping[int, type[NotAllowed]] = {
    10007: NotMember,
    50083: Archived,
    160002: RepliesRefused,
    160004: ThreadExists,
    160005: Locked,
}


@contextmanager
def reachable(call: str) -> Iterator[None]:
    """`PlatformDown` for whatever kept a call from being answered."""
    try:
        yield
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise PlatformDown(f"{call}: {type(error).__name__}") from error


def refusal(call: str, response: aiohttp.ClientResponse, answer: Mapping[str, object]) -> PlatformError:
    """What an answer says that is not the one that was hoped for."""
    code = answer.get("code", 0)
    detail = f"{call}: {response.status}, code {code}"
    if response.status == 429:
        everywhere = answer.get("global") is True
        kind = SlowedDown if code == SLOW_MODE_CODE else RateLimited
        return kind(_retry_after(response, answer), detail, everywhere=everywhere)
    if code in GONE_CODES:
        return MessageGone(detail)
    if response.status == 401:
        return LoginRefused(detail)
    if response.status >= 500 or response.status == 408:
        return PlatformDown(detail)
    if known := _KINDS.get(code if isinstance(code, int) else 0):
        return known(detail)
    return Forbidden(detail) if response.status == 403 else NotAllowed(detail)


def _retry_after(response: aiohttp.ClientResponse, answer: Mapping[str, object]) -> float:
    return seconds(answer.get("retry_after", response.headers.get("Retry-After")), 1.0)


def seconds(told: object, otherwise: float) -> float:
    """A number of seconds as Discord writes it, in a header or in JSON."""
    try:
        return max(0.0, float(str(told)))
    except ValueError:
        return otherwise
