"""What is known of the app, asked for anew from time to time, and once for all who want to know it."""

import asyncio
import logging
from dataclasses import replace

from bridge.dify.app import AppInfo, Mode, app_in
from bridge.dify.calls import Calls, Told
from bridge.dify.frames import MAX_FRAME_BYTES
from bridge.dify.modes import mode_by_paths
from bridge.errors import DifyLacks

log = logging.getLogger(__name__)

# Builders change their apps, and want to see it soon.
FRESH_SECONDS = 60.0
# Nobody's answer waits longer for that.
AGAIN_WITHIN_SECONDS = 0.5


class Knowing:
    """The app behind a client's key. To be closed."""

    def __init__(self, calls: Calls, fresh_seconds: float = FRESH_SECONDS) -> None:
        self._calls = calls
        self._fresh_seconds = fresh_seconds
        self._known: AppInfo | None = None
        self._known_at = 0.0
        self._asking: asyncio.Task[AppInfo] | None = None
        self._found_out: Mode | None = None

    async def app(self, *, fresh: bool) -> AppInfo:
        """What Dify says now, or said lately. Where it does not say so soon, what it said before is good
        enough, unless it is to be `fresh`."""
        if not fresh and self._known is not None and self._age() < self._fresh_seconds:
            return self._known
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="what Dify's app is")
            # Nobody may wait for it to the end.
            self._asking.add_done_callback(lambda task: task.cancelled() or task.exception())
        if fresh or self._known is None:
            # Whoever asked first may leave before the answer; the others still want it.
            return await asyncio.shield(self._asking)
        await asyncio.wait({self._asking}, timeout=AGAIN_WITHIN_SECONDS)
        if self._asking.done() and not self._asking.cancelled():
            if self._asking.exception() is None:
                return self._asking.result()
            log.info("what is known of Dify's app stands: %s", self._asking.exception())
        return self._known

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
        told = app_in(info.fields, parameters.fields, info.version or parameters.version)
        self._known = told if told.mode else replace(told, mode=await self._find_out())
        self._known_at = asyncio.get_running_loop().time()
        return self._known

    async def _find_out(self) -> Mode:
        """The mode, where the server does not tell. No app ever changes it."""
        if self._found_out is None:
            self._found_out = await mode_by_paths(self._calls)
        return self._found_out

    def _age(self) -> float:
        return asyncio.get_running_loop().time() - self._known_at
