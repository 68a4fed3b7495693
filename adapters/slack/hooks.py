"""Slack's requests to the web port: everything it tells in HTTP mode, signed with a secret of the app.

Slack repeats an event that was not answered with 200 at once, after one minute and after five; what was taken
before is known by what it says, so that repeating it is harmless. What people press is never repeated.
"""

import json
import logging
import re
from collections.abc import Mapping
from urllib.parse import parse_qs

from slack_sdk.signature import SignatureVerifier

from adapters.slack.desk import Desk
from adapters.slack.fields import Json
from bridge.types import WebAnswer, WebRequest

log = logging.getLogger(__name__)

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 100

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


class Hooks:
    """Takes requests to one path, for a desk that deals with what they say."""

    def __init__(self, signing_secret: str, desk: Desk) -> None:
        self._verifier = SignatureVerifier(signing_secret)
        self._desk = desk

    async def serve(self, request: WebRequest) -> WebAnswer:
        """See `bridge.ports.ServesWeb`."""
        if request.method != "POST":
            return WebAnswer(405)
        if not self._is_slacks(request):
            log.warning("Slack: a request was refused, as it is not signed, too old, or signed otherwise")
            return WebAnswer(401)
        match request.headers.get("content-type", "").partition(";")[0].strip().lower():
            case media_type if media_type == JSON:
                return await self._on_json(_object(request.body.decode()))
            case media_type if media_type == FORM:
                return await self._on_form(_fields(request.body.decode()))
            case _:
                return WebAnswer(400)

    def _is_slacks(self, request: WebRequest) -> bool:
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        if not (_TIMESTAMP.fullmatch(timestamp) and _SIGNATURE.fullmatch(signature)):
            return False
        try:
            return self._verifier.is_valid(request.body, timestamp, signature)
        except UnicodeDecodeError:
            return False

    async def _on_json(self, body: Json | None) -> WebAnswer:
        if body is None:
            return WebAnswer(400)
        challenge = body.get("challenge")
        match body.get("type"):
            case "event_callback":
                taken = not self._desk.left and await self._desk.event(body)
                return WebAnswer(200 if taken else 503)
            case "url_verification" if isinstance(challenge, str):
                return WebAnswer(200, challenge)
            case "app_rate_limited":
                log.warning("Slack: more happens than Slack tells, for a minute: the app is rate limited")
                return WebAnswer(200)
            case _:
                return WebAnswer(400)

    async def _on_form(self, fields: Mapping[str, str]) -> WebAnswer:
        # A command is a form of its own.
        payload = fields if "command" in fields else _object(fields.get("payload", ""))
        if payload is None:
            return WebAnswer(400)
        return _told(await self._desk.interaction(payload))


def _told(answer: Json | None) -> WebAnswer:
    if answer is None:
        return WebAnswer(503)
    return WebAnswer(200, json.dumps(answer), JSON) if answer else WebAnswer(200)


def _object(text: str) -> Json | None:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def _fields(text: str) -> Mapping[str, str]:
    """The fields of a form; of several with the same name, the first."""
    try:
        found = parse_qs(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}
