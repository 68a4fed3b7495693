"""What adapters run in: the one face of the core for them, in front of the rooms behind it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from bridge.changes import Changes
from bridge.errors import Leaving
from bridge.inbox import Inbox
from bridge.invoking import Invoking
from bridge.offering import Offering
from bridge.presses import Presses
from bridge.replica import Replica
from bridge.store import Store
from bridge.types import (
    Action,
    Home,
    Invocation,
    Message,
    Offer,
    Order,
    Person,
    Press,
    Reaction,
    Thread,
)


class Reception:
    """The `bridge.ports.Host` of all adapters. `names_channel` says whether a route is about just the channel
    of a thread."""

    def __init__(
        self,
        store: Store,
        replica: Replica,
        inbox: Inbox,
        presses: Presses,
        invoking: Invoking,
        changes: Changes,
        offering: Offering,
        missed_seconds: float,
        names_channel: Callable[[Thread], bool],
    ) -> None:
        self._store = store
        self._replica = replica
        self._inbox = inbox
        self._presses = presses
        self._invoking = invoking
        self._changes = changes
        self._offering = offering
        self._missed_seconds = missed_seconds
        self._names_channel = names_channel

    async def deliver(self, message: Message) -> None:
        # Whoever sends a forum to an app means all posts in it.
        if message.heads_thread and self._names_channel(message.thread):
            message = replace(message, addressed=True)
        await self._inbox.deliver(message)

    async def press(self, press: Press) -> Reaction:
        # An answer that is being finished can be ended all the same.
        if self._inbox.leaving and press.action is not Action.STOP:
            raise Leaving
        if press.action in (Action.ABOUT, Action.GENERATE):
            return await self._invoking.sent(press)
        return await self._presses.press(press)

    async def invoke(self, invocation: Invocation) -> Reaction:
        if self._inbox.leaving and invocation.order is not Order.STOP:
            raise Leaving
        return await self._invoking.invoke(invocation)

    async def edited(self, message: Message) -> None:
        await self._changes.edited(message)

    async def deleted(self, platform: str, message_id: str) -> None:
        await self._changes.deleted(platform, message_id)

    async def stopped(self, thread: Thread, person: Person) -> None:
        await self._changes.stopped(thread, person)

    async def offer(self, thread: Thread) -> Offer:
        return await self._offering.offer(thread)

    async def home(self, platform: str, workspace: str, person: Person) -> Home:
        return await self._offering.home(platform, workspace, person)

    async def threads(self, platform: str) -> tuple[Thread, ...]:
        return await self._store.recent_threads(platform)

    @property
    def missed_seconds(self) -> float:
        return self._missed_seconds

    async def alone(self, role: str, work: Callable[[], Awaitable[None]]) -> None:
        await self._replica.alone(role, work)
