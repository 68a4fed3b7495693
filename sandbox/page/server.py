"""Serves the page on loopback: the files, what is said now as a stream, and what a visitor says."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from aiohttp import web

from sandbox.page.view import Link, view
from sandbox.playground import Playground

FILES = Path(__file__).parent
# Fast enough to see every edit, slow enough that a page in a background tab costs nothing.
LOOK_EVERY_SECONDS = 0.1
POLICY = "default-src 'self'; img-src data:"
LONGEST_TEXT = 40_000

Links = Callable[[], Awaitable[tuple[Link, ...]]]


class Page:
    """The page, as an async context manager. `links` gives the table of threads and conversations."""

    def __init__(self, playground: Playground, links: Links, port: int = 0) -> None:
        self._playground = playground
        self._links = links
        self._port = port
        self._runner: web.AppRunner | None = None
        self._closing = asyncio.Event()
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 20)
        app.add_routes(
            [
                web.get("/", self._file),
                web.get("/page.css", self._file),
                web.get("/page.js", self._file),
                web.get("/view", self._stream),
                web.post("/say", self._say),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _file(self, request: web.Request) -> web.FileResponse:
        return web.FileResponse(
            FILES / (request.path.strip("/") or "index.html"),
            headers={"Cache-Control": "no-store", "Content-Security-Policy": POLICY},
        )

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: the whole view whenever it has changed."""
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        last = ""
        try:
            while not self._closing.is_set():
                now = json.dumps(view(self._playground, await self._links()).as_json())
                if now != last:
                    last = now
                    await response.write(f"data: {now}\n\n".encode())
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), LOOK_EVERY_SECONDS)
        except ConnectionError:
            pass
        return response

    async def _say(self, request: web.Request) -> web.Response:
        # A page of another origin cannot send JSON without asking first, and is not answered when it asks.
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType
        match await request.json():
            case {"platform": "slack", "text": str(text), "thread": str(thread)}:
                await self._playground.ask_slack(text[:LONGEST_TEXT], thread or None)
            case {"platform": "discord", "text": str(text), "thread": str(thread)}:
                await self._playground.ask_discord(text[:LONGEST_TEXT], thread or None)
            case _:
                raise web.HTTPBadRequest
        return web.Response(status=204)
