"""Asking Slack for tokens: for a code that an installation left, and for the next one before one expires."""

import base64
from dataclasses import dataclass, field

import aiohttp

from adapters.slack.faults import translated
from adapters.slack.fields import Json
from adapters.slack.paths import REDIRECT_PATH
from adapters.slack.web import new_client
from bridge.tenants import Installations


@dataclass(frozen=True, slots=True)
class OAuth:
    """What an app needs that many workspaces install. `public_url` is where people reach the web port, and
    `scopes` what the bot asks for."""

    client_id: str
    client_secret: str = field(repr=False)
    public_url: str
    scopes: tuple[str, ...]
    installations: Installations

    @property
    def redirect_url(self) -> str:
        return self.public_url.rstrip("/") + REDIRECT_PATH

    async def exchange(self, api_url: str, session: aiohttp.ClientSession, code: str) -> Json:
        """What Slack answers for the code. Raises `PlatformError` kinds only."""
        return await self._access(api_url, session, {"code": code, "redirect_uri": self.redirect_url})

    async def renew(self, api_url: str, session: aiohttp.ClientSession, refresh: str) -> Json:
        """What Slack answers for a refresh token, which is of no use after that."""
        asked = {"grant_type": "refresh_token", "refresh_token": refresh}
        return await self._access(api_url, session, asked)

    async def _access(self, api_url: str, session: aiohttp.ClientSession, asked: dict[str, str]) -> Json:
        # The SDK's own method for this warns of how it writes this header.
        who = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        with translated("oauth.v2.access"):
            answer = await new_client(api_url, session).api_call(
                "oauth.v2.access", data=asked, headers={"Authorization": f"Basic {who}"}
            )
        return answer.data if isinstance(answer.data, dict) else {}
