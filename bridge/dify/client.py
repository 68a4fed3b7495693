"""Dify's service API, as far as the bridge calls it: one key, one app, one shared HTTP client."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from bridge.dify.calls import Calls, read
from bridge.dify.pace import Pace
from bridge.dify.records import Recovered
from bridge.dify.recovery import LostTurn, Recovery
from bridge.dify.shapes import text_of
from bridge.dify.stream import ChatStream
from bridge.dify.transport import patience
from bridge.errors import DifyWrongMode

# Dify pings every ten seconds while it works, in every version; a minute without a byte is a dead stream.
SILENCE_TIMEOUT_SECONDS = 60.0
# A column of Dify's database; a longer user is an internal server error there.
USER_LIMIT_CHARACTERS = 255

CONVERSING_MODES = frozenset({"chat", "agent-chat", "advanced-chat", "agent"})


@dataclass(frozen=True, slots=True)
class AppInfo:
    """The app behind the key. `mode` and `version` are empty where an old Dify does not tell."""

    name: str
    mode: str
    version: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One turn: `conversation_id` is empty for the first one; `inputs` are sent with every one."""

    query: str
    user: str
    conversation_id: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)


def end_user(name: str) -> str:
    """A name for Dify's end user, shortened unmistakably where it is too long."""
    if len(name) <= USER_LIMIT_CHARACTERS:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{name[: USER_LIMIT_CHARACTERS - len(mark) - 1]}:{mark}"


class DifyClient:
    """One Dify app, as an async context manager. Every method raises only `DifyError` kinds."""

    def __init__(
        self, base_url: str, api_key: str, silence_timeout_seconds: float = SILENCE_TIMEOUT_SECONDS
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._silence_seconds = silence_timeout_seconds
        self._stream_patience = patience(silence_timeout_seconds)
        self._pace = Pace()

    async def __aenter__(self) -> Self:
        self._calls = Calls(self._base_url, self._api_key)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._calls.close()

    async def check(self) -> AppInfo:
        """Whether questions can be asked at all: reachable, key accepted, an app that holds conversations."""
        told = await self._calls.get("info")
        app = AppInfo(text_of(told.fields, "name"), text_of(told.fields, "mode"), told.version)
        if app.mode and app.mode not in CONVERSING_MODES:
            raise DifyWrongMode(f"the app's mode is {app.mode}")
        await self._calls.get("parameters")
        return app

    @asynccontextmanager
    async def chat(self, request: ChatRequest) -> AsyncIterator[ChatStream]:
        """Ask, and read the answer as it comes. The connection is closed when the block is left."""
        payload = {
            "inputs": dict(request.inputs),
            "query": request.query,
            "user": request.user,
            "conversation_id": request.conversation_id,
            "response_mode": "streaming",
        }
        async with self._calls.stream("POST", "chat-messages", self._stream_patience, payload) as body:
            with self._pace.place() as place:
                async with ChatStream(body, place) as stream:
                    yield stream

    async def stop(self, task_id: str, user: str) -> None:
        """Ask Dify to end a running turn. Only the user who began it can."""
        async with self._calls.send("POST", f"chat-messages/{task_id}/stop", {"user": user}) as response:
            await read(response)

    async def recover(self, lost: LostTurn, patience_seconds: float) -> Recovered | None:
        """The whole answer of a turn whose stream was lost, and how it ended, if Dify has it or will have it
        within the patience; one that is still being answered is waited for.

        None when Dify has lost it: then nothing runs any more, or nothing is heard of it within the patience,
        and the question may be asked again, after a `stop` of its task. `DifySilent` when its flow is still
        said to be running after that. Any other `DifyError` says that Dify could not be asked
        (`DifyUnreachable`, `DifyDown`: later may help), or that the turn itself failed (`DifyModelFailed`).
        """
        return await Recovery(self._calls, lost, self._silence_seconds).wait(patience_seconds)
