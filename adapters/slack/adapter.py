"""Slack on the wire: events in over Socket Mode, messages out over the Web API."""

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TypeVar

import aiohttp
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.error import BoltError
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack import render
from adapters.slack.events import PLATFORM, read_message
from adapters.slack.faults import translated
from bridge.errors import BridgeError, LoginRefused, PlatformDown, PlatformError, RateLimited
from bridge.ports import Deliver
from bridge.types import Body, Lane, MessageRef, Thread

log = logging.getLogger(__name__)

CALL_TIMEOUT_SECONDS = 15.0
PING_INTERVAL_SECONDS = 5.0
RECONNECT_SECONDS = 5.0
# Far longer than a post is tried again.
LATELY_SECONDS = 3600.0
# Under this event type our messages carry the key of their post, so that they can be found again.
METADATA_EVENT = "dify_bridge_reply"
ANY_EVENT = re.compile(".*")

# docs.slack.dev, "Rate limits": per method and workspace; posting about one a second for each channel.
UPDATES_PER_MINUTE = 50
DELETES_PER_MINUTE = 50
POSTS_PER_MINUTE = 60

T = TypeVar("T")


class SlackAdapter:
    """One Slack workspace, as the bot of one installed app."""

    platform = PLATFORM

    def __init__(self, bot_token: str, app_token: str, api_url: str) -> None:
        self._bot_token = bot_token
        self._app_token = app_token
        self._api_url = api_url.rstrip("/") + "/"
        self._client: AsyncWebClient | None = None
        self._connected = asyncio.Event()
        self._team_id = ""
        self._bot_user_id = ""

    async def run(self, deliver: Deliver) -> None:
        """Connect and stay connected; see `bridge.ports.Adapter`."""
        timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout, trust_env=True) as session:
            # No retry handlers: pacing and repeating are the core's.
            self._client = AsyncWebClient(
                token=self._bot_token, base_url=self._api_url, session=session, retry_handlers=[]
            )
            try:
                await self._until_it_works(self._login)
                await self._listen(deliver)
            finally:
                self._client = None
                self._connected.clear()

    async def post(self, thread: Thread, body: Body, key: str) -> MessageRef:
        rendered = render.render(body)
        client = await self._ready()
        with translated("chat.postMessage"):
            answer = await client.chat_postMessage(
                channel=thread.channel,
                thread_ts=thread.id,
                text=rendered.text,
                blocks=[dict(block) for block in rendered.blocks],
                metadata={"event_type": METADATA_EVENT, "event_payload": {"key": key}},
                unfurl_links=False,
                unfurl_media=False,
            )
        return MessageRef(thread.channel, _string(answer, "ts"))

    async def edit(self, ref: MessageRef, body: Body) -> None:
        rendered = render.render(body)
        client = await self._ready()
        with translated("chat.update"):
            await client.chat_update(
                channel=ref.channel,
                ts=ref.id,
                text=rendered.text,
                blocks=[dict(block) for block in rendered.blocks],
            )

    async def delete(self, ref: MessageRef) -> None:
        client = await self._ready()
        with translated("chat.delete"):
            await client.chat_delete(channel=ref.channel, ts=ref.id)

    async def find(self, thread: Thread, key: str) -> MessageRef | None:
        """See `bridge.ports.FindsPosts`: looks through what was posted lately."""
        client = await self._ready()
        with translated("conversations.replies"):
            answer = await client.conversations_replies(
                channel=thread.channel,
                ts=thread.id,
                oldest=f"{time.time() - LATELY_SECONDS:.6f}",
                include_all_metadata=True,
                limit=200,
            )
        match answer.data:
            case {"messages": [*messages]}:
                found = (ts for ts in map(partial(_with_key, key), messages) if ts)
                return next((MessageRef(thread.channel, ts) for ts in found), None)
            case _:
                return None

    def fits(self, body: Body) -> bool:
        return render.fits(body)

    def same(self, one: Body, other: Body) -> bool:
        return render.render(one) == render.render(other)

    def post_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        return (Lane(f"slack:{thread.workspace}:chat.postMessage:{thread.channel}", POSTS_PER_MINUTE, 60.0),)

    def edit_lanes(self, ref: MessageRef) -> tuple[Lane, ...]:
        return (Lane(f"slack:{self._team_id}:chat.update", UPDATES_PER_MINUTE, 60.0),)

    def delete_lanes(self, ref: MessageRef) -> tuple[Lane, ...]:
        return (Lane(f"slack:{self._team_id}:chat.delete", DELETES_PER_MINUTE, 60.0),)

    async def _ready(self) -> AsyncWebClient:
        if self._client is None:
            raise PlatformDown("Slack is not connected")
        return self._client

    async def _login(self) -> None:
        client = await self._ready()
        with translated("auth.test"):
            answer = await client.auth_test()
        self._team_id, self._bot_user_id = _string(answer, "team_id"), _string(answer, "user_id")
        log.info("Slack: signed in to workspace %s as %s", self._team_id, self._bot_user_id)

    async def _listen(self, deliver: Deliver) -> None:
        """Hold a Socket Mode connection. The SDK renews it by itself for as long as it runs."""
        client = await self._ready()
        await self._until_it_works(self._may_connect)
        # An event is acknowledged when its listener has returned, that is when it is stored, and not at all
        # when the listener failed: then Slack delivers it again.
        app = AsyncApp(client=client, process_before_response=True, logger=logging.getLogger("slack_bolt"))
        self._subscribe(app, deliver)
        handler = AsyncSocketModeHandler(app, self._app_token, ping_interval=PING_INTERVAL_SECONDS)
        try:
            await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
            log.info("Slack: listening")
            await asyncio.Event().wait()
        finally:
            with suppress(aiohttp.ClientError, OSError):
                await handler.close_async()  # type: ignore[no-untyped-call]  # same

    async def _may_connect(self) -> None:
        """Ask once for a socket, so that a refused token is told apart from a network that is down: the SDK
        would try for ever."""
        client = await self._ready()
        with translated("apps.connections.open"):
            await client.apps_connections_open(app_token=self._app_token)

    def _subscribe(self, app: AsyncApp, deliver: Deliver) -> None:
        async def on_message(event: Mapping[str, object], body: Mapping[str, object]) -> None:
            team_id = body.get("team_id")
            message = read_message(
                event, team_id if isinstance(team_id, str) else self._team_id, self._bot_user_id
            )
            if message is not None:
                await deliver(message)

        async def on_anything_else() -> None:
            """Acknowledged, so that Slack does not send it again."""

        async def on_error(error: Exception) -> BoltResponse:
            if isinstance(error, BridgeError | BoltError):
                log.error("Slack: an event was not taken and will come again: %s", error)
            else:
                log.error("Slack: an event could not be handled", exc_info=error)
            return BoltResponse(status=500)

        app.event("app_mention")(on_message)
        app.event("message")(on_message)
        app.event(ANY_EVENT)(on_anything_else)
        app.error(on_error)

    async def _until_it_works(self, step: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await step()
            except LoginRefused:
                raise
            except PlatformError as error:
                wait = error.retry_after if isinstance(error, RateLimited) else RECONNECT_SECONDS
                log.warning("Slack: %s; trying again in %g s", error, wait)
                await asyncio.sleep(wait)


def _string(answer: AsyncSlackResponse, name: str) -> str:
    match answer.data:
        case {**fields} if isinstance(fields.get(name), str):
            return str(fields[name])
        case _:
            return ""


def _with_key(key: str, message: object) -> str:
    """The `ts` of a message that was posted under this key; empty for any other."""
    match message:
        case {"ts": str(ts), "metadata": {"event_payload": {"key": posted}}} if posted == key:
            return ts
        case _:
            return ""
