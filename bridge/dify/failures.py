"""What Dify's refusals and failures mean. Pure; by status, code and the beginning of the message.

Details for the log name status and code only: messages may quote what somebody asked.
"""

import json
from email.utils import parsedate_to_datetime

from bridge.dify.events import Failed
from bridge.dify.shapes import mapping_of, text_of
from bridge.errors import (
    DifyAppClosed,
    DifyBusy,
    DifyConversationGone,
    DifyDown,
    DifyError,
    DifyKeyRejected,
    DifyModelFailed,
    DifyNotDify,
    DifyNotPublished,
    DifyQuota,
    DifyRejected,
    DifyWrongMode,
)

_BY_CODE: dict[str, type[DifyError]] = {
    "unauthorized": DifyKeyRejected,
    "app_not_found": DifyAppClosed,
    "app_abnormal_status": DifyAppClosed,
    "app_api_disabled": DifyAppClosed,
    "workspace_not_found": DifyAppClosed,
    "workspace_archived": DifyAppClosed,
    "app_unavailable": DifyNotPublished,
    "agent_not_published": DifyNotPublished,
    "not_chat_app": DifyWrongMode,
    "not_workflow_app": DifyWrongMode,
    "not_completion_app": DifyWrongMode,
    "provider_not_initialize": DifyModelFailed,
    "provider_quota_exceeded": DifyQuota,
    "model_currently_not_support": DifyModelFailed,
    "completion_request_error": DifyModelFailed,
    "rate_limit_error": DifyQuota,
    "too_many_requests": DifyBusy,
}

_BY_STATUS: dict[int, type[DifyError]] = {
    401: DifyKeyRejected,
    403: DifyAppClosed,
    404: DifyNotDify,
    429: DifyBusy,
}

# Pages instead of JSON: what stands in front of Dify speaks for itself.
_BY_PAGE: dict[int, type[DifyError]] = {413: DifyRejected, 429: DifyBusy}
# Refused at the door, or by a proxy in front of it. Dify's own failure (500) may come after a turn began.
_NOTHING_BEGAN = frozenset({429, 502, 503, 504})
# A server that wants more than this is not coming back while somebody waits.
MAX_RETRY_AFTER_SECONDS = 600.0
# How a flow that somebody stopped reports it where it does not say "stopped".
_STOPS = ("Aborted", "Stopped by user", "User requested stop", "Workflow execution aborted")


def from_response(status: int, content_type: str, body: bytes, retry_after: float | None = None) -> DifyError:
    """The error that a response other than 2xx stands for."""
    kind, detail = _told(status, content_type, body)
    # The app's own limit is a 400 in most versions, where it should be a 429.
    nothing_began = status in _NOTHING_BEGAN or (status == 400 and kind is DifyBusy)
    return kind(f"HTTP {status}{detail}", nothing_began=nothing_began, retry_after=retry_after)


def retry_after_seconds(value: str, now: float) -> float | None:
    """What a Retry-After header asks for, within bounds; None where it says nothing. It is a number of
    seconds or a date (RFC 9110, section 10.2.3); `now` is in seconds since 1970."""
    try:
        seconds = float(value) if value.isdecimal() else parsedate_to_datetime(value).timestamp() - now
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)


def from_event(failed: Failed) -> DifyError:
    """The error that an `error` event within a stream stands for."""
    detail = f"error event, status {failed.status}, {_printable(failed.code)}"
    if failed.message.startswith("Conversation Not Exists"):
        return DifyConversationGone(detail)
    if failed.code == "rate_limit_error":
        return DifyBusy(detail)
    return _BY_CODE.get(failed.code, DifyModelFailed)(detail)


def from_flow(error: str) -> DifyError:
    """The error that a flow which ended as failed stands for. `error` is Dify's own text."""
    if error.startswith("Conversation Not Exists"):
        return DifyConversationGone("the flow failed: the conversation is unknown")
    return DifyModelFailed("the flow failed")


def is_stop(error: str) -> bool:
    """Whether a flow that is said to have failed was stopped. `error` is Dify's own text."""
    return error.startswith(_STOPS)


def _told(status: int, content_type: str, body: bytes) -> tuple[type[DifyError], str]:
    if not content_type.startswith("application/json"):
        kind = DifyDown if status >= 500 else _BY_PAGE.get(status, DifyNotDify)
        return kind, f" with {content_type.partition(';')[0] or 'no content type'}"
    try:
        fields = mapping_of(json.loads(body))
    except (ValueError, RecursionError):
        return DifyNotDify, " with JSON that cannot be read"
    code = text_of(fields, "code")
    return _kind(status, code, text_of(fields, "message")), f", {_printable(code)}"


def _kind(status: int, code: str, message: str) -> type[DifyError]:
    if status == 404 and code == "not_found" and message.startswith("Conversation Not Exists"):
        return DifyConversationGone
    if code == "invalid_param" and message.startswith("Too many requests"):
        return DifyBusy
    if message.startswith("Workflow not published"):
        return DifyNotPublished
    if code in _BY_CODE:
        return _BY_CODE[code]
    if status >= 500:
        return DifyDown
    return _BY_STATUS.get(status, DifyRejected)


def _printable(code: str) -> str:
    """A code as far as it looks like one."""
    return code[:60] if code.replace("_", "").isalnum() else "no code"
