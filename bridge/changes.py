"""What becomes of a question whose words are changed or taken back, or whose answer is to end."""

from bridge.inbox import Inbox
from bridge.store import Store
from bridge.types import Message, Person, Thread


class Changes:
    """Takes what people do to what they have said."""

    def __init__(self, store: Store, inbox: Inbox) -> None:
        self._store = store
        self._inbox = inbox

    async def edited(self, message: Message) -> None:
        """See `bridge.ports.Host`."""

    async def deleted(self, platform: str, message_id: str) -> None:
        """See `bridge.ports.Host`."""

    async def stopped(self, thread: Thread, person: Person) -> None:
        """See `bridge.ports.Host`."""
