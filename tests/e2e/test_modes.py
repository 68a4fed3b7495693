"""Every kind of app, in the versions of Dify that people run."""

from collections.abc import AsyncIterator

import pytest

from sandbox.dify import Answer, Dify
from tests.e2e.conftest import Bridge, answered
from tests.e2e.places import SlackPlace


@pytest.fixture(params=["chat", "agent-chat", "advanced-chat"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["0.15.3", "1.12.1", "1.13.0", "1.14.2", "1.16.0"])
async def dify(request: pytest.FixtureRequest, mode: str) -> AsyncIterator[Dify]:
    async with Dify(mode=mode, version=str(request.param)) as stand_in:
        yield stand_in


@pytest.fixture
async def place() -> AsyncIterator[SlackPlace]:
    async with SlackPlace() as stand_in:
        yield stand_in


async def test_two_turns_and_a_failure(place: SlackPlace, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer(f"Ünïcode\u2028{turns + 1} 🎉", steps=("Search",))
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        await place.say(thread, "Two?")
        await answered(app, 2)
        dify.script = lambda request, turns: Answer("Partly " * 5, fail_after=3)
        await place.say(thread, "Three?")
        await answered(app, 3)
    first, second, third = place.replies(thread)
    assert ("1 🎉" in first, "2 🎉" in second) == (True, True)
    assert third.startswith("Partly")
    assert "failed while answering" in third
    assert len(dify.conversations) == 1
