"""Serves the page on loopback: the files, what is said now as a stream, and what a visitor does."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from aiohttp import web

from sandbox.page.files import headers_of
from sandbox.page.looking import sides, view
from sandbox.page.view import Link, Refused, Side
from sandbox.page.wishes import LARGEST_REQUEST_BYTES, LONGEST_TEXT, Unreadable, upload_of, values_of
from sandbox.playground import Playground

FOLDER = Path(__file__).parent
SCRIPTS = ("page", "elements", "icons", "markdown", "messages", "composer", "recorder", "sheet")
PARTS = ("", "page.css", *(f"{name}.js" for name in SCRIPTS))
# Fast enough to see every edit, slow enough that a page in a background tab costs nothing.
LOOK_EVERY_SECONDS = 0.1
POLICY = (
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

Links = Callable[[], Awaitable[tuple[Link, ...]]]


class Page:
    """The page, as an async context manager. `links` gives the table of threads and conversations."""

    def __init__(self, playground: Playground, links: Links, port: int = 0) -> None:
        self._playground = playground
        self._sides = sides(playground)
        self._links = links
        self._port = port
        self._runner: web.AppRunner | None = None
        self._closing = asyncio.Event()
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=LARGEST_REQUEST_BYTES)
        app.add_routes([web.get(f"/{name}", self._part) for name in PARTS])
        app.add_routes(
            [
                web.get("/view", self._stream),
                web.get(r"/file/{platform}/{message}/{number:\d{1,3}}", self._file),
                web.post("/say", self._say),
                web.post("/press", self._press),
                web.post("/submit", self._submit),
                web.post("/dismiss", self._dismiss),
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

    async def _part(self, request: web.Request) -> web.FileResponse:
        return web.FileResponse(
            FOLDER / (request.path.strip("/") or "index.html"),
            headers={"Cache-Control": "no-store", "Content-Security-Policy": POLICY},
        )

    async def _file(self, request: web.Request) -> web.Response:
        found = self._side(request.match_info["platform"]).file(
            request.match_info["message"], int(request.match_info["number"])
        )
        if found is None:
            raise web.HTTPNotFound
        return web.Response(body=found[1], headers=headers_of(*found))

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: the whole view whenever it has changed."""
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        last = ""
        try:
            while not self._closing.is_set():
                now = json.dumps(view(self._playground, self._sides, await self._links()).as_json())
                if now != last:
                    last = now
                    await response.write(f"data: {now}\n\n".encode())
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY_SECONDS):
                        await self._closing.wait()
        except ConnectionError:
            pass
        return response

    async def _say(self, request: web.Request) -> web.Response:
        async def say(side: Side, wish: Mapping[str, object]) -> None:
            match wish:
                case {"text": str(text), "thread": str(thread)}:
                    await side.say(text[:LONGEST_TEXT], thread, upload_of(wish.get("file")))
                case _:
                    raise Unreadable("there is nothing to say")

        return await self._done(request, say)

    async def _press(self, request: web.Request) -> web.Response:
        async def press(side: Side, wish: Mapping[str, object]) -> None:
            match wish:
                case {"message": str(message), "name": str(name)}:
                    await side.press(message, name)
                case _:
                    raise Unreadable("there is nothing to press")

        return await self._done(request, press)

    async def _submit(self, request: web.Request) -> web.Response:
        async def submit(side: Side, wish: Mapping[str, object]) -> None:
            await side.submit(values_of(wish.get("values")))

        return await self._done(request, submit)

    async def _dismiss(self, request: web.Request) -> web.Response:
        async def dismiss(side: Side, _: Mapping[str, object]) -> None:
            side.dismiss()

        return await self._done(request, dismiss)

    async def _done(
        self, request: web.Request, do: Callable[[Side, Mapping[str, object]], Awaitable[None]]
    ) -> web.Response:
        """Let it be done. What the platform does not take is told as a sentence."""
        # A page of another origin cannot send JSON without asking first, and is not answered when it asks.
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType
        try:
            match await request.json():
                case {"platform": str(platform)} as wish:
                    await do(self._side(platform), wish)
                case _:
                    raise Unreadable("nobody is named")
        except ValueError as error:
            raise web.HTTPBadRequest from error
        except Refused as refused:
            return web.Response(text=str(refused))
        return web.Response(status=204)

    def _side(self, platform: str) -> Side:
        if platform not in self._sides:
            raise web.HTTPNotFound
        return self._sides[platform]
