"""What becomes of the platforms' own commands: at once what whoever used one sees of it, and a question where
one was asked."""

from bridge.apps import Apps
from bridge.store import Store
from bridge.types import Invocation, Reaction


class Invoking:
    """Takes commands."""

    def __init__(self, store: Store, apps: Apps) -> None:
        self._store = store
        self._apps = apps

    async def invoke(self, invocation: Invocation) -> Reaction:
        """See `bridge.ports.Host`."""
        return None
