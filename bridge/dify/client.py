"""Dify's service API, as far as the bridge calls it: one key, one app, one shared HTTP client."""

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Self

import httpx

from bridge.dify.events import decode
from bridge.dify.failures import from_response
from bridge.dify.frames import FrameSplitter
from bridge.dify.shapes import mapping_of, text_of
from bridge.dify.turn import Ending, Turn, Update
from bridge.errors import (
    DifyCut,
    DifyError,
    DifyNotDify,
    DifySilent,
    DifyUnreachable,
    DifyWrongMode,
)

CONNECT_TIMEOUT_SECONDS = 10.0
# Dify pings every ten seconds while it works, in every version; a minute without a byte is a dead stream.
SILENCE_TIMEOUT_SECONDS = 60.0
CALL_TIMEOUT_SECONDS = 30.0
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


class ChatStream:
    """A running turn."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self._turn = Turn()

    @property
    def ending(self) -> Ending | None:
        """How the turn ended; None while it goes on."""
        return self._turn.ending

    async def updates(self) -> AsyncGenerator[Update, None]:
        """The states of the turn, each with the whole answer so far. Ends when the turn is over, and raises
        `DifyError` when it failed; what was said until then stands all the same."""
        splitter = FrameSplitter()
        async with aclosing(self._chunks()) as chunks:
            async for chunk in chunks:
                frames = splitter.feed(chunk)
                for frame in frames:
                    self._turn.take(decode(frame))
                if frames:
                    yield self._turn.update
        if self._turn.error is not None:
            raise self._turn.error
        if self._turn.ending is None:
            raise DifyCut("the stream ended without a last event")

    async def _chunks(self) -> AsyncGenerator[bytes, None]:
        """What arrives, until the turn is over. We hang up: the server may keep the line open for long."""
        source = self._response.aiter_bytes()
        until: float | None = None
        loop = asyncio.get_running_loop()
        try:
            while (read_on := self._turn.read_on_seconds) != 0:
                if read_on is not None:
                    until = min(until or loop.time() + read_on, loop.time() + read_on)
                try:
                    with _translated():
                        async with asyncio.timeout_at(until):
                            chunk = await anext(source)
                except StopAsyncIteration:
                    return
                except (TimeoutError, DifyError):
                    if read_on is None:
                        raise
                    return
                yield chunk
        finally:
            await source.aclose()  # type: ignore[attr-defined]  # httpx promises an iterator, and gives a generator


class DifyClient:
    """One Dify app, as an async context manager. Every method raises only `DifyError` kinds."""

    def __init__(
        self, base_url: str, api_key: str, silence_timeout_seconds: float = SILENCE_TIMEOUT_SECONDS
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=base_url.rstrip("/") + "/",
            headers={"Authorization": f"Bearer {api_key}", "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(CALL_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
            # Every running answer holds a connection; how many may run is not this client's business.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
            # The key must not travel to wherever a redirect points.
            follow_redirects=False,
        )
        self._stream_timeout = httpx.Timeout(
            CALL_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS, read=silence_timeout_seconds
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

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
        async with self._send("POST", "chat-messages", payload, self._stream_timeout) as response:
            kind = response.headers.get("content-type", "")
            if not kind.startswith("text/event-stream"):
                raise DifyNotDify(f"the answer is no event stream but {kind.partition(';')[0]}")
            yield ChatStream(response)

    async def stop(self, task_id: str, user: str) -> None:
        """Ask Dify to end a running turn. Only the user who began it can."""
        async with self._send("POST", f"chat-messages/{task_id}/stop", {"user": user}) as response:
            await _read(response)

    async def _get(self, path: str) -> tuple[Mapping[str, object], str]:
        async with self._send("GET", path) as response:
            if not response.headers.get("content-type", "").startswith("application/json"):
                raise DifyNotDify(f"GET {path} was not answered with JSON")
            try:
                fields = mapping_of(json.loads(await _read(response)))
            except (ValueError, RecursionError) as error:
                raise DifyNotDify(f"GET {path} was answered with JSON that cannot be read") from error
            return fields, response.headers.get("x-version", "")

    @asynccontextmanager
    async def _send(
        self,
        method: str,
        path: str,
        payload: Mapping[str, object] | None = None,
        patience: httpx.Timeout | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """Send a request and give the response, not yet read, if it is a good one."""
        request = self._http.build_request(method, path, json=payload)
        if patience is not None:
            request.extensions["timeout"] = patience.as_dict()
        with _translated():
            response = await self._http.send(request, stream=True)
        try:
            if not 200 <= response.status_code < 300:
                kind = response.headers.get("content-type", "")
                raise from_response(response.status_code, kind, await _read(response))
            yield response
        finally:
            await response.aclose()


async def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    with _translated():
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                raise DifyNotDify("the answer is far longer than any of Dify's")
    return bytes(body)


@contextmanager
def _translated() -> Iterator[None]:
    """The one place where httpx's exceptions become ours."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
        raise DifyUnreachable(type(error).__name__) from error
    except httpx.TimeoutException as error:
        raise DifySilent(type(error).__name__) from error
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
        raise DifyCut(type(error).__name__) from error
