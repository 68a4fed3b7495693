"""What is known of the app, asked for anew from time to time, and once for all who want to know it."""

import asyncio

from bridge.dify.app import AppInfo, app_in
from bridge.dify.calls import Calls, Told
from bridge.dify.frames import MAX_FRAME_BYTES
from bridge.errors import DifyLacks

# Builders change their apps, and want to see it soon.
FRESH_SECONDS = 60.0


class Knowing:
    """The app behind a client's key. To be closed."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._known: AppInfo | None = None
        self._known_at = 0.0
        self._asking: asyncio.Task[AppInfo] | None = None

    async def app(self, *, fresh: bool) -> AppInfo:
        """What is known, if that is not too old; else what Dify says now."""
        now = asyncio.get_running_loop().time()
        if not fresh and self._known is not None and now - self._known_at < FRESH_SECONDS:
            return self._known
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="what Dify's app is")
        # Whoever asked first may leave before the answer; the others still want it.
        return await asyncio.shield(self._asking)

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _ask(self) -> AppInfo:
        try:
            info = await self._calls.get("info", optional=True)
        except DifyLacks:
            info = Told({}, "")
        parameters = await self._calls.get("parameters", max_bytes=MAX_FRAME_BYTES)
        self._known = app_in(info.fields, parameters.fields, info.version or parameters.version)
        self._known_at = asyncio.get_running_loop().time()
        return self._known
