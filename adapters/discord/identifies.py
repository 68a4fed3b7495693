"""When a session may be begun. A bot has so many a day (1,000, of large bots more): beyond them, Discord
resets its token. Discord itself counts them, so that a process that ends and begins again, over and over, is
slowed down as well as one that stays."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bridge.errors import PlatformDown

log = logging.getLogger(__name__)

# discord.com/developers, "Gateway: Rate Limiting": of each bucket of shards, one may identify in so many
# seconds.
IDENTIFY_SECONDS = 5.0
# When less than this part of the day's sessions is left, they are made to last.
FEW_PART = 0.2
# Above it, a wait is worth a line in the log.
NOTICED_SECONDS = 30.0
# Discord tells milliseconds, of its own clock.
RESET_MARGIN_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Told:
    """What Discord recommends: where to connect to, and with how many shards. `remaining` of `total` sessions
    can be begun until `reset_seconds` from now; shards with the same number modulo `buckets` take turns."""

    url: str
    shards: int = 1
    total: int = 1000
    remaining: int = 1000
    reset_seconds: float = 0.0
    buckets: int = 1

    @property
    def wait_seconds(self) -> float:
        """How long to wait before one more session: not at all while there are plenty, until there are new
        ones when none is left, and in between so long that they last until then."""
        if self.remaining <= 0:
            return self.reset_seconds + RESET_MARGIN_SECONDS
        few = self.total * FEW_PART
        if self.remaining > few:
            return 0.0
        return self.reset_seconds / self.remaining * (1 - (self.remaining - 1) / few)


Ask = Callable[[], Awaitable[Told]]


class Identifies:
    """Lets the shards of this process identify. `ask` gives what Discord tells just now."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._one_by_one = asyncio.Lock()
        self._buckets: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._next_at: defaultdict[int, float] = defaultdict(float)

    async def turn(self, shard: int, patience_seconds: float | None = None) -> Told:
        """Wait until this shard may identify; what Discord has told of it. `PlatformDown` where that would be
        later than `patience_seconds` from now, or cannot be asked."""
        loop = asyncio.get_running_loop()
        until = None if patience_seconds is None else loop.time() + patience_seconds
        told = await self._spared(until)
        bucket = shard % told.buckets
        async with self._buckets[bucket]:
            await self._sleep(self._next_at[bucket] - loop.time(), until)
            self._next_at[bucket] = loop.time() + IDENTIFY_SECONDS
        return told

    async def _spared(self, until: float | None) -> Told:
        """Wait while there are too few left; until there is one, in any case."""
        async with self._one_by_one:
            while True:
                told = await self._ask()
                wait = told.wait_seconds
                if wait > NOTICED_SECONDS or told.remaining <= 0:
                    log.warning(
                        "Discord: %d of %d sessions are left, for %.0f s; waiting %.0f s before the next "
                        "one, as Discord resets the token of a bot that begins more",
                        max(0, told.remaining),
                        told.total,
                        told.reset_seconds,
                        wait,
                    )
                await self._sleep(wait, until)
                if told.remaining > 0:
                    return told

    async def _sleep(self, seconds: float, until: float | None) -> None:
        if until is not None and asyncio.get_running_loop().time() + seconds > until:
            raise PlatformDown(f"the next session can be begun in {seconds:.0f} s")
        await asyncio.sleep(seconds)


def told_of(answer: Mapping[str, object]) -> Told:
    """What `GET /gateway/bot` has answered; what it does not say is as for any bot."""
    limit = answer.get("session_start_limit")
    limits = limit if isinstance(limit, Mapping) else {}
    return Told(
        url=str(answer.get("url", "")),
        shards=max(1, _number(answer.get("shards"), 1)),
        total=_number(limits.get("total"), 1000),
        remaining=_number(limits.get("remaining"), 1000),
        reset_seconds=max(0.0, _number(limits.get("reset_after"), 0) / 1000),
        buckets=max(1, _number(limits.get("max_concurrency"), 1)),
    )


def _number(told: object, otherwise: int) -> int:
    return told if isinstance(told, int) else otherwise
