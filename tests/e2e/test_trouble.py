"""Whatever goes wrong, the reply ends closed, with what had arrived and a plain sentence."""

import asyncio

import pytest

from bridge import errors
from bridge.words import english, say
from sandbox.dify import Answer, Dify
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import Place

WORDS = " ".join(f"word{number}" for number in range(30))


async def test_a_conversation_that_dify_forgot_is_begun_anew_once(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"Turn {turns + 1}")
    async with bridge() as app:
        thread = await place.ask("Remember me")
        await answered(app, 1)
        (old,) = dify.conversations
        dify.forget(old)
        await place.say(thread, "Do you?")
        await answered(app, 2)
        await place.say(thread, "And now?")
        await answered(app, 3)
    first, second, third = place.replies(thread)
    assert first == "Turn 1"
    assert second.startswith("Turn 1")
    assert errors.DifyConversationGone.notice in second
    assert third == "Turn 2"


async def test_a_model_that_fails_midway_leaves_the_text_and_a_sentence(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(WORDS, fail_after=20)
    async with bridge() as app:
        thread = await place.ask("Try")
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert reply.startswith("word0 word1")
    assert errors.DifyModelFailed.notice in reply


async def test_a_flow_that_goes_on_without_us_is_followed_to_its_end(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=100, cut_after=20)
    async with bridge() as app:
        thread = await place.ask("Try")
        await answered(app, 1)
    assert place.replies(thread) == [WORDS]
    assert len(dify.requests) == 1


async def test_a_connection_cut_midway_leaves_the_text_and_a_sentence(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.mode = "chat"
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=100, cut_after=20)
    async with bridge() as app:
        thread = await place.ask("Try")
        await answered(app, 1)
        dify.script = lambda request, turns: Answer("Back again.")
        await place.say(thread, "Once more")
        await answered(app, 2)
    cut, whole = place.replies(thread)
    assert cut.startswith("word0 word1")
    assert errors.DifyCut.notice in cut
    assert whole == "Back again."


@pytest.mark.parametrize(
    ("status", "code", "message", "error"),
    [
        (401, "unauthorized", "Access token is invalid", errors.DifyKeyRejected),
        (400, "invalid_param", "Workflow not published", errors.DifyNotPublished),
        (400, "invalid_param", "Too many requests. Please try again later.", errors.DifyBusy),
        (403, "forbidden", "The app's API service has been disabled.", errors.DifyAppClosed),
        (400, "not_chat_app", "Please check if your app mode matches", errors.DifyWrongMode),
        (500, "internal_server_error", "Internal Server Error", errors.DifyDown),
        (400, "invalid_param", "1 validation error for SecretPayload", errors.DifyRejected),
    ],
)
async def test_a_refusal_is_told_in_plain_words(
    place: Place,
    dify: Dify,
    bridge: Bridge,
    status: int,
    code: str,
    message: str,
    error: type[errors.DifyError],
) -> None:
    dify.script = lambda request, turns: Answer("Fine.")
    dify.fail_http(status, code, message)
    async with bridge() as app:
        thread = await place.ask("Hello?")
        await answered(app, 1)
        await place.say(thread, "And now?")
        await answered(app, 2)
    refused, fine = place.replies(thread)
    assert error.notice in refused
    assert message not in refused
    assert fine == "Fine."


async def test_a_dify_that_is_not_there_is_told_and_asked_again_next_time(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("Here I am.")
    async with bridge() as app:
        await dify.close()
        thread = await place.ask("Anybody?")
        await answered(app, 1)
        await dify.start()
        await place.say(thread, "Now?")
        await answered(app, 2)
    gone, back = place.replies(thread)
    assert errors.DifyUnreachable.notice in gone
    assert back == "Here I am."


async def test_an_answer_without_words_says_so(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer("")
    async with bridge() as app:
        thread = await place.ask("Say nothing")
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert english.NO_WORDS in reply


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", errors.NothingAsked.notice),
        ("   ", errors.NothingAsked.notice),
        ("x" * 40_000, say(english.QUESTION_TOO_LONG, most="32,000")),
    ],
    ids=["nothing", "blanks", "40,000 characters"],
)
async def test_what_cannot_be_asked_gets_a_hint_instead_of_a_call(
    place: Place, dify: Dify, bridge: Bridge, text: str, sentence: str
) -> None:
    async with bridge() as app:
        thread = await place.ask(text)
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert sentence in reply
    assert dify.requests == []


async def test_a_file_for_an_app_that_takes_none_is_refused(place: Place, dify: Dify, bridge: Bridge) -> None:
    async with bridge() as app:
        thread = await place.attach("")
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert "notes.txt was not passed on. The AI app behind this bot takes no files." in reply
    assert dify.requests == []


async def test_only_emoji_are_a_question(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer("🎉")
    async with bridge() as app:
        thread = await place.ask("👩‍🚀🚀")
        await answered(app, 1)
    assert place.replies(thread) == ["🎉"]
    assert dify.requests[0].query == "👩‍🚀🚀"


async def test_a_platform_that_stumbles_still_gets_the_last_words(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=60)
    place.refuse_next(times=2)
    async with bridge() as app:
        thread = await place.ask("Try")
        await answered(app, 1)
    assert place.replies(thread) == [WORDS]


async def test_a_lost_connection_is_taken_up_again(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer("Still here.")
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        await place.lose_connection()
        await place.connected()
        await place.say(thread, "Two?")
        await answered(app, 2)
    assert place.replies(thread) == ["Still here.", "Still here."]


async def test_leaving_closes_what_is_open(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=100, hang_after=20)
    place.drain_seconds = 0.5
    async with bridge() as app:
        thread = await place.ask("Forever?")
        await until(lambda: len(place.replies(thread)) == 1)
        app.leave()
        await until(lambda: english.RESTARTING in place.replies(thread)[0])
    (reply,) = place.replies(thread)
    assert reply.startswith("word0 word1")


async def test_no_task_is_left_behind(place: Place, dify: Dify, bridge: Bridge) -> None:
    before = asyncio.all_tasks()
    dify.script = lambda request, turns: Answer("Bye.")
    async with bridge() as app:
        await place.ask("Hello?")
        await answered(app, 1)
    left = {task.get_name() for task in asyncio.all_tasks() - before}
    assert not [name for name in left if name.startswith(("thread ", "reply ", "bridge", "waiting"))]
