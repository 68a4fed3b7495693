"""Socket Mode: the connection over which Slack's events come, kept up whatever happens to it."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import aiohttp
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltError
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackClientError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from adapters.slack.web import SlackWeb, new_client
from bridge.errors import BridgeError, Leaving
from bridge.proxies import proxy_for

log = logging.getLogger(__name__)

PING_INTERVAL_SECONDS = 5.0
LOOK_INTERVAL_SECONDS = 1.0
# Less than the SDK rests before it tries an address again, so that none is tried twice; where that is too
# little, more each time, up to the longest.
CONNECT_SECONDS = 0.9 * PING_INTERVAL_SECONDS
LONGEST_CONNECT_SECONDS = 30.0
# Slack says an event again after one minute, and after five for the last time.
AWAY_SECONDS = 60.0
ANY_EVENT = re.compile(".*")
# What comes as something that was pressed or sent does, and as a command.
INTERACTIONS = ("interactive", "slash_commands")

# An event, and the workspace that it was delivered for.
OnMessage = Callable[[Mapping[str, object], str], Awaitable[None]]
# Any other event.
OnEvent = Callable[[Mapping[str, object]], Awaitable[None]]
# What Slack says when something was pressed or sent, or told with a command; returns what to tell it.
OnInteraction = Callable[[Mapping[str, object]], Awaitable[Mapping[str, object]]]
# Tells Slack that an interaction was heard.
OnAnswer = Callable[[Mapping[str, object]], Awaitable[None]]


async def listen(
    web: SlackWeb,
    app_token: str,
    on_message: OnMessage,
    on_other: OnEvent,
    on_interaction: OnInteraction,
    has_left: Callable[[], bool],
    on_back: Callable[[], None],
    away_seconds: float = AWAY_SECONDS,
) -> None:
    """Listen until cancelled. The SDK renews the connection by itself for as long as it runs.

    An event is acknowledged when `on_message` or `on_other` has returned, that is when it is stored, and not
    at all when it failed: then Slack delivers it again. An interaction is acknowledged when `on_interaction`
    has returned; Slack does not repeat it. After `Leaving`, or an interaction since which `has_left` holds,
    the connection is closed, so that Slack gives its events to others. `on_back` is called when the
    connection stands, and when it stands again after `away_seconds` or more.
    """
    leaving = asyncio.Event()

    async def authorize() -> AuthorizeResult:
        # Otherwise Bolt asks Slack with the first event, and acknowledges it even if that fails.
        return AuthorizeResult(
            enterprise_id=None,
            team_id=web.team_id,
            bot_token=web.client.token,
            bot_id=web.bot_id,
            bot_user_id=web.bot_user_id,
        )

    app = AsyncApp(
        # Without a token, as Bolt would complain of two.
        client=new_client(web.client.base_url, web.session),
        authorize=authorize,
        process_before_response=True,
        logger=logging.getLogger("slack_bolt"),
    )
    _subscribe(app, on_message, on_other, leaving)

    async def take(payload: Mapping[str, object], acknowledge: OnAnswer) -> None:
        await acknowledge(await on_interaction(payload))
        if has_left():
            leaving.set()

    handler = _Handler(app, app_token, take)
    try:
        await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
        log.info("Slack: listening")
        await _watch(handler.client, on_back, away_seconds, leaving)
        log.info("Slack: listening no longer")
    finally:
        await _close(handler)
    await asyncio.Event().wait()


async def _close(handler: AsyncSocketModeHandler) -> None:
    """See the connection closed, also when cancelled while it closes after `Leaving`."""
    closing = asyncio.create_task(handler.close_async())  # type: ignore[no-untyped-call]  # same
    try:
        with suppress(aiohttp.ClientError, OSError):
            await asyncio.shield(closing)
    finally:
        await asyncio.wait({closing})


async def _watch(
    client: AsyncBaseSocketModeClient,
    on_back: Callable[[], None],
    away_seconds: float,
    leaving: asyncio.Event,
) -> None:
    """Notice absences, until it is time to leave."""
    seen = float("-inf")
    while not leaving.is_set():
        now = asyncio.get_running_loop().time()
        if await client.is_connected():
            if now - seen >= away_seconds:
                on_back()
            seen = now
        with suppress(TimeoutError):
            await asyncio.wait_for(leaving.wait(), LOOK_INTERVAL_SECONDS)


def _subscribe(app: AsyncApp, on_message: OnMessage, on_other: OnEvent, leaving: asyncio.Event) -> None:
    async def on_spoken(event: Mapping[str, object], body: Mapping[str, object]) -> None:
        team_id = body.get("team_id")
        await on_message(event, team_id if isinstance(team_id, str) else "")

    async def on_anything_else(event: Mapping[str, object]) -> None:
        """Acknowledged in any case, so that Slack does not send it again."""
        await on_other(event)

    async def on_error(error: Exception) -> BoltResponse:
        match error:
            case Leaving():
                log.info("Slack: an event is left to others, or to the next start")
                leaving.set()
            case BridgeError() | BoltError():
                log.error("Slack: an event was not taken and will come again: %s", error)
            case _:
                log.error("Slack: an event could not be handled", exc_info=error)
        return BoltResponse(status=500)

    app.event("app_mention")(on_spoken)
    app.event("message")(on_spoken)
    app.event(ANY_EVENT)(on_anything_else)
    app.error(on_error)


class _Client(SocketModeClient):
    """Asks for an address before every try to connect. The SDK would try the same one for ever, which is good
    for one connection, and not for long; and it does so before it begins to look after its connection."""

    async def connect(self) -> None:
        patience = CONNECT_SECONDS
        while not self.closed:
            try:
                self.wss_uri = self.wss_uri or await self.issue_new_wss_url()
                async with asyncio.timeout(patience):
                    await super().connect()  # type: ignore[no-untyped-call]  # the SDK leaves it untyped
            except TimeoutError:
                log.warning("Slack: no connection yet; asking for another address")
                patience = min(2 * patience, LONGEST_CONNECT_SECONDS)
            except (SlackClientError, aiohttp.ClientError, OSError) as error:
                log.warning("Slack: no address to connect to: %s", type(error).__name__)
                await asyncio.sleep(self.ping_interval)
            else:
                return
            self.wss_uri = None


class _Handler(AsyncSocketModeHandler):
    """Keeps interactions from Bolt, which stumbles over those that are not as they should be, and does not
    acknowledge those that it has no listener for."""

    def __init__(
        self,
        app: AsyncApp,
        app_token: str,
        take: Callable[[Mapping[str, object], OnAnswer], Awaitable[None]],
    ) -> None:
        self.app = app
        self.app_token = app_token
        self.client = _Client(app_token, app.logger, app.client, ping_interval=PING_INTERVAL_SECONDS)
        # As with `new_client`, but it has a session of its own.
        self.client.proxy = proxy_for(app.client.base_url)
        self.client.socket_mode_request_listeners.append(self.handle)  # as Bolt does
        self._take = take

    async def handle(self, client: AsyncBaseSocketModeClient, req: SocketModeRequest) -> None:
        if req.type not in INTERACTIONS:
            await super().handle(client, req)  # type: ignore[arg-type]  # always of the kind it made itself
            return

        async def acknowledge(answer: Mapping[str, object]) -> None:
            await client.send_socket_mode_response(SocketModeResponse(req.envelope_id, dict(answer) or None))

        await self._take(req.payload, acknowledge)
