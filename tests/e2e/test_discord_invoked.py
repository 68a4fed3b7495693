"""Discord's own commands with the whole bridge behind them: forms, the app that answers, and who may stop."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.words import english
from sandbox.dify import Answer, AppSetup, Dify, FormInput
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import DiscordPlace, ShownForm

TOPIC = FormInput("topic", "Topic", required=True, longest=40)
LINES = FormInput("lines", "Lines", kind="number", default=3)
ROUTED = """
[apps.writer]
key = "WRITER_DIFY_KEY"
url = "{url}"
[[routes]]
app = "writer"
command = "generate"
"""


@pytest.fixture
async def place() -> AsyncIterator[DiscordPlace]:
    async with DiscordPlace() as stand_in:
        yield stand_in


@pytest.fixture(autouse=True)
def echoing(dify: Dify) -> None:
    dify.script = lambda request, turns: Answer(f"To {request.query}")


@pytest.fixture
async def writer(place: DiscordPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Dify]:
    """Another app, which answers what is generated."""
    monkeypatch.chdir(tmp_path)
    async with Dify(
        mode="workflow", key="app-writer", name="Writer", setup=AppSetup(inputs=(TOPIC, LINES))
    ) as one:
        one.script = lambda request, turns: Answer(f"On {request.inputs['topic']}.")
        (tmp_path / ".env").write_text(f"WRITER_DIFY_KEY={one.key}\n", encoding="utf-8")
        (tmp_path / "apps.toml").write_text(ROUTED.format(url=one.url), encoding="utf-8")
        place.bridge_config = str(tmp_path / "apps.toml")
        yield one


def threads(place: DiscordPlace) -> list[str]:
    return [one.id for one in place.discord.threads(place.channel)]


async def test_a_message_is_asked_about_in_its_thread_with_what_is_left_of_it(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    about = await place.discord.say(place.channel, place.another_person(), "Lunch at 12\nor at 1")
    async with bridge() as app:
        await place.command_on(about)
        form = place.form()
        assert form is not None
        assert form.values == (english.ABOUT_QUESTION, "Lunch at 12\nor at 1")
        await place.fill({english.ASK_FIELD: "When?", english.ABOUT_MESSAGE: "Lunch at 12"})
        await answered(app, 1)
    assert [one.query for one in dify.requests] == ["When?\n\n> Lunch at 12"]
    (reply,) = place.replies(about)
    assert reply.endswith("To When?\n\n> Lunch at 12")


async def test_what_is_generated_comes_from_the_app_of_its_route(
    place: DiscordPlace, dify: Dify, writer: Dify, bridge: Bridge
) -> None:
    async with bridge() as app:
        await place.command(place.channel, "generate")
        assert place.form() == ShownForm("Writer", ("Topic", "Lines"), ("", "3"))
        await place.fill({"Topic": "the moon", "Lines": "4"})
        await answered(app, 1)
    (thread,) = threads(place)
    assert place.replies(thread) == ["On the moon."]
    assert [dict(one.inputs) for one in writer.requests] == [{"topic": "the moon", "lines": 4}]
    assert dify.requests == []


async def test_what_does_not_fit_is_asked_for_again(
    place: DiscordPlace, writer: Dify, bridge: Bridge
) -> None:
    async with bridge() as app:
        await place.command(place.channel, "generate")
        await place.fill({"Topic": "the moon", "Lines": "four"})
        assert "Lines must be a number." in await place.form_again()
        form = place.form()
        assert form is not None
        assert form.values == ("the moon", "four")
        await place.fill({"Topic": "the moon", "Lines": "4"})
        await answered(app, 1)
    (thread,) = threads(place)
    assert place.replies(thread) == ["On the moon."]


async def test_in_a_thread_a_form_goes_with_its_question_to_the_app_of_the_thread(
    place: DiscordPlace, dify: Dify, writer: Dify, bridge: Bridge
) -> None:
    dify.setup = AppSetup(inputs=(FormInput("tone", "Tone"),))
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        await place.command(thread, "generate")
        await place.fill({"Tone": "warm", english.ASK_FIELD: "Two?"})
        await answered(app, 2)
    assert [(one.query, dict(one.inputs)) for one in dify.requests] == [
        ("One?", {}),
        ("Two?", {"tone": "warm"}),
    ]
    assert len(dify.conversations) == 1
    assert writer.requests == []


async def test_a_new_conversation_begins_in_the_thread(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        await place.command(thread, "new")
        await answered(app, 2)
        await place.say(thread, "Two?")
        await answered(app, 3)
        await place.command(place.channel, "new")
        await until(lambda: place.whispers()[-1:] == [english.EACH_BEGINS])
    assert place.replies(thread) == ["To One?", f"-# {english.BEGUN}", "To Two?"]
    assert [one.conversation_id for one in dify.requests] == ["", ""]


async def test_ones_own_answer_is_stopped_from_the_channel_and_nobody_elses(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("word " * 500, tokens_per_second=20)
    other = place.another_person()
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: any("word" in reply for reply in place.replies(thread)))
        await place.command(thread, "stop", person=other)
        assert english.NOT_YOURS_TO_STOP in place.whispers_to(other)
        await place.command(place.channel, "stop")
        await answered(app, 1)
        assert english.STOPPED_ONE in place.whispers()
        await place.command(place.channel, "stop")
        assert english.NOTHING_OF_YOURS in place.whispers()
    assert english.STOPPED in place.replies(thread)[-1]
