"""Dify's service API, as far as the bridge calls it: one key, one app, one shared HTTP client."""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Self
from urllib.parse import quote

from bridge.dify import conversations, files, forms, opinions, speech
from bridge.dify.app import AppInfo, Mode
from bridge.dify.app_files import AppFile
from bridge.dify.calls import Calls
from bridge.dify.conversations import Exchange, Variable
from bridge.dify.events import Ids
from bridge.dify.human import HumanForm
from bridge.dify.knowing import Knowing
from bridge.dify.opinions import Rating
from bridge.dify.pace import Pace
from bridge.dify.records import Recovered
from bridge.dify.recovery import LostTurn, Recovery
from bridge.dify.requests import (
    ChatRequest,
    RunRequest,
    Upload,
    chat_payload,
    run_path,
    run_payload,
    stop_path,
    trace_headers,
)
from bridge.dify.stream import DOUBT_AFTER_SECONDS, ChatStream
from bridge.dify.transport import patience
from bridge.dify.turn import Turn
from bridge.types import File

# Dify pings every ten seconds while it works, in every version; a minute without a byte is a dead stream.
SILENCE_TIMEOUT_SECONDS = 60.0


class DifyClient:
    """One Dify app, as an async context manager. Every method raises only `DifyError` kinds; where a version
    or an app does not offer what is asked for, `DifyLacks`.

    Every `user` is the one under whom the conversation began: Dify hides it from all others.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        silence_timeout_seconds: float = SILENCE_TIMEOUT_SECONDS,
        doubt_after_seconds: float = DOUBT_AFTER_SECONDS,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._silence_seconds = silence_timeout_seconds
        self._doubt_seconds = doubt_after_seconds
        self._stream_patience = patience(silence_timeout_seconds)
        self._pace = Pace()

    async def __aenter__(self) -> Self:
        self._calls = Calls(self._base_url, self._api_key)
        self._knowing = Knowing(self._calls)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._knowing.close()
        await self._calls.close()

    async def app(self, *, fresh: bool = False) -> AppInfo:
        """What the app says of itself; for a minute it is not asked again, unless it is to be `fresh`."""
        return await self._knowing.app(fresh=fresh)

    async def check(self) -> AppInfo:
        """Whether anything can be asked at all: reachable, key accepted, an app that is published."""
        return await self.app(fresh=True)

    @asynccontextmanager
    async def chat(self, request: ChatRequest) -> AsyncIterator[ChatStream]:
        """Ask, and read the answer as it comes. The connection is closed when the block is left."""
        turn = Turn(file.id for file in request.files)
        conversation = request.conversation_id
        is_known = partial(self.conversation_exists, conversation, request.user) if conversation else None
        headers = trace_headers(request.trace_id)
        async with self._calls.stream(
            "POST", "chat-messages", self._stream_patience, chat_payload(request), headers=headers
        ) as body:
            with self._pace.place() as place:
                async with ChatStream(body, place, turn, is_known, self._doubt_seconds) as stream:
                    yield stream

    @asynccontextmanager
    async def run(self, mode: Mode, request: RunRequest) -> AsyncIterator[ChatStream]:
        """Have an app answer that holds no conversations. `DifyWrongMode` for one that does."""
        turn = Turn(file.id for file in request.files)
        payload, headers = run_payload(mode, request), trace_headers(request.trace_id)
        async with self._calls.stream(
            "POST", run_path(mode), self._stream_patience, payload, headers=headers
        ) as body:
            with self._pace.place() as place:
                async with ChatStream(body, place, turn) as stream:
                    yield stream

    @asynccontextmanager
    async def follow(self, run_id: str, user: str) -> AsyncIterator[ChatStream]:
        """Listen to a flow that goes on after somebody has decided; begins with what was said before. Only
        the user who began it can. `DifyLacks` before 1.14."""
        # Of a run whose pause has just ended, Dify may still tell the pause; the line must outlive that.
        query = {"user": user, "include_state_snapshot": "true", "continue_on_pause": "true"}
        path = f"workflow/{quote(run_id, safe='')}/events"
        async with self._calls.stream("GET", path, self._stream_patience, query=query, optional=True) as body:
            with self._pace.place() as place:
                async with ChatStream(body, place, Turn(followed=True)) as stream:
                    yield stream

    async def waiting_forms(self, run_id: str, user: str) -> tuple[HumanForm, ...]:
        """The forms that a flow waits with which has paused; since 1.14."""
        query = {"user": user, "include_state_snapshot": "true"}
        forms: tuple[HumanForm, ...] = ()
        path = f"workflow/{quote(run_id, safe='')}/events"
        async with self._calls.stream("GET", path, self._stream_patience, query=query, optional=True) as body:
            with self._pace.place() as place:
                async with ChatStream(body, place, Turn()) as stream, aclosing(stream.updates()) as updates:
                    async for update in updates:
                        forms = update.forms
        return forms

    async def stop(self, task_id: str, user: str, mode: Mode = Mode.UNKNOWN) -> None:
        """Ask Dify to end a running turn. Only the user who began it can."""
        await self._calls.do("POST", stop_path(mode, task_id), {"user": user})

    async def recover(self, lost: LostTurn, patience_seconds: float) -> Recovered | None:
        """The whole answer of a turn whose stream was lost, and how it ended, if Dify has it or will have it
        within the patience; one that is still being answered is waited for.

        None when Dify has lost it: then nothing runs any more, or nothing is heard of it within the patience,
        and the question may be asked again, after a `stop` of its task. `DifySilent` when its flow is still
        said to be running after that. Any other `DifyError` says that Dify could not be asked
        (`DifyUnreachable`, `DifyDown`: later may help), or that the turn itself failed (`DifyModelFailed`).
        """
        return await Recovery(self._calls, lost, self._silence_seconds).wait(patience_seconds)

    async def begun_turn(self, conversation_id: str, user: str, query: str, since: float) -> Ids | None:
        """The turn that a question began of which nothing was heard: asked after `since`, in seconds since
        1970, in this conversation or as the first of a new one. None where there is no such turn."""
        return await conversations.begun_turn(self._calls, conversation_id, user, query, since)

    async def conversation_exists(self, conversation_id: str, user: str) -> bool:
        """Whether Dify knows this conversation of this user."""
        return await conversations.exists(self._calls, conversation_id, user)

    async def title(self, conversation_id: str, user: str) -> str:
        """The name Dify gave a conversation; empty when it is none of the user's newest hundred."""
        return await conversations.title(self._calls, conversation_id, user)

    async def titles(self, user: str) -> Mapping[str, str]:
        """The names of the user's newest hundred conversations, by their ids."""
        return await conversations.titles(self._calls, user)

    async def rename(self, conversation_id: str, user: str, name: str = "") -> str:
        """Name a conversation, or let Dify choose a name; gives the name."""
        return await conversations.rename(self._calls, conversation_id, user, name)

    async def forget(self, conversation_id: str, user: str) -> None:
        """Delete a conversation; one that is not there counts as deleted."""
        await conversations.forget(self._calls, conversation_id, user)

    async def history(self, conversation_id: str, user: str, limit: int) -> tuple[Exchange, ...]:
        """The newest exchanges, at most a hundred, the oldest of them first."""
        return await conversations.history(self._calls, conversation_id, user, limit)

    async def files_of(self, conversation_id: str, message_id: str, user: str) -> tuple[AppFile, ...]:
        """The files the app made in a message, with links signed anew."""
        return await conversations.files_of(self._calls, conversation_id, message_id, user)

    async def variables(self, conversation_id: str, user: str) -> tuple[Variable, ...]:
        """The variables of a conversation; since 1.3.1."""
        return await conversations.variables(self._calls, conversation_id, user)

    async def set_variable(self, conversation_id: str, user: str, variable: Variable, value: str) -> None:
        """Set a variable; since 1.7.2. `DifyRejected` for a value that is none of its kind."""
        await conversations.set_variable(self._calls, conversation_id, user, variable, value)

    async def upload(self, file: File, kind: str, user: str) -> Upload:
        """Give Dify a file, to be sent with a question of the same user as this kind: image, document,
        audio, video or custom. `DifyFileRefused` when it is not taken."""
        return await files.upload(self._calls, file, kind, user)

    def owns(self, url: str) -> bool:
        """Whether `fetch` would get what is behind this link: a signed file of this Dify."""
        return bool(files.address_of(url, self._base_url))

    async def fetch(self, url: str, most_bytes: int) -> File:
        """The file behind a link the app gave. `DifyFileGone` when it cannot be had: none of this Dify's, its
        link no longer valid, or larger than that."""
        return await files.fetch(self._calls, url, most_bytes)

    async def transcribe(self, file: File, user: str) -> str:
        """What is said in a recording. `DifyFileRefused` for a type or a size that Dify does not take."""
        return await speech.transcribe(self._calls, file, user)

    async def speak(self, text: str, user: str, message_id: str = "") -> File:
        """The text as speech, or with a `message_id` that answer."""
        return await speech.speak(self._calls, text, user, message_id)

    async def rate(self, message_id: str, user: str, rating: Rating | None, content: str = "") -> None:
        """Rate an answer, with a comment if there is one; None takes the rating back, if there is one."""
        await opinions.rate(self._calls, message_id, user, rating, content)

    async def suggested(self, message_id: str, user: str) -> tuple[str, ...]:
        """Questions that may follow an answer; none where the app does not make any. May take seconds."""
        return await opinions.suggested(self._calls, message_id, user)

    async def annotate(self, question: str, answer: str) -> None:
        """Keep this as the right answer to this question."""
        await opinions.annotate(self._calls, question, answer)

    async def form(self, token: str) -> HumanForm:
        """A form that waits for a decision; since 1.14. `DifyFormOver` when it no longer does."""
        return await forms.form(self._calls, token)

    async def decide(self, token: str, action: str, filled: Mapping[str, str], user: str) -> None:
        """Answer a form; then `follow` its run. Errors as those of `form`, and `DifyInputRefused`."""
        await forms.decide(self._calls, token, action, filled, user)
