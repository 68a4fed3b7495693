"""What an app wants to be told beside the question: taken from what is known, or asked for in a form."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge import errors
from bridge.words import english
from sandbox.dify import Answer, AppSetup, Dify, FileRules, FormInput
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import DiscordPlace, Place, ShownForm

NEEDED = (
    FormInput("city", "City", required=True, longest=20),
    FormInput("guests", "Guests", kind="number", required=True),
    FormInput("meal", "Meal", kind="select", required=True, options=("lunch", "dinner")),
    FormInput("notes", "Notes", kind="paragraph"),
)
FILLED = {"City": "Rome", "Guests": "4", "Meal": "dinner"}
SENT = {"city": "Rome", "guests": 4, "meal": "dinner"}
CONFIG = """
[apps.default.inputs]
language = "French"
city = "{city}"
"""


def configure(place: Place, folder: Path, city: str) -> None:
    """What the operator sets of the app's inputs."""
    file = folder / "bridge.toml"
    file.write_text(CONFIG.format(city=city))
    place.bridge_config = str(file)


async def open_form(place: Place, thread: str) -> ShownForm:
    await place.press(thread, "Fill in")
    await until(lambda: place.form() is not None)
    form = place.form()
    assert form is not None
    return form


@pytest.mark.parametrize("mode", ["advanced-chat", "chat"])
async def test_what_is_missing_is_asked_for_once_and_sent_with_every_question(
    place: Place, dify: Dify, bridge: Bridge, mode: str
) -> None:
    dify.mode = mode
    dify.setup = AppSetup(inputs=NEEDED)
    dify.script = lambda request, turns: Answer(f"{request.query} in {request.inputs['city']}")
    async with bridge() as app:
        thread = await place.ask("A table")
        await answered(app, 1)
        (needs,) = place.replies(thread)
        assert all(label in needs for label in ("City", "Guests", "Meal"))
        assert dify.requests == []
        form = await open_form(place, thread)
        assert form.labels == ("City", "Guests", "Meal", "Notes")
        await place.fill(FILLED)
        await answered(app, 2)
        await place.say(thread, "And a room")
        await answered(app, 3)
    async with bridge() as app:
        await place.say(thread, "And a boat")
        await answered(app, 4)
    assert place.replies(thread)[1:] == ["A table in Rome", "And a room in Rome", "And a boat in Rome"]
    assert [dict(one.inputs) for one in dify.requests] == [SENT] * 3
    assert len(dify.conversations) == 1


async def test_the_form_can_be_filled_in_after_a_restart(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.setup = AppSetup(inputs=NEEDED)
    async with bridge() as app:
        thread = await place.ask("A table")
        await answered(app, 1)
    async with bridge() as app:
        await open_form(place, thread)
        await place.fill(FILLED)
        await answered(app, 2)
    assert [(one.query, dict(one.inputs)) for one in dify.requests] == [("A table", SENT)]


async def test_defaults_and_what_the_operator_has_set_are_not_asked_for(
    place: Place, dify: Dify, bridge: Bridge, tmp_path: Path
) -> None:
    configure(place, tmp_path, "Paris")
    dify.setup = AppSetup(
        inputs=(
            FormInput("city", "City", required=True),
            FormInput("language", "Language", required=True),
            FormInput("channel", "Channel", required=True),
            FormInput("tone", "Tone", required=True, default="dry"),
        )
    )
    async with bridge() as app:
        await place.ask("Hello?")
        await answered(app, 1)
    (request,) = dify.requests
    assert dict(request.inputs) == {
        "city": "Paris",
        "language": "French",
        "channel": place.channel,
        "tone": "dry",
    }


async def test_what_the_operator_has_set_wrongly_is_asked_for(
    place: Place, dify: Dify, bridge: Bridge, tmp_path: Path
) -> None:
    configure(place, tmp_path, "x" * 21)
    dify.setup = AppSetup(inputs=NEEDED[:1])
    async with bridge() as app:
        thread = await place.ask("A table")
        await answered(app, 1)
        form = await open_form(place, thread)
        await place.fill({"City": "Rome"})
        await answered(app, 2)
    assert form.labels == ("City",)
    assert dict(dify.requests[0].inputs) == {"city": "Rome"}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"City": "   "}, "City is missing."),
        ({"Menu": "no JSON"}, "Menu must be a JSON object."),
        ({"Menu": "[1]"}, "Menu must be a JSON object."),
    ],
)
async def test_what_does_not_fit_is_asked_for_again_and_says_why(
    place: Place, dify: Dify, bridge: Bridge, given: dict[str, str], problem: str
) -> None:
    menu = FormInput("menu", "Menu", kind="json_object", required=True)
    dify.setup = AppSetup(inputs=(NEEDED[0], menu))
    async with bridge() as app:
        thread = await place.ask("A table")
        await answered(app, 1)
        await open_form(place, thread)
        good = {"City": "Rome", "Menu": '{"wine": "red"}'}
        await place.fill({**good, **given})
        assert problem in await place.form_again()
        again = place.form()
        assert again is not None
        assert again.values == tuple({**good, **given}.values())
        assert dify.requests == []
        await place.fill(good)
        await answered(app, 2)
    assert dict(dify.requests[0].inputs) == {"city": "Rome", "menu": {"wine": "red"}}


@pytest.mark.parametrize("place", [DiscordPlace], indirect=True, ids=["discord"])
async def test_a_number_that_is_none_is_asked_for_again_where_the_form_does_not_see_to_it(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.setup = AppSetup(inputs=NEEDED)
    async with bridge() as app:
        thread = await place.ask("A table")
        await answered(app, 1)
        await open_form(place, thread)
        await place.fill({**FILLED, "Guests": "many"})
        assert "Guests must be a number." in await place.form_again()
        await place.fill(FILLED)
        await answered(app, 2)
    assert dict(dify.requests[0].inputs) == SENT


async def test_details_can_be_changed_later_without_a_question(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.setup = AppSetup(inputs=NEEDED)
    async with bridge() as app:
        thread = await place.ask("A table")
        await answered(app, 1)
        await open_form(place, thread)
        await place.fill(FILLED)
        await answered(app, 2)
        await place.say(thread, "!generate")
        await answered(app, 3)
        form = await open_form(place, thread)
        assert form.values[:3] == ("Rome", "4", "dinner")
        await place.fill({"City": "Oslo"})
        await answered(app, 4)
        await place.say(thread, "A room")
        await answered(app, 5)
    assert english.NOTED in place.replies(thread)[3]
    assert [dict(one.inputs) for one in dify.requests] == [SENT, {**SENT, "city": "Oslo"}]


async def test_a_file_that_is_missing_is_named_and_no_form_asks_for_it(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    photo = FormInput("photo", "Photo", kind="file", required=True)
    dify.setup = AppSetup(inputs=(photo,), files=FileRules())
    async with bridge() as app:
        thread = await place.ask("What is this?")
        await answered(app, 1)
        assert place.buttons(thread) == []
    (reply,) = place.replies(thread)
    assert "Photo. Ask again with this attached." in reply
    assert dify.requests == []


class TestLateRefusals:
    """A flow that is refused only when it runs, as when its builder has changed its form meanwhile."""

    @pytest.fixture
    async def dify(self) -> AsyncIterator[Dify]:
        async with Dify(version="1.17.0") as stand_in:
            yield stand_in

    async def test_what_dify_refuses_is_told_without_its_words(
        self, place: Place, dify: Dify, bridge: Bridge
    ) -> None:
        async with bridge() as app:
            thread = await place.ask("A table")
            await answered(app, 1)
            dify.setup = AppSetup(inputs=NEEDED)
            await place.say(thread, "A room")
            await answered(app, 2)
        reply = place.replies(thread)[1]
        assert errors.DifyInputRefused.notice in reply
        assert "input form" not in reply
