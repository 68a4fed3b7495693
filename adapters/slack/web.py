"""The few calls of Slack's Web API that replies are made of. Raises `PlatformError` kinds only."""

import time
from collections.abc import Mapping, Sequence
from functools import partial

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack.events import Asker
from adapters.slack.faults import translated
from adapters.slack.render import Rendered
from bridge.types import Lane, MessageRef, Thread

# docs.slack.dev, "Rate limits": per method and workspace; posting about one a second for each channel.
PER_MINUTE = {
    "chat.update": 50,
    "chat.delete": 50,
    "chat.startStream": 20,
    "chat.appendStream": 100,
    "chat.stopStream": 20,
    "conversations.replies": 50,
}
POSTS_PER_MINUTE = 60
# Far longer than a post is tried again.
LATELY_SECONDS = 3600.0
# Under this event type our messages carry the key of their post, so that they can be found again.
METADATA_EVENT = "dify_bridge_reply"

Json = Mapping[str, object]


class SlackWeb:
    """Calls with one client, which neither paces nor repeats anything by itself."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self.team_id = ""
        self.bot_user_id = ""

    async def sign_in(self) -> None:
        with translated("auth.test"):
            answer = await self._client.auth_test()
        self.team_id, self.bot_user_id = _string(answer, "team_id"), _string(answer, "user_id")

    async def open_connection(self, app_token: str) -> None:
        """Ask for a socket, so that a refused token is told apart from a network that is down."""
        with translated("apps.connections.open"):
            await self._client.apps_connections_open(app_token=app_token)

    async def post(self, thread: Thread, rendered: Rendered, key: str) -> MessageRef:
        with translated("chat.postMessage"):
            answer = await self._client.chat_postMessage(
                channel=thread.channel,
                thread_ts=thread.id,
                text=rendered.text,
                blocks=_dicts(rendered.blocks),
                metadata={"event_type": METADATA_EVENT, "event_payload": {"key": key}},
                unfurl_links=False,
                unfurl_media=False,
            )
        return MessageRef(thread.channel, _string(answer, "ts"))

    async def update(self, ref: MessageRef, rendered: Rendered) -> None:
        with translated("chat.update"):
            await self._client.chat_update(
                channel=ref.channel, ts=ref.id, text=rendered.text, blocks=_dicts(rendered.blocks)
            )

    async def delete(self, ref: MessageRef) -> None:
        with translated("chat.delete"):
            await self._client.chat_delete(channel=ref.channel, ts=ref.id)

    async def start_stream(self, thread: Thread, chunks: Sequence[Json], asker: Asker | None) -> MessageRef:
        with translated("chat.startStream"):
            answer = await self._client.chat_startStream(
                channel=thread.channel,
                thread_ts=thread.id,
                chunks=_dicts(chunks),
                recipient_user_id=asker.user if asker else None,
                recipient_team_id=asker.team if asker else None,
            )
        return MessageRef(thread.channel, _string(answer, "ts"))

    async def append_stream(self, ref: MessageRef, chunks: Sequence[Json]) -> None:
        with translated("chat.appendStream"):
            await self._client.chat_appendStream(channel=ref.channel, ts=ref.id, chunks=_dicts(chunks))

    async def stop_stream(self, ref: MessageRef, chunks: Sequence[Json], blocks: Sequence[Json]) -> None:
        """End a stream. `blocks` stand below its text."""
        with translated("chat.stopStream"):
            await self._client.chat_stopStream(
                channel=ref.channel, ts=ref.id, chunks=_dicts(chunks) or None, blocks=_dicts(blocks) or None
            )

    async def find(self, thread: Thread, key: str, text: str) -> MessageRef | None:
        """The message among those of the last hour that was posted under `key`; or that shows just `text`,
        for a stream, which carries no key."""
        with translated("conversations.replies"):
            answer = await self._client.conversations_replies(
                channel=thread.channel,
                ts=thread.id,
                oldest=f"{time.time() - LATELY_SECONDS:.6f}",
                include_all_metadata=True,
                limit=200,
            )
        match answer.data:
            case {"messages": [*messages]}:
                found = (ts for ts in map(partial(_is_ours, key, text), messages) if ts)
                return next((MessageRef(thread.channel, ts) for ts in found), None)
            case _:
                return None

    def lane(self, method: str) -> Lane:
        """The scope of a method that is limited for the whole workspace."""
        return Lane(f"slack:{self.team_id}:{method}", PER_MINUTE[method], 60.0)

    def post_lane(self, thread: Thread) -> Lane:
        return Lane(f"slack:{thread.workspace}:chat.postMessage:{thread.channel}", POSTS_PER_MINUTE, 60.0)


def _dicts(objects: Sequence[Json]) -> list[dict[str, object]]:
    return [dict(one) for one in objects]


def _string(answer: AsyncSlackResponse, name: str) -> str:
    match answer.data:
        case {**fields} if isinstance(fields.get(name), str):
            return str(fields[name])
        case _:
            return ""


def _is_ours(key: str, text: str, message: object) -> str:
    """The `ts` of a message that was posted under this key, or shows this text; empty for any other."""
    match message:
        case {"ts": str(ts), "metadata": {"event_payload": {"key": posted}}}:
            return ts if posted == key else ""
        case {"ts": str(ts), "bot_id": str(), "text": shown} if text and shown == text:
            return ts
        case _:
            return ""
