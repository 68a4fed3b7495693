"""Every workspace that has installed the app by itself, as the store knows it, which all replicas share."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from adapters.slack.credentials import Credentials, unpacked
from adapters.slack.oauth import OAuth
from adapters.slack.rotation import Rotation
from adapters.slack.web import SlackWeb, new_client
from bridge.errors import LoginRefused, NotAllowed, PlatformDown, Sealed, StoreError
from bridge.ports import Host

log = logging.getLogger(__name__)

# Whatever another replica has changed is seen after so long.
REMEMBERED_SECONDS = 10.0
# After how long it is looked whether a token that has expired is renewed, by this replica or another one.
RENEWED_AFTER_SECONDS = (0.3, 0.7, 1.0, 2.0, 4.0)


@dataclass(frozen=True, slots=True)
class Known:
    """What was found in the store, `looked_at` on the clock of the event loop."""

    web: SlackWeb
    credentials: Credentials
    looked_at: float


class InstalledWorkspaces:
    """The `Workspaces` of an app that is installed by OAuth."""

    name = "everywhere"

    def __init__(self, api_url: str, oauth: OAuth, remembered_seconds: float = REMEMBERED_SECONDS) -> None:
        self._api_url = api_url
        self._installations = oauth.installations
        self._rotation = Rotation(api_url, oauth)
        self._remembered_seconds = remembered_seconds
        self._session: aiohttp.ClientSession | None = None
        # How often one was forgotten.
        self._forgotten = 0
        self._known: dict[str, Known] = {}
        # One for each workspace as long as the process lives, whatever its token is.
        self._webs: dict[str, SlackWeb] = {}

    @asynccontextmanager
    async def opened(self, session: aiohttp.ClientSession, host: Host) -> AsyncIterator[None]:
        self._session = session
        renewing = asyncio.create_task(self._rotation.run(session, host), name="slack: tokens")
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            self._session = None
            self._known.clear()
            self._webs.clear()

    def web(self, workspace: str) -> SlackWeb:
        if self._session is None:
            raise PlatformDown("Slack is not connected")
        if workspace not in self._webs:
            web = self._webs[workspace] = SlackWeb(new_client(self._api_url, self._session))
            web.team_id = workspace
        return self._webs[workspace]

    async def ready(self, workspace: str) -> SlackWeb:
        try:
            known = await self._look(workspace)
            if known is not None and known.credentials.has_expired(time.time()):
                known = await self._renewed(workspace)
        except StoreError as error:
            raise PlatformDown(f"it is not known what to speak with: {error}") from error
        if known is None:
            raise NotAllowed(f"the bot is not installed in {workspace!r} (any more)")
        return known.web

    async def find(self, workspace: str) -> SlackWeb | None:
        known = await self._look(workspace)
        return None if known is None else known.web

    async def revoked(self, workspace: str) -> None:
        """Forget it, unless it goes on: what Slack says may be old, and the app installed again since."""
        self._known.pop(workspace, None)
        try:
            known = await self._look(workspace)
        except Sealed:
            known = None
        if known is not None and await _works(known.web):
            log.info("Slack: workspace %s is installed, whatever an old event says", workspace)
            return
        await self._installations.forget(workspace)
        self._forgotten += 1
        self._known.pop(workspace, None)
        log.info("Slack: the bot was taken out of workspace %s; nothing of it is stored any more", workspace)

    async def _look(self, workspace: str) -> Known | None:
        """What is known of a workspace, from memory for a while, and while the store is away."""
        known, now = self._known.get(workspace), asyncio.get_running_loop().time()
        if known is not None and now - known.looked_at < self._remembered_seconds:
            return known
        web, forgotten = self.web(workspace), self._forgotten
        try:
            kept = await self._installations.find(workspace)
        except StoreError:
            if known is None:
                raise
            return known
        if forgotten != self._forgotten:
            # What was found may be what was just forgotten.
            return await self._look(workspace)
        credentials = unpacked(kept.secret) if kept is not None else None
        if credentials is None:
            self._known.pop(workspace, None)
            return None
        if credentials.renewed_at <= time.time():
            self._rotation.want()
        web.client.token, web.bot_user_id = credentials.token, credentials.bot_user_id
        known = self._known[workspace] = Known(web, credentials, now)
        return known

    async def _renewed(self, workspace: str) -> Known | None:
        """Wait for a token that has not expired."""
        for pause in RENEWED_AFTER_SECONDS:
            self._rotation.want()
            await asyncio.sleep(pause)
            self._known.pop(workspace, None)
            known = await self._look(workspace)
            if known is None or not known.credentials.has_expired(time.time()):
                return known
        raise PlatformDown(f"the token of workspace {workspace} is not renewed yet")


async def _works(web: SlackWeb) -> bool:
    try:
        await web.check()
    except LoginRefused:
        return False
    return True
