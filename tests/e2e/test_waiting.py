"""Questions that have to wait: for their turn, for a bridge that comes back, for a Dify that is away."""

import asyncio

import pytest

from bridge import errors
from bridge.settings import Busy
from bridge.words import english
from sandbox.dify import Answer, Dify
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import Place

WORDS = " ".join(f"word{number}" for number in range(60))


async def test_what_comes_during_an_answer_waits_its_turn_and_shows_it(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"To {request.query}: {WORDS}", tokens_per_second=60)
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: len(place.replies(thread)) == 1)
        await place.say(thread, "Two?")
        await until(lambda: place.marked(thread) == ["Two?"])
        await answered(app, 2)
        await until(lambda: place.marked(thread) == [])
    assert place.replies(thread) == [f"To One?: {WORDS}", f"To Two?: {WORDS}"]
    assert [request.query for request in dify.requests] == ["One?", "Two?"]


async def test_a_new_question_can_end_the_answer_that_runs(place: Place, dify: Dify, bridge: Bridge) -> None:
    place.busy = Busy.INTERRUPT
    dify.script = lambda request, turns: Answer(
        f"To {request.query}: {WORDS}", tokens_per_second=40 if request.query == "One?" else 0
    )
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: any("word2" in reply for reply in place.replies(thread)))
        await place.say(thread, "Two?")
        await answered(app, 2)
        await until(lambda: dify.running == 0)
    first, second = place.replies(thread)
    assert first.startswith("To One?: word0")
    assert english.STOPPED in first
    assert second == f"To Two?: {WORDS}"


async def test_nobody_elses_answer_is_interrupted(place: Place, dify: Dify, bridge: Bridge) -> None:
    place.busy = Busy.INTERRUPT
    dify.script = lambda request, turns: Answer(f"To {request.query}: {WORDS}", tokens_per_second=60)
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: any("word2" in reply for reply in place.replies(thread)))
        await place.say(thread, "Two?", person=place.another_person())
        await answered(app, 2)
    assert place.replies(thread) == [f"To One?: {WORDS}", f"To Two?: {WORDS}"]
    assert dify.stopped == []


async def test_a_silent_answer_is_interrupted_at_once(place: Place, dify: Dify, bridge: Bridge) -> None:
    place.busy = Busy.INTERRUPT
    dify.script = lambda request, turns: Answer(
        "Here.", first_token_after=30 if request.query == "One?" else 0
    )
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: len(dify.requests) == 1)
        await place.say(thread, "Two?")
        await answered(app, 2)
    first, second = place.replies(thread)
    assert (english.STOPPED in first, second) == (True, "Here.")


async def test_questions_that_wait_can_be_asked_together(place: Place, dify: Dify, bridge: Bridge) -> None:
    place.busy = Busy.MERGE
    dify.script = lambda request, turns: Answer(f"To {request.query!r}: {WORDS}", tokens_per_second=60)
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: len(place.replies(thread)) == 1)
        await place.say(thread, "Two?")
        await place.say(thread, "Three?")
        await answered(app, 3)
        await until(lambda: place.marked(thread) == [])
    assert [request.query for request in dify.requests] == ["One?", "Two?\n\nThree?"]
    assert len(place.replies(thread)) == 2


@pytest.mark.parametrize("mode", ["advanced-chat", "chat"])
async def test_an_answer_goes_on_in_the_same_message_after_a_restart(
    place: Place, dify: Dify, bridge: Bridge, mode: str
) -> None:
    dify.mode = mode
    place.drain_seconds = 0
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=60)
    async with bridge() as app:
        thread = await place.ask("Go on?")
        await until(lambda: len(place.replies(thread)) == 1)
        app.leave()
        await until(lambda: english.RESTARTING in place.replies(thread)[0])
    async with bridge() as app:
        await answered(app, 1)
    assert place.replies(thread) == [WORDS]
    assert len(dify.requests) == (1 if mode == "advanced-chat" else 2)


async def test_what_waited_behind_an_answer_is_answered_after_a_restart(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    place.drain_seconds = 0
    dify.script = lambda request, turns: Answer(
        f"To {request.query}: {WORDS}", tokens_per_second=15 if request.query == "One?" else 100
    )
    async with bridge():
        thread = await place.ask("One?")
        await until(lambda: len(place.replies(thread)) == 1)
        for question in ("Two?", "Three?"):
            await place.say(thread, question)
        await until(lambda: place.marked(thread) == ["Two?", "Three?"])
    async with bridge() as app:
        await answered(app, 3)
        await until(lambda: place.marked(thread) == [])
    assert place.replies(thread) == [f"To {one}: {WORDS}" for one in ("One?", "Two?", "Three?")]


async def test_nothing_old_is_answered_out_of_the_blue(place: Place, dify: Dify, bridge: Bridge) -> None:
    place.drain_seconds, place.max_age_seconds = 0, 1.0
    dify.mode = "chat"
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=30)
    async with bridge() as app:
        thread = await place.ask("Go on?")
        await until(lambda: len(place.replies(thread)) == 1)
        await place.say(thread, "And on?")
        await until(lambda: place.marked(thread) == ["And on?"])
        app.leave()
    await asyncio.sleep(1.1)
    async with bridge() as app:
        await answered(app, 2)
    begun, waited = place.replies(thread)
    assert errors.TooOld.notice in begun
    assert errors.TooOld.notice in waited
    assert len(dify.requests) == 1


async def test_an_answer_that_dify_has_finished_is_shown_however_late(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    place.drain_seconds, place.max_age_seconds = 0, 1.0
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=60)
    async with bridge() as app:
        thread = await place.ask("Go on?")
        await until(lambda: len(place.replies(thread)) == 1)
        app.leave()
    await asyncio.sleep(1.1)
    async with bridge() as app:
        await answered(app, 1)
    assert place.replies(thread) == [WORDS]


async def test_a_dify_that_is_away_is_asked_again_and_the_thread_shows_it(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    place.retry_seconds = 20
    dify.script = lambda request, turns: Answer("Here I am.")
    async with bridge() as app:
        async with dify.away():
            thread = await place.ask("Anybody?")
            await until(lambda: any(english.AWAY in state for state in place.states(thread)))
        await answered(app, 1)
    assert place.replies(thread) == ["Here I am."]
    assert len(dify.turns) == 1


@pytest.mark.parametrize(
    ("status", "code", "message", "html"),
    [
        (502, "", "", True),
        (503, "", "", True),
        (504, "", "", True),
        (429, "too_many_requests", "Too many requests. Please try again later.", False),
        (400, "invalid_param", "Too many requests. Please try again later, the current maximum is 1", False),
    ],
)
async def test_what_cannot_have_begun_is_asked_again(
    place: Place, dify: Dify, bridge: Bridge, status: int, code: str, message: str, html: bool
) -> None:
    place.retry_seconds = 20
    dify.script = lambda request, turns: Answer("At last.")
    dify.fail_http(status, code, message, times=2, html=html)
    async with bridge() as app:
        thread = await place.ask("Try")
        await answered(app, 1)
    assert place.replies(thread) == ["At last."]


async def test_a_line_cut_before_the_first_byte_is_asked_again(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    place.retry_seconds = 20
    dify.script = lambda request, turns: Answer("At last.")
    dify.cut_next(times=2)
    async with bridge() as app:
        thread = await place.ask("Try")
        await answered(app, 1)
    assert place.replies(thread) == ["At last."]
    assert len(dify.turns) == 1


async def test_what_may_have_begun_is_not_asked_again(place: Place, dify: Dify, bridge: Bridge) -> None:
    place.retry_seconds = 20
    dify.fail_http(500, "internal_server_error", "Internal Server Error, please contact support.")
    async with bridge() as app:
        thread = await place.ask("Try")
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert errors.DifyDown.notice in reply
    assert dify.requests == []


async def test_a_dify_that_stays_away_is_given_up_with_a_sentence(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    place.retry_seconds = 1.0
    async with bridge() as app, dify.away():
        thread = await place.ask("Anybody?")
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert errors.DifyUnreachable.notice in reply
    assert english.AWAY not in reply


async def test_a_question_that_arrived_although_the_line_was_cut_is_not_asked_again(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    place.retry_seconds = 20.0
    dify.script = lambda request, turns: Answer(
        WORDS, tokens_per_second=100, cut_after=0 if turns == 0 else None
    )
    async with bridge() as app:
        thread = await place.ask("Heard?")
        await answered(app, 1)
        dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=100, cut_after=0)
        await place.say(thread, "And this?")
        await answered(app, 2)
    assert place.replies(thread) == [WORDS, WORDS]
    assert [request.query for request in dify.requests] == ["Heard?", "And this?"]
