"""Calls that nobody asks the budget for, as they have to be made at once, or by nobody's answer: each method
has a share of its limit for them."""

import asyncio
from collections import deque

from bridge.errors import RateLimited


class Pace:
    """At most `calls` in any `seconds` seconds."""

    def __init__(self, calls: int, seconds: float = 60.0) -> None:
        self._seconds = seconds
        self._calls: deque[float] = deque(maxlen=calls)

    async def turn(self, within: float, what: str) -> None:
        """Wait until one more call is within the share. `RateLimited` at once where that would take longer
        than `within` seconds."""
        now = asyncio.get_running_loop().time()
        full = len(self._calls) == self._calls.maxlen
        opens = max(now, self._calls[0] + self._seconds) if full else now
        if opens - now > within:
            raise RateLimited(opens - now, f"{what}: more than its share")
        # Taken now, so that the next one to come is after it.
        self._calls.append(opens)
        await asyncio.sleep(opens - now)
