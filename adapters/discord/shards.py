"""Which part of a large bot this process listens for. Pure."""

from dataclasses import dataclass

from adapters.discord.events import PLATFORM


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

    def all(self, recommended: int) -> tuple[Shard | None, ...]:
        """One for each connection to make; None for the only one of a bot without shards. Where nothing was
        set, there are as many as Discord has `recommended`."""
        count = self.count or recommended
        if count <= 1 and not self.count:
            return (None,)
        return tuple(Shard(number, count) for number in self.ids or range(count))

    @property
    def role(self) -> str:
        """What only one replica at a time does, by name: to listen to just these."""
        numbers = ",".join(str(number) for number in self.ids or range(self.count))
        return f"{PLATFORM}:{numbers}/{self.count}" if self.count else PLATFORM
