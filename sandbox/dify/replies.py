"""Plain answers of the service API: JSON, its errors, and the headers on all of them."""

from collections.abc import Mapping

from aiohttp import web

from sandbox.dify.quirks import Quirks
from sandbox.dify.wire import error


class Replies:
    """Answers in the way of one version."""

    def __init__(self, version: str, quirks: Quirks) -> None:
        self._quirks = quirks
        self.headers = {"X-Version": version, "X-Env": "PRODUCTION"}

    def json(self, fields: Mapping[str, object], status: int = 200) -> web.Response:
        return web.json_response(fields, status=status, headers=self.headers)

    def error(self, status: int, code: str, message: str) -> web.Response:
        return self.json(error(status, code, message), status)

    def not_there(self, what: str, path: str) -> web.Response:
        """A 404; newer versions add a guess at what was meant."""
        tail = f" You have requested this URI [{path}] but did you mean {path} ?"
        return self.error(404, "not_found", what + (tail if self._quirks.suggests_other_urls else ""))

    def page(self, status: int) -> web.Response:
        """What a proxy in front of Dify says."""
        return web.Response(status=status, text="<html>", content_type="text/html")

    def stream(self, headers: Mapping[str, str] | None = None) -> web.StreamResponse:
        """A response for events, not yet begun."""
        kind = {"Content-Type": "text/event-stream; charset=utf-8"}
        return web.StreamResponse(headers={**self.headers, **kind, **(headers or {})})
