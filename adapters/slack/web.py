"""The few calls of Slack's Web API that replies are made of. Raises `PlatformError` kinds only."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from yarl import URL

from adapters.slack.buttons import label
from adapters.slack.events import Asker
from adapters.slack.faults import AlreadySo, refused, translated
from adapters.slack.fields import Json
from adapters.slack.mrkdwn import mrkdwn
from adapters.slack.posts import Found, find_own, mark
from adapters.slack.render import Rendered, shorten
from bridge.errors import NotAllowed, PlatformDown
from bridge.types import Lane, MessageRef, Thread

# docs.slack.dev, "Rate limits": per method and workspace; posting about one a second for each channel.
PER_MINUTE = {
    "chat.update": 50,
    "chat.delete": 50,
    "chat.startStream": 20,
    "chat.appendStream": 100,
    "chat.stopStream": 20,
    # Of 50; the rest is for what was missed (`missed.CALLS_PER_MINUTE`).
    "conversations.replies": 35,
    # For both methods together; removing is said to be the slower one.
    "reactions": 20,
    "assistant.threads.setTitle": 100,
    # Slack says only that it is limited in its own way.
    "assistant.threads.setStatus": 100,
    # Of 50; the rest is for sessions that people end (`asides.SESSIONS_PER_MINUTE`).
    "agents.sessions.setStatus": 40,
    "users.info": 100,
    "usergroups.users.list": 20,
    # Of 100; the rest is for what is told at once to whoever pressed something
    # (`asides.WHISPERS_PER_MINUTE`).
    "chat.postEphemeral": 50,
    "files.info": 100,
    "files.getUploadURLExternal": 100,
    "files.completeUploadExternal": 100,
}
# Of about 60 in a channel; the rest is for threads that commands begin (`asides.POSTS_PER_MINUTE`).
POSTS_PER_MINUTE = 55
PAGE_MESSAGES = 200
# How far apart Slack's clock and ours may be: generous where a message has a key to know it by, and tight
# where it is known by its time.
FAR_SKEW_SECONDS = 600.0
NEAR_SKEW_SECONDS = 10.0
# Where files are, and where Slack takes answers to what was pressed.
FILES_ORIGIN = URL("https://files.slack.com")
ANSWERS_ORIGIN = URL("https://hooks.slack.com")
# Of a sentence that one person sees, and of a thread's title.
WHISPER_LIMIT = 3_000
TITLE_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """Where a file may be put that has this id from then on."""

    file_id: str
    url: URL


@dataclass(frozen=True, slots=True)
class Page:
    """A part of what stands in a place; `next` is the cursor of the next part, if any."""

    messages: tuple[Json, ...]
    next: str


def new_client(base_url: str, session: aiohttp.ClientSession, token: str | None = None) -> AsyncWebClient:
    """A client that goes through the session's proxy, if any, and repeats nothing: pacing is the core's."""
    client = AsyncWebClient(token=token, base_url=base_url, session=session, retry_handlers=[])
    # It has looked for one by itself, without regard to what may be reached without.
    client.proxy = None
    return client


class SlackWeb:
    """Calls with one client, which neither paces nor repeats anything by itself."""

    def __init__(self, client: AsyncWebClient) -> None:
        self.client = client
        self.team_id = ""
        self.bot_user_id = ""
        # Where people see it; empty where that is not known.
        self.workspace_url = ""

    async def sign_in(self) -> None:
        with translated("auth.test"):
            answer = await self.client.auth_test()
        self.team_id, self.workspace_url = _string(answer, "team_id"), _string(answer, "url")
        self.bot_user_id = _string(answer, "user_id")

    async def check(self) -> None:
        """Whether the token is good for anything: `LoginRefused` where it is not."""
        with translated("auth.test"):
            await self.client.auth_test()

    async def post(self, thread: Thread, rendered: Rendered, key: str) -> MessageRef:
        with translated("chat.postMessage"):
            answer = await self.client.chat_postMessage(
                channel=thread.channel,
                thread_ts=thread.id or None,
                text=rendered.text,
                blocks=_dicts(rendered.blocks),
                metadata=dict(mark(key)),
                unfurl_links=False,
                unfurl_media=False,
            )
        return MessageRef(thread.channel, _string(answer, "ts"), thread.workspace)

    async def update(self, ref: MessageRef, rendered: Rendered, key: str | None = None) -> None:
        """Replace a message. Without a `key` its mark stays as it is."""
        with translated("chat.update", self._scope("chat.update")):
            await self.client.chat_update(
                channel=ref.channel,
                ts=ref.id,
                text=rendered.text,
                blocks=_dicts(rendered.blocks),
                metadata=None if key is None else dict(mark(key)),
            )

    async def delete(self, ref: MessageRef) -> None:
        with translated("chat.delete"):
            await self.client.chat_delete(channel=ref.channel, ts=ref.id)

    async def start_stream(self, thread: Thread, chunks: Sequence[Json], asker: Asker | None) -> MessageRef:
        with translated("chat.startStream"):
            answer = await self.client.chat_startStream(
                channel=thread.channel,
                thread_ts=thread.id,
                chunks=_dicts(chunks),
                recipient_user_id=asker.user if asker else None,
                recipient_team_id=asker.team if asker else None,
            )
        return MessageRef(thread.channel, _string(answer, "ts"), thread.workspace)

    async def append_stream(self, ref: MessageRef, chunks: Sequence[Json]) -> None:
        with translated("chat.appendStream"):
            await self.client.chat_appendStream(channel=ref.channel, ts=ref.id, chunks=_dicts(chunks))

    async def stop_stream(
        self, ref: MessageRef, chunks: Sequence[Json], blocks: Sequence[Json], key: str
    ) -> None:
        """End a stream, and mark it. `blocks` stand below its text."""
        with translated("chat.stopStream", self._scope("chat.stopStream")):
            await self.client.chat_stopStream(
                channel=ref.channel,
                ts=ref.id,
                chunks=_dicts(chunks) or None,
                blocks=_dicts(blocks) or None,
                metadata=dict(mark(key)),
            )

    async def find(
        self, thread: Thread, key: str, since: float, known: Collection[MessageRef]
    ) -> Found | None:
        """See `posts.find_own`."""
        oldest = max(0.0, since - FAR_SKEW_SECONDS)
        with translated("conversations.replies"):
            answer = await self.client.conversations_replies(
                channel=thread.channel,
                ts=thread.id,
                oldest=f"{oldest:.6f}",
                include_all_metadata=True,
                limit=PAGE_MESSAGES,
            )
        messages, unmarked_since = _page(answer).messages, since - NEAR_SKEW_SECONDS
        return find_own(messages, self.bot_user_id, key, unmarked_since, {ref.id for ref in known})

    async def replies(self, thread: Thread, oldest: float, cursor: str) -> Page:
        """The messages of a thread from `oldest` on, and its first one in any case."""
        with translated("conversations.replies"):
            answer = await self.client.conversations_replies(
                channel=thread.channel,
                ts=thread.id,
                oldest=f"{oldest:.6f}",
                cursor=cursor or None,
                limit=PAGE_MESSAGES,
            )
        return _page(answer)

    async def history(self, channel: str, oldest: float, cursor: str) -> Page:
        """The messages that stand in a channel itself, from `oldest` on."""
        with translated("conversations.history"):
            answer = await self.client.conversations_history(
                channel=channel, oldest=f"{oldest:.6f}", cursor=cursor or None, limit=PAGE_MESSAGES
            )
        return _page(answer)

    async def react(self, channel: str, ts: str, emoji: str) -> None:
        with suppress(AlreadySo), translated("reactions.add"):
            await self.client.reactions_add(channel=channel, timestamp=ts, name=emoji)

    async def unreact(self, channel: str, ts: str, emoji: str) -> None:
        with suppress(AlreadySo), translated("reactions.remove"):
            await self.client.reactions_remove(channel=channel, timestamp=ts, name=emoji)

    async def open_view(self, trigger: str, view: Json) -> None:
        with translated("views.open"):
            await self.client.views_open(trigger_id=trigger, view=dict(view))

    async def update_view(self, view_id: str, view: Json) -> None:
        with translated("views.update"):
            await self.client.views_update(view_id=view_id, view=dict(view))

    async def answer(self, url: str, thread_ts: str, text: str) -> None:
        """Tell whoever pressed something, and nobody else, at the address that came with the press."""
        said = {"response_type": "ephemeral", "replace_original": False, "text": _whispered(text)}
        if thread_ts:
            said["thread_ts"] = thread_ts
        with translated("response_url"):
            async with self.session.post(URL(url), json=said, allow_redirects=False) as response:
                if response.status != 200:
                    raise refused("response_url", response)

    async def whisper(self, channel: str, thread_ts: str, user: str, text: str) -> None:
        """Without a `thread_ts`, it stands in the channel itself."""
        with translated("chat.postEphemeral"):
            await self.client.chat_postEphemeral(
                channel=channel, user=user, thread_ts=thread_ts or None, text=_whispered(text)
            )

    async def name_thread(self, thread: Thread, title: str) -> None:
        with translated("assistant.threads.setTitle"):
            await self.client.assistant_threads_setTitle(
                channel_id=thread.channel, thread_ts=thread.id, title=label(title, TITLE_LIMIT)
            )

    async def show_status(self, thread: Thread, status: str, loading: Sequence[str] = ()) -> None:
        """Let this stand under a thread for two minutes, or until a message comes; empty takes it away."""
        with translated("assistant.threads.setStatus", self._scope("assistant.threads.setStatus")):
            await self.client.assistant_threads_setStatus(
                channel_id=thread.channel,
                thread_ts=thread.id,
                status=status,
                loading_messages=list(loading) or None,
            )

    async def release_session(self, thread: Thread) -> None:
        """The agent's work in a thread is done, for now."""
        with translated("agents.sessions.setStatus", self._scope("agents.sessions.setStatus")):
            await self.client.agents_sessions_setStatus(
                channel_id=thread.channel, thread_ts=thread.id, status="active"
            )

    async def user_info(self, user: str) -> Json:
        with translated("users.info"):
            answer = await self.client.users_info(user=user, include_locale=True)
        found = answer.data.get("user") if isinstance(answer.data, dict) else None
        return found if isinstance(found, Mapping) else {}

    async def group_members(self, group: str) -> tuple[str, ...]:
        """The ids of the people in a user group."""
        with translated("usergroups.users.list"):
            answer = await self.client.usergroups_users_list(usergroup=group)
        found = answer.data.get("users") if isinstance(answer.data, dict) else None
        return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()

    async def file_info(self, file_id: str) -> Json:
        with translated("files.info", self._scope("files.info")):
            answer = await self.client.files_info(file=file_id)
        file = answer.data.get("file") if isinstance(answer.data, dict) else None
        return file if isinstance(file, Mapping) else {}

    async def begin_upload(self, name: str, size: int) -> Upload:
        with translated("files.getUploadURLExternal", self._scope("files.getUploadURLExternal")):
            answer = await self.client.files_getUploadURLExternal(filename=name, length=size)
        url = _string(answer, "upload_url")
        if not self.has_files(url):
            raise NotAllowed("files.getUploadURLExternal: an address that is not Slack's")
        return Upload(_string(answer, "file_id"), URL(url))

    async def end_upload(self, thread: Thread, file_id: str, title: str) -> None:
        """Show an uploaded file in the thread."""
        with translated("files.completeUploadExternal", self._scope("files.completeUploadExternal")):
            await self.client.files_completeUploadExternal(
                files=[{"id": file_id, "title": title}], channel_id=thread.channel, thread_ts=thread.id
            )

    @property
    def session(self) -> aiohttp.ClientSession:
        if self.client.session is None:
            raise PlatformDown("Slack is not connected")
        return self.client.session

    def has_files(self, url: str) -> bool:
        """Whether Slack keeps files at this address."""
        return self._is_at(url, FILES_ORIGIN)

    def takes_answers(self, url: str) -> bool:
        """Whether Slack takes answers to what was pressed at this address."""
        return self._is_at(url, ANSWERS_ORIGIN)

    def _is_at(self, url: str, own: URL) -> bool:
        """Whether it is there, or where the methods are: a Slack that is not the public one has all at one
        place. No address of Slack's names a user."""
        try:
            address = URL(url)
            origin = address.origin()
        except ValueError:
            return False
        return address.raw_user is None and origin in (own, URL(self.client.base_url).origin())

    def lane(self, method: str) -> Lane:
        """The scope of a method that is limited for the whole workspace."""
        return Lane(self._scope(method), PER_MINUTE[method], 60.0)

    def post_lane(self, thread: Thread) -> Lane:
        return Lane(f"slack:{thread.workspace}:chat.postMessage:{thread.channel}", POSTS_PER_MINUTE, 60.0)

    def _scope(self, method: str) -> str:
        return f"slack:{self.team_id}:{method}"


def _whispered(text: str) -> str:
    words = mrkdwn(text[:WHISPER_LIMIT])
    return words if len(words) <= WHISPER_LIMIT else shorten(words, WHISPER_LIMIT)


def _dicts(objects: Sequence[Json]) -> list[dict[str, object]]:
    return [dict(one) for one in objects]


def _string(answer: AsyncSlackResponse, name: str) -> str:
    match answer.data:
        case {**fields} if isinstance(fields.get(name), str):
            return str(fields[name])
        case _:
            return ""


def _page(answer: AsyncSlackResponse) -> Page:
    messages: tuple[Json, ...] = ()
    cursor = ""
    match answer.data:
        case {"messages": [*found], **rest}:
            messages = tuple(one for one in found if isinstance(one, Mapping))
            match rest.get("response_metadata"):
                case {"next_cursor": str(following)}:
                    cursor = following
    return Page(messages, cursor)
