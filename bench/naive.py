"""A small honest bot, as most public ones are built: what a benchmark compares with.

`python -m bench.naive DIFY_URL DIFY_KEY slack|discord ADDRESS TOKEN (APP_TOKEN | GATEWAY)`

It uses the real SDKs and does what widely used bots and samples do: it posts the first text at once, edits
once a second for each answer on a clock of its own (llmcord and OpenClaw: 1.0 to 1.2 s), awaits the edit
inside the loop that reads the stream (llmcord, the Bolt samples), lets the SDK wait and repeat after a 429
(discord.py does so by itself; for Slack the SDK's handler is switched on with ten retries, as Slack's own
Node SDK has), goes on in a next message at the platform's limit with a hard cut (llmcord), and edits once
more at the end. On Discord it answers in a thread, or as a reply where it may not make one. What fails is
logged by the SDK.
"""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Protocol

import discord
import httpx
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

EDIT_EVERY_SECONDS = 1.0
SLACK_LIMIT = 4000
DISCORD_LIMIT = 2000

Edit = Callable[[str], Awaitable[None]]


class Answer(Protocol):
    """Where an answer goes: `post` makes a new message and gives what edits it."""

    limit: int

    async def post(self, text: str) -> Edit: ...


class Dify:
    def __init__(self, url: str, key: str) -> None:
        self._client = httpx.AsyncClient(timeout=httpx.Timeout(10.0, read=120.0), limits=httpx.Limits())
        self._url = f"{url}/chat-messages"
        self._headers = {"Authorization": f"Bearer {key}"}

    async def chat(self, query: str, user: str) -> AsyncIterator[str]:
        """The pieces of the answer, as they come."""
        body = {"inputs": {}, "query": query, "user": user, "response_mode": "streaming"}
        async with self._client.stream("POST", self._url, headers=self._headers, json=body) as response:
            response.raise_for_status()
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    event = json.loads(line[6:])
                    if event.get("event") in ("message", "agent_message"):
                        yield event["answer"]


async def show(pieces: AsyncIterator[str], answer: Answer) -> None:
    """The loop that everything happens in."""
    loop = asyncio.get_running_loop()
    text, shown = "", ""
    edit: Edit | None = None
    edited_at = 0.0
    async for piece in pieces:
        text += piece
        while len(text) > answer.limit:
            if edit is None:
                await answer.post(text[: answer.limit])
            else:
                await edit(text[: answer.limit])
            text, shown, edit = text[answer.limit :], "", None
        if edit is None:
            if text.strip():
                edit, shown, edited_at = await answer.post(text), text, loop.time()
        elif loop.time() - edited_at >= EDIT_EVERY_SECONDS:
            await edit(text)
            shown, edited_at = text, loop.time()
    if edit is not None and shown != text:
        await edit(text)


class SlackAnswer:
    limit = SLACK_LIMIT

    def __init__(self, client: AsyncWebClient, channel: str, thread: str) -> None:
        self._client = client
        self._channel = channel
        self._thread = thread

    async def post(self, text: str) -> Edit:
        posted = await self._client.chat_postMessage(channel=self._channel, thread_ts=self._thread, text=text)
        ts = str(posted["ts"])

        async def edit(text: str) -> None:
            await self._client.chat_update(channel=self._channel, ts=ts, text=text)

        return edit


async def serve_slack(dify: Dify, address: str, token: str, app_token: str) -> None:
    retry = AsyncRateLimitErrorRetryHandler(max_retry_count=10)
    client = AsyncWebClient(token=token, base_url=address)
    client.retry_handlers.append(retry)
    app = AsyncApp(client=client)

    async def on_message(event: Mapping[str, str]) -> None:
        if "bot_id" in event or "subtype" in event:
            return
        if event["type"] == "message" and event.get("channel_type") != "im":
            return
        query = event["text"].rpartition("> ")[2]
        answer = SlackAnswer(client, event["channel"], event.get("thread_ts", event["ts"]))
        await show(dify.chat(query, event["user"]), answer)

    app.event("app_mention")(on_message)
    app.event("message")(on_message)
    handler = AsyncSocketModeHandler(app, app_token)
    try:
        await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
        await asyncio.Event().wait()
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # same


class DiscordAnswer:
    limit = DISCORD_LIMIT

    def __init__(self, message: discord.Message, thread: discord.Thread | None) -> None:
        self._message = message
        self._thread = thread

    async def post(self, text: str) -> Edit:
        if self._thread is None:
            posted = await self._message.reply(text, mention_author=False)
        else:
            posted = await self._thread.send(text)

        async def edit(text: str) -> None:
            await posted.edit(content=text)

        return edit


class DiscordBot(discord.Client):
    def __init__(self, dify: Dify) -> None:
        intents = discord.Intents.default()
        intents.message_content = True
        super().__init__(intents=intents)
        self._dify = dify

    async def on_message(self, message: discord.Message) -> None:
        addressed = message.guild is None or (self.user is not None and self.user.mentioned_in(message))
        if message.author.bot or not addressed or message.type is discord.MessageType.thread_starter_message:
            return
        query = message.content.rpartition("> ")[2]
        thread: discord.Thread | None = None
        if message.guild is not None:
            try:
                thread = await message.create_thread(name=query[:80])
            except discord.Forbidden:
                thread = None
        await show(self._dify.chat(query, str(message.author.id)), DiscordAnswer(message, thread))


async def serve_discord(dify: Dify, address: str, token: str, gateway: str) -> None:
    # The library has no setting for the addresses, only these attributes.
    Route.BASE = address
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
    async with DiscordBot(dify) as bot:
        await bot.start(token)


async def main(dify_url: str, dify_key: str, platform: str, address: str, token: str, more: str) -> None:
    dify = Dify(dify_url, dify_key)
    serve = serve_slack if platform == "slack" else serve_discord
    serving = asyncio.create_task(serve(dify, address, token, more))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, serving.cancel)
    with suppress(asyncio.CancelledError):
        await serving


if __name__ == "__main__":
    # It has no event loop watch to begin anew.
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    asyncio.run(main(*sys.argv[1:]))
