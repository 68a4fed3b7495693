"""What people think of an answer reaches Dify."""

from bridge.words import english
from sandbox.dify import Answer, Dify
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import Place

GOOD, BAD = "Good answer", "Bad answer"


def rated(dify: Dify) -> list[tuple[str, str]]:
    return [(one.rating, one.content) for one in dify.ratings]


async def test_a_thumb_is_noted_changed_and_taken_back(place: Place, dify: Dify, bridge: Bridge) -> None:
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        for label, count in ((GOOD, 1), (BAD, 2), (GOOD, 3), (GOOD, 4)):
            await place.press(thread, label)
            await until(lambda: len(dify.ratings) == count)  # noqa: B023 - awaited here
        await until(lambda: place.whispers()[-1:] == [english.TAKEN_BACK])
    assert rated(dify) == [("like", ""), ("dislike", ""), ("like", ""), ("", "")]
    (conversation,) = dify.conversations.values()
    (turn,) = conversation.turns
    assert {(one.message_id, one.user) for one in dify.ratings} == {(turn.id, dify.requests[0].user)}
    assert place.whispers()[0] == english.THANKS


async def test_a_thumb_down_asks_why(place: Place, dify: Dify, bridge: Bridge) -> None:
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        await place.press(thread, BAD)
        await until(lambda: place.form() is not None)
        await until(lambda: rated(dify) == [("dislike", "")])
        await place.fill({"What was wrong?": "It is the wrong year."})
        await until(lambda: len(dify.ratings) == 2)
        await until(lambda: place.whispers() == [english.THANKS])
    assert rated(dify)[-1] == ("dislike", "It is the wrong year.")


async def test_a_thumb_counts_after_a_restart_and_from_somebody_else(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"Turn {turns + 1}")
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        await place.say(thread, "Two?")
        await answered(app, 2)
    async with bridge():
        await place.press(thread, GOOD, person=place.another_person())
        await until(lambda: len(dify.ratings) == 1)
    (conversation,) = dify.conversations.values()
    (rating,) = dify.ratings
    assert (rating.message_id, rating.user) == (conversation.turns[1].id, conversation.user)


async def test_a_thumb_for_an_answer_that_dify_lost_is_not_thanked_for(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        dify.forget(next(iter(dify.conversations)))
        await place.press(thread, GOOD)
        await until(lambda: place.whispers() == [english.NOT_RATED])
    assert dify.ratings == []


async def test_an_answer_from_before_a_new_conversation_can_still_be_rated(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        await place.say(thread, "!new", person=place.another_person())
        await answered(app, 2)
        await place.press(thread, GOOD)
        await until(lambda: len(dify.ratings) == 1)
    (conversation,) = dify.conversations.values()
    assert dify.ratings[0].user == conversation.user


async def test_what_failed_cannot_be_rated(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer("Partly said", fail_after=2)
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        assert place.buttons(thread) == []
