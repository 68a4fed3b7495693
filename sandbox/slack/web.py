"""The Web API over HTTP: routing, tokens, rate limits, injected failures, and the record of every call."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from sandbox.slack import payloads
from sandbox.slack.arguments import read
from sandbox.slack.errors import ApiError
from sandbox.slack.limits import Limits, Meter
from sandbox.slack.methods import METHODS
from sandbox.slack.tokens import Tokens
from sandbox.slack.types import Call, Json, JsonObject
from sandbox.slack.world import World

MAX_BODY = 8 * 2**20  # bytes
SCOPES = (
    "app_mentions:read,assistant:write,channels:history,groups:history,im:history,mpim:history,chat:write,commands,"
    "im:write,files:read,files:write,reactions:read,reactions:write,users:read,usergroups:read"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """`carried_out` is for failures that come although the call took effect."""

    status: int
    body: JsonObject
    headers: dict[str, str] = field(default_factory=dict)
    carried_out: bool = False

    @classmethod
    def refused(cls, error: str, *details: str) -> "Answer":
        body: dict[str, Json] = {"ok": False, "error": error}
        if details:
            body["response_metadata"] = {"messages": list(details)}
        return cls(200, body)


class WebApi:
    """The calls of one workspace."""

    def __init__(self, world: World, tokens: Tokens, app_token: str, limits: Limits, latency: float) -> None:
        self.meter = Meter(limits)
        self.latency = latency
        self.world = world
        self._tokens = tokens
        self._app_token = app_token
        self._failures: dict[str, deque[Answer]] = {}

    def fail(self, method: str, answer: Answer, times: int) -> None:
        self._failures.setdefault(method, deque()).extend([answer] * times)

    async def handle(self, request: web.Request, beside: Mapping[str, "WebApi"]) -> web.Response:
        """One call, of this workspace or of one `beside` it, by its id: they have the same address. Half of
        the latency passes before it takes effect, half before the answer is there."""
        at, name = time.monotonic(), request.match_info["method"]
        await asyncio.sleep(self.latency / 2)
        raw: dict[str, Json] = {}
        called = self
        try:
            raw = await _arguments(request)
            if name == "oauth.v2.access":
                answer = self._access(request.headers.get("Authorization", ""), raw, beside)
            else:
                token = _token(request, raw)
                teams = (team for team in beside if self._tokens.is_of(token, team))
                called = next((beside[team] for team in teams), self)
                answer = called.revoke(token) if name == "auth.revoke" else called.answer(name, token, raw)
        except ApiError as error:
            answer = Answer.refused(error.code, *error.details)
        called.record(at, name, raw, answer)
        await asyncio.sleep(self.latency / 2)
        return web.json_response(answer.body, status=answer.status, headers=answer.headers)

    def answer(self, name: str, token: str, raw: JsonObject) -> Answer:
        method = METHODS.get(name)
        if method is None:
            return Answer(200, {"ok": False, "error": "unknown_method", "req_method": name})
        if not token:
            raise ApiError("not_authed")
        if method.app_level:
            if token != self._app_token:
                raise ApiError("invalid_auth")
        else:
            self._tokens.team(token)
        if failures := self._failures.get(name):
            failure = failures.popleft()
            if failure.carried_out:
                method.answer(self.world, read(method.args, raw))
            return failure
        wait = self.meter.charge(name, str(raw.get("channel", "")))
        if wait is not None:
            return Answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(wait)})
        answer = method.answer(self.world, read(method.args, raw))
        return Answer(200, {"ok": True, **answer}, {} if method.app_level else {"X-OAuth-Scopes": SCOPES})

    def revoke(self, token: str) -> Answer:
        """`auth.revoke`: the token is of no use any more, and the app is told."""
        who = self.world.workspace.identity
        self._tokens.revoke(self._tokens.team(token))
        self.world.announce(payloads.tokens_revoked(who.bot_user_id), gone=True)
        return Answer(200, {"ok": True, "revoked": True})

    def _access(self, authorization: str, raw: JsonObject, beside: Mapping[str, "WebApi"]) -> Answer:
        if failures := self._failures.get("oauth.v2.access"):
            return failures.popleft()
        team, tokens = self._tokens.access(authorization, raw)
        who = beside.get(team, self).world.workspace.identity
        return Answer(200, {"ok": True, **payloads.access(who, SCOPES, tokens)})

    def record(self, at: float, name: str, raw: JsonObject, answer: Answer) -> None:
        error = answer.body.get("error", "")
        ts = answer.body.get("ts") or raw.get("ts") or raw.get("timestamp") or ""
        channel = raw.get("channel") or raw.get("channel_id") or ""
        self.world.timeline.called(Call(at, name, raw, answer.status, str(error), str(channel), str(ts)))


async def _arguments(request: web.Request) -> dict[str, Json]:
    """What the query and the body say: a form, or JSON, as the SDKs use both."""
    arguments: dict[str, Json] = dict(request.query)
    if request.content_type == "application/json":
        body = await request.text()
        try:
            decoded = json.loads(body or "{}")
        except ValueError:
            raise ApiError("invalid_json") from None
        if not isinstance(decoded, dict):
            raise ApiError("json_not_object")
        return arguments | decoded
    form = await request.post()
    return arguments | {name: value for name, value in form.items() if isinstance(value, str)}


def _token(request: web.Request, arguments: dict[str, Json]) -> str:
    """From the header, or else from the arguments, where it is taken out."""
    given = arguments.pop("token", None)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return given if isinstance(given, str) else ""
