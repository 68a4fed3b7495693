"""Whether this process is there, for whoever starts and watches it."""

from bridge.types import WebAnswer, WebRequest


class Health:
    """One path that is answered for as long as the process can answer anything. See
    `bridge.ports.ServesWeb`."""

    paths = ("/healthz",)

    async def serve(self, request: WebRequest) -> WebAnswer:
        return WebAnswer(200, "ok") if request.method == "GET" else WebAnswer(405)
