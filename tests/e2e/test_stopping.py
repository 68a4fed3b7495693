"""Somebody wants a running answer to end."""

import asyncio
from pathlib import Path

import pytest

from bridge import errors
from bridge.app import assemble
from bridge.settings import Busy
from bridge.words import english
from sandbox.dify import Answer, Dify
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import DiscordPlace, Place, SlackPlace

WORDS = " ".join(f"word{number}" for number in range(400))
# Somebody who presses Stop sees it at once.
AT_ONCE_SECONDS = 1.0


def speaking(place: Place, thread: str) -> bool:
    """Whether some words of the answer can be read already, and the button below them."""
    return any("word2" in reply for reply in place.replies(thread)) and "Stop" in place.buttons(thread)


def stopped(place: Place, thread: str) -> bool:
    return any(english.STOPPED in reply for reply in place.replies(thread))


@pytest.mark.parametrize("mode", ["chat", "agent-chat", "advanced-chat"])
async def test_the_button_stops_the_answer_and_keeps_what_was_said(
    place: Place, dify: Dify, bridge: Bridge, mode: str
) -> None:
    dify.mode = mode
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=40)
    async with bridge() as app:
        thread = await place.ask("Tell")
        await until(lambda: speaking(place, thread))
        await place.press(thread, "Stop")
        await answered(app, 1)
        await until(lambda: dify.running == 0)
        assert "Stop" not in place.buttons(thread)
    (reply,) = place.replies(thread)
    assert reply.startswith("word0 word1")
    assert english.STOPPED in reply
    assert {(one.path.split("/")[2], one.user) for one in dify.stopped} == {
        ("chat-messages", dify.requests[0].user)
    }


async def test_the_button_stops_an_answer_that_is_being_finished_on_leaving(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=40)
    async with bridge() as app:
        thread = await place.ask("Tell")
        await until(lambda: speaking(place, thread))
        app.leave()
        # One round through the loop and the bridge has begun to leave.
        await app.store.list_threads()
        await place.press(thread, "Stop")
        await until(lambda: stopped(place, thread))


async def test_an_answer_is_closed_at_once_though_dify_does_not_hear_of_it(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.stop_seconds = 30
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=40)
    loop = asyncio.get_running_loop()
    async with bridge() as app:
        thread = await place.ask("Tell")
        await until(lambda: speaking(place, thread))
        await place.press(thread, "Stop")
        pressed_at = loop.time()
        await until(lambda: stopped(place, thread))
        took = loop.time() - pressed_at
        await answered(app, 1)
    assert took < AT_ONCE_SECONDS
    assert len(dify.stopped) == 1


async def test_the_word_stops_the_answer_and_gets_none_itself(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=40)
    async with bridge() as app:
        thread = await place.ask("Tell")
        await until(lambda: speaking(place, thread))
        await place.say(thread, "Please stop!")
        await answered(app, 2)
        await until(lambda: dify.running == 0)
    (reply,) = place.replies(thread)
    assert reply.startswith("word0 word1")
    assert english.STOPPED in reply
    assert len(dify.requests) == 1
    assert {one.user for one in dify.stopped} == {dify.requests[0].user}


async def test_what_waits_behind_a_stopped_answer_is_answered(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(
        *(WORDS, 0.0, 40.0) if request.query == "One?" else ("Second.",)
    )
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: len(place.replies(thread)) == 1)
        await place.say(thread, "Two?")
        await until(lambda: place.marked(thread) == ["Two?"])
        await place.say(thread, "stop")
        await answered(app, 3)
    first, second = place.replies(thread)
    assert english.STOPPED in first
    assert second == "Second."


async def test_stop_with_nothing_running_says_so(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer("Done.")
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        await place.say(thread, "stop")
        await answered(app, 2)
    assert place.replies(thread)[0] == "Done."
    assert english.NOTHING_RUNS in place.replies(thread)[1]
    assert len(dify.requests) == 1
    assert dify.stopped == []


async def test_an_answer_that_says_nothing_yet_is_stopped_too(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(WORDS, first_token_after=30)
    async with bridge() as app:
        thread = await place.ask("Tell")
        await until(lambda: len(dify.requests) == 1)
        await place.say(thread, "stop")
        await answered(app, 2)
        await until(lambda: dify.running == 0)
    (reply,) = place.replies(thread)
    assert english.STOPPED in reply


async def test_nobody_else_can_stop_it_with_the_button(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=40)
    async with bridge() as app:
        thread = await place.ask("Tell")
        await until(lambda: speaking(place, thread))
        other = place.another_person()
        await place.press(thread, "Stop", person=other)
        assert place.whispers_to(other) == [errors.NotYours.notice]
        assert dify.stopped == []
        assert not stopped(place, thread)
        await place.press(thread, "Stop")
        await answered(app, 1)
    assert stopped(place, thread)


async def test_nobody_else_can_stop_it_with_the_word(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=400)
    async with bridge() as app:
        thread = await place.ask("Tell")
        await until(lambda: speaking(place, thread))
        await place.say(thread, "stop", person=place.another_person())
        await answered(app, 2)
    *_, answer, refusal = place.replies(thread)
    assert answer.endswith(WORDS.rpartition(" ")[2])
    assert errors.NotYours.notice in refusal
    assert dify.stopped == []


async def test_a_moderator_can_stop_it(place: Place, dify: Dify, bridge: Bridge, tmp_path: Path) -> None:
    moderator = place.another_person()
    file = tmp_path / "bridge.toml"
    file.write_text(f'[apps.default]\nmoderators = ["{place.name}:{moderator}"]\n', encoding="utf-8")
    place.bridge_config = str(file)
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=40)
    async with bridge() as app:
        thread = await place.ask("Tell")
        await until(lambda: speaking(place, thread))
        await place.press(thread, "Stop", person=moderator)
        await answered(app, 1)
        await place.say(thread, "Go on")
        await until(lambda: len(dify.requests) == 2)
        await place.say(thread, "stop", person=moderator)
        await answered(app, 3)
    assert [english.STOPPED in reply for reply in place.replies(thread)] == [True, True]
    assert len(dify.stopped) == 2


async def test_on_discord_whoever_may_delete_messages_can_stop_it(dify: Dify, tmp_path: Path) -> None:
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=40)
    async with DiscordPlace() as place:
        moderator = place.another_person()
        place.discord.let_moderate(moderator)
        settings = place.settings(dify, f"sqlite:///{tmp_path / 'bridge.db'}")
        async with assemble(settings) as app:
            serving = asyncio.create_task(app.run())
            await place.connected()
            thread = await place.ask("Tell")
            await until(lambda: speaking(place, thread))
            await place.press(thread, "Stop", person=moderator)
            await answered(app, 1)
            app.leave()
            await serving
        assert stopped(place, thread)


async def test_slacks_own_stop_ends_an_answer_for_whoever_asked(dify: Dify, tmp_path: Path) -> None:
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=40)
    async with SlackPlace() as place:
        other = place.another_person()
        async with assemble(place.settings(dify, f"sqlite:///{tmp_path / 'bridge.db'}")) as app:
            serving = asyncio.create_task(app.run())
            await place.connected()
            thread = await place.ask("Tell")
            await until(lambda: speaking(place, thread))
            for person in (other, place.person):
                assert not stopped(place, thread)
                ended = {"channel": place.channel, "thread_ts": thread, "user": person}
                await place.slack.emit({"type": "agent_session_stopped", "event_ts": "1.1", **ended})
                await place.slack.wait_for(lambda: not place.slack.unacked)
            await answered(app, 1)
            app.leave()
            await serving
        assert stopped(place, thread)
    assert len(dify.stopped) == 1


async def test_a_command_is_never_asked_together_with_a_question(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    place.busy = Busy.MERGE
    dify.script = lambda request, turns: Answer(
        *(WORDS, 0.0, 40.0) if request.query == "One?" else (f"To {request.query}",)
    )
    async with bridge() as app:
        thread = await place.ask("One?")
        await until(lambda: speaking(place, thread))
        for said in ("Two?", "stop", "Three?"):
            await place.say(thread, said)
        await answered(app, 4)
    first, *others = place.replies(thread)
    assert english.STOPPED in first
    asked = [request.query for request in dify.requests]
    assert "stop" not in " ".join(asked)
    assert others == [f"To {query}" for query in asked[1:]]
    assert " ".join(asked[1:]).split() == ["Two?", "Three?"]
