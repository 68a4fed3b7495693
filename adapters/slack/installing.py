"""The pages on which people install the bot: they are sent to Slack, and come back with a code.

What they come back with is believed only in the browser that they left from, and soon: the state that goes
with them is signed, says until when it is good, and names a cookie that is gone once it was used.
"""

import hashlib
import hmac
import logging
import secrets
import time
from http.cookies import CookieError, SimpleCookie

import aiohttp
from yarl import URL

from adapters.slack.credentials import packed, read_access
from adapters.slack.oauth import OAuth
from adapters.slack.paths import INSTALL_PATH, REDIRECT_PATH
from bridge.errors import BridgeError, PlatformDown, PlatformError, RateLimited, StoreError
from bridge.types import WebAnswer, WebRequest
from bridge.words import english, say

log = logging.getLogger(__name__)

PATHS = (INSTALL_PATH, REDIRECT_PATH)
AUTHORIZE_PATH = "/oauth/v2/authorize"
COOKIE = "dify_bridge_install"
# Whoever has to find an administrator first begins again.
GOOD_FOR_SECONDS = 600
LOCALE_LIMIT_CHARACTERS = 35


class Installing:
    """Serves these pages."""

    def __init__(self, api_url: str, oauth: OAuth, good_for_seconds: int = GOOD_FOR_SECONDS) -> None:
        self._api_url = api_url
        self._oauth = oauth
        self._good_for_seconds = good_for_seconds

    async def serve(self, request: WebRequest, session: aiohttp.ClientSession) -> WebAnswer:
        """See `bridge.ports.ServesWeb`."""
        if request.method != "GET":
            return WebAnswer(405)
        if request.path == INSTALL_PATH:
            return self._leave()
        locale = _locale(request)
        if not self._is_back(request):
            return self._page(400, english.INSTALL_TOO_OLD, locale)
        if "code" not in request.query:
            return self._page(400, english.INSTALL_CANCELLED, locale)
        try:
            name = await self._install(request.query["code"], session)
        except (PlatformDown, RateLimited, StoreError) as error:
            log.error("Slack: an installation failed: %s", error)
            return self._page(503, english.INSTALL_DOWN, locale)
        except BridgeError as error:
            log.warning("Slack: an installation was refused: %s", error)
            return self._page(400, english.INSTALL_REFUSED, locale)
        return self._page(200, english.INSTALLED, locale, name)

    async def _install(self, code: str, session: aiohttp.ClientSession) -> str:
        """Keep what the code stands for. What the workspace is called."""
        found = read_access(await self._oauth.exchange(self._api_url, session, code), time.time())
        if found is None:
            raise PlatformError("oauth.v2.access: no bot token of a workspace")
        workspace, credentials = found
        await self._oauth.installations.keep(workspace, packed(credentials))
        log.info("Slack: installed in workspace %s", workspace)
        return credentials.name or workspace

    def _leave(self) -> WebAnswer:
        """Send somebody to Slack."""
        nonce, until = secrets.token_urlsafe(24), int(time.time()) + self._good_for_seconds
        address = URL(self._api_url).origin().with_path(AUTHORIZE_PATH)
        address = address.with_query(
            client_id=self._oauth.client_id,
            scope=",".join(self._oauth.scopes),
            redirect_uri=self._oauth.redirect_url,
            state=f"{until}.{nonce}.{self._signed(until, nonce)}",
        )
        return WebAnswer(302, headers={"Location": str(address), "Set-Cookie": self._cookie(nonce)})

    def _is_back(self, request: WebRequest) -> bool:
        """Whether this is somebody who left from here lately, in this browser."""
        until, _, rest = request.query.get("state", "").partition(".")
        nonce, _, signature = rest.partition(".")
        if not (until.isdecimal() and until.isascii() and len(until) <= 12 and nonce.isascii()):
            return False
        expected = self._signed(int(until), nonce)
        signed = hmac.compare_digest(expected.encode(), signature.encode())
        same = hmac.compare_digest(_cookie_of(request).encode(), nonce.encode())
        return signed and same and time.time() < int(until)

    def _signed(self, until: int, nonce: str) -> str:
        key, said = self._oauth.client_secret, f"slack install {until} {nonce}"
        return hmac.new(key.encode(), said.encode(), hashlib.sha256).hexdigest()

    def _page(self, status: int, sentence: str, locale: str, workspace: str = "") -> WebAnswer:
        address = self._oauth.public_url.rstrip("/") + INSTALL_PATH
        text = say(sentence, locale, workspace=workspace, address=address)
        # The address of this page has the code in it.
        return WebAnswer(
            status, text, headers={"Set-Cookie": self._cookie(""), "Referrer-Policy": "no-referrer"}
        )

    def _cookie(self, nonce: str) -> str:
        """A cookie for the way to Slack and back; without a nonce, the one that ends it."""
        secure = "; Secure" if self._oauth.public_url.startswith("https:") else ""
        lasts = self._good_for_seconds if nonce else 0
        return f"{COOKIE}={nonce}; Path=/slack; Max-Age={lasts}; HttpOnly; SameSite=Lax{secure}"


def _cookie_of(request: WebRequest) -> str:
    try:
        cookie = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return cookie.value if cookie is not None else ""


def _locale(request: WebRequest) -> str:
    """The first language that the browser asks for."""
    wanted = request.headers.get("accept-language", "").partition(",")[0].partition(";")[0]
    return wanted.strip()[:LOCALE_LIMIT_CHARACTERS]
