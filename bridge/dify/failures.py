"""What Dify's refusals and failures mean. Pure; by status, code and the beginning of the message.

Details for the log name status and code only: messages may quote what somebody asked.
"""

import json
import re
from email.utils import parsedate_to_datetime

from bridge.dify.events import Failed
from bridge.dify.shapes import mapping_of, text_of
from bridge.errors import (
    DifyAppClosed,
    DifyBusy,
    DifyConversationGone,
    DifyDown,
    DifyError,
    DifyFileGone,
    DifyFileRefused,
    DifyFormOver,
    DifyInputRefused,
    DifyKeyRejected,
    DifyLacks,
    DifyModelFailed,
    DifyNotDify,
    DifyNotPublished,
    DifyNotThere,
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
    "forbidden": DifyAppClosed,
    "app_unavailable": DifyNotPublished,
    "agent_not_published": DifyNotPublished,
    "not_chat_app": DifyWrongMode,
    "not_workflow_app": DifyWrongMode,
    "not_completion_app": DifyWrongMode,
    "conversation_completed": DifyConversationGone,
    "provider_not_initialize": DifyModelFailed,
    "provider_quota_exceeded": DifyQuota,
    "model_currently_not_support": DifyModelFailed,
    "completion_request_error": DifyModelFailed,
    "rate_limit_error": DifyQuota,
    "too_many_requests": DifyBusy,
    "no_file_uploaded": DifyFileRefused,
    "too_many_files": DifyFileRefused,
    "filename_not_exists_error": DifyFileRefused,
    "file_too_large": DifyFileRefused,
    "unsupported_file_type": DifyFileRefused,
    "no_audio_uploaded": DifyFileRefused,
    "audio_too_large": DifyFileRefused,
    "unsupported_audio_type": DifyFileRefused,
    "file_not_found": DifyFileGone,
    "file_access_denied": DifyFileGone,
    "provider_not_support_speech_to_text": DifyLacks,
    "speech_to_text_disabled": DifyLacks,
    "app_suggested_questions_after_answer_disabled": DifyLacks,
    "workflow_version_execution_not_allowed": DifyLacks,
    "message_feedback_rating_required": DifyRejected,
    "unsupported_media_type": DifyRejected,
    "invalid_form_data": DifyInputRefused,
    "human_input_form_submitted": DifyFormOver,
    "human_input_form_expired": DifyFormOver,
    "not_found": DifyNotThere,
    "end_user_not_found": DifyNotThere,
    "method_not_allowed": DifyNotDify,
    "internal_server_error": DifyDown,
    "unknown": DifyDown,
}

_BY_STATUS: dict[int, type[DifyError]] = {
    401: DifyKeyRejected,
    403: DifyAppClosed,
    404: DifyNotThere,
    405: DifyNotDify,
    412: DifyFormOver,
    413: DifyFileRefused,
    429: DifyBusy,
}

# What comes with a code that stands for many things, told by how Dify's sentence begins. The rest of it may
# quote anything.
_BY_SENTENCE: tuple[tuple[re.Pattern[str], type[DifyError]], ...] = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"(404 Not Found: )?Conversation Not Exists", DifyConversationGone),
        (r"Too many requests", DifyBusy),
        (r"Workflow not published", DifyNotPublished),
        (r"File validation failed|Invalid upload file|Number of (\w+ )?files exceeds", DifyFileRefused),
        # "(type 'number') age in input form must be a number", "age is required in input form".
        (r"(\(type '[\w-]+'\) )?\S{1,200} (is required )?in input form\b", DifyInputRefused),
        (r"Speech to text is not enabled|(TTS|Text to speech) is not enabled", DifyLacks),
        (r"Sorry, no voice available|Suggested Questions Is Disabled", DifyLacks),
        (r"query is required", DifyRejected),
        (r"The requested URL was not found", DifyNotDify),
    )
)
_SENTENCES_FOR = frozenset({"", "invalid_param", "bad_request", "not_found"})

# Pages instead of JSON: what stands in front of Dify speaks for itself.
_BY_PAGE: dict[int, type[DifyError]] = {413: DifyRejected, 429: DifyBusy}
# What Dify or the server before it says of a path that it does not have.
_NO_SUCH_PATH = frozenset({404, 405})
# Refused at the door, or by a proxy in front of it. Dify's own failure (500) may come after a turn began.
_NOTHING_BEGAN = frozenset({429, 502, 503, 504})
# A server that wants more than this is not coming back while somebody waits.
MAX_RETRY_AFTER_SECONDS = 600.0
# How a flow that somebody stopped reports it where it does not say "stopped".
_STOPS = ("Aborted", "Stopped by user", "User requested stop", "Workflow execution aborted")


def from_response(
    status: int, content_type: str, body: bytes, retry_after: float | None = None, *, optional: bool = False
) -> DifyError:
    """The error that a response other than 2xx stands for. `optional` says that a version may lack the path
    that was asked."""
    kind, detail = _told(status, content_type, body)
    if optional and kind is DifyNotDify and status in _NO_SUCH_PATH:
        kind = DifyLacks
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
    if failed.code == "rate_limit_error":
        return DifyBusy(detail)
    kind = _by_sentence(failed.message) if failed.code in _SENTENCES_FOR else None
    return (kind or _BY_CODE.get(failed.code, DifyModelFailed))(detail)


def from_flow(error: str) -> DifyError:
    """The error that a flow which ended as failed stands for. `error` is Dify's own text."""
    kind = _by_sentence(error)
    return kind("the flow was refused") if kind is not None else DifyModelFailed("the flow failed")


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
    told = _by_sentence(message) if code in _SENTENCES_FOR else None
    if told is not None:
        return told
    if code in _BY_CODE:
        return _BY_CODE[code]
    if status >= 500:
        return DifyDown
    return _BY_STATUS.get(status, DifyRejected)


def _by_sentence(message: str) -> type[DifyError] | None:
    return next((kind for pattern, kind in _BY_SENTENCE if pattern.match(message)), None)


def _printable(code: str) -> str:
    """A code as far as it looks like one."""
    return code[:60] if code.replace("_", "").isalnum() else "no code"
