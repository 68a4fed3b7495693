"""Socket Mode: the connection over which Slack's events come, kept up whatever happens to it."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import aiohttp
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.error import BoltError
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bridge.errors import BridgeError

log = logging.getLogger(__name__)

PING_INTERVAL_SECONDS = 5.0
ANY_EVENT = re.compile(".*")

# An event, and the workspace that it was delivered for.
OnMessage = Callable[[Mapping[str, object], str], Awaitable[None]]


async def listen(client: AsyncWebClient, app_token: str, on_message: OnMessage) -> None:
    """Listen until cancelled. The SDK renews the connection by itself for as long as it runs.

    An event is acknowledged when `on_message` has returned, that is when it is stored, and not at all when it
    failed: then Slack delivers it again.
    """
    app = AsyncApp(client=client, process_before_response=True, logger=logging.getLogger("slack_bolt"))
    _subscribe(app, on_message)
    handler = AsyncSocketModeHandler(app, app_token, ping_interval=PING_INTERVAL_SECONDS)
    try:
        await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
        log.info("Slack: listening")
        await asyncio.Event().wait()
    finally:
        with suppress(aiohttp.ClientError, OSError):
            await handler.close_async()  # type: ignore[no-untyped-call]  # same


def _subscribe(app: AsyncApp, on_message: OnMessage) -> None:
    async def on_spoken(event: Mapping[str, object], body: Mapping[str, object]) -> None:
        team_id = body.get("team_id")
        await on_message(event, team_id if isinstance(team_id, str) else "")

    async def on_anything_else() -> None:
        """Acknowledged, so that Slack does not send it again."""

    async def on_error(error: Exception) -> BoltResponse:
        if isinstance(error, BridgeError | BoltError):
            log.error("Slack: an event was not taken and will come again: %s", error)
        else:
            log.error("Slack: an event could not be handled", exc_info=error)
        return BoltResponse(status=500)

    app.event("app_mention")(on_spoken)
    app.event("message")(on_spoken)
    app.event(ANY_EVENT)(on_anything_else)
    app.error(on_error)
