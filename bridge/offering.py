"""What the bot shows of itself before anybody has asked anything."""

from bridge.apps import Apps
from bridge.store import Store
from bridge.types import Home, Offer, Person, Thread


class Offering:
    """Knows what the apps say of themselves, and what somebody asked lately."""

    def __init__(self, store: Store, apps: Apps) -> None:
        self._store = store
        self._apps = apps

    async def offer(self, thread: Thread) -> Offer:
        """See `bridge.ports.Host`."""
        return Offer()

    async def home(self, platform: str, workspace: str, person: Person) -> Home:
        """See `bridge.ports.Host`."""
        return Home(Offer(), "")
