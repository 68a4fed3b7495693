"""The one place where what the Slack SDK raises becomes a `PlatformError`."""

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bridge.errors import (
    FileUnreadable,
    LoginRefused,
    MessageGone,
    NotAllowed,
    PlatformDown,
    PlatformError,
    RateLimited,
    StoppedByPerson,
)
from bridge.words import english

# Error codes of the Web API, by what they mean for us.
GONE = frozenset({"message_not_found", "channel_not_found", "thread_not_found", "is_archived"})
DOWN = frozenset(
    {"fatal_error", "internal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
)
LOGIN = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "not_allowed_token_type",
    }
)
NO_FEATURE = frozenset(
    {"unknown_method", "feature_disabled", "method_deprecated", "not_supported", "not_agent_app"}
)
BLOCKS_REFUSED = frozenset({"invalid_blocks", "invalid_blocks_format"})
# A workspace without native streams, or without the right to them.
NO_STREAMS = NO_FEATURE | {"missing_scope"}
# What a form is opened with is good for three seconds, and for once.
LATE = frozenset({"expired_trigger_id", "exchanged_trigger_id", "trigger_expired", "trigger_exchanged"})
# Of a group of people.
NO_GROUP = frozenset({"no_such_subteam", "subteam_not_found"})
FILE_GONE = frozenset({"file_not_found", "file_deleted"})
STREAM_FULL = frozenset({"msg_too_long", "msg_blocks_too_long", "msg_blocks_too_many", "invalid_chunks"})
ALREADY_SO = frozenset({"already_reacted", "no_reaction"})
STREAM_METHODS = frozenset({"chat.startStream", "chat.appendStream", "chat.stopStream"})
# Slack's own advice for a 429 without the header.
DEFAULT_RETRY_AFTER_SECONDS = 30.0


class NoStreams(NotAllowed):
    """This workspace has no native streams."""


class BlocksRefused(NotAllowed):
    """What stands in or below a message is not of the kinds that this workspace takes."""


class StreamGone(NotAllowed):
    """The message is no stream any more: too old, or ended."""


class StreamFull(NotAllowed):
    """The stream takes no more text, but has to be ended."""


class StillStreaming(NotAllowed):
    """The message cannot be edited before its stream is ended."""


class NoGroup(NotAllowed):
    """There is no such group of people (any more)."""


class AlreadySo(NotAllowed):
    """There is nothing to do: a reaction is there, or gone, as it should be."""


class NoScope(NotAllowed):
    """The app was not given the right to this; after adding a scope it has to be installed again."""


class NoFileScope(FileUnreadable):
    """As `NoScope`; people read it below what they attached."""

    notice = english.SLACK_NO_FILE_SCOPE


class NoFeature(NotAllowed):
    """This workspace, or this app, does not have what the method is about."""


class TooLate(NotAllowed):
    notice = english.SLACK_TOO_LATE


@contextmanager
def translated(method: str, scope: str = "") -> Iterator[None]:
    """Whatever a call to `method` raises inside leaves as a `PlatformError`. `scope` is what its limit is
    called in the budget."""
    try:
        yield
    except SlackApiError as error:
        raise _from_answer(method, scope, error) from error
    except (TimeoutError, SlackClientError, aiohttp.ClientError, OSError) as error:
        raise PlatformDown(f"{method}: {type(error).__name__}") from error


def refused(what: str, response: aiohttp.ClientResponse) -> PlatformError:
    """What a refusal means that does not come from a method."""
    if response.status == 429:
        return RateLimited(_retry_after(response.headers.get("Retry-After")), what)
    kind = PlatformDown if response.status >= 500 else NotAllowed
    return kind(f"{what}: status {response.status}")


def _from_answer(method: str, scope: str, error: SlackApiError) -> PlatformError:
    response = error.response
    # What cannot be read as Slack's JSON comes as the bare response of the HTTP library, or with a text.
    status = response.status if isinstance(response, aiohttp.ClientResponse) else response.status_code
    fields = None if isinstance(response, aiohttp.ClientResponse) else response.data
    code = str(fields.get("error", "")) if isinstance(fields, dict) else ""
    if status == 429 or code in ("ratelimited", "rate_limited"):
        retry_after = _retry_after(response.headers.get("Retry-After"))
        return RateLimited(retry_after, f"{method}: {code}", scope=scope)
    if (kind := _of_stream(method, code)) is not None:
        return kind(f"{method}: {code}")
    if code == "missing_scope":
        needed = fields.get("needed") if isinstance(fields, dict) else None
        return NoScope(f"{method}: {code}" + (f" {needed}" if isinstance(needed, str) else ""))
    if (plain := _plainly(code)) is not None:
        return plain(f"{method}: {code}")
    if not code or code in DOWN or status >= 500:
        return PlatformDown(f"{method}: {code or status}")
    return NotAllowed(f"{method}: {code}")


def _plainly(code: str) -> type[PlatformError] | None:
    """What a code means that means the same with every method."""
    for codes, kind in (
        (ALREADY_SO, AlreadySo),
        (GONE, MessageGone),
        (LOGIN, LoginRefused),
        (FILE_GONE, FileUnreadable),
        (LATE, TooLate),
        (NO_FEATURE, NoFeature),
        (NO_GROUP, NoGroup),
        (BLOCKS_REFUSED, BlocksRefused),
    ):
        if code in codes:
            return kind
    return None


def _of_stream(method: str, code: str) -> type[PlatformError] | None:
    """What an error says about a native stream, if it does."""
    match code:
        case "message_not_in_streaming_state":
            return StreamGone
        case "streaming_state_conflict":
            return StillStreaming
        case "stopped_by_user":
            return StoppedByPerson
        case _ if method in STREAM_METHODS and code in STREAM_FULL:
            return StreamFull
        case _ if method == "chat.startStream" and code in NO_STREAMS:
            return NoStreams
        case _:
            return None


def _retry_after(header: str | None) -> float:
    try:
        return float(header or DEFAULT_RETRY_AFTER_SECONDS)
    except ValueError:
        return DEFAULT_RETRY_AFTER_SECONDS
