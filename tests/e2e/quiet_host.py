"""A host for adapters that takes everything and says nothing; tests begin from it."""

from collections.abc import Awaitable, Callable

from bridge.types import Home, Invocation, Message, Offer, Person, Press, Reaction, Thread


class QuietHost:
    """Notes what is invoked, edited, deleted and stopped. `invocation_answers` are what the next commands are
    answered with, in order, and then it is nothing; `offered` and `at_home` are what the bot shows of
    itself."""

    def __init__(self) -> None:
        self.invoked: list[Invocation] = []
        self.invocation_answers: list[Reaction] = []
        self.changed: list[Message] = []
        self.gone: list[str] = []
        self.ended: list[tuple[Thread, Person]] = []
        self.offered = Offer()
        self.at_home = Home(Offer(), "")

    def locale(self, platform: str, person: Person) -> str:
        return person.locale

    @property
    def missed_seconds(self) -> float:
        return 0.0

    async def deliver(self, message: Message) -> None: ...

    async def press(self, press: Press) -> Reaction:
        return None

    async def invoke(self, invocation: Invocation) -> Reaction:
        self.invoked.append(invocation)
        return self.invocation_answers.pop(0) if self.invocation_answers else None

    async def edited(self, message: Message) -> None:
        self.changed.append(message)

    async def deleted(self, platform: str, message_id: str) -> None:
        self.gone.append(message_id)

    async def stopped(self, thread: Thread, person: Person) -> None:
        self.ended.append((thread, person))

    async def offer(self, thread: Thread) -> Offer:
        return self.offered

    async def home(self, platform: str, workspace: str, person: Person) -> Home:
        return self.at_home

    async def threads(self, platform: str) -> tuple[Thread, ...]:
        return ()

    async def alone(self, role: str, work: Callable[[], Awaitable[None]]) -> None:
        await work()
