"""Which part of a large bot this process listens for. Pure but for the pace of identifies."""

import asyncio
from dataclasses import dataclass

from adapters.discord.events import PLATFORM

# discord.com/developers, "Gateway: Rate Limiting": of most bots, one may identify in so many seconds.
IDENTIFY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Shard:
    """One gateway connection of the `count` that the bot has."""

    id: int
    count: int


@dataclass(frozen=True, slots=True)
class Shards:
    """What was set by hand: `count` 0 says that nothing was, and no `ids` that all shards are meant."""

    ids: tuple[int, ...] = ()
    count: int = 0

    @property
    def all(self) -> tuple[Shard | None, ...]:
        """One for each connection to make; None for the only one of a bot without shards."""
        if not self.count:
            return (None,)
        return tuple(Shard(number, self.count) for number in self.ids or range(self.count))

    @property
    def role(self) -> str:
        """What only one replica at a time does, by name: to listen to just these."""
        numbers = ",".join(str(shard.id) for shard in self.all if shard is not None)
        return f"{PLATFORM}:{numbers}/{self.count}" if self.count else PLATFORM


class Identifies:
    """Lets one connection after the other identify."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._next_at = 0.0

    async def turn(self) -> None:
        """Wait until it is allowed."""
        async with self._turn:
            loop = asyncio.get_running_loop()
            await asyncio.sleep(self._next_at - loop.time())
            self._next_at = loop.time() + IDENTIFY_SECONDS
