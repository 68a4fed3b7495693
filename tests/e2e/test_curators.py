"""People who are named as curators teach the app right answers; nobody else does."""

from pathlib import Path

import pytest

from bridge import errors
from bridge.words import english
from sandbox.dify import Answer, Dify
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import Place, ShownForm

SAVE = "Save as right answer"


@pytest.fixture(autouse=True)
def curators(place: Place, dify: Dify, tmp_path: Path) -> None:
    """The default person is one."""
    file = tmp_path / "apps.toml"
    file.write_text(f'[apps.default]\ncurators = ["{place.name}:{place.person}"]\n', encoding="utf-8")
    place.bridge_config = str(file)
    dify.script = lambda request, turns: Answer(f"Answer {turns + 1}.")


async def test_a_curator_corrects_an_answer_and_it_is_kept(place: Place, dify: Dify, bridge: Bridge) -> None:
    async with bridge() as app:
        thread = await place.ask("How many days?")
        await answered(app, 1)
        await place.press(thread, SAVE)
        await until(lambda: place.form() is not None)
        assert place.form() == ShownForm(
            "Save as the right answer", ("Question", "The right answer"), ("How many days?", "Answer 1.")
        )
        await place.fill({"The right answer": "Thirty."})
        await until(lambda: english.SAVED in place.whispers())
    (saved,) = dify.annotations
    assert (saved.question, saved.answer) == ("How many days?", "Thirty.")
    assert place.replies(thread) == ["Answer 1."]


async def test_the_answer_is_that_of_the_button_not_the_last_one(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        other = await place.ask("Elsewhere?")
        await answered(app, 2)
        await place.say(thread, "Two?")
        await answered(app, 3)
        await place.press(other, SAVE)
        await until(lambda: place.form() is not None)
        form = place.form()
    assert form is not None
    assert form.values == ("Elsewhere?", "Answer 1.")


async def test_somebody_else_is_refused_privately(place: Place, dify: Dify, bridge: Bridge) -> None:
    async with bridge() as app:
        thread = await place.ask("How many days?")
        await answered(app, 1)
        other = place.another_person()
        await place.press(thread, SAVE, person=other)
        await until(lambda: errors.NotForYou.notice in place.whispers_to(other))
    assert dify.annotations == []
    assert place.form() is None
    assert place.replies(thread) == ["Answer 1."]


async def test_a_form_can_still_be_opened_after_a_restart(place: Place, dify: Dify, bridge: Bridge) -> None:
    async with bridge() as app:
        thread = await place.ask("How many days?")
        await answered(app, 1)
    async with bridge():
        await place.press(thread, SAVE)
        await until(lambda: place.form() is not None)
        await place.fill({"Question": "Days off?"})
        await until(lambda: english.SAVED in place.whispers())
    assert [(saved.question, saved.answer) for saved in dify.annotations] == [("Days off?", "Answer 1.")]


async def test_where_nobody_is_a_curator_there_is_no_such_button(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    place.bridge_config = ""
    async with bridge() as app:
        thread = await place.ask("How many days?")
        await answered(app, 1)
    assert SAVE not in place.buttons(thread)


async def test_an_answer_that_dify_forgot_is_told_to_whoever_presses(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    async with bridge() as app:
        thread = await place.ask("How many days?")
        await answered(app, 1)
        (conversation,) = dify.conversations
        dify.forget(conversation)
        await place.press(thread, SAVE)
        await until(lambda: place.whispers() != [])
    assert place.form() is None
    assert dify.annotations == []
