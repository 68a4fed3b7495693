"""The one place where what the Slack SDK raises becomes a `PlatformError`."""

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bridge.errors import (
    LoginRefused,
    MessageGone,
    NotAllowed,
    PlatformDown,
    PlatformError,
    RateLimited,
)

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
# Slack's own advice for a 429 without the header.
DEFAULT_RETRY_AFTER_SECONDS = 30.0


@contextmanager
def translated(method: str) -> Iterator[None]:
    """Whatever a call to `method` raises inside leaves as a `PlatformError`."""
    try:
        yield
    except SlackApiError as error:
        raise _from_answer(method, error) from error
    except (TimeoutError, SlackClientError, aiohttp.ClientError, OSError) as error:
        raise PlatformDown(f"{method}: {type(error).__name__}") from error


def _from_answer(method: str, error: SlackApiError) -> PlatformError:
    response = error.response
    # What cannot be read as Slack's JSON comes as the bare response of the HTTP library, or with a text.
    status = response.status if isinstance(response, aiohttp.ClientResponse) else response.status_code
    fields = None if isinstance(response, aiohttp.ClientResponse) else response.data
    code = str(fields.get("error", "")) if isinstance(fields, dict) else ""
    if status == 429 or code in ("ratelimited", "rate_limited"):
        return RateLimited(_retry_after(response.headers.get("Retry-After")), f"{method}: {code}")
    if code in GONE:
        return MessageGone(f"{method}: {code}")
    if code in LOGIN:
        return LoginRefused(f"{method}: {code}")
    if not code or code in DOWN or status >= 500:
        return PlatformDown(f"{method}: {code or status}")
    return NotAllowed(f"{method}: {code}")


def _retry_after(header: str | None) -> float:
    try:
        return float(header or DEFAULT_RETRY_AFTER_SECONDS)
    except ValueError:
        return DEFAULT_RETRY_AFTER_SECONDS
