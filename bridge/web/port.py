"""The web port: each request, read within bounds of size and time, goes to whoever serves its path.

Nothing that people send gets into the log, and nobody is told more than a plain sentence.
"""

import asyncio
import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Self

from aiohttp import web

from bridge.errors import BridgeError, SettingsError
from bridge.ports import ServesWeb
from bridge.types import WebAnswer, WebRequest

log = logging.getLogger(__name__)

# Slack's requests have some kilobytes; the text of a long message, in escapes, a few more.
MOST_BYTES = 2**20
# For all of a body to arrive.
ARRIVES_WITHIN_SECONDS = 10.0
# For an answer. Slack itself waits three seconds, a browser as long as it must.
ANSWERED_WITHIN_SECONDS = 30.0
# More at once are turned away.
MOST_AT_ONCE = 200
# A connection on which nothing is asked is closed.
IDLE_SECONDS = 75.0
# How long requests that are being answered may go on when the port is closed.
CLOSING_SECONDS = 2.0
# With the body of a HEAD left away by the server.
METHODS = frozenset({"GET", "HEAD", "POST"})


class WebPort:
    """Serves the paths of these pages, as an async context manager. `SettingsError` when it cannot listen."""

    def __init__(self, host: str, port: int, pages: Sequence[ServesWeb]) -> None:
        self._host = host
        self._port = port
        self._pages = {path: page for page in pages for path in page.paths}
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=CLOSING_SECONDS, keepalive_timeout=IDLE_SECONDS
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as error:
            await runner.cleanup()
            where = f"{self._host}:{self._port}"
            raise SettingsError(
                (f"BRIDGE_HTTP_HOST, BRIDGE_HTTP_PORT: nothing can listen on {where}",)
            ) from error
        self._runner = runner
        log.info("web: listening on port %d of %s", self.port, self._host)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def port(self) -> int:
        """The one that it listens on, which is another than was asked for where that was 0."""
        if self._runner is None:
            return self._port
        return int(self._runner.addresses[0][1])

    async def _handle(self, request: web.Request) -> web.Response:
        page = self._pages.get(request.path)
        if page is None:
            return _response(WebAnswer(404))
        if request.method not in METHODS:
            return _response(WebAnswer(405))
        if self._turns.locked():
            return _response(WebAnswer(503))
        async with self._turns:
            return _response(await _answered(request, page))


async def _answered(request: web.Request, page: ServesWeb) -> WebAnswer:
    try:
        async with asyncio.timeout(ARRIVES_WITHIN_SECONDS):
            body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        return WebAnswer(413)
    except TimeoutError:
        return WebAnswer(408)
    asked = WebRequest(
        method="GET" if request.method == "HEAD" else request.method,
        path=request.path,
        query=dict(request.query),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
    )
    try:
        async with asyncio.timeout(ANSWERED_WITHIN_SECONDS):
            return await page.serve(asked)
    except TimeoutError:
        log.error("web: %s was not answered in time", request.path)
    except BridgeError as error:
        log.error("web: %s could not be answered: %s", request.path, error)
    return WebAnswer(503)


def _response(answer: WebAnswer) -> web.Response:
    text = answer.text or ("" if answer.status == HTTPStatus.OK else _phrase(answer.status))
    return web.Response(
        status=answer.status,
        text=text,
        content_type=answer.media_type,
        charset="utf-8",
        # What is served here is for whoever asked, and is what it says it is.
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **answer.headers},
    )


def _phrase(status: int) -> str:
    return "" if 300 <= status < 400 else HTTPStatus(status).phrase
