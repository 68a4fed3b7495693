"""Questions whose message is edited or deleted."""

import pytest

from bridge.settings import Busy
from bridge.words import english
from sandbox.dify import Answer, ChatRequest, Dify
from tests.e2e.conftest import ON_DISCORD, Bridge, answered, until
from tests.e2e.places import Place

WORDS = " ".join(f"word{number}" for number in range(60))
# More than one message of either platform holds.
LONG = "\n\n".join(f"Paragraph {number}. " + "It goes on and on. " * 12 for number in range(70))


def slow(first: str) -> Answer:
    """An answer that nobody waits for the end of."""
    return Answer(f"To {first}: {WORDS}", tokens_per_second=20)


def script(request: ChatRequest, turns: int) -> Answer:
    """The first question of a conversation gets a slow answer, all others a quick one."""
    return slow(request.query) if request.query == "One?" else Answer(f"To {request.query}.")


def speaks(place: Place, thread: str, word: str = "word2") -> bool:
    return any(word in reply for reply in place.replies(thread))


async def test_an_edited_question_is_answered_anew_in_the_same_message(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = script
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: speaks(place, thread))
        await place.change(thread, "One?", "Two?")
        await answered(app, 1)
        await until(lambda: dify.running == 0)
    assert place.replies(thread) == ["To Two?."]
    assert "Stop" not in place.buttons(thread)
    assert [request.query for request in dify.requests] == ["One?", "Two?"]
    assert {one.user for one in dify.stopped} == {dify.requests[0].user}
    assert english.STOPPED not in "".join(place.states(thread))


async def test_what_was_asked_before_its_own_old_words_is_remembered(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = script
    async with bridge() as app:
        thread = await place.ask("Hello")
        await answered(app, 1)
        await place.say(thread, "One?")
        await until(lambda: speaks(place, thread))
        await place.change(thread, "One?", "Two?")
        await answered(app, 2)
    assert place.replies(thread) == ["To Hello.", "To Two?."]
    first, *others = [request.conversation_id for request in dify.requests]
    assert (first, len(set(others)), len(others)) == ("", 1, 2)


async def test_an_answer_begun_in_vain_is_no_part_of_the_conversation(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = script
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: speaks(place, thread))
        await place.change(thread, "One?", "Two?")
        await answered(app, 1)
        await place.say(thread, "And?")
        await answered(app, 2)
    assert [bool(request.conversation_id) for request in dify.requests] == [False, False, True]


async def test_a_second_edit_begins_anew_once_more(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer("Done.") if request.query == "Three?" else slow(request.query)
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: speaks(place, thread))
        await place.change(thread, "One?", "Two?")
        await until(lambda: speaks(place, thread, "Two"))
        await place.change(thread, "Two?", "Three?")
        await answered(app, 1)
    assert place.replies(thread) == ["Done."]
    assert [request.query for request in dify.requests] == ["One?", "Two?", "Three?"]


async def test_an_answer_of_several_messages_becomes_a_short_one(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: (
        Answer(LONG, tokens_per_second=2000, hang_after=3500) if request.query == "One?" else Answer("Short.")
    )
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: len(place.replies(thread)) > 1)
        await place.change(thread, "One?", "Two?")
        await answered(app, 1)
    assert place.replies(thread) == ["Short."]


async def test_an_answer_that_says_nothing_yet_begins_anew(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer(
        f"To {request.query}.", first_token_after=30 if request.query == "One?" else 0
    )
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: len(dify.requests) == 1)
        await place.change(thread, "One?", "Two?")
        await answered(app, 1)
    assert place.replies(thread) == ["To Two?."]


async def test_a_question_that_waits_in_line_for_dify_is_asked_in_its_new_words(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    place.most_streams = 1
    dify.script = lambda request, turns: Answer(f"To {request.query} {WORDS}", tokens_per_second=40)
    async with bridge() as app:
        first = await place.ask("First?")
        await until(lambda: speaks(place, first))
        second = await place.ask("One?")
        await until(lambda: any(english.NEXT_IN_LINE in state for state in place.states(second)))
        await place.change(second, "One?", "Two?")
        await answered(app, 2)
    assert place.replies(second) == [f"To Two? {WORDS}"]
    assert [request.query for request in dify.requests] == ["First?", "Two?"]


async def test_a_question_that_waits_for_a_dify_that_is_away_is_asked_in_its_new_words(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    place.retry_seconds = 20
    dify.script = script
    async with bridge() as app:
        async with dify.away():
            thread = await place.ask("One?")
            await until(lambda: any(english.AWAY in state for state in place.states(thread)))
            await place.change(thread, "One?", "Two?")
        await answered(app, 1)
    assert place.replies(thread) == ["To Two?."]
    assert [request.query for request in dify.requests] == ["Two?"]


async def test_a_question_that_waits_for_its_turn_is_asked_in_its_new_words(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"To {request.query}: {WORDS}", tokens_per_second=60)
    async with bridge() as app:
        thread = await place.ask("First?")
        await until(lambda: len(place.replies(thread)) == 1)
        await place.say(thread, "One?")
        await until(lambda: place.marked(thread) == ["One?"])
        await place.change(thread, "One?", "Two?")
        await answered(app, 2)
        await until(lambda: place.marked(thread) == [])
    assert place.replies(thread) == [f"To First?: {WORDS}", f"To Two?: {WORDS}"]
    assert dify.stopped == []


async def test_what_is_no_edit_changes_nothing(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer(f"To {request.query}: {WORDS}", tokens_per_second=60)
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: speaks(place, thread))
        await place.unfurl(thread, "One?")
        await answered(app, 1)
    assert place.replies(thread) == [f"To One?: {WORDS}"]
    assert (len(dify.requests), dify.stopped) == (1, [])


async def test_what_was_answered_stands_whatever_becomes_of_its_question(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = script
    async with bridge() as app:
        thread = await place.ask("Hello")
        await answered(app, 1)
        await place.say(thread, "Again")
        await answered(app, 2)
        await place.change(thread, "Again", "Something else")
        await place.take_back(thread, "Something else")
        await place.say(thread, "Last")
        await answered(app, 3)
    assert place.replies(thread) == ["To Hello.", "To Again.", "To Last."]
    assert [request.query for request in dify.requests] == ["Hello", "Again", "Last"]


async def test_a_command_that_was_obeyed_is_not_obeyed_again(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = script
    async with bridge() as app:
        thread = await place.ask("Hello")
        await answered(app, 1)
        await place.say(thread, "!new")
        await answered(app, 2)
        await place.change(thread, "!new", "!help")
        await place.say(thread, "Last")
        await answered(app, 3)
    assert [english.BEGUN in reply for reply in place.replies(thread)] == [False, True, False]


async def test_an_edit_that_mentions_the_bot_is_no_new_question(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = script
    async with bridge() as app:
        thread = await place.say_in_channel("By the way")
        await place.change(thread, "By the way", f"{place.mention} By the way")
        other = await place.ask("Hello")
        await answered(app, 1)
    assert [request.query for request in dify.requests] == ["Hello"]
    assert (place.replies(thread), place.replies(other)) == ([], ["To Hello."])


async def test_a_deleted_question_takes_its_answer_along(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = script
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: speaks(place, thread))
        await place.take_back(thread, "One?")
        await answered(app, 1)
        await until(lambda: dify.running == 0)
    assert place.replies(thread) == []
    assert {one.user for one in dify.stopped} == {dify.requests[0].user}


async def test_all_messages_of_a_long_answer_go_with_its_question(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(LONG, tokens_per_second=2000, hang_after=3500)
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: len(place.replies(thread)) > 1)
        await place.take_back(thread, "One?")
        await answered(app, 1)
    assert place.replies(thread) == []
    assert place.too_fast == 0


@ON_DISCORD
async def test_the_last_words_go_with_a_question_that_is_deleted_after_a_stop_that_came_too_late(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(LONG)
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: len(place.replies(thread)) > 2 and dify.running == 0)
        await place.say(thread, "stop")
        shown = len(place.replies(thread))
        await until(lambda: len(place.replies(thread)) > shown)
        await place.take_back(thread, "One?")
        await answered(app, 1)
        assert place.replies(thread) == []
    assert len(dify.requests) == 1


async def test_a_question_that_is_deleted_while_it_waits_is_not_asked(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(
        f"To {request.query}: {WORDS}", tokens_per_second=15 if request.query == "First?" else 100
    )
    async with bridge() as app:
        thread = await place.ask("First?")
        await until(lambda: len(place.replies(thread)) == 1)
        for said in ("One?", "Two?"):
            await place.say(thread, said)
        await until(lambda: place.marked(thread) == ["One?", "Two?"])
        await place.take_back(thread, "One?")
        await answered(app, 3)
        await until(lambda: place.marked(thread) == [])
    assert place.replies(thread) == [f"To First?: {WORDS}", f"To Two?: {WORDS}"]
    assert [request.query for request in dify.requests] == ["First?", "Two?"]


@pytest.mark.parametrize("which", ["One?", "Two?"])
async def test_of_several_that_are_asked_together_the_others_are_asked_again(
    place: Place, dify: Dify, bridge: Bridge, which: str
) -> None:
    place.busy = Busy.MERGE
    dify.script = lambda request, turns: Answer(
        f"To {' and '.join(request.query.split())}: {WORDS}", tokens_per_second=40
    )
    other = {"One?": "Two?", "Two?": "One?"}[which]
    async with bridge() as app:
        thread = await place.ask("First?")
        await until(lambda: len(place.replies(thread)) == 1)
        for said in ("One?", "Two?"):
            await place.say(thread, said)
        await until(lambda: any("One? and Two?: word" in reply for reply in place.replies(thread)))
        await place.take_back(thread, which)
        await answered(app, 3)
    assert place.replies(thread) == [f"To First?: {WORDS}", f"To {other}: {WORDS}"]


async def test_one_of_several_that_are_asked_together_may_be_edited(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    place.busy = Busy.MERGE
    dify.script = lambda request, turns: Answer(
        f"To {' and '.join(request.query.split())}: {WORDS}", tokens_per_second=40
    )
    async with bridge() as app:
        thread = await place.ask("First?")
        await until(lambda: len(place.replies(thread)) == 1)
        for said in ("One?", "Two?"):
            await place.say(thread, said)
        await until(lambda: any("One? and Two?: word" in reply for reply in place.replies(thread)))
        await place.change(thread, "Two?", "Three?")
        await answered(app, 3)
    assert place.replies(thread) == [f"To First?: {WORDS}", f"To One? and Three?: {WORDS}"]


async def test_an_answer_that_is_interrupted_does_not_begin_anew(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    place.busy = Busy.INTERRUPT
    dify.script = script
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: speaks(place, thread))
        await place.say(thread, "Next")
        await place.change(thread, "One?", "Two?")
        await answered(app, 2)
    first, second = place.replies(thread)
    assert english.STOPPED in first
    assert second == "To Next."
    assert [request.query for request in dify.requests] == ["One?", "Next"]


async def test_what_was_edited_while_nobody_was_there_is_asked_in_its_new_words(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    place.drain_seconds = 0
    dify.script = script
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: speaks(place, thread))
        app.leave()
        await until(lambda: english.RESTARTING in place.replies(thread)[0])
    await place.change(thread, "One?", "Two?")
    async with bridge() as app:
        await answered(app, 1)
    assert place.replies(thread) == ["To Two?."]


async def test_in_a_direct_message_the_new_answer_takes_the_place_of_the_old_one(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"To {request.query}: {WORDS}", tokens_per_second=30)
    async with bridge() as app:
        thread = await place.tell("One?")
        await until(lambda: speaks(place, thread))
        await place.change(thread, "One?", "Two?")
        await until(lambda: any("To Two?: word0" in reply for reply in place.replies(thread)))
        assert len(place.replies(thread)) == 1
        await answered(app, 1)
    assert place.replies(thread) == [f"To Two?: {WORDS}"]


async def test_in_a_direct_message_the_answer_goes_with_its_question(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = script
    async with bridge() as app:
        thread = await place.tell("One?")
        await until(lambda: speaks(place, thread))
        await place.take_back(thread, "One?")
        await answered(app, 1)
    assert place.replies(thread) == []
