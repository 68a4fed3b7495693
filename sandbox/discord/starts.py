"""How often sessions may be begun: what Discord tells of it, and what it does to whoever does not heed it."""

import time
from dataclasses import dataclass, field

from sandbox.discord.types import Json


@dataclass(slots=True)
class Starts:
    """May be changed at any time. `remaining` of `total` identifies are left until `reset_seconds` from when
    that was set; beyond them the bot's token is `reset`. `shards` is what is recommended, fewer than
    `fewest_shards` are refused. Of each of the `max_concurrency` buckets one may identify in `every_seconds`;
    0 lets them come as they like. `retired_intents` are not known any more."""

    total: int = 1000
    remaining: int = 1000
    reset_seconds: float = 86_400.0
    shards: int = 1
    fewest_shards: int = 1
    max_concurrency: int = 1
    every_seconds: float = 0.0
    retired_intents: int = 0
    reset: bool = False
    too_fast: int = 0
    began: list[tuple[float, int]] = field(default_factory=list)
    _since: float = field(default_factory=time.monotonic)

    def told(self) -> Json:
        """As `GET /gateway/bot` tells it."""
        self._renew()
        left_ms = max(0, round((self._since + self.reset_seconds - time.monotonic()) * 1000))
        limit = {
            "total": self.total,
            "remaining": self.remaining,
            "reset_after": left_ms,
            "max_concurrency": self.max_concurrency,
        }
        return {"shards": self.shards, "session_start_limit": limit}

    def leave(self, remaining: int, reset_seconds: float) -> None:
        """So many are left for so long, from now on."""
        self.remaining, self.reset_seconds, self._since = remaining, reset_seconds, time.monotonic()

    def may(self, shard: int) -> bool:
        """Whether this shard does not identify too soon after another one of its bucket."""
        bucket = shard % self.max_concurrency
        last = max((at for at, one in self.began if one % self.max_concurrency == bucket), default=0.0)
        if self.every_seconds and time.monotonic() < last + self.every_seconds:
            self.too_fast += 1
            return False
        return True

    def spend(self, shard: int) -> bool:
        """One identify. Whether there was one left."""
        self._renew()
        self.began.append((time.monotonic(), shard))
        self.remaining -= 1
        if self.remaining < 0:
            self.reset = True
        return not self.reset

    def _renew(self) -> None:
        if time.monotonic() >= self._since + self.reset_seconds:
            self.leave(self.total, self.reset_seconds)
