"""A database that goes away and comes back, under a bridge that runs."""

import asyncio

import pytest

from bridge.app import assemble
from sandbox.dify import Answer, Dify
from tests.e2e.conftest import answered, until
from tests.e2e.places import DiscordPlace, Place, SlackPlace
from tests.postgres import Postgres


@pytest.fixture(params=[SlackPlace, DiscordPlace], ids=["slack", "discord"])
def kind(request: pytest.FixtureRequest) -> type[Place]:
    found: type[Place] = request.param
    return found


async def test_what_is_said_while_the_database_is_away_is_answered_as_soon_as_it_is_back(
    kind: type[Place], postgres: Postgres
) -> None:
    if postgres.outages is None:
        pytest.skip("the server is not ours to stop")
    async with (
        postgres.fresh_database() as url,
        kind() as place,
        Dify(version="1.16.0", script=lambda request, turns: Answer(f"To {request.query}")) as dify,
        assemble(place.settings(dify, url.render_as_string(hide_password=False))) as app,
    ):
        serving = asyncio.create_task(app.run())
        await place.connected()
        before = await place.ask("Before?")
        await answered(app, 1)
        await asyncio.to_thread(postgres.outages.stop)
        during = await place.ask("During?")
        await asyncio.sleep(1.5)  # an outage of some length, in which deliveries fail
        await asyncio.to_thread(postgres.outages.start)
        await until(lambda: place.replies(during) == ["To During?"])
        await place.say(before, "After?")
        await until(lambda: place.replies(before) == ["To Before?", "To After?"])
        app.leave()
        await serving
        assert len(dify.requests) == 3


async def test_a_question_that_arrived_although_the_line_was_cut_is_not_asked_again(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    place.retry_seconds = 20.0
    dify.script = lambda request, turns: Answer(
        WORDS, tokens_per_second=100, cut_after=0 if turns == 0 else None
    )
    async with bridge() as app:
        thread = await place.ask("Heard?")
        await answered(app, 1)
        dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=100, cut_after=0)
        await place.say(thread, "And this?")
        await answered(app, 2)
    assert place.replies(thread) == [WORDS, WORDS]
    assert [request.query for request in dify.requests] == ["Heard?", "And this?"]
