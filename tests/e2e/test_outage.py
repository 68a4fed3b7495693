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
