"""A Dify on loopback: what tests, the demo and benchmarks hold in their hands."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sandbox.dify.answering import Answering
from sandbox.dify.app import App
from sandbox.dify.asking import CUT, Asking
from sandbox.dify.capacity import Capacity
from sandbox.dify.conversations import Conversations
from sandbox.dify.demo import demo_script
from sandbox.dify.files import Files
from sandbox.dify.forms import Forms
from sandbox.dify.looking import Looking
from sandbox.dify.opinions import Opinions
from sandbox.dify.setup import MEGABYTE, AppSetup, parameters, site
from sandbox.dify.speech import Speech
from sandbox.dify.types import Call, MadeFile, Run, Script

# How a call is noted whose client hung up before its end, as nginx does.
CLIENT_LEFT = 499
# The body that the proxy in front of a stock Dify lets through.
BODY_LIMIT = 100 * MEGABYTE


class Dify(App):
    """One app of one server. `mode` is `chat`, `agent-chat`, `agent` or `advanced-chat`; `completion` and
    `workflow` hold no conversations. `idle_timeout` is how long, in seconds, some versions keep a dead stream
    open, `file_seconds` how long the address of a file is good; `files_url` comes before such addresses.

    `connections` are held at a time, a stock server's being 10, and `at_once` questions answered; 0 sets no
    limit. Between a flow and its reader, in versions that relay events, `relay` of them are held, a stock
    server's being 1024; with 0 none is ever lost.
    """

    def __init__(
        self,
        *,
        mode: str = "advanced-chat",
        version: str = "1.14.2",
        key: str = "app-sandbox",
        script: Script = demo_script,
        port: int = 0,
        name: str = "Sandbox assistant",
        idle_timeout: float = 300.0,
        setup: AppSetup | None = None,
        files_url: str = "",
        file_seconds: float = 300.0,
        connections: int = 0,
        at_once: int = 0,
        relay: int = 0,
    ) -> None:
        super().__init__(mode, version, key, name, script, setup or AppSetup())
        self._port = port
        self._files = Files(self, files_url, file_seconds)
        self._forms = Forms(self)
        self._capacity = Capacity(self, connections, at_once)
        self._answering = Answering(self, self._files, self._forms, idle_timeout)
        self._asking = Asking(self, self._files, self._answering, self._capacity, relay)
        self._looking = Looking(self, self._files, self._forms, self._answering, relay)
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The address of the API, `/v1` included. Known once started."""
        return f"{self.origin}/v1"

    @property
    def origin(self) -> str:
        """The address of the host, where signed files are. Known once started."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def running(self) -> int:
        """How many answers are being spoken, or have somebody on their line."""
        return self._answering.running

    @property
    def tasks(self) -> tuple[str, ...]:
        """The ids under which the answers that are being spoken can be stopped."""
        return self._answering.tasks

    @property
    def queued(self) -> int:
        """How many requests wait for a connection."""
        return self._capacity.queued

    @property
    def runs(self) -> Mapping[str, Run]:
        """The runs of flows, by their ids."""
        return self._answering.runs

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Listen; after `close`, on the same port again."""
        app = web.Application(middlewares=[self._middleware()], client_max_size=BODY_LIMIT)
        app.add_routes([web.get("/v1/info", self._info), web.get("/v1/parameters", self._parameters)])
        app.add_routes([web.get("/v1/meta", self._meta)])
        if self.quirks.tells_site:
            app.add_routes([web.get("/v1/site", self._site)])
        if self.quirks.tells_root:
            app.add_routes([web.get("/v1/", self._root)])
        for part in (self._asking, self._looking, self._files, self._forms):
            app.add_routes(part.routes())
        for other in (Conversations(self), Opinions(self), Speech(self)):
            app.add_routes(other.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()
        self._port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Stop listening and end what runs. What was said is kept."""
        self._answering.stop_all()
        await self._hang_up()
        await self._answering.end_all()

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Within the block nobody is answered and all lines are cut, as when the API is restarted; flows that
        outlive their clients go on."""
        await self._hang_up()
        yield
        await self.start()

    async def crash(self) -> None:
        """Let what runs die without a word: lines are cut, and the records of runs say for ever that they go
        on."""
        await self._answering.end_all()

    async def _hang_up(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self._capacity.close()

    def fail_http(
        self,
        status: int,
        code: str,
        message: str,
        *,
        times: int = 1,
        html: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Let the next questions be refused like this."""
        for _ in range(times):
            refusal = self.replies.page(status) if html else self.replies.error(status, code, message)
            refusal.headers.update(headers or {})
            self._asking.failures.append(refusal)

    def cut_next(self, *, times: int = 1) -> None:
        """Let the lines of the next questions be cut before the first byte, and nothing begin."""
        self._asking.failures.extend([CUT] * times)

    def cut_lines(self) -> None:
        """Break the line of everybody who listens to an answer now."""
        self._answering.cut_lines()

    def listened_to(self, run_id: str) -> bool:
        """Whether somebody listens to this run of a flow, or waits for it to go on."""
        stream = self._answering.stream_of(run_id)
        waiting = self._forms.of_run(run_id)
        return bool(stream and stream.outlets) or bool(waiting and waiting.listens)

    def link_to(self, made: MadeFile) -> str:
        """A signed address of a file that a tool has made, for an answer to name."""
        return self._files.sign(self._files.make(made))

    def expire_links(self) -> None:
        """Let all addresses of files that were told so far be too old."""
        self._files.expire()

    def expire_forms(self) -> None:
        """Let the time of all forms that wait have run out."""
        self._forms.expire()

    def _middleware(self) -> Middleware:
        @web.middleware
        async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
            status = CLIENT_LEFT
            try:
                async with self._capacity.slot():
                    response = self._refusal(request) or await self._handled(request, handler)
                status = response.status
            finally:
                self.calls.append(Call(request.method, request.path, status, time.monotonic()))
            return response

        return admit

    async def _handled(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """What a call answers; what is not there, or too big, is told in the words of Dify and its proxy."""
        try:
            return await handler(request)
        except web.HTTPNotFound:
            return self.replies.unknown_path()
        except web.HTTPMethodNotAllowed:
            text = "The method is not allowed for the requested URL."
            return self.replies.error(405, "method_not_allowed", text)
        except web.HTTPRequestEntityTooLarge as large:
            return self.replies.page(large.status)

    def _refusal(self, request: web.Request) -> web.Response | None:
        """Whether the key and the app's state let a request in. Signed addresses need no key."""
        if request.path.startswith("/files/"):
            return None
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        refusal = None
        if scheme.lower() != "bearer":
            text = "Authorization header must be provided and start with 'Bearer'"
            refusal = self.replies.error(401, "unauthorized", text)
        elif key != self.key:
            refusal = self.replies.error(401, "unauthorized", "Access token is invalid")
        elif not self.api_enabled:
            named = self.quirks.granular_codes and request.path.endswith(("/feedbacks", "/suggested"))
            code = "app_api_disabled" if named else "forbidden"
            refusal = self.replies.error(403, code, "The app's API service has been disabled.")
        if refusal is not None and refusal.status == 401:
            refusal.headers["WWW-Authenticate"] = 'Bearer realm="api"'
        return refusal

    async def _root(self, _: web.Request) -> web.Response:
        welcome = {"welcome": "Dify OpenAPI", "api_version": "v1", "server_version": self.version}
        return self.replies.json(welcome)

    async def _info(self, _: web.Request) -> web.Response:
        tags = list(self.setup.tags)
        info: dict[str, object] = {"name": self.name, "description": self.setup.description, "tags": tags}
        if self.quirks.tells_mode:
            info |= {"mode": self.mode, "author_name": self.setup.author}
        return self.replies.json(info)

    async def _parameters(self, _: web.Request) -> web.Response:
        if not self.published:
            return self.replies.error(400, "app_unavailable", "App unavailable, please check it.")
        return self.replies.json(parameters(self.setup, flow=self.flow))

    async def _meta(self, _: web.Request) -> web.Response:
        return self.replies.json({"tool_icons": dict(self.setup.tool_icons)})

    async def _site(self, _: web.Request) -> web.Response:
        return self.replies.json(site(self.name))
