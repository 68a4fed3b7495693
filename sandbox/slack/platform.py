"""What all workspaces of one Slack share, and which of them a request from outside is for."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from aiohttp import web

from sandbox.changes import Changes
from sandbox.slack.delivery import Delivery
from sandbox.slack.files import Files
from sandbox.slack.interactions import Interactions
from sandbox.slack.posting import Posting
from sandbox.slack.sockets import Sockets
from sandbox.slack.timeline import Timeline
from sandbox.slack.tokens import Tokens
from sandbox.slack.web import WebApi


@dataclass(frozen=True, slots=True)
class Door:
    """The parts of one workspace that are reached from outside."""

    team_id: str
    web: WebApi
    files: Files
    interactions: Interactions
    timeline: Timeline


@dataclass(slots=True)
class Platform:
    """`doors` has one for each workspace, the first one first; `origin` is empty until it is started."""

    app_id: str
    changes: Changes
    delivery: Delivery
    sockets: Sockets
    posting: Posting
    tokens: Tokens = field(default_factory=Tokens)
    doors: list[Door] = field(default_factory=list)
    origin: str = ""

    def started(self) -> str:
        if not self.origin:
            raise RuntimeError("this stand-in has not been started")
        return self.origin

    def socket_url(self) -> str:
        address = self.started().replace("http://", "ws://")
        return f"{address}/link/?ticket={self.sockets.ticket()}&app_id={self.app_id}"

    def routes(self) -> Iterator[web.AbstractRouteDef]:
        first = self.doors[0]

        async def call(request: web.Request) -> web.Response:
            return await first.web.handle(request, {door.team_id: door.web for door in self.doors[1:]})

        async def file(request: web.Request) -> web.Response:
            team = request.match_info["file"].partition("-")[0]
            door = next((one for one in self.doors if one.team_id == team), first)
            return await door.files.handle(request)

        async def upload(request: web.Request) -> web.Response:
            ticket = request.match_info["ticket"]
            door = next((one for one in self.doors if one.files.takes(ticket)), first)
            return await door.files.upload(request)

        async def answer(request: web.Request) -> web.Response:
            name = request.match_info["answer"]
            door = next((one for one in self.doors if one.interactions.takes(name)), first)
            return await door.interactions.answer(request)

        yield web.route("*", "/api/{method}", call)
        yield web.get("/link/", self.sockets.connect)
        yield web.get("/files-pri/{file}/{name}", file)
        yield web.get("/files-pri/{file}/download/{name}", file)
        yield web.post("/upload/v1/{ticket}", upload)
        yield web.post("/actions/{answer}", answer)
