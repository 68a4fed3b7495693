"""What of Slack comes to the web port: what Slack tells in HTTP mode, and people who install the bot."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from adapters.slack import installing
from adapters.slack.desk import Desk
from adapters.slack.hooks import Hooks
from adapters.slack.installing import Installing
from adapters.slack.oauth import OAuth
from adapters.slack.paths import EVENTS_PATH
from bridge.types import WebAnswer, WebRequest


class Front:
    """See `bridge.ports.ServesWeb`. Without a `signing_secret`, Slack tells nothing here; without `oauth`,
    nobody installs anything. Whatever is not open yet, or any more, is asked to come again."""

    def __init__(self, api_url: str, signing_secret: str, oauth: OAuth | None) -> None:
        self._signing_secret = signing_secret
        self._installing = Installing(api_url, oauth) if oauth else None
        self._session: aiohttp.ClientSession | None = None
        self._hooks: Hooks | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        hears = (EVENTS_PATH,) if self._signing_secret else ()
        return hears + (installing.PATHS if self._installing else ())

    @asynccontextmanager
    async def installable(self, session: aiohttp.ClientSession) -> AsyncIterator[None]:
        """Let people install the bot while the block runs."""
        self._session = session
        try:
            yield
        finally:
            self._session = None

    async def listen(self, desk: Desk) -> None:
        """Give the desk what Slack tells, until cancelled."""
        self._hooks = Hooks(self._signing_secret, desk)
        try:
            await asyncio.Event().wait()
        finally:
            self._hooks = None

    async def serve(self, request: WebRequest) -> WebAnswer:
        if request.path in installing.PATHS:
            if self._installing is None or self._session is None:
                return WebAnswer(503)
            return await self._installing.serve(request, self._session)
        return WebAnswer(503) if self._hooks is None else await self._hooks.serve(request)
