"""What refusals mean, by status, kind and code."""

import json

import pytest

from bridge import errors
from bridge.dify.failures import from_response


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
