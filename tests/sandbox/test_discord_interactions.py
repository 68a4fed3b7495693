"""Buttons, modals and files of the stand-in for Discord, as the real discord.py and plain HTTP find them."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest

from sandbox.discord import Discord, DiscordFile, Limits, Window
from tests.official import OPENAPI
from tests.sandbox.discord_clients import PATIENCE, Bot, Http, running_bot

MEBIBYTE = 1 << 20
TEXT_INPUT = {"type": 4, "custom_id": "a", "style": 1}


@pytest.fixture
async def sandbox() -> AsyncIterator[Discord]:
    openapi = OPENAPI if OPENAPI.exists() else None
    async with Discord(limits=Limits.off(), openapi=openapi) as sandbox:
        yield sandbox


@pytest.fixture
def guild(sandbox: Discord) -> str:
    return sandbox.add_guild("Office")


@pytest.fixture
def channel(sandbox: Discord, guild: str) -> str:
    return sandbox.add_channel(guild, "general")


@pytest.fixture
def ann(sandbox: Discord, guild: str) -> str:
    return sandbox.add_user("ann")


@pytest.fixture
async def http(sandbox: Discord) -> AsyncIterator[Http]:
    async with aiohttp.ClientSession() as session:
        yield Http(sandbox, session)


class Question(discord.ui.Modal, title="Question"):
    why: discord.ui.TextInput["Question"] = discord.ui.TextInput(label="Why?", default="Because")
    colour: discord.ui.Label["Question"] = discord.ui.Label(
        text="Colour",
        component=discord.ui.Select(
            custom_id="colour", options=[discord.SelectOption(label=name) for name in ("red", "green")]
        ),
    )

    def __init__(self, heard: list[str]) -> None:
        super().__init__()
        self._heard = heard

    async def on_submit(self, interaction: discord.Interaction) -> None:
        assert isinstance(self.colour.component, discord.ui.Select)
        self._heard += [self.why.value, *self.colour.component.values, interaction.user.name]
        await interaction.response.send_message("Thanks.", ephemeral=True)


class Buttons(discord.ui.View):
    """One button for each kind of answer."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.heard: list[str] = []

    @discord.ui.button(label="Ask", custom_id="ask")
    async def ask(self, interaction: discord.Interaction, _: "discord.ui.Button[Buttons]") -> None:
        await interaction.response.send_modal(Question(self.heard))

    @discord.ui.button(label="Defer", custom_id="defer")
    async def defer(self, interaction: discord.Interaction, _: "discord.ui.Button[Buttons]") -> None:
        await interaction.response.defer()
        await interaction.followup.send("Later.", ephemeral=True)

    @discord.ui.button(label="Change", custom_id="change")
    async def change(self, interaction: discord.Interaction, _: "discord.ui.Button[Buttons]") -> None:
        await interaction.response.edit_message(content="Changed.", view=None)

    @discord.ui.button(emoji="👍", custom_id="say")
    async def say(self, interaction: discord.Interaction, _: "discord.ui.Button[Buttons]") -> None:
        await interaction.response.send_message("For everybody.")


async def shown(sandbox: Discord, bot: Bot, channel: str) -> tuple[str, Buttons]:
    view = Buttons()
    message = await bot.place(channel).send("Press!", view=view)
    return str(message.id), view


async def answered(sandbox: Discord, interaction: str) -> str:
    """The kind of the first answer."""

    def answer() -> str:
        return next(one.answer for one in sandbox.interactions if one.id == interaction)

    await sandbox.wait_for(lambda: bool(answer()))
    return answer()


async def posted(http: Http, channel: str, *components: Any) -> str:
    return await http.post(channel, "Press!", components=list(components))


def row(*components: Any) -> dict[str, Any]:
    return {"type": 1, "components": list(components)}


def button(**fields: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "Press", "custom_id": "press"} | fields


async def test_the_library_hears_a_press_and_answers_it(sandbox: Discord, channel: str, ann: str) -> None:
    async with running_bot(sandbox) as bot:
        message, _ = await shown(sandbox, bot, channel)
        [seen] = sandbox.messages(channel)
        assert [one.label for one in seen.buttons] == ["Ask", "Defer", "Change", "👍"]
        pressed = await sandbox.press(message, "👍", ann)
        assert await answered(sandbox, pressed) == "channel_message_with_source"
        assert sandbox.messages(channel)[-1].content == "For everybody."
        pressed = await sandbox.press(message, "Defer", ann)
        assert await answered(sandbox, pressed) == "deferred_update_message"
        await sandbox.wait_for(lambda: bool(sandbox.whispers(ann)))
        assert [one.content for one in sandbox.whispers(ann)] == ["Later."]
        assert await answered(sandbox, await sandbox.press(message, "Change", ann)) == "update_message"
        [seen] = [one for one in sandbox.messages(channel) if one.id == message]
        assert (seen.content, seen.buttons) == ("Changed.", ())
    assert sandbox.violations == []


@pytest.mark.parametrize("private", [False, True])
async def test_the_library_shows_a_modal_and_reads_it(
    sandbox: Discord, channel: str, ann: str, private: bool
) -> None:
    place = sandbox.open_dm(ann) if private else channel
    async with running_bot(sandbox) as bot:
        message, view = await shown(sandbox, bot, place)
        assert await answered(sandbox, await sandbox.press(message, "Ask", ann)) == "modal"
        modal = sandbox.modal(ann)
        assert modal is not None
        assert (modal.title, [field.label for field in modal.fields]) == ("Question", ["Why?", "Colour"])
        assert modal.fields[0].value == "Because"
        assert modal.fields[1].options == ("red", "green")
        sent = await sandbox.submit(ann, {"Colour": "green"})
        assert await answered(sandbox, sent) == "channel_message_with_source"
        assert view.heard == ["Because", "green", "ann"]
        assert sandbox.modal(ann) is None
        assert [one.content for one in sandbox.whispers(ann)] == ["Thanks."]
        assert [one.content for one in sandbox.messages(place)] == ["Press!"]
    assert sandbox.violations == []


async def test_what_was_whispered_nobody_else_sees(
    sandbox: Discord, channel: str, ann: str, http: Http
) -> None:
    ben = sandbox.add_user("ben")
    message = await posted(http, channel, row(button()))
    data = {"content": "Psst.", "flags": 64, "components": [row(button(label="More"))]}
    async with running_bot(sandbox) as bot:
        await _respond(bot, http, await sandbox.press(message, "Press", ann), {"type": 4, "data": data})
        (whisper,) = sandbox.whispers(ann)
        assert (whisper.content, whisper.buttons[0].label) == ("Psst.", "More")
        assert sandbox.whispers(ben) == []
        with pytest.raises(ValueError, match="nobody else"):
            await sandbox.press(whisper.id, "More", ben)
        assert await sandbox.press(whisper.id, "More", ann)


async def test_an_interaction_is_answered_once_in_time_and_by_who_knows_its_token(
    sandbox: Discord, channel: str, ann: str, http: Http
) -> None:
    message = await posted(http, channel, row(button()))
    defer = {"type": 6}
    async with running_bot(sandbox) as bot:
        first = await sandbox.press(message, "press", ann)
        token = await _token(bot, first)
        assert (await _say(http, first, "guess", defer))[1]["code"] == 10062
        assert (await _say(http, first, token, defer))[0] == 204
        assert (await _say(http, first, token, defer))[1]["code"] == 40060
        sandbox.interaction_seconds = 0.05
        late = await sandbox.press(message, "press", ann)
        await sandbox.wait_for(lambda: sandbox.interactions[-1].failed)
        assert (await _respond(bot, http, late, defer))[1]["code"] == 10062
    assert [one.failed for one in sandbox.interactions] == [False, True]
    assert [one.answer for one in sandbox.interactions] == ["deferred_update_message", ""]


async def test_more_can_be_said_only_after_an_answer(
    sandbox: Discord, channel: str, ann: str, http: Http
) -> None:
    message = await posted(http, channel, row(button()))
    async with running_bot(sandbox) as bot:
        interaction = await sandbox.press(message, "Press", ann)
        token = await _token(bot, interaction)
        path, more = f"/webhooks/{sandbox.application_id}/{token}", {"content": "More.", "flags": 64}
        assert (await http("POST", path, more))[1]["code"] == 10015
        await _say(http, interaction, token, {"type": 6})
        assert (await http("POST", f"/webhooks/1/{token}", more))[1]["code"] == 10015
        assert (await http("POST", path, more))[0] == 200
        assert (await http("POST", path, {"content": "Loud."}))[0] == 200
        assert (await bot.next()).content == "Loud."
    assert [one.content for one in sandbox.whispers(ann)] == ["More."]
    assert sandbox.messages(channel)[-1].content == "Loud."


async def test_a_modal_cannot_answer_a_modal(sandbox: Discord, channel: str, ann: str, http: Http) -> None:
    message = await posted(http, channel, row(button()))
    data = {"custom_id": "m", "title": "M", "components": [row(TEXT_INPUT | {"label": "A"})]}
    modal = {"type": 9, "data": data}
    async with running_bot(sandbox) as bot:
        await _respond(bot, http, await sandbox.press(message, "Press", ann), modal)
        sent = await sandbox.submit(ann, {"A": "text"})
        token = await _token(bot, sent)
        assert (await _say(http, sent, token, modal))[1]["code"] == 50035
        assert (await _say(http, sent, token, {"type": 6}))[0] == 204


def label(**fields: Any) -> dict[str, Any]:
    return {"type": 18, "label": "L", "component": TEXT_INPUT} | fields


def text(**fields: Any) -> dict[str, Any]:
    return label(component=TEXT_INPUT | fields)


def select(*options: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return label(component={"type": 3, "custom_id": "s", "options": list(options)} | fields)


def option(name: str, **fields: Any) -> dict[str, Any]:
    return {"label": name, "value": name} | fields


@pytest.mark.parametrize(
    "data",
    [
        {"title": "M", "components": [label()]},
        {"custom_id": "m", "components": [label()]},
        {"custom_id": "m", "title": "", "components": [label()]},
        {"custom_id": "m", "title": "x" * 46, "components": [label()]},
        {"custom_id": "m", "title": "M", "components": []},
        {"custom_id": "m", "title": "M", "components": [text(custom_id=str(n)) for n in range(6)]},
        {"custom_id": "m", "title": "M", "components": [label(), label()]},
        {"custom_id": "m", "title": "M", "components": [label(label="x" * 46)]},
        {"custom_id": "m", "title": "M", "components": [label(label="")]},
        {"custom_id": "m", "title": "M", "components": [text(custom_id="x" * 101)]},
        {"custom_id": "m", "title": "M", "components": [text(max_length=4001)]},
        {"custom_id": "m", "title": "M", "components": [text(max_length=2, value="abc")]},
        {"custom_id": "m", "title": "M", "components": [select()]},
        {"custom_id": "m", "title": "M", "components": [select(*(option(str(n)) for n in range(26)))]},
        {"custom_id": "m", "title": "M", "components": [select(option("a"), option("a"))]},
        {"custom_id": "m", "title": "M", "components": [select(option("x" * 101))]},
        {
            "custom_id": "m",
            "title": "M",
            "components": [select(option("a", default=True), option("b", default=True))],
        },
        {"custom_id": "m", "title": "M", "components": [{"type": 10, "content": ""}]},
        {"custom_id": "m", "title": "M", "components": [row(button())]},
    ],
)
async def test_a_modal_that_is_not_valid(
    sandbox: Discord, channel: str, ann: str, http: Http, data: dict[str, Any]
) -> None:
    message = await posted(http, channel, row(button()))
    async with running_bot(sandbox) as bot:
        interaction = await sandbox.press(message, "Press", ann)
        token = await _token(bot, interaction)
        status, answer = await _say(http, interaction, token, {"type": 9, "data": data})
        assert (status, answer["code"]) == (400, 50035)
        assert sandbox.modal(ann) is None
        assert (await _say(http, interaction, token, {"type": 6}))[0] == 204


async def test_a_person_cannot_send_what_the_form_does_not_take(
    sandbox: Discord, channel: str, ann: str, http: Http
) -> None:
    message = await posted(http, channel, row(button()))
    needed = text(required=True, min_length=2, max_length=4)
    components = [needed, select(option("a"), required=False) | {"label": "S"}]
    modal = {"type": 9, "data": {"custom_id": "m", "title": "M", "components": components}}
    async with running_bot(sandbox) as bot:
        await _respond(bot, http, await sandbox.press(message, "Press", ann), modal)
        strange: list[dict[str, str]] = [{}, {"L": "a"}, {"L": "abcde"}, {"L": "abc", "S": "b"}, {"T": "a"}]
        for values in strange:
            with pytest.raises(ValueError):  # noqa: PT011 - each for a reason of its own
                await sandbox.submit(ann, values)
        await sandbox.submit(ann, {"a": "abc"})
    with pytest.raises(ValueError, match="no modal"):
        await sandbox.submit(ann, {})


@pytest.mark.parametrize(
    "components",
    [
        [button()],
        [row()],
        [row(*(button(custom_id=str(number)) for number in range(6)))],
        [row(button(custom_id=str(number))) for number in range(6)],
        [row(button(), button())],
        [row(button()), row(button())],
        [row(button(label="x" * 81))],
        [row(button(custom_id="x" * 101))],
        [row(button(custom_id=None))],
        [row(button(label=None))],
        [row(button(style=9))],
        [row({"type": 2, "style": 5, "label": "Nowhere"})],
    ],
)
async def test_components_that_are_not_valid(
    sandbox: Discord, channel: str, http: Http, components: list[Any]
) -> None:
    body = {"content": "x", "components": components}
    status, answer, _ = await http("POST", f"/channels/{channel}/messages", body)
    assert (status, answer["code"]) == (400, 50035)
    message = await http.post(channel)
    status, answer, _ = await http("PATCH", f"/channels/{channel}/messages/{message}", body)
    assert (status, answer["code"]) == (400, 50035)
    assert sandbox.messages(channel)[-1].buttons == ()


async def test_only_what_is_there_can_be_pressed(
    sandbox: Discord, channel: str, ann: str, http: Http
) -> None:
    dead = button(label="Dead", custom_id="dead", disabled=True)
    link = {"type": 2, "style": 5, "label": "Link", "url": "https://x.y"}
    message = await posted(http, channel, row(button(), dead, link))
    for name in ("Dead", "dead", "Link", "Nothing"):
        with pytest.raises(ValueError, match="no button"):
            await sandbox.press(message, name, ann)


async def test_a_name_is_changed_twice_in_ten_minutes(
    sandbox: Discord, channel: str, ann: str, http: Http
) -> None:
    sandbox.limits = Limits(rename=Window(2, 600.0))
    question = await sandbox.say(channel, ann, "Why?")
    await http("POST", f"/channels/{channel}/messages/{question}/threads", {"name": "Why?"})
    for name in ("one", "two"):
        status, _, headers = await http("PATCH", f"/channels/{question}", {"name": name})
        assert status == 200
        assert "X-RateLimit-Limit" not in headers
    status, answer, _ = await http("PATCH", f"/channels/{question}", {"name": "three"})
    assert (status, answer["global"]) == (429, False)
    assert answer["retry_after"] > 590
    assert (await http("PATCH", f"/channels/{question}", {"archived": True}))[0] == 200
    assert sandbox.threads(channel)[0].name == "two"


async def test_a_voice_message_is_one_to_the_library(sandbox: Discord, channel: str, ann: str) -> None:
    async with running_bot(sandbox) as bot:
        spoken = DiscordFile("voice-message.ogg", "audio/ogg", b"OggS")
        await sandbox.say(channel, ann, "", mention_bot=True, attachments=[spoken], voice=True)
        message = await bot.next()
        assert message.flags.voice
        assert message.attachments[0].is_voice_message()
        assert await message.attachments[0].read() == b"OggS"


async def test_an_address_of_a_file_is_signed_and_ends(sandbox: Discord, channel: str, ann: str) -> None:
    async with running_bot(sandbox) as bot, aiohttp.ClientSession() as session:
        file = DiscordFile("a b.txt", "text/plain", b"abc")
        message = await sandbox.say(channel, ann, "", attachments=[file])
        url = (await bot.next()).attachments[0].url

        async def status(address: str) -> int:
            async with session.get(address, allow_redirects=False) as response:
                return response.status

        assert await status(url) == 200
        for changed in (url.partition("?")[0], url.replace("ex=", "ex=f"), url.replace("hm=", "hm=0")):
            assert await status(changed) == 404
        sandbox.move_files(message, "https://x.y/")
        assert await status(url) == 302
        sandbox.expire_files(message)
        assert await status(url) == 404


async def test_a_file_may_be_as_large_as_the_server_lets_it(sandbox: Discord, channel: str) -> None:
    boosted = sandbox.add_channel(sandbox.add_guild("Boosted", boost_tier=2), "general")
    async with running_bot(sandbox) as bot:

        async def send(place: str, size: int) -> None:
            await bot.place(place).send(file=discord.File(io.BytesIO(bytes(size)), "a.bin"))

        assert [guild.filesize_limit for guild in bot.guilds] == [10 * MEBIBYTE, 50 * MEBIBYTE]
        await send(boosted, 10 * MEBIBYTE + 1)
        for place, size in ((channel, 10 * MEBIBYTE + 1), (boosted, 26 * MEBIBYTE)):
            with pytest.raises(discord.HTTPException) as refused:
                await send(place, size)
            assert (refused.value.status, refused.value.code) == (413, 40005)
    (message,) = sandbox.messages(boosted)
    assert [len(file.content) for file in sandbox.files(message.id)] == [10 * MEBIBYTE + 1]


async def _token(bot: Bot, interaction: str) -> str:
    """The application alone is told of it."""
    async with asyncio.timeout(PATIENCE):
        while str((told := await bot.pressed.get()).id) != interaction:
            pass
        return told.token


async def _respond(bot: Bot, http: Http, interaction: str, body: Any) -> tuple[int, Any]:
    """Answer what was not answered before."""
    token = await _token(bot, interaction)
    return await _say(http, interaction, token, body)


async def _say(http: Http, interaction: str, token: str, body: Any) -> tuple[int, Any]:
    status, answer, _ = await http("POST", f"/interactions/{interaction}/{token}/callback", body)
    return status, answer
