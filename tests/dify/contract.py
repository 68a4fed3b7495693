"""What the contract suite needs: the versions, and ways to ask stand-ins of them."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass

import pytest

from bridge.dify import ChatRequest, ChatStream, DifyClient, Ending, Mode, RunRequest, Update
from bridge.dify.records import version_of
from sandbox.dify import Answer, AppSetup, Dify

VERSIONS = ("0.15.3", "1.12.1", "1.13.0", "1.14.2", "1.17.1")
MODES = (Mode.CHAT, Mode.AGENT_CHAT, Mode.AGENT, Mode.CHATFLOW, Mode.COMPLETION, Mode.WORKFLOW)
every_version = pytest.mark.parametrize("version", VERSIONS)
# The newest kind of app came with 1.15.
APPS = [
    (mode, version)
    for mode in MODES
    for version in VERSIONS
    if mode is not Mode.AGENT or version_of(version) >= (1, 15)
]
every_app = pytest.mark.parametrize(("mode", "version"), APPS)
# A workflow answers with a run, not with a message.
every_app_with_messages = pytest.mark.parametrize(
    ("mode", "version"), [(mode, version) for mode, version in APPS if mode is not Mode.WORKFLOW]
)
USER = "someone"
# Long enough for a loaded machine, short enough for a test.
SILENCE_SECONDS = 5.0
DOUBT_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Told:
    """All of one turn as its follower saw it: the last state, its titles of steps, and how it ended."""

    update: Update
    steps: frozenset[str]
    ending: Ending | None


@asynccontextmanager
async def app(
    mode: Mode,
    version: str,
    answer: Answer | None = None,
    setup: AppSetup | None = None,
    *,
    silence: float = SILENCE_SECONDS,
    at_once: int = 0,
) -> AsyncIterator[tuple[Dify, DifyClient]]:
    """A stand-in whose app always says this, and its client."""
    said = answer or Answer("Hello there.")
    dify = Dify(mode=mode, version=version, script=lambda *_: said, setup=setup, at_once=at_once)
    async with dify, DifyClient(dify.url, dify.key, silence, DOUBT_SECONDS) as client:
        yield dify, client


def asking(client: DifyClient, mode: Mode, request: ChatRequest) -> AbstractAsyncContextManager[ChatStream]:
    """The call that an app of this mode is asked with."""
    if mode.conversing:
        return client.chat(request)
    run = RunRequest(request.inputs, request.user, request.query, request.files, request.trace_id)
    return client.run(mode, run)


async def told(client: DifyClient, mode: Mode, request: ChatRequest | None = None) -> Told:
    """Ask, and hear it out."""
    async with asking(client, mode, request or ChatRequest("Hello?", USER)) as stream:
        return await heard(stream)


async def heard(stream: ChatStream) -> Told:
    """A turn, heard out."""
    last, steps = None, set()
    async with aclosing(stream.updates()) as updates:
        async for last in updates:
            steps.add(last.step)
    assert last is not None
    return Told(last, frozenset(steps - {""}), stream.ending)
