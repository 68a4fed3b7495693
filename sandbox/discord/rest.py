"""How a request to the REST API is taken in, judged and answered. What the routes do stands in `routes`."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import Any, Protocol, TypeAlias

from aiohttp import BodyPartReader, web

from sandbox.discord import forms
from sandbox.discord.errors import ApiError, no_such_route, too_large, unauthorized
from sandbox.discord.faults import CUT, Fault, Faults
from sandbox.discord.limits import Charge, Kind, Meter
from sandbox.discord.settings import Settings
from sandbox.discord.timeline import Timeline
from sandbox.discord.types import Call, DiscordFile

PREFIX = "/api/v10"
LARGEST_UPLOAD = 25 * 1024 * 1024

# What of its path a request is counted by, where that is not the channel.
_SCOPES: Mapping[Kind, str] = {"webhook": "webhook_token"}
_ID = re.compile(r"\{\w+_id\}")
_EMOJI = re.compile(r"\{emoji_name\}")
_TOKEN = re.compile(r"\{\w+_token\}")
_NUMBER = re.compile(r"(?<=/)\d+(?=/|$)")


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, as a route sees it."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    form: forms.Form

    def id(self, name: str) -> str:
        return forms.snowflake(name, self.path[name])


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    data: Any = None


Handler: TypeAlias = Callable[[Ask], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """`path` is written as in the official OpenAPI document. `kind` names the window that counts it; what is
    `unmetered` does not count among all requests either."""

    method: str
    path: str
    handler: Handler
    kind: Kind | None = None
    open: bool = False
    unmetered: bool = False

    @property
    def shown(self) -> str:
        return _TOKEN.sub("{token}", _EMOJI.sub("{emoji}", _ID.sub("{id}", self.path)))


class Check(Protocol):
    """Notes what is wrong with requests, by the official document or by what stands in no document."""

    def check(self, method: str, path: str, asked: Ask) -> None: ...

    def refused(self, method: str, path: str, error: ApiError) -> None: ...


@dataclass(slots=True)
class _Reply:
    status: int
    data: Any
    headers: dict[str, str]


class Rest:
    def __init__(
        self, settings: Settings, meter: Meter, faults: Faults, timeline: Timeline, check: Check | None
    ) -> None:
        self._settings = settings
        self._meter = meter
        self._faults = faults
        self._timeline = timeline
        self._check = check

    def definitions(self, routes: list[Route]) -> list[web.RouteDef]:
        known = [web.route(route.method, PREFIX + route.path, self._serving(route)) for route in routes]
        return [*known, web.route("*", PREFIX + "/{rest:.*}", self._serving(None))]

    def _serving(self, route: Route | None) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            return await self._serve(route, request)

        return serve

    async def _serve(self, route: Route | None, request: web.Request) -> web.StreamResponse:
        """Half of the latency passes before anything happens, half after it."""
        at = time.monotonic()
        form, broken = forms.Form(), None
        try:
            form = await _read(request)
        except ApiError as error:
            broken = error
        path = request.path.removeprefix(PREFIX)
        shown = _NUMBER.sub("{id}", path) if route is None else route.shown
        await asyncio.sleep(self._settings.latency / 2)
        if route is None:
            reply = _refusal(no_such_route())
        else:
            ask = Ask(dict(request.match_info), dict(request.query), form)
            reply = self._answer(route, shown, ask, request.headers.get("Authorization", ""), broken)
        await asyncio.sleep(self._settings.latency / 2)
        call = Call(at, request.method, shown, path, form.mapping, reply.status, dict(request.query))
        self._timeline.called(call)
        return _respond(request, reply)

    def _answer(
        self, route: Route, shown: str, ask: Ask, authorization: str, broken: ApiError | None
    ) -> _Reply:
        if self._check is not None and broken is None:
            self._check.check(route.method, route.path, ask)
        if not route.open and authorization != f"Bot {self._settings.token}":
            return _refusal(unauthorized())
        fault = self._faults.take(route.method, shown)
        if fault is not None and not fault.afterwards:
            return _failure(fault)
        charge = self._charge(route, ask)
        if charge is not None and charge.retry_after is not None:
            return _too_fast(charge, charge.retry_after)
        try:
            if broken is not None:
                raise broken
            answer = route.handler(ask)
            reply = _Reply(answer.status, answer.data, {})
        except ApiError as error:
            reply = _refusal(error)
            if self._check is not None:
                self._check.refused(route.method, route.path, error)
        if fault is not None:
            reply = _failure(fault)
        if charge is not None and route.kind != "rename":
            reply.headers |= charge.headers()
        return reply

    def _charge(self, route: Route, ask: Ask) -> Charge | None:
        """None where nothing has to be told of it."""
        charge = None if route.unmetered else self._meter.charge_any()
        renames = route.kind != "rename" or "name" in ask.form.mapping
        if charge is None and route.kind is not None and renames:
            charge = self._meter.charge(route.kind, ask.path[_SCOPES.get(route.kind, "channel_id")])
        return charge


async def _read(request: web.Request) -> forms.Form:
    if request.content_type == "multipart/form-data":
        return await _read_parts(request)
    text = await request.text()
    return forms.Form(forms.decode(text) if text else None)


async def _read_parts(request: web.Request) -> forms.Form:
    value: Any = None
    files: list[DiscordFile] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        if part.name == "payload_json":
            value = forms.decode(await part.text())
        elif part.filename is not None:
            media_type = part.headers.get("Content-Type", "application/octet-stream")
            files.append(DiscordFile(part.filename, media_type, bytes(await part.read())))
    if sum(len(file.content) for file in files) > LARGEST_UPLOAD:
        raise too_large()
    return forms.Form(value, tuple(files))


def _refusal(error: ApiError) -> _Reply:
    slow = error.status == HTTPStatus.TOO_MANY_REQUESTS
    headers = _slow_down(error.body["retry_after"], "user") if slow else {}
    return _Reply(error.status, error.body, headers)


def _failure(fault: Fault) -> _Reply:
    headers: dict[str, str] = {}
    if fault.status == 429:
        headers = _slow_down(fault.body["retry_after"], "user")
    elif fault.retry_after is not None:
        headers = {"Retry-After": str(ceil(fault.retry_after))}
    return _Reply(fault.status, fault.body, headers)


def _too_fast(charge: Charge, retry_after: float) -> _Reply:
    body = {
        "message": "You are being rate limited.",
        "retry_after": retry_after,
        "global": charge.scope == "global",
    }
    return _Reply(429, body, charge.headers() | _slow_down(retry_after, charge.scope))


def _slow_down(retry_after: float, scope: str) -> dict[str, str]:
    """`Via` because discord.py takes a 429 without it for a ban by Cloudflare."""
    return {"Retry-After": str(ceil(retry_after)), "X-RateLimit-Scope": scope, "Via": "1.1 sandbox"}


def _respond(request: web.Request, reply: _Reply) -> web.StreamResponse:
    if reply.status == CUT:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)
    if reply.status == 204:
        return web.Response(status=204, headers=reply.headers)
    body = json.dumps(reply.data).encode()
    # discord.py reads JSON only where the type is exactly this: a charset would make it plain text.
    return web.Response(
        body=body, status=reply.status, headers=reply.headers | {"Content-Type": "application/json"}
    )
