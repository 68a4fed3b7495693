"""Discord on the wire: messages in over the gateway, messages out over REST."""

import logging
from collections import OrderedDict
from urllib.request import getproxies

import aiohttp
import discord

from adapters.discord import render
from adapters.discord.events import PLATFORM, read_message, thread_title
from adapters.discord.gateway import Gateway
from adapters.discord.rest import (
    CALL_TIMEOUT_SECONDS,
    GLOBAL_LANE,
    OTHERS_PER_WINDOW,
    DiscordRest,
    create_scope,
    delete_scope,
    edit_scope,
    thread_scope,
    typing_scope,
)
from bridge.errors import BridgeError, MessageGone, NotAllowed, PlatformDown, TryOtherwise
from bridge.ports import Host
from bridge.types import Body, Lane, Message, MessageRef, Thread

log = logging.getLogger(__name__)

# Threads that could not be opened are remembered this long, by count: their answers stay in the channel.
CLOSED_THREADS = 10_000


class DiscordAdapter:
    """One Discord bot in all of its servers and direct messages."""

    platform = PLATFORM

    def __init__(self, token: str, api_url: str) -> None:
        self._token = token
        self._api_url = api_url.rstrip("/")
        self._rest: DiscordRest | None = None
        self._in_channel: OrderedDict[str, None] = OrderedDict()

    async def run(self, host: Host) -> None:
        """Connect and stay connected; see `bridge.ports.Adapter`."""

        async def on_message(message: discord.Message, bot_user_id: int) -> None:
            try:
                read = read_message(message, bot_user_id)
                if read is not None:
                    await host.deliver(read)
            except BridgeError as error:
                log.error("Discord: message %d was not taken: %s", message.id, error)

        timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_SECONDS)
        # Without proxies, trusting the environment only means reading ~/.netrc with every call.
        async with aiohttp.ClientSession(timeout=timeout, trust_env=bool(getproxies())) as session:
            self._rest = DiscordRest(session, self._api_url, self._token)
            try:
                await Gateway(self._token, on_message).run(self._api_url, self._rest.gateway_url)
            finally:
                self._rest = None

    async def post(self, thread: Thread, body: Body, key: str) -> MessageRef:
        channel, replies_to = self._place(thread)
        try:
            message = await self._ready().create_message(channel, render.render(body), key, replies_to)
        except MessageGone as error:
            # The thread was never made, or somebody removed it: the question's channel is still there.
            if replies_to or thread.channel == thread.id:
                raise
            self._keep_in_channel(thread)
            raise TryOtherwise(f"no thread, answering in its channel: {error}") from error
        return MessageRef(channel, message)

    async def edit(self, ref: MessageRef, body: Body) -> None:
        await self._ready().edit_message(ref.channel, ref.id, render.render(body))

    async def delete(self, ref: MessageRef) -> None:
        await self._ready().delete_message(ref.channel, ref.id)

    async def open(self, message: Message) -> None:
        """See `bridge.ports.OpensThreads`."""
        thread = message.thread
        if not self._has_to_open(message):
            return
        try:
            await self._ready().start_thread(thread.channel, message.id, thread_title(message.text))
        except NotAllowed as error:
            log.info("Discord: no thread in channel %s, answering there: %s", thread.channel, error)
            self._keep_in_channel(thread)

    async def show_waiting(self, thread: Thread) -> None:
        """See `bridge.ports.ShowsWaiting`."""
        await self._ready().trigger_typing(self._place(thread)[0])

    def open_lanes(self, message: Message) -> tuple[Lane, ...]:
        if not self._has_to_open(message):
            return ()
        scope = thread_scope(message.thread.channel)
        return self._ready().lane(scope, OTHERS_PER_WINDOW), GLOBAL_LANE

    def waiting_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        scope = typing_scope(self._place(thread)[0])
        return self._ready().lane(scope, OTHERS_PER_WINDOW), GLOBAL_LANE

    def fits(self, thread: Thread, body: Body) -> bool:
        return render.fits(body)

    def empty(self, thread: Thread, body: Body) -> bool:
        return not render.render(body)

    def same(self, one: Body, other: Body) -> bool:
        return render.render(one) == render.render(other)

    def post_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        return self._lane(create_scope(self._place(thread)[0])), GLOBAL_LANE

    def edit_lanes(self, ref: MessageRef, body: Body) -> tuple[Lane, ...]:
        return self._lane(edit_scope(ref.channel)), GLOBAL_LANE

    def closing_lane(self, thread: Thread) -> Lane:
        return self._lane(edit_scope(self._place(thread)[0]))

    def delete_lanes(self, ref: MessageRef) -> tuple[Lane, ...]:
        return self._lane(delete_scope(ref.channel)), GLOBAL_LANE

    def _has_to_open(self, message: Message) -> bool:
        """Whether this message begins a thread that is not there yet, as far as is known."""
        return message.thread.id == message.id and message.thread.key not in self._in_channel

    def _lane(self, scope: str) -> Lane:
        return self._ready().lane(scope)

    def _place(self, thread: Thread) -> tuple[str, str]:
        """The channel to post to, and the message to reply to where there is no thread."""
        return (thread.channel, thread.id) if thread.key in self._in_channel else (thread.id, "")

    def _keep_in_channel(self, thread: Thread) -> None:
        self._in_channel[thread.key] = None
        if len(self._in_channel) > CLOSED_THREADS:
            self._in_channel.popitem(last=False)

    def _ready(self) -> DiscordRest:
        if self._rest is None:
            raise PlatformDown("Discord is not connected")
        return self._rest
