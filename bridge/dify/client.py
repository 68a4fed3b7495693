"""Dify's service API, as far as the bridge calls it: one key, one app, one shared HTTP client."""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

import aiohttp

from bridge.dify.failures import from_response
from bridge.dify.pace import Pace
from bridge.dify.shapes import mapping_of, text_of
from bridge.dify.stream import ChatStream
from bridge.dify.transport import Body, open_session, patience, translated
from bridge.errors import DifyNotDify, DifyWrongMode

# Dify pings every ten seconds while it works, in every version; a minute without a byte is a dead stream.
SILENCE_TIMEOUT_SECONDS = 60.0
CALL_TIMEOUT_SECONDS = 30.0
CALL_PATIENCE = patience(CALL_TIMEOUT_SECONDS, CALL_TIMEOUT_SECONDS)
# An answer that is not a stream is a small JSON object; anything longer is not read to its end.
MAX_ANSWER_BYTES = 1024 * 1024
# A column of Dify's database; a longer user is an internal server error there.
USER_LIMIT_CHARACTERS = 255

CONVERSING_MODES = frozenset({"chat", "agent-chat", "advanced-chat", "agent"})


@dataclass(frozen=True, slots=True)
class AppInfo:
    """The app behind the key. `mode` and `version` are empty where an old Dify does not tell."""

    name: str
    mode: str
    version: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One turn: `conversation_id` is empty for the first one; `inputs` are sent with every one."""

    query: str
    user: str
    conversation_id: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)


def end_user(name: str) -> str:
    """A name for Dify's end user, shortened unmistakably where it is too long."""
    if len(name) <= USER_LIMIT_CHARACTERS:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{name[: USER_LIMIT_CHARACTERS - len(mark) - 1]}:{mark}"


class DifyClient:
    """One Dify app, as an async context manager. Every method raises only `DifyError` kinds."""

    def __init__(
        self, base_url: str, api_key: str, silence_timeout_seconds: float = SILENCE_TIMEOUT_SECONDS
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._stream_patience = patience(silence_timeout_seconds)
        self._pace = Pace()

    async def __aenter__(self) -> Self:
        self._http = open_session(self._base_url, self._api_key)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def check(self) -> AppInfo:
        """Whether questions can be asked at all: reachable, key accepted, an app that holds conversations."""
        info, version = await self._get("info")
        app = AppInfo(text_of(info, "name"), text_of(info, "mode"), version)
        if app.mode and app.mode not in CONVERSING_MODES:
            raise DifyWrongMode(f"the app's mode is {app.mode}")
        await self._get("parameters")
        return app

    @asynccontextmanager
    async def chat(self, request: ChatRequest) -> AsyncIterator[ChatStream]:
        """Ask, and read the answer as it comes. The connection is closed when the block is left."""
        payload = {
            "inputs": dict(request.inputs),
            "query": request.query,
            "user": request.user,
            "conversation_id": request.conversation_id,
            "response_mode": "streaming",
        }
        async with self._send("POST", "chat-messages", payload, self._stream_patience) as response:
            kind = response.headers.get("Content-Type", "")
            if not kind.startswith("text/event-stream"):
                raise DifyNotDify(f"the answer is no event stream but {kind.partition(';')[0]}")
            with self._pace.place() as place:
                async with ChatStream(Body(response), place) as stream:
                    yield stream

    async def stop(self, task_id: str, user: str) -> None:
        """Ask Dify to end a running turn. Only the user who began it can."""
        async with self._send("POST", f"chat-messages/{task_id}/stop", {"user": user}) as response:
            await _read(response)

    async def _get(self, path: str) -> tuple[Mapping[str, object], str]:
        async with self._send("GET", path) as response:
            if not response.headers.get("Content-Type", "").startswith("application/json"):
                raise DifyNotDify(f"GET {path} was not answered with JSON")
            try:
                fields = mapping_of(json.loads(await _read(response)))
            except (ValueError, RecursionError) as error:
                raise DifyNotDify(f"GET {path} was answered with JSON that cannot be read") from error
            return fields, response.headers.get("X-Version", "")

    @asynccontextmanager
    async def _send(
        self,
        method: str,
        path: str,
        payload: Mapping[str, object] | None = None,
        waiting: aiohttp.ClientTimeout = CALL_PATIENCE,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request and give the response, not yet read, if it is a good one."""
        with translated():
            response = await self._http.request(
                method,
                f"{self._base_url}/{path}",
                json=payload,
                timeout=waiting,
                # The key must not travel to wherever a redirect points.
                allow_redirects=False,
            )
        try:
            if not 200 <= response.status < 300:
                kind = response.headers.get("Content-Type", "")
                raise from_response(response.status, kind, await _read(response))
            yield response
        finally:
            response.close()


async def _read(response: aiohttp.ClientResponse) -> bytes:
    source = Body(response)
    body = bytearray()
    while chunk := await source.gulp():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise DifyNotDify("the answer is far longer than any of Dify's")
    return bytes(body)
