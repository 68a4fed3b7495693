"""A conversation that Dify no longer has, in every way in which a version tells that, or does not."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bridge import errors
from sandbox.dify import Answer, Dify
from tests.e2e.conftest import Bridge, answered
from tests.e2e.places import Place

# As long as somebody waits without a word who does not give up.
MOST_SECONDS = 10.0


@pytest.fixture
async def dify(version: str, mode: str) -> AsyncIterator[Dify]:
    async with Dify(version=version, mode=mode) as stand_in:
        yield stand_in


@pytest.mark.parametrize(
    ("version", "mode"),
    [
        ("1.12.1", "advanced-chat"),
        ("1.14.2", "advanced-chat"),
        ("1.15.0", "advanced-chat"),
        ("1.16.0", "agent-chat"),
    ],
    ids=["not found", "silence", "another one", "not found by an agent"],
)
async def test_the_question_is_answered_in_a_fresh_conversation_with_a_sentence(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"Turn {turns + 1}")
    async with bridge() as app:
        thread = await place.ask("Remember me")
        await answered(app, 1)
        (old,) = dify.conversations
        dify.forget(old)
        async with asyncio.timeout(MOST_SECONDS):
            await place.say(thread, "Do you?")
            await answered(app, 2)
        await place.say(thread, "And now?")
        await answered(app, 3)
    (fresh,) = dify.conversations
    first, second, third = place.replies(thread)
    assert (first, third) == ("Turn 1", "Turn 2")
    assert second.startswith("Turn 1")
    assert errors.DifyConversationGone.notice in second
    assert dify.requests[-1].conversation_id == fresh
