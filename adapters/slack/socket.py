"""Socket Mode: the connection over which Slack's events come, kept up whatever happens to it."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

import aiohttp
from slack_sdk.errors import SlackClientError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from adapters.slack.desk import Desk
from adapters.slack.faults import translated
from adapters.slack.web import new_client
from bridge.patience import seen_through
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


async def check_token(api_url: str, session: aiohttp.ClientSession, app_token: str) -> None:
    """Ask for a socket, so that a refused token is told apart from a network that is down: the SDK would try
    for ever."""
    with translated("apps.connections.open"):
        await new_client(api_url, session).apps_connections_open(app_token=app_token)


async def listen(
    api_url: str,
    session: aiohttp.ClientSession,
    app_token: str,
    desk: Desk,
    on_back: Callable[[], None],
    away_seconds: float = AWAY_SECONDS,
) -> None:
    """Listen until cancelled. The SDK renews the connection by itself for as long as it runs.

    What the desk has taken is acknowledged; an event that it has not is delivered again. When it has left,
    the connection is closed, so that Slack gives its events to others. `on_back` is called when the
    connection stands, and when it stands again after `away_seconds` or more.
    """
    client = _Client(
        app_token,
        logging.getLogger("slack_sdk"),
        new_client(api_url, session),
        ping_interval=PING_INTERVAL_SECONDS,
    )
    # As with `new_client`, but it has a session of its own.
    client.proxy = proxy_for(api_url)

    async def take(client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        acknowledgement = SocketModeResponse(request.envelope_id)
        match request.type:
            case "events_api":
                if not await desk.event(request.payload):
                    return
            case "interactive" | "slash_commands":
                answer = await desk.interaction(request.payload)
                if answer is None:
                    return
                acknowledgement = SocketModeResponse(request.envelope_id, dict(answer) or None)
            case _:
                return
        await client.send_socket_mode_response(acknowledgement)

    client.socket_mode_request_listeners.append(take)
    try:
        await client.connect()
        log.info("Slack: listening")
        await _watch(client, on_back, away_seconds, desk)
        log.info("Slack: listening no longer")
    finally:
        await _close(client)
    await asyncio.Event().wait()


async def _close(client: AsyncBaseSocketModeClient) -> None:
    """See the connection closed, also when cancelled while it closes after `Leaving`."""
    with suppress(aiohttp.ClientError, OSError):
        await seen_through(client.close())  # type: ignore[no-untyped-call]  # the SDK leaves it untyped


async def _watch(
    client: AsyncBaseSocketModeClient,
    on_back: Callable[[], None],
    away_seconds: float,
    desk: Desk,
) -> None:
    """Notice absences, until it is time to leave."""
    seen = float("-inf")
    while not desk.left:
        now = asyncio.get_running_loop().time()
        if await client.is_connected():
            if now - seen >= away_seconds:
                on_back()
            seen = now
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_INTERVAL_SECONDS):
                await desk.has_left()


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
