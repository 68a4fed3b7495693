"""Tokens that expire, renewed before they do.

One replica of all renews them, as what a token is renewed with is good for once. What Slack has handed out
exists nowhere else, so that it is kept before anything else is done, also by a process that ends.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace

import aiohttp

from adapters.slack.credentials import Credentials, packed, read_access, unpacked
from adapters.slack.events import PLATFORM
from adapters.slack.oauth import OAuth
from bridge.errors import BridgeError, PlatformDown, PlatformError, RateLimited, StoreError
from bridge.ports import Host
from bridge.types import Installation

log = logging.getLogger(__name__)

LOOK_SECONDS = 30.0
SOONEST_SECONDS = 0.2
# To keep a token that was handed out, while the database is away.
KEEP_TRIES = 20
KEEP_AGAIN_SECONDS = 1.0


class Rotation:
    """Renews the tokens of all workspaces."""

    def __init__(self, api_url: str, oauth: OAuth) -> None:
        self._api_url = api_url
        self._oauth = oauth
        self._wanted = asyncio.Event()
        # Installations that Slack does not renew any more, by their versions.
        self._hopeless: dict[str, int] = {}

    def want(self) -> None:
        """Somebody waits for a token. Returns at once."""
        self._wanted.set()

    async def run(self, session: aiohttp.ClientSession, host: Host) -> None:
        """Renew until cancelled, whenever this is the one replica that does."""
        while True:
            try:
                await host.alone(f"{PLATFORM}:tokens", lambda: self._keep_fresh(session))
            except BridgeError as error:
                log.error("Slack: tokens are not renewed just now: %s", error)
            except Exception:
                # The one guard of this task: without it, all workspaces would fall silent one day.
                log.exception("Slack: tokens could not be renewed")
            await asyncio.sleep(LOOK_SECONDS)

    async def _keep_fresh(self, session: aiohttp.ClientSession) -> None:
        while True:
            self._wanted.clear()
            due = float("inf")
            try:
                for one in await self._oauth.installations.all():
                    due = min(due, await self._looked_after(session, one))
            except StoreError as error:
                log.warning("Slack: tokens will be renewed later: %s", error)
            with suppress(TimeoutError):
                async with asyncio.timeout(min(LOOK_SECONDS, max(SOONEST_SECONDS, due - time.time()))):
                    await self._wanted.wait()

    async def _looked_after(self, session: aiohttp.ClientSession, one: Installation) -> float:
        """Renew it if it is time. When it is time the next time."""
        credentials = unpacked(one.secret)
        if credentials is None or self._hopeless.get(one.workspace) == one.version:
            return float("inf")
        if credentials.renewed_at > time.time():
            return credentials.renewed_at
        try:
            await _to_its_end(self._renew(session, one, credentials))
        except (PlatformDown, RateLimited, StoreError) as error:
            log.warning("Slack: the token of workspace %s will be renewed later: %s", one.workspace, error)
            return time.time() + LOOK_SECONDS
        except PlatformError as error:
            log.error(
                "Slack: the token of workspace %s cannot be renewed; install the app there again (%s)",
                one.workspace,
                error,
            )
            self._hopeless[one.workspace] = one.version
        return time.time()

    async def _renew(
        self, session: aiohttp.ClientSession, one: Installation, credentials: Credentials
    ) -> None:
        answer = await self._oauth.renew(self._api_url, session, credentials.refresh)
        found = read_access({"is_enterprise_install": False, **answer}, time.time())
        if found is None:
            raise PlatformError("oauth.v2.access: no bot token")
        renewed = replace(found[1], name=credentials.name, bot_user_id=credentials.bot_user_id)
        for left in reversed(range(KEEP_TRIES)):
            try:
                kept = await self._oauth.installations.replace(one, packed(renewed))
            except StoreError as error:
                log.error("Slack: a new token of workspace %s is not kept yet: %s", one.workspace, error)
                if not left:
                    raise
                await asyncio.sleep(KEEP_AGAIN_SECONDS)
            else:
                if not kept:
                    log.info("Slack: workspace %s has other tokens meanwhile", one.workspace)
                return


async def _to_its_end(work: Coroutine[None, None, None]) -> None:
    """Do it, and see it done also when cancelled meanwhile."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    finally:
        await asyncio.wait({task})
