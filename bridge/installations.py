"""Where a platform's bot is installed: kept in the store, and what it may be used with there encrypted."""

import logging
from dataclasses import replace

from bridge.errors import Sealed
from bridge.store import Store
from bridge.types import Installation
from bridge.vault import Vault

log = logging.getLogger(__name__)


class KeptInstallations:
    """The `bridge.tenants.Installations` of one platform."""

    def __init__(self, store: Store, vault: Vault, platform: str) -> None:
        self._store = store
        self._vault = vault
        self._platform = platform

    async def find(self, workspace: str) -> Installation | None:
        """`Sealed` where it is installed, but what is kept of it cannot be read."""
        kept = await self._store.installation(self._platform, workspace)
        if kept is None:
            return None
        opened = self._opened(kept)
        if opened is None:
            raise Sealed(f"what is kept of workspace {workspace} cannot be read")
        return opened

    async def all(self) -> tuple[Installation, ...]:
        opened = [self._opened(kept) for kept in await self._store.installations(self._platform)]
        return tuple(one for one in opened if one is not None)

    async def keep(self, workspace: str, secret: str) -> None:
        await self._store.keep_installation(self._platform, workspace, self._vault.seal(secret))

    async def replace(self, known: Installation, secret: str) -> bool:
        return await self._store.replace_installation(self._platform, known, self._vault.seal(secret))

    async def forget(self, workspace: str) -> None:
        await self._store.forget_workspace(self._platform, workspace)

    async def renew_seals(self) -> None:
        """Encrypt with the first key what another one has encrypted, which may then be thrown away."""
        for kept in await self._store.installations(self._platform):
            opened = self._opened(kept)
            if opened is not None and not self._vault.is_newest(kept.secret):
                await self.replace(kept, opened.secret)

    def _opened(self, kept: Installation) -> Installation | None:
        secret = self._vault.unseal(kept.secret)
        if secret is None:
            log.error("what is kept of workspace %s was encrypted with a key that is gone", kept.workspace)
            return None
        return replace(kept, secret=secret)
