"""Somebody wants a running answer to end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class StopSign:
    """Given once, from anywhere on the event loop; ends whatever waits within `heeded`."""

    def __init__(self) -> None:
        self._bound: asyncio.Timeout | None = None
        self.given = False

    def give(self) -> None:
        """Ask for the end. Again is harmless."""
        self.given = True
        if self._bound is not None and not self._bound.expired():
            self._bound.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def heeded(self) -> AsyncIterator[None]:
        """Leave the block as soon as the sign is given, at its next `await`."""
        try:
            async with asyncio.timeout(0 if self.given else None) as self._bound:
                yield
        except TimeoutError:
            if self._bound is None or not self._bound.expired():
                raise
        finally:
            self._bound = None
