"""Commands of the stand-in for Discord, and answers by token, as the real discord.py and plain HTTP find
them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands

from sandbox.discord import Discord, Limits, MessageFlag, MessageType
from tests.sandbox.discord_clients import Bot, Http, running_bot

OPENAPI = Path(__file__).parents[3] / "shared" / "reference" / "discord-openapi.json"
ASK = {
    "name": "ask",
    "description": "Ask",
    "options": [{"type": 3, "name": "question", "description": "What", "required": True, "max_length": 5}],
    "contexts": [0, 1, 2],
    "integration_types": [0, 1],
}
ABOUT = {"name": "About this", "type": 3, "contexts": [0, 1, 2], "integration_types": [0, 1]}


@pytest.fixture
async def sandbox() -> AsyncIterator[Discord]:
    openapi = OPENAPI if OPENAPI.exists() else None
    async with Discord(limits=Limits.off(), openapi=openapi) as sandbox:
        yield sandbox


@pytest.fixture
def channel(sandbox: Discord) -> str:
    return sandbox.add_channel(sandbox.add_guild("Office"), "general")


@pytest.fixture
def ann(sandbox: Discord) -> str:
    return sandbox.add_user("ann")


@pytest.fixture
async def http(sandbox: Discord) -> AsyncIterator[Http]:
    async with aiohttp.ClientSession() as session:
        yield Http(sandbox, session)


def path_of(sandbox: Discord) -> str:
    return f"/applications/{sandbox.application_id}/commands"


async def registered(sandbox: Discord, *commands: Any) -> tuple[int, Any]:
    """With plain HTTP, so that nothing is made better on the way."""
    headers = {"Authorization": f"Bot {sandbox.token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.put(sandbox.url + path_of(sandbox), json=list(commands), headers=headers) as response,
    ):
        return response.status, await response.json()


async def by_token(
    sandbox: Discord, method: str, one: discord.Interaction, where: str = "", **body: Any
) -> tuple[int, Any]:
    """A call with the token of an interaction."""
    url = f"{sandbox.url}/webhooks/{sandbox.application_id}/{one.token}{where}"
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, json=body or None) as response,
    ):
        return response.status, await response.json() if response.status != 204 else None


async def used(sandbox: Discord, bot: Bot, channel: str, person: str) -> discord.Interaction:
    """What the application hears of a question."""
    await sandbox.apps.use(channel, person, "ask", question="Why?")
    return await asyncio.wait_for(bot.pressed.get(), 5.0)


async def test_the_library_registers_commands_and_hears_of_them(
    sandbox: Discord, channel: str, ann: str
) -> None:
    heard: list[str] = []
    async with running_bot(sandbox) as bot:
        tree = app_commands.CommandTree(bot)

        @tree.command(name="ask", description="Ask")
        @app_commands.describe(question="What")
        async def ask(interaction: discord.Interaction, question: str) -> None:
            heard.append(question)
            await interaction.response.send_message(f"{interaction.user.name} asks: {question}")

        @tree.context_menu(name="About this")
        async def about(interaction: discord.Interaction, message: discord.Message) -> None:
            heard.append(message.content)
            await interaction.response.send_message("Only you see this.", ephemeral=True)

        await tree.sync()
        await sandbox.apps.use(channel, ann, "ask", question="Why?")
        await sandbox.wait_for(lambda: bool(sandbox.messages(channel)))
        (told,) = sandbox.messages(channel)
        assert (told.content, told.type) == ("ann asks: Why?", MessageType.CHAT_INPUT_COMMAND)
        message = await sandbox.say(channel, ann, "The sky is blue.")
        await sandbox.apps.use_on(message, ann, "About this")
        await sandbox.wait_for(lambda: bool(sandbox.whispers(ann)))
    assert heard == ["Why?", "The sky is blue."]
    assert [one.command for one in sandbox.interactions] == ["ask", "About this"]
    assert sandbox.violations == []


async def test_the_library_answers_late_and_goes_on(sandbox: Discord, channel: str, ann: str) -> None:
    await registered(sandbox, ASK)
    async with running_bot(sandbox) as bot:
        one = await used(sandbox, bot, channel, ann)
        await one.response.defer(thinking=True)
        (told,) = sandbox.messages(channel)
        assert (told.content, bool(told.flags & MessageFlag.LOADING)) == ("", True)
        await one.edit_original_response(content="Because")
        more = await one.followup.send("And so on.", wait=True)
        await more.edit(content="And so forth.")
        await one.edit_original_response(content="Because.")
        assert [item.content for item in sandbox.messages(channel)] == ["Because.", "And so forth."]
        await more.delete()
        await one.delete_original_response()
        assert sandbox.messages(channel) == []
    assert sandbox.violations == []


async def test_a_first_word_after_a_promise_takes_its_place_and_stays_as_private(
    sandbox: Discord, channel: str, ann: str
) -> None:
    await registered(sandbox, ASK)
    async with running_bot(sandbox) as bot:
        one = await used(sandbox, bot, channel, ann)
        await one.response.defer(ephemeral=True, thinking=True)
        await one.followup.send("For everybody?")
        assert sandbox.messages(channel) == []
        assert [item.content for item in sandbox.whispers(ann)] == ["For everybody?"]
        await one.followup.send("For everybody.")
        assert [item.content for item in sandbox.messages(channel)] == ["For everybody."]


async def test_a_promise_that_was_taken_back_is_in_nobodys_way(
    sandbox: Discord, channel: str, ann: str
) -> None:
    await registered(sandbox, ASK)
    async with running_bot(sandbox) as bot:
        one = await used(sandbox, bot, channel, ann)
        await one.response.defer(thinking=True)
        await one.delete_original_response()
        await one.followup.send("Only for you.", ephemeral=True)
        assert sandbox.messages(channel) == []
        assert [item.content for item in sandbox.whispers(ann)] == ["Only for you."]
        status, answer = await by_token(sandbox, "GET", one, "/messages/@original")
        assert (status, answer["code"]) == (404, 10008)


async def test_somebody_who_brought_it_along_gets_five_more_messages(sandbox: Discord, ann: str) -> None:
    await registered(sandbox, ASK)
    sandbox.apps.install_for(ann)
    group = sandbox.apps.add_group(ann, sandbox.add_user("ben"), sandbox.add_user("cat"))
    async with running_bot(sandbox) as bot:
        one = await used(sandbox, bot, group, ann)
        assert one.is_user_integration()
        assert not one.is_guild_integration()
        await one.response.send_message("First.")
        for number in range(5):
            await one.followup.send(f"More {number}")
        status, answer = await by_token(sandbox, "POST", one, content="Too much")
        assert (status, answer["code"]) == (400, 40094)
        await one.edit_original_response(content="Changed.")
        assert len(sandbox.messages(group)) == 6
        assert sandbox.messages(group)[0].content == "Changed."


async def test_where_it_is_installed_there_may_be_more(sandbox: Discord, channel: str, ann: str) -> None:
    await registered(sandbox, ASK)
    async with running_bot(sandbox) as bot:
        one = await used(sandbox, bot, channel, ann)
        await one.response.send_message("First.")
        for number in range(8):
            await one.followup.send(f"More {number}")
    assert len(sandbox.messages(channel)) == 9


async def test_a_token_ends(sandbox: Discord, channel: str, ann: str) -> None:
    await registered(sandbox, ASK)
    async with running_bot(sandbox) as bot:
        one = await used(sandbox, bot, channel, ann)
        status, answer = await by_token(sandbox, "POST", one, content="Too early")
        assert (status, answer["code"]) == (404, 10015)
        await one.response.send_message("First.")
        sandbox.interaction_token_seconds = 0.0
        for method, where in (("POST", ""), ("PATCH", "/messages/@original"), ("GET", "/messages/@original")):
            body = {} if method == "GET" else {"content": "Too late"}
            status, answer = await by_token(sandbox, method, one, where, **body)
            assert (status, answer["code"]) == (401, 50027)


async def test_each_token_has_a_limit_of_its_own(sandbox: Discord, channel: str, ann: str) -> None:
    sandbox.limits = Limits()
    await registered(sandbox, ASK)
    async with running_bot(sandbox) as bot:
        first, second = [await used(sandbox, bot, channel, ann) for _ in range(2)]
        for one in (first, second):
            await one.response.send_message("First.")
        told = [(await by_token(sandbox, "POST", first, content="More"))[0] for _ in range(6)]
        assert told == [200] * 5 + [429]
        assert (await by_token(sandbox, "POST", second, content="More"))[0] == 200


async def test_the_bot_hears_nothing_of_places_it_is_not_in(sandbox: Discord, ann: str) -> None:
    foreign = sandbox.add_channel(sandbox.add_guild("Elsewhere", bot=False), "lounge")
    group = sandbox.apps.add_group(ann, sandbox.add_user("ben"))
    async with running_bot(sandbox) as bot:
        for place in (foreign, group):
            await sandbox.say(place, ann, "Psst")
        direct = sandbox.open_dm(ann)
        await sandbox.say(direct, ann, "Hello")
        heard = await asyncio.wait_for(bot.heard.get(), 5.0)
        assert heard.content == "Hello"
        assert list(bot.guilds) == []
        for place in (foreign, group):
            with pytest.raises(discord.Forbidden):
                await bot.place(place).send("Hello?")


async def test_what_may_not_be_seen_there_is_for_one_person(sandbox: Discord, ann: str) -> None:
    await registered(sandbox, ASK)
    sandbox.apps.install_for(ann)
    foreign = sandbox.add_channel(sandbox.add_guild("Elsewhere", bot=False), "lounge")
    sandbox.apps.forbid_external(foreign)
    async with running_bot(sandbox) as bot:
        one = await used(sandbox, bot, foreign, ann)
        await one.response.send_message("For everybody?")
    assert sandbox.messages(foreign) == []
    assert [item.content for item in sandbox.whispers(ann)] == ["For everybody?"]


async def test_a_command_cannot_be_used_otherwise_than_discord_lets_people(
    sandbox: Discord, channel: str, ann: str
) -> None:
    await registered(sandbox, ASK, ABOUT | {"contexts": [1]})
    message = await sandbox.say(channel, ann, "Hm")
    group = sandbox.apps.add_group(ann, sandbox.add_user("ben"))
    for values in ({}, {"question": ""}, {"question": "too long"}, {"question": "x", "other": "y"}):
        with pytest.raises(ValueError, match=r"filled in|too long|does not ask"):
            await sandbox.apps.use(channel, ann, "ask", **values)
    for place, command in ((channel, "nothing"), (group, "ask")):
        with pytest.raises(ValueError, match="is offered"):
            await sandbox.apps.use(place, ann, command, question="Why?")
    with pytest.raises(ValueError, match="is offered"):
        await sandbox.apps.use_on(message, ann, "About this")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Ask"},
        {"name": "ask me"},
        {"name": "x" * 33},
        {"description": ""},
        {"description": "x" * 101},
        {"name_localizations": {"de": "Frag mich"}},
        {"name_localizations": {"klingon": "tlhob"}},
        {"description_localizations": {"de": "x" * 101}},
        {"options": [{"type": 3, "name": "Q", "description": "What"}]},
        {"options": [{"type": 3, "name": "q", "description": ""}]},
        {
            "options": [
                {"type": 3, "name": "a", "description": "A"},
                {"type": 3, "name": "b", "description": "B", "required": True},
            ]
        },
        {"type": 3},
    ],
)
async def test_a_command_that_discord_would_not_take_is_refused(
    sandbox: Discord, wrong: dict[str, Any]
) -> None:
    status, answer = await registered(sandbox, ASK | wrong)
    assert (status, answer["code"]) == (400, 50035)
    assert sandbox.apps.registered() == []


async def test_names_are_unique_in_every_language(sandbox: Discord) -> None:
    german = {"name_localizations": {"de": "frag"}}
    for other in ({}, {"name": "query"} | german):
        status, _ = await registered(sandbox, ASK | german, ASK | other)
        assert status == 400
    status, _ = await registered(sandbox, ASK | german, ABOUT)
    assert status == 200


async def test_languages_are_listed_to_whoever_asks_for_them(sandbox: Discord, http: Http) -> None:
    await registered(sandbox, ASK | {"description_localizations": {"de": "Frag"}})
    for query, told in (({}, None), ({"with_localizations": "true"}, {"de": "Frag"})):
        status, data, _ = await http("GET", path_of(sandbox), **query)
        assert status == 200
        assert data[0].get("description_localizations") == told
