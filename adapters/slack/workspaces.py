"""The workspaces that the bot speaks in: for each, the one client that does so there.

A workspace is named by the id of what the app was installed in: mostly a workspace, and where a whole
organisation has installed it, that one.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import aiohttp

from adapters.slack.fields import Json
from adapters.slack.web import SlackWeb, new_client
from bridge.errors import LoginRefused, PlatformDown, PlatformError, RateLimited
from bridge.ports import Host

log = logging.getLogger(__name__)

RECONNECT_SECONDS = 5.0


class Workspaces(Protocol):
    """Where the bot is installed, from when it is `opened` on."""

    @property
    def name(self) -> str:
        """What tells them from those of another bot, as far as roles are concerned."""
        ...

    def opened(self, session: aiohttp.ClientSession, host: Host) -> AbstractAsyncContextManager[None]:
        """Be there for as long as the block runs. `LoginRefused` when there is nothing to be there for."""
        ...

    def web(self, workspace: str) -> SlackWeb:
        """What speaks there, to ask it for its lanes. `PlatformDown` where nothing is open."""
        ...

    async def ready(self, workspace: str) -> SlackWeb:
        """The same, to call it now. `NotAllowed` where the bot is not installed (any more)."""
        ...

    async def find(self, workspace: str) -> SlackWeb | None:
        """The same, for what Slack tells of a workspace; None where the bot is not installed. `StoreError`
        when that is not known."""
        ...

    async def revoked(self, workspace: str) -> None:
        """Slack says that the bot was taken out of a workspace. Raises `BridgeError` when that could not be
        dealt with, and then Slack must not be told that it was heard."""
        ...


class OneWorkspace:
    """The one workspace that a token of its own belongs to."""

    def __init__(self, api_url: str, token: str) -> None:
        self._api_url = api_url
        self._token = token
        self._web: SlackWeb | None = None

    @property
    def name(self) -> str:
        return self.web("").team_id

    @asynccontextmanager
    async def opened(self, session: aiohttp.ClientSession, host: Host) -> AsyncIterator[None]:
        web = SlackWeb(new_client(self._api_url, session, self._token))
        await until_it_works(web.sign_in)
        log.info("Slack: signed in to workspace %s as %s", web.team_id, web.bot_user_id)
        self._web = web
        try:
            yield
        finally:
            self._web = None

    def web(self, workspace: str) -> SlackWeb:
        if self._web is None:
            raise PlatformDown("Slack is not connected")
        return self._web

    async def ready(self, workspace: str) -> SlackWeb:
        return self.web(workspace)

    async def find(self, workspace: str) -> SlackWeb | None:
        return self.web(workspace)

    async def revoked(self, workspace: str) -> None:
        log.error("Slack: the bot was taken out of its workspace, so its token is of no use any more")


def told_for(body: Json) -> str:
    """The workspace for which Slack tells an event: whose installation let it be told."""
    authorizations = body.get("authorizations")
    first = authorizations[0] if isinstance(authorizations, list) and authorizations else None
    match first:
        case {"is_enterprise_install": True, "enterprise_id": str(enterprise)} if enterprise:
            return enterprise
        case {"team_id": str(team)} if team:
            return team
    return _installed_in(body, body.get("team_id"), body.get("enterprise_id"))


def acted_in(payload: Json) -> str:
    """The workspace in which somebody pressed, sent or commanded something."""
    team, enterprise, view = payload.get("team"), payload.get("enterprise"), payload.get("view")
    # Of a form, the team is where whoever sent it comes from.
    installed = view.get("app_installed_team_id") if isinstance(view, Mapping) else None
    if not (payload.get("type") == "view_submission" and isinstance(installed, str) and installed):
        installed = team.get("id") if isinstance(team, Mapping) else payload.get("team_id")
    return _installed_in(
        payload,
        installed,
        enterprise.get("id") if isinstance(enterprise, Mapping) else payload.get("enterprise_id"),
    )


async def until_it_works(step: Callable[[], Awaitable[None]]) -> None:
    """Do it, again and again; `LoginRefused` ends that."""
    while True:
        try:
            await step()
        except LoginRefused:
            raise
        except PlatformError as error:
            wait = error.retry_after if isinstance(error, RateLimited) else RECONNECT_SECONDS
            log.warning("Slack: %s; trying again in %g s", error, wait)
            await asyncio.sleep(wait)
        else:
            return


def _installed_in(body: Json, team: object, enterprise: object) -> str:
    # In forms, it is a word.
    everywhere = body.get("is_enterprise_install") in (True, "true")
    found = enterprise if everywhere and enterprise else team
    return found if isinstance(found, str) else ""
