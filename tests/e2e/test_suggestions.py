"""What an app would like to be asked: at the start of a conversation, and after an answer."""

from collections.abc import AsyncIterator

import pytest

from bridge.words import english
from sandbox.dify import Answer, AppSetup, Dify
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import Place

OPENING = AppSetup(
    opening_statement="Hello, I am **Otto**.", suggested_questions=("Who are you?", "What now?")
)
AFTER = AppSetup(suggested_questions_after_answer=True, follow_ups=("And then?", "Why is that?"))
LONG = "Could you tell me at some length " + "and in all detail " * 8 + "why?"


@pytest.fixture
async def dify() -> AsyncIterator[Dify]:
    async with Dify(version="1.16.0", setup=OPENING) as stand_in:
        stand_in.script = lambda request, turns: Answer(f"To {request.query}")
        yield stand_in


async def test_an_empty_mention_is_greeted_and_offered_questions(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    async with bridge() as app:
        thread = await place.ask("")
        await answered(app, 1)
        (reply,) = place.replies(thread)
        assert "Otto" in reply
        assert place.buttons(thread) == ["Who are you?", "What now?"]
        assert dify.requests == []
        await place.press(thread, "What now?")
        await answered(app, 2)
    assert [request.query for request in dify.requests] == ["What now?"]
    assert place.replies(thread)[1].replace("> ", "").split() == ["What", "now?", "To", "What", "now?"]


async def test_a_new_conversation_begins_with_the_greeting(place: Place, dify: Dify, bridge: Bridge) -> None:
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        await place.say(thread, "!new")
        await answered(app, 2)
        reply = place.replies(thread)[1]
        assert "Otto" in reply
        assert english.BEGUN in reply
        await place.press(thread, "Who are you?")
        await answered(app, 3)
    first, second = dify.requests
    assert (second.query, second.conversation_id) == ("Who are you?", "")
    assert len(dify.conversations) == 2
    assert first.user == second.user


async def test_an_app_without_a_greeting_gives_a_hint(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.setup = AppSetup()
    async with bridge() as app:
        thread = await place.ask("")
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert "Write your question" in reply
    assert place.buttons(thread) == []


async def test_an_answer_offers_what_could_be_asked_next(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.setup = AFTER
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: place.buttons(thread)[-2:] == ["And then?", "Why is that?"])
        await place.press(thread, "Why is that?")
        await answered(app, 2)
        await until(lambda: place.buttons(thread)[-2:] == ["And then?", "Why is that?"])
    first, second = dify.requests
    assert (second.query, second.user) == ("Why is that?", first.user)
    assert second.conversation_id in dify.conversations
    one, two = place.replies(thread)
    assert one == "To One?"
    assert two.endswith("To Why is that?")
    assert two.startswith("> Why is that?")


async def test_whoever_presses_asks_in_the_conversation_of_the_thread(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.setup = AFTER
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: "And then?" in place.buttons(thread))
        await place.press(thread, "And then?", person=place.another_person())
        await answered(app, 2)
    first, second = dify.requests
    assert second.user == first.user
    assert second.query == "And then?"


async def test_a_long_question_is_asked_whole(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.setup = AppSetup(suggested_questions_after_answer=True, follow_ups=(LONG, "x" * 2_000))
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: any(label.startswith("Could you") for label in place.buttons(thread)))
        label = place.buttons(thread)[-1]
        assert len(label) <= 80
        assert label.endswith("…")
        await place.press(thread, label)
        await answered(app, 2)
    assert dify.requests[1].query == LONG.strip()


async def test_a_question_can_be_pressed_after_a_restart(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.setup = AFTER
    async with bridge():
        thread = await place.ask("One?")
        await until(lambda: "And then?" in place.buttons(thread))
    async with bridge() as app:
        await place.press(thread, "And then?")
        await answered(app, 2)
    assert [request.query for request in dify.requests] == ["One?", "And then?"]


async def test_suggestions_that_cannot_be_had_are_left_out(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.setup = AppSetup(suggested_questions_after_answer=True, follow_ups=())
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        await until(lambda: len(dify.suggested) == 1)
    assert place.replies(thread) == ["To One?"]
    assert len(place.buttons(thread)) == 3
