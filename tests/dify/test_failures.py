"""What refusals mean, by status, kind and code."""

import json

import pytest

from bridge import errors
from bridge.dify.events import Failed
from bridge.dify.failures import MAX_RETRY_AFTER_SECONDS, from_event, from_response, retry_after_seconds


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (413, errors.DifyRejected),
        (429, errors.DifyBusy),
        (500, errors.DifyDown),
        (502, errors.DifyDown),
        (503, errors.DifyDown),
        (504, errors.DifyDown),
        (403, errors.DifyNotDify),
        (404, errors.DifyNotDify),
    ],
)
def test_a_page_of_the_proxy_in_front_speaks_for_itself(status: int, error: type[errors.DifyError]) -> None:
    assert type(from_response(status, "text/html", b"<html>")) is error


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "invalid_param", errors.DifyRejected),
        (400, "bad_request", errors.DifyRejected),
        (400, "app_unavailable", errors.DifyNotPublished),
        (400, "agent_not_published", errors.DifyNotPublished),
        (400, "not_chat_app", errors.DifyWrongMode),
        (400, "not_workflow_app", errors.DifyWrongMode),
        (400, "not_completion_app", errors.DifyWrongMode),
        (400, "conversation_completed", errors.DifyConversationGone),
        (400, "provider_not_initialize", errors.DifyModelFailed),
        (400, "provider_quota_exceeded", errors.DifyQuota),
        (400, "model_currently_not_support", errors.DifyModelFailed),
        (400, "completion_request_error", errors.DifyModelFailed),
        (400, "no_file_uploaded", errors.DifyFileRefused),
        (400, "too_many_files", errors.DifyFileRefused),
        (400, "filename_not_exists_error", errors.DifyFileRefused),
        (400, "no_audio_uploaded", errors.DifyFileRefused),
        (400, "provider_not_support_speech_to_text", errors.DifyLacks),
        (400, "speech_to_text_disabled", errors.DifyLacks),
        (400, "invalid_form_data", errors.DifyInputRefused),
        (400, "message_feedback_rating_required", errors.DifyRejected),
        (400, "invented_tomorrow", errors.DifyRejected),
        (401, "unauthorized", errors.DifyKeyRejected),
        (403, "forbidden", errors.DifyAppClosed),
        (403, "app_not_found", errors.DifyAppClosed),
        (403, "app_abnormal_status", errors.DifyAppClosed),
        (403, "app_api_disabled", errors.DifyAppClosed),
        (403, "workspace_not_found", errors.DifyAppClosed),
        (403, "workspace_archived", errors.DifyAppClosed),
        (403, "workflow_version_execution_not_allowed", errors.DifyLacks),
        (403, "file_access_denied", errors.DifyFileGone),
        (403, "app_suggested_questions_after_answer_disabled", errors.DifyLacks),
        (403, "invented_tomorrow", errors.DifyAppClosed),
        (404, "not_found", errors.DifyNotThere),
        (404, "file_not_found", errors.DifyFileGone),
        (404, "end_user_not_found", errors.DifyNotThere),
        (405, "method_not_allowed", errors.DifyNotDify),
        (412, "human_input_form_submitted", errors.DifyFormOver),
        (412, "human_input_form_expired", errors.DifyFormOver),
        (413, "file_too_large", errors.DifyFileRefused),
        (413, "audio_too_large", errors.DifyFileRefused),
        (415, "unsupported_file_type", errors.DifyFileRefused),
        (415, "unsupported_audio_type", errors.DifyFileRefused),
        (415, "unsupported_media_type", errors.DifyRejected),
        (429, "too_many_requests", errors.DifyBusy),
        (429, "rate_limit_error", errors.DifyQuota),
        (429, "invented_tomorrow", errors.DifyBusy),
        (500, "internal_server_error", errors.DifyDown),
        (500, "unknown", errors.DifyDown),
        (503, "invented_tomorrow", errors.DifyDown),
    ],
)
def test_every_code_of_dify_has_its_own_error_and_its_text_is_never_shown(
    status: int, code: str, error: type[errors.DifyError]
) -> None:
    message = "1 validation error, input_value={'query': 'a secret'} at http://api:5001"
    body = json.dumps({"code": code, "message": message, "status": status}).encode()
    found = from_response(status, "application/json", body)
    assert type(found) is error
    assert str(found) == f"HTTP {status}, {code}"
    assert "secret" not in found.notice


@pytest.mark.parametrize(
    ("code", "message", "error"),
    [
        ("not_found", "Conversation Not Exists.", errors.DifyConversationGone),
        (
            "not_found",
            "Conversation Not Exists. You have requested this URI [/v1/chat-messages] but did you mean ...",
            errors.DifyConversationGone,
        ),
        ("not_found", "Message Not Exists.", errors.DifyNotThere),
        ("not_found", "The requested URL was not found on the server.", errors.DifyNotDify),
        ("bad_request", "Suggested Questions Is Disabled.", errors.DifyLacks),
        ("invalid_param", "Speech to text is not enabled", errors.DifyLacks),
        ("invalid_param", "TTS is not enabled", errors.DifyLacks),
        ("invalid_param", "Sorry, no voice available.", errors.DifyLacks),
        ("invalid_param", "query is required", errors.DifyRejected),
        ("invalid_param", "query is required in input form", errors.DifyInputRefused),
        ("invalid_param", "(type 'text-input') x in input form must be a string", errors.DifyInputRefused),
        ("invalid_param", "lang in input form must be less than 9 characters", errors.DifyInputRefused),
        ("invalid_param", "so that in input form must be", errors.DifyRejected),
        ("invalid_param", "File validation failed for file: a.png", errors.DifyFileRefused),
        ("invalid_param", "Number of files exceeds the maximum limit 5", errors.DifyFileRefused),
        ("invalid_param", "Number of image files exceeds the maximum limit 5", errors.DifyFileRefused),
        ("invalid_param", "Invalid upload file", errors.DifyFileRefused),
        ("unauthorized", "Conversation Not Exists.", errors.DifyKeyRejected),
    ],
)
def test_a_code_that_stands_for_many_things_is_told_by_its_sentence(
    code: str, message: str, error: type[errors.DifyError]
) -> None:
    body = json.dumps({"code": code, "message": message, "status": 400}).encode()
    assert type(from_response(400, "application/json", body)) is error


@pytest.mark.parametrize(
    ("status", "kind", "body", "error"),
    [
        (404, "text/html", b"<html>", errors.DifyLacks),
        (
            404,
            "application/json",
            b'{"code": "not_found", "message": "The requested URL was"}',
            errors.DifyNotThere,
        ),
        (
            404,
            "application/json",
            b'{"code": "not_found", "message": "The requested URL was not found on the server."}',
            errors.DifyLacks,
        ),
        (405, "application/json", b'{"code": "method_not_allowed", "message": ""}', errors.DifyLacks),
        (404, "application/json", b'{"code": "not_found", "message": "Form not found"}', errors.DifyNotThere),
        (302, "text/html", b"", errors.DifyNotDify),
        (502, "text/html", b"<html>", errors.DifyDown),
    ],
)
def test_a_path_that_a_version_lacks_is_told_apart_from_what_is_not_behind_it(
    status: int, kind: str, body: bytes, error: type[errors.DifyError]
) -> None:
    assert type(from_response(status, kind, body, optional=True)) is error


@pytest.mark.parametrize(
    ("code", "status", "message", "error"),
    [
        ("invalid_param", 400, "Run failed: [openai] Rate Limit Error", errors.DifyModelFailed),
        ("provider_not_initialize", 400, "", errors.DifyModelFailed),
        ("provider_quota_exceeded", 400, "", errors.DifyQuota),
        ("model_currently_not_support", 400, "", errors.DifyModelFailed),
        ("completion_request_error", 400, "Incorrect API key provided", errors.DifyModelFailed),
        ("rate_limit_error", 429, "", errors.DifyBusy),
        ("internal_server_error", 500, "Internal Server Error", errors.DifyDown),
        ("", 500, "query is required", errors.DifyRejected),
        ("", 500, "lang is required in input form", errors.DifyInputRefused),
        ("", 500, "Invalid upload file", errors.DifyFileRefused),
        ("", 500, "whatever", errors.DifyModelFailed),
        ("invented tomorrow\n", 400, "", errors.DifyModelFailed),
    ],
)
def test_every_failure_within_a_stream_has_its_own_error(
    code: str, status: int, message: str, error: type[errors.DifyError]
) -> None:
    found = from_event(Failed(code, status, message))
    assert type(found) is error
    assert not message or message not in str(found)
    assert "\n" not in str(found)
    assert not found.nothing_began


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("Workflow not published", errors.DifyNotPublished),
        ("Article 5, not published yet, is no valid input", errors.DifyRejected),
        ("Too many requests. Please try again later.", errors.DifyBusy),
    ],
)
def test_only_the_sentences_of_dify_count(message: str, error: type[errors.DifyError]) -> None:
    body = json.dumps({"code": "invalid_param", "message": message, "status": 400}).encode()
    assert type(from_response(400, "application/json", body)) is error


@pytest.mark.parametrize(
    ("status", "code", "message", "nothing_began"),
    [
        (429, "too_many_requests", "", True),
        (429, "rate_limit_error", "Workflow execution quota limit reached", True),
        (400, "invalid_param", "Too many requests. Please try again later.", True),
        (400, "invalid_param", "1 validation error", False),
        (401, "unauthorized", "Access token is invalid", False),
        (404, "not_found", "Conversation Not Exists.", False),
        (500, "internal_server_error", "Internal Server Error", False),
        (503, "unknown", "", True),
    ],
)
def test_a_refusal_tells_whether_the_question_may_be_asked_again(
    status: int, code: str, message: str, nothing_began: bool
) -> None:
    body = json.dumps({"code": code, "message": message, "status": status}).encode()
    assert from_response(status, "application/json", body).nothing_began is nothing_began


@pytest.mark.parametrize(
    ("status", "nothing_began"),
    [(502, True), (503, True), (504, True), (429, True), (500, False), (501, False), (413, False)],
)
def test_a_page_of_the_proxy_tells_it_too(status: int, nothing_began: bool) -> None:
    assert from_response(status, "text/html", b"<html>").nothing_began is nothing_began


def test_an_error_is_not_to_be_repeated_unless_it_says_so() -> None:
    kinds: list[type[errors.DifyError]] = [errors.DifyError, *errors.DifyError.__subclasses__()]
    assert not any(kind("x").nothing_began for kind in kinds)
    assert all(kind("x").retry_after is None for kind in kinds)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("86400", MAX_RETRY_AFTER_SECONDS),
        ("Thu, 01 Jan 1970 00:01:00 GMT", 10.0),
        ("Thu, 01 Jan 1970 00:00:10 GMT", 0.0),
        ("", None),
        ("-1", None),
        ("soon", None),
        ("9" * 400, MAX_RETRY_AFTER_SECONDS),
    ],
)
def test_the_wait_that_a_server_asks_for_is_bounded(value: str, seconds: float | None) -> None:
    assert retry_after_seconds(value, now=50.0) == seconds
