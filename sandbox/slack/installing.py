"""An app that many workspaces install: people who do, the pages they see, and how it is taken out again."""

from dataclasses import dataclass

import aiohttp
from yarl import URL

from sandbox.slack import payloads
from sandbox.slack.posting import Posting
from sandbox.slack.state import Workspace
from sandbox.slack.tokens import Tokens
from sandbox.slack.world import World


@dataclass(frozen=True, slots=True)
class Visit:
    """What somebody saw at last. `left_with` is what Slack was asked, `back` the address they came back
    to."""

    status: int
    text: str
    left_with: dict[str, str]
    back: str


class Installing:
    """The side of a stand-in that installs apps, whose parts these are."""

    _workspace: Workspace
    _world: World
    _tokens: Tokens
    _posting: Posting

    client_id = Tokens.client_id
    client_secret = Tokens.client_secret
    signing_secret = Posting.signing_secret

    @property
    def token_seconds(self) -> int | None:
        """How long tokens are good, for an app whose tokens have to be renewed."""
        return self._tokens.token_seconds

    @token_seconds.setter
    def token_seconds(self, seconds: int | None) -> None:
        self._tokens.token_seconds = seconds

    @property
    def renewals(self) -> tuple[int, int]:
        """How often tokens were renewed, and how often that was refused."""
        return self._tokens.renewed, self._tokens.refused

    @property
    def installed(self) -> bool:
        """Whether the app is in this workspace."""
        return self._tokens.installed(self._workspace.identity.team_id)

    @property
    def statuses(self) -> list[int]:
        """What was answered to requests of Slack's, oldest first; 0 where nobody was there."""
        return list(self._posting.statuses)

    async def subscribe(self, url: str) -> None:
        """Send everything to this address, once the app has answered there."""
        await self._posting.begin(url)

    def signed(self, body: bytes, at: float | None = None) -> dict[str, str]:
        """The headers by which an app knows that Slack sends this; `at` seconds since 1970."""
        return self._posting.signed(body, at)

    async def install(self, url: str, *, allow: bool = True, elsewhere: bool = False) -> Visit:
        """Somebody goes to the app's page for it, and at Slack's allows what it asks, or does not; and comes
        back, in the same browser or `elsewhere`."""
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
            async with browser.get(url, allow_redirects=False) as response:
                if response.status != 302:
                    return Visit(response.status, await response.text(), {}, "")
                asked = URL(response.headers["Location"])
            if asked.origin() != URL(self._world.origin()) or asked.path != "/oauth/v2/authorize":
                raise ValueError(f"nobody asks for installations at {asked.origin()}{asked.path}")
            query = dict(asked.query)
            if query["client_id"] != self._tokens.client_id or not query["scope"]:
                raise ValueError("an app, and what it wants, must be named")
            said = {"code": self.code(query["redirect_uri"])} if allow else {"error": "access_denied"}
            back = str(URL(query["redirect_uri"]).with_query({**said, "state": query["state"]}))
            if elsewhere:
                browser.cookie_jar.clear()
            async with browser.get(back, allow_redirects=False) as response:
                return Visit(response.status, await response.text(), query, back)

    def code(self, redirect_uri: str) -> str:
        """What somebody comes back with who has allowed it."""
        return self._tokens.code(self._workspace.identity.team_id, redirect_uri)

    async def uninstall(self) -> list[str]:
        """Somebody takes the app out of the workspace; the ids of the events that tell it."""
        who = self._workspace.identity
        events = (payloads.tokens_revoked(who.bot_user_id), payloads.app_uninstalled())
        self._tokens.revoke(who.team_id)
        return [self._world.announce(event, gone=True) for event in events]
