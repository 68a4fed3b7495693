"""The bot's commands are registered with Discord, when they are not there yet as they should be."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from adapters.discord import sync
from adapters.discord.commands import LOCALES, declared
from adapters.discord.rest import DiscordRest
from bridge.types import Order
from sandbox.discord import Call
from tests.e2e.conftest import until
from tests.e2e.discord_hosts import Listener, Roles, adapter
from tests.e2e.places import DiscordPlace

ROUTE = "/applications/{id}/commands"


@pytest.fixture
async def place() -> AsyncIterator[DiscordPlace]:
    async with DiscordPlace() as stand_in:
        yield stand_in


def calls(place: DiscordPlace, method: str) -> list[Call]:
    return [one for one in place.discord.calls if (one.method, one.route) == (method, ROUTE)]


async def looked(place: DiscordPlace, times: int) -> None:
    await until(lambda: len(calls(place, "GET")) >= times)


async def test_the_commands_are_registered_for_everywhere(place: DiscordPlace) -> None:
    async with adapter(place.discord, Listener()):
        await until(lambda: len(place.discord.apps.registered()) == 6)
    told = {one["name"]: one for one in place.discord.apps.registered()}
    slashes = {order.value for order in Order if order is not Order.ABOUT}
    assert set(told) == slashes | {"Ask about this message"}
    assert {one["type"] for one in told.values()} == {1, 3}
    for name, one in told.items():
        assert one["integration_types"] == [0, 1]
        assert one["contexts"] == ([0, 1] if name == "new" else [0, 1, 2])
    (question,) = told["ask"]["options"]
    assert (question["name"], question["required"], question["type"]) == ("question", True, 3)


async def test_what_is_registered_already_is_not_registered_again(place: DiscordPlace) -> None:
    for start in range(3):
        async with adapter(place.discord, Listener()):
            await looked(place, start + 1)
            await place.connected()
    assert len(calls(place, "PUT")) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"description": "Something else"},
        {"contexts": [0]},
        {"integration_types": [0]},
        {"description_localizations": {"de": "Etwas anderes"}},
        {"options": []},
    ],
)
async def test_whatever_people_could_tell_is_corrected(place: DiscordPlace, change: dict[str, Any]) -> None:
    wanted = declared()
    await _register(place, [dict(wanted[0]) | change, *wanted[1:]])
    async with adapter(place.discord, Listener()):
        await until(lambda: len(calls(place, "PUT")) == 2)
    assert sync.same(place.discord.apps.registered(), wanted)


async def test_the_order_and_what_is_not_said_make_no_difference(place: DiscordPlace) -> None:
    await _register(place, list(reversed(declared())))
    async with adapter(place.discord, Listener()):
        await looked(place, 1)
        await place.connected()
    assert len(calls(place, "PUT")) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"name": "launch", "type": 4, "description": ""},
        {"name": "weather", "type": 1, "description": "How it will be"},
        {"name": "ask", "type": 2, "description": ""},
    ],
)
async def test_a_command_that_is_none_of_ours_stays(place: DiscordPlace, other: dict[str, Any]) -> None:
    await _register(place, [other])
    for start in range(2):
        async with adapter(place.discord, Listener()):
            await looked(place, start + 1)
            await until(lambda: len(place.discord.apps.registered()) == 7)
            await place.connected()
    told = {(one["type"], one["name"]) for one in place.discord.apps.registered()}
    assert (other["type"], other["name"]) in told
    # The test's own, and one of the bot's.
    assert len(calls(place, "PUT")) == 2


async def test_of_two_replicas_only_the_one_that_listens_looks(place: DiscordPlace) -> None:
    roles = Roles()
    async with adapter(place.discord, Listener(roles)), adapter(place.discord, Listener(roles)):
        await place.connected()
        await until(lambda: bool(place.discord.apps.registered()))
        await until(lambda: len(roles.wanted) == 2)
        assert len(calls(place, "GET")) == 1
        roles.take_away("discord")
        await place.connected()
        await looked(place, 2)
    assert len(calls(place, "PUT")) == 1


@pytest.mark.parametrize(("method", "status"), [("GET", 403), ("PUT", 400)])
async def test_what_is_refused_is_logged_and_the_bot_listens_all_the_same(
    place: DiscordPlace, caplog: pytest.LogCaptureFixture, method: str, status: int
) -> None:
    place.discord.fail(method, ROUTE, status, times=99)
    host = Listener()
    async with adapter(place.discord, host):
        await place.connected()
        await until(lambda: "the commands cannot be registered" in caplog.text)
        await place.ask("Why?")
        await until(lambda: host.texts == ["Why?"])
    assert len(calls(place, method)) == 1


async def test_what_fails_for_a_while_is_tried_again(
    place: DiscordPlace, caplog: pytest.LogCaptureFixture
) -> None:
    place.discord.fail("GET", ROUTE, 503, times=2)
    place.discord.fail("PUT", ROUTE, 429, retry_after=0.1)
    async with aiohttp.ClientSession() as session:
        rest = DiscordRest(session, place.discord.url, place.discord.token)
        await sync.keep_commands(rest, (0.01, 0.01, 0.01))
    assert len(place.discord.apps.registered()) == 6
    assert caplog.text.count("not registered yet") == 3


async def test_what_fails_for_ever_is_given_up(place: DiscordPlace, caplog: pytest.LogCaptureFixture) -> None:
    place.discord.fail("GET", ROUTE, 503, times=99)
    async with aiohttp.ClientSession() as session:
        rest = DiscordRest(session, place.discord.url, place.discord.token)
        await sync.keep_commands(rest, (0.01, 0.01))
    assert len(calls(place, "GET")) == 3


async def test_signing_off_ends_the_wait_for_the_next_try(place: DiscordPlace) -> None:
    place.discord.fail("GET", ROUTE, 503, times=99)
    async with asyncio.timeout(4.0):
        async with adapter(place.discord, Listener()):
            await looked(place, 1)
    assert place.discord.apps.registered() == []


def test_names_and_descriptions_are_of_the_lengths_that_discord_takes() -> None:
    for command in declared():
        options = command.get("options")
        assert isinstance(options, list | None)
        for thing in (command, *(options or ())):
            names, says = thing.get("name_localizations", {}), thing.get("description_localizations", {})
            assert isinstance(names, dict)
            assert isinstance(says, dict)
            assert set(names) | set(says) <= set(LOCALES)
            assert all(1 <= len(str(text)) <= 32 for text in (thing["name"], *names.values()))
            assert all(1 <= len(str(text)) <= 100 for text in says.values())


async def _register(place: DiscordPlace, commands: list[Any]) -> None:
    """As an earlier version would have."""
    url = f"{place.discord.url}/applications/{place.discord.application_id}/commands"
    headers = {"Authorization": f"Bot {place.discord.token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.put(url, json=commands, headers=headers) as response,
    ):
        assert response.status == 200, await response.text()
