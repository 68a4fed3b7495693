"""What refusals mean, by status, kind and code."""

import json

import pytest

from bridge import errors
from bridge.dify.failures import MAX_RETRY_AFTER_SECONDS, from_response, retry_after_seconds


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
