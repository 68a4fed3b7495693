"""What was asked once can be asked again, by pressing."""

import pytest

from bridge import errors
from bridge.words import english
from sandbox.dify import Answer, AppSetup, Dify, FormInput
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import Place

AGAIN = english.ASK_AGAIN


@pytest.fixture(autouse=True)
def counted(dify: Dify) -> None:
    dify.script = lambda request, turns: Answer(f"Answer {turns + 1}.")


async def test_the_same_question_is_asked_again_in_its_thread(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    async with bridge() as app:
        thread = await place.ask("How many days?")
        await answered(app, 1)
        await place.press(thread, AGAIN)
        await answered(app, 2)
    assert [request.query for request in dify.requests] == ["How many days?", "How many days?"]
    first, second = dify.requests
    assert second.conversation_id in dify.conversations
    assert (second.user, len(dify.conversations)) == (first.user, 1)
    one, two = place.replies(thread)
    assert (one, two.startswith("> How many days?"), two.endswith("Answer 2.")) == ("Answer 1.", True, True)


async def test_the_question_is_that_of_the_answer_above_the_button_also_after_a_restart(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    async with bridge() as app:
        other = await place.ask("Elsewhere?")
        await answered(app, 1)
        thread = await place.ask("One?")
        await answered(app, 2)
        await place.say(thread, "Two?")
        await answered(app, 3)
    async with bridge() as app:
        await place.press(other, AGAIN, person=place.another_person())
        await answered(app, 4)
        await place.press(thread, AGAIN)
        await answered(app, 5)
    assert [request.query for request in dify.requests][3:] == ["Elsewhere?", "Two?"]


async def test_after_a_new_conversation_it_is_asked_in_that_one(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    async with bridge() as app:
        thread = await place.ask("How many days?")
        await answered(app, 1)
        await place.say(thread, "!new")
        await answered(app, 2)
        await place.press(thread, AGAIN)
        await answered(app, 3)
    assert [(one.query, one.conversation_id) for one in dify.requests] == [("How many days?", "")] * 2


async def test_what_dify_forgot_cannot_be_asked_again(place: Place, dify: Dify, bridge: Bridge) -> None:
    async with bridge() as app:
        thread = await place.ask("How many days?")
        await answered(app, 1)
        (conversation,) = dify.conversations
        dify.forget(conversation)
        await place.press(thread, AGAIN)
        await until(lambda: place.whispers() != [])
    assert len(dify.requests) == 1
    assert place.replies(thread) == ["Answer 1."]


async def test_what_answers_once_keeps_no_question_that_could_be_asked_again(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.mode = "completion"
    dify.setup = AppSetup(inputs=(FormInput("topic", required=True),))
    async with bridge() as app:
        thread = await place.ask("the sea")
        await answered(app, 1)
        assert english.GOOD_ANSWER in place.buttons(thread)
        assert AGAIN not in place.buttons(thread)


async def test_whoever_may_not_ask_may_not_ask_again(
    place: Place, dify: Dify, bridge: Bridge, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = place.another_person()
    file = tmp_path_factory.mktemp("apps") / "apps.toml"
    file.write_text(f'[apps.default]\ndeny = ["{place.name}:{other}"]\n', encoding="utf-8")
    place.bridge_config = str(file)
    async with bridge() as app:
        thread = await place.ask("How many days?")
        await answered(app, 1)
        await place.press(thread, AGAIN, person=other)
        await until(lambda: errors.NotForYou.notice in place.whispers_to(other))
    assert len(dify.requests) == 1
