"""A host for one adapter without the rest of the bridge, and the roles that several hosts share."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from adapters.discord.adapter import DiscordAdapter
from bridge.errors import LoginRefused, StoreError
from bridge.types import Invocation, Message, Press, Reaction, Thread
from sandbox.discord import Discord
from tests.e2e.quiet_host import QuietHost

Work = Callable[[], Awaitable[None]]


class Roles:
    """Each role has one host at a time; who waits longest is the next."""

    def __init__(self) -> None:
        self.wanted: list[str] = []
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._held: dict[str, asyncio.Future[None]] = {}

    async def alone(self, role: str, work: Work) -> None:
        self.wanted.append(role)
        while True:
            async with self._locks[role]:
                held = self._held[role] = asyncio.ensure_future(work())
                try:
                    await asyncio.wait({held})
                finally:
                    held.cancel()
                    await asyncio.gather(held, return_exceptions=True)
                if not held.cancelled():
                    return held.result()

    def take_away(self, role: str) -> None:
        """The one that has it loses it."""
        self._held[role].cancel()


class Listener(QuietHost):
    """Notes what is delivered and pressed. `failing` says how many of the next deliveries do not work;
    `reactions` are what the next presses and commands are answered with, in order, and then it is nothing.
    While `ready` is not set, none is answered. `ends` is why it ended, where it was refused."""

    def __init__(self, roles: Roles | None = None, *threads: Thread, missed_seconds: float = 600.0) -> None:
        super().__init__()
        self.heard: list[Message] = []
        self.failing = 0
        self.failed = 0
        self.pressed: list[Press] = []
        self.reactions: deque[Reaction | Exception] = deque()
        self.ready = asyncio.Event()
        self.ready.set()
        self._missed_seconds = missed_seconds
        self.roles = roles or Roles()
        self.ends: list[LoginRefused] = []
        self._threads = threads

    @property
    def missed_seconds(self) -> float:
        return self._missed_seconds

    @property
    def texts(self) -> list[str]:
        """What was said, without what came again."""
        return list({message.id: message.text for message in self.heard}.values())

    async def deliver(self, message: Message) -> None:
        if self.failed < self.failing:
            self.failed += 1
            raise StoreError("the database is away")
        self.heard.append(message)

    async def press(self, press: Press) -> Reaction:
        self.pressed.append(press)
        return await self._reaction()

    async def invoke(self, invocation: Invocation) -> Reaction:
        self.invoked.append(invocation)
        return await self._reaction()

    async def _reaction(self) -> Reaction:
        await self.ready.wait()
        reaction = self.reactions.popleft() if self.reactions else None
        if isinstance(reaction, Exception):
            raise reaction
        return reaction

    async def threads(self, platform: str) -> tuple[Thread, ...]:
        return self._threads

    async def alone(self, role: str, work: Work) -> None:
        try:
            await self.roles.alone(role, work)
        except LoginRefused as error:
            self.ends.append(error)
            raise


@asynccontextmanager
async def adapter(
    discord: Discord,
    host: Listener,
    shard_ids: tuple[int, ...] = (),
    shard_count: int = 0,
    *,
    plain: bool = False,
) -> AsyncIterator[DiscordAdapter]:
    """One that runs, and may or may not be the one that listens."""
    running = DiscordAdapter(discord.token, discord.url, shard_ids, shard_count, plain=plain)
    task = asyncio.create_task(running.run(host))
    try:
        yield running
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
