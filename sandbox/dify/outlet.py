"""One open response that an answer is written to."""

from aiohttp import web

from sandbox.dify.wire import PING


class Outlet:
    """Whoever listens to an answer. Nothing is sent, not even the status line, before the first event.

    `silent` once its line has gone silent; `told_live` when it hears of a run as it goes on, up to its end.
    """

    def __init__(self, request: web.Request, response: web.StreamResponse) -> None:
        self._request = request
        self.response = response
        self.silent = False
        self.told_live = False

    async def write(self, data: bytes) -> None:
        """Send it. `ConnectionError` when nobody is there any more."""
        if not self.response.prepared:
            await self.response.prepare(self._request)
        await self.response.write(data)

    async def ping(self) -> None:
        await self.write(PING)

    def cut(self) -> None:
        """Break the line, as a crash would."""
        if self._request.transport is not None:
            self._request.transport.abort()
