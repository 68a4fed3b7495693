"""What the core keeps for a platform whose bot is installed in many workspaces."""

from typing import Protocol

from bridge.types import Installation


class Installations(Protocol):
    """Where the bot of one platform is installed, as all replicas know it. Secrets are kept encrypted. Every
    method raises `StoreError` when it could not be done."""

    async def find(self, workspace: str) -> Installation | None:
        """What is kept for a workspace; None where it has none, or none that can be read."""
        ...

    async def all(self) -> tuple[Installation, ...]:
        """Every one that can be read."""
        ...

    async def keep(self, workspace: str, secret: str) -> None:
        """Keep this for a workspace, instead of whatever was kept."""
        ...

    async def replace(self, known: Installation, secret: str) -> bool:
        """Keep this if what is `known` is still what is kept. Whether it was."""
        ...

    async def forget(self, workspace: str) -> None:
        """Forget a workspace, with everything that is stored of it."""
        ...
