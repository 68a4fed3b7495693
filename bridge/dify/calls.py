"""The calls of Dify's service API, with one key: sent, refused or read, within bounds."""

import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from bridge.dify.failures import from_response, retry_after_seconds
from bridge.dify.shapes import mapping_of
from bridge.dify.transport import Body, open_session, patience, translated
from bridge.errors import DifyError, DifyNotDify

CALL_TIMEOUT_SECONDS = 30.0
CALL_PATIENCE = patience(CALL_TIMEOUT_SECONDS, CALL_TIMEOUT_SECONDS)
# Some calls have a model do something before they are answered, or carry files.
LONG_CALL_TIMEOUT_SECONDS = 120.0
LONG_CALL_PATIENCE = patience(LONG_CALL_TIMEOUT_SECONDS, LONG_CALL_TIMEOUT_SECONDS)
# An answer that is not a stream is a small JSON object; anything longer is not read to its end.
MAX_ANSWER_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Told:
    """A JSON object, and the version of the server that told it; empty where it does not say."""

    fields: Mapping[str, object]
    version: str


class Calls:
    """One app's calls. To be closed. Every method raises only `DifyError` kinds.

    `optional` says that not every version has this path: where it is missing, `DifyLacks` is raised.
    """

    def __init__(self, base_url: str, api_key: str) -> None:
        self.base_url = base_url
        self._key = {"Authorization": f"Bearer {api_key}"}
        self._http = open_session(base_url)

    async def close(self) -> None:
        await self._http.close()

    async def get(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        max_bytes: int = MAX_ANSWER_BYTES,
        waiting: aiohttp.ClientTimeout = CALL_PATIENCE,
        *,
        optional: bool = False,
    ) -> Told:
        """Ask for a JSON object."""
        async with self.send("GET", path, query=query, waiting=waiting, optional=optional) as response:
            return await _told(response, f"GET {path}", max_bytes)

    async def put(
        self,
        method: str,
        path: str,
        payload: Mapping[str, object] | aiohttp.FormData,
        waiting: aiohttp.ClientTimeout = CALL_PATIENCE,
        *,
        optional: bool = False,
    ) -> Told:
        """Tell something, to be answered with a JSON object."""
        async with self.send(method, path, payload, waiting=waiting, optional=optional) as response:
            return await _told(response, f"{method} {path}", MAX_ANSWER_BYTES)

    async def do(
        self, method: str, path: str, payload: Mapping[str, object], *, optional: bool = False
    ) -> None:
        """Tell something. Whatever a good answer says is of no interest."""
        async with self.send(method, path, payload, optional=optional) as response:
            await read(response)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        waiting: aiohttp.ClientTimeout,
        payload: Mapping[str, object] | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        optional: bool = False,
    ) -> AsyncIterator[Body]:
        """Ask for a stream of events."""
        async with self.send(method, path, payload, query, waiting, headers, optional=optional) as response:
            kind = response.headers.get("Content-Type", "")
            if not kind.startswith("text/event-stream"):
                raise DifyNotDify(f"the answer is no event stream but {kind.partition(';')[0]}")
            yield Body(response)

    @asynccontextmanager
    async def send(
        self,
        method: str,
        path: str,
        payload: Mapping[str, object] | aiohttp.FormData | None = None,
        query: Mapping[str, str] | None = None,
        waiting: aiohttp.ClientTimeout = CALL_PATIENCE,
        headers: Mapping[str, str] | None = None,
        *,
        optional: bool = False,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request and give the response, not yet read, if it is a good one."""
        form = payload if isinstance(payload, aiohttp.FormData) else None
        with translated(nothing_heard=True):
            response = await self._http.request(
                method,
                f"{self.base_url}/{path}",
                json=payload if form is None else None,
                data=form,
                params=query,
                headers={**self._key, **(headers or {})},
                timeout=waiting,
                # The key must not travel to wherever a redirect points.
                allow_redirects=False,
            )
        try:
            if not 200 <= response.status < 300:
                raise await _refusal(response, optional=optional)
            yield response
        finally:
            response.close()

    @asynccontextmanager
    async def open(self, url: str, waiting: aiohttp.ClientTimeout) -> AsyncIterator[aiohttp.ClientResponse]:
        """Get what stands behind a signed address, whatever the response is, without the key."""
        with translated(nothing_heard=True):
            response = await self._http.get(url, timeout=waiting, allow_redirects=False)
        try:
            yield response
        finally:
            response.close()


async def read(response: aiohttp.ClientResponse, max_bytes: int = MAX_ANSWER_BYTES) -> bytes:
    """The whole body. `DifyNotDify` when it is larger than that."""
    source = Body(response)
    body = bytearray()
    while chunk := await source.gulp():
        body += chunk
        if len(body) > max_bytes:
            raise DifyNotDify("the answer is far longer than any of Dify's")
    return bytes(body)


async def _told(response: aiohttp.ClientResponse, call: str, max_bytes: int) -> Told:
    if not response.headers.get("Content-Type", "").startswith("application/json"):
        raise DifyNotDify(f"{call} was not answered with JSON")
    try:
        fields = mapping_of(json.loads(await read(response, max_bytes)))
    except (ValueError, RecursionError) as error:
        raise DifyNotDify(f"{call} was answered with JSON that cannot be read") from error
    return Told(fields, response.headers.get("X-Version", ""))


async def _refusal(response: aiohttp.ClientResponse, *, optional: bool) -> DifyError:
    kind = response.headers.get("Content-Type", "")
    wish = retry_after_seconds(response.headers.get("Retry-After", ""), time.time())
    try:
        body = await read(response)
    except DifyError:
        # The status stands, whatever it was to be explained with.
        kind, body = "", b""
    return from_response(response.status, kind, body, wish, optional=optional)
