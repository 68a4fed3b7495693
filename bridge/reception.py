"""What adapters run in: the one face of the core for them, in front of the rooms behind it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from bridge.changes import Changes
from bridge.errors import Leaving
from bridge.inbox import Inbox
from bridge.invoking import Invoking
from bridge.languages import Languages
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
    """The `bridge.ports.Host` of all adapters. Whoever comes in is known by their language from here on.
    `names_channel` says whether a route is about just the channel of a thread."""

    def __init__(
        self,
        store: Store,
        replica: Replica,
        inbox: Inbox,
        presses: Presses,
        invoking: Invoking,
        changes: Changes,
        offering: Offering,
        languages: Languages,
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
        self._languages = languages
        self._missed_seconds = missed_seconds
        self._names_channel = names_channel

    async def deliver(self, message: Message) -> None:
        # Whoever sends a forum to an app means all posts in it.
        if message.heads_thread and self._names_channel(message.thread):
            message = replace(message, addressed=True)
        await self._inbox.deliver(self._addressed(message))

    async def press(self, press: Press) -> Reaction:
        # An answer that is being finished can be ended all the same.
        if self._inbox.leaving and press.action is not Action.STOP:
            raise Leaving
        if press.action is Action.STOP:
            return await self._presses.press(press)
        workspace = press.place.workspace if press.place is not None else ""
        person = await self._languages.asked(press.platform, workspace, press.person)
        press = replace(press, person=person)
        if press.action in (Action.ABOUT, Action.GENERATE):
            return await self._invoking.sent(press)
        return await self._presses.press(press)

    async def invoke(self, invocation: Invocation) -> Reaction:
        if self._inbox.leaving and invocation.order is not Order.STOP:
            raise Leaving
        place = invocation.place
        person = await self._languages.asked(place.platform, place.workspace, invocation.person)
        return await self._invoking.invoke(replace(invocation, person=person))

    async def edited(self, message: Message) -> None:
        await self._changes.edited(self._addressed(message))

    async def deleted(self, platform: str, message_id: str) -> None:
        await self._changes.deleted(platform, message_id)

    async def stopped(self, thread: Thread, person: Person) -> None:
        await self._changes.stopped(thread, person)

    async def offer(self, thread: Thread) -> Offer:
        return await self._offering.offer(thread)

    async def home(self, platform: str, workspace: str, person: Person) -> Home:
        person = await self._languages.asked(platform, workspace, person)
        return await self._offering.home(platform, workspace, person)

    async def threads(self, platform: str) -> tuple[Thread, ...]:
        return await self._store.recent_threads(platform)

    def locale(self, platform: str, person: Person) -> str:
        return self._languages.of(platform, person)

    @property
    def missed_seconds(self) -> float:
        return self._missed_seconds

    async def alone(self, role: str, work: Callable[[], Awaitable[None]]) -> None:
        await self._replica.alone(role, work)

    def _addressed(self, message: Message) -> Message:
        author = self._languages.addressed(message.thread.platform, message.author)
        return replace(message, author=author)
