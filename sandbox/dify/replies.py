"""Plain answers of the service API: JSON, its errors, and the headers on all of them."""

import json
from collections.abc import Mapping

from aiohttp import web

from sandbox.dify.quirks import Quirks
from sandbox.dify.records import Fields

UNKNOWN_PAGE = """<!doctype html>
<html lang=en>
<title>404 Not Found</title>
<h1>Not Found</h1>
<p>The requested URL was not found on the server. If you entered the URL manually please check your \
spelling and try again.</p>
"""


class Replies:
    """Answers in the way of one version."""

    def __init__(self, version: str, quirks: Quirks) -> None:
        self._quirks = quirks
        self.headers = {"X-Version": version, "X-Env": "PRODUCTION"}

    def json(self, fields: Mapping[str, object], status: int = 200) -> web.Response:
        return web.json_response(fields, status=status, headers=self.headers)

    def done(self) -> web.Response:
        """What many calls answer that have nothing to say."""
        return self.json({"result": "success"})

    def error(self, status: int, code: str, message: str) -> web.Response:
        return self.json({"code": code, "message": message, "status": status}, status)

    def invalid(self, message: str) -> web.Response:
        """A 400 for what was sent."""
        return self.error(400, "invalid_param", message)

    def missing(self, model: str, name: str) -> web.Response:
        """A 400 for a field that was left out, told as the version tells it."""
        if not self._quirks.pydantic_texts:
            text = "Missing required parameter in the JSON body"
            return self.json({"code": "invalid_param", "message": text, "params": name}, 400)
        return self.invalid(
            f"1 validation error for {model}\n{name}\n  Field required [type=missing, input_value={{}}, "
            "input_type=dict]\n    For further information visit https://errors.pydantic.dev/2.12/v/missing"
        )

    def nobody(self) -> web.Response:
        """A 400 for a call that does not say who it is for."""
        return self.invalid("Arg user must be provided.")

    def not_json(self) -> web.Response:
        return self.error(
            400, "bad_request", "The browser (or proxy) sent a request that this server could not understand."
        )

    def wrong_mode(self, code: str) -> web.Response:
        """A 400 for an app of another mode."""
        if code == "app_unavailable":
            return self.error(400, code, "App unavailable, please check your app configurations.")
        return self.error(400, code, "Please check if your app mode matches the right API route.")

    def broken(self) -> web.Response:
        """The server failed."""
        return self.error(500, "internal_server_error", "Internal Server Error, please contact support.")

    def not_there(self, what: str, path: str) -> web.Response:
        """A 404; newer versions add a guess at what was meant."""
        tail = f" You have requested this URI [{path}] but did you mean {path} ?"
        return self.error(404, "not_found", what + (tail if self._quirks.suggests_other_urls else ""))

    def page(self, status: int) -> web.Response:
        """What a proxy in front of Dify says."""
        return web.Response(status=status, text="<html>", content_type="text/html")

    def unknown_path(self) -> web.Response:
        """What Dify says of an address that it does not have."""
        return web.Response(status=404, text=UNKNOWN_PAGE, content_type="text/html", headers=self.headers)

    def stream(self, headers: Mapping[str, str] | None = None) -> web.StreamResponse:
        """A response for events, not yet begun."""
        kind = {"Content-Type": "text/event-stream; charset=utf-8"}
        return web.StreamResponse(headers={**self.headers, **kind, **(headers or {})})


async def fields_of(request: web.Request) -> Fields:
    """The body of a request."""
    try:
        body = json.loads(await request.text())
    except ValueError:
        return Fields({}, broken=True)
    return Fields(body) if isinstance(body, dict) else Fields({}, broken=True)
