"""The main job, told on both platforms: a thread asks, Dify answers, the reply grows."""

import itertools
import re

from sandbox.dify import Answer, Dify
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import Place


async def test_a_mention_is_answered_in_its_thread(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer("A **bridge** carries you over.")
    async with bridge() as app:
        thread = await place.ask("What is a bridge?")
        await answered(app, 1)
    assert place.replies(thread) == ["A **bridge** carries you over."]
    (request,) = dify.requests
    assert (request.query, request.conversation_id, request.inputs) == ("What is a bridge?", "", {})
    assert request.user.startswith(f"{place.name}:")


async def test_a_thread_goes_on_in_its_conversation_without_a_mention(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"Answer {turns + 1}")
    async with bridge() as app:
        thread = await place.ask("First?")
        await answered(app, 1)
        await place.say(thread, "Second?")
        await answered(app, 2)
    assert place.replies(thread) == ["Answer 1", "Answer 2"]
    first, second = dify.requests
    (conversation_id,) = dify.conversations
    assert (first.conversation_id, second.conversation_id) == ("", conversation_id)
    assert first.user == second.user


async def test_two_threads_never_share_a_conversation(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer(f"You said {request.query}")
    async with bridge() as app:
        one, other = await place.ask("one"), await place.ask("other")
        await answered(app, 2)
        await place.say(one, "one again")
        await place.say(other, "other again")
        await answered(app, 4)
        held = {thread.conversation_id for thread in await app.store.list_threads()}
    assert place.replies(one) == ["You said one", "You said one again"]
    assert place.replies(other) == ["You said other", "You said other again"]
    assert held == set(dify.conversations)
    assert len(held) == 2


async def test_a_restart_continues_the_conversation(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer(f"Turn {turns + 1}")
    async with bridge() as app:
        thread = await place.ask("Before?")
        await answered(app, 1)
    async with bridge() as app:
        await place.say(thread, "After?")
        await answered(app, 2)
    assert place.replies(thread) == ["Turn 1", "Turn 2"]
    assert len(dify.conversations) == 1


async def test_a_message_that_comes_again_is_answered_once(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer("Once.")
    async with bridge() as app:
        thread = await place.ask("Hello?")
        await answered(app, 1)
        await place.redeliver()
        await place.say(thread, "Next?")
        await answered(app, 2)
        await place.redeliver()
    assert place.replies(thread) == ["Once.", "Once."]
    assert [request.query for request in dify.requests] == ["Hello?", "Next?"]


async def test_a_direct_message_is_answered(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer(f"Turn {turns + 1}")
    async with bridge() as app:
        thread = await place.tell("Psst")
        await answered(app, 1)
        await place.say(thread, "And now?")
        await answered(app, 2)
    assert place.replies(thread) == ["Turn 1", "Turn 2"]


async def test_what_is_not_said_to_the_bot_is_left_alone(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer("Yes.")
    async with bridge() as app:
        quiet = await place.say_in_channel("Just talking")
        thread = await place.ask("Bot?")
        await answered(app, 1)
        await place.say_as_bot(thread, "I am a bot too")
        await place.say(thread, "Really?")
        await answered(app, 2)
    assert place.replies(quiet) == []
    assert [request.query for request in dify.requests] == ["Bot?", "Really?"]


async def test_the_reply_grows_while_the_stream_arrives(place: Place, dify: Dify, bridge: Bridge) -> None:
    text = " ".join(f"word{number}" for number in range(80))
    dify.script = lambda request, turns: Answer(text, tokens_per_second=40)
    async with bridge() as app:
        thread = await place.ask("Slowly?")
        await answered(app, 1)
    states = place.states(thread)
    assert len(states) >= 3
    assert all(len(before) < len(after) for before, after in itertools.pairwise(states))
    assert all(text.startswith(state) for state in states)
    assert states[-1] == text
    assert place.too_fast == 0


async def test_messages_that_come_during_an_answer_wait_their_turn(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"{request.query} done", tokens_per_second=20)
    async with bridge() as app:
        thread = await place.ask("one")
        await until(lambda: dify.running == 1)
        await place.say(thread, "two")
        await place.say(thread, "three")
        await answered(app, 3)
    assert place.replies(thread) == ["one done", "two done", "three done"]
    assert [request.query for request in dify.requests] == ["one", "two", "three"]


async def test_a_long_answer_goes_on_in_further_messages_with_its_fence_whole(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    code = "\n".join(f"line_{number} = {number}" for number in range(900))
    text = f"Here is the code:\n\n```python\n{code}\n```\n\nThat was all of it."
    dify.script = lambda request, turns: Answer(text)
    async with bridge() as app:
        thread = await place.ask("All of it, please")
        await answered(app, 1)
    replies = place.replies(thread)
    assert len(replies) > 1
    for reply in replies:
        fences = re.findall(r"^```(\w*)", reply, re.MULTILINE)
        assert fences[0::2] == ["python"] * (len(fences) // 2)
        assert fences[1::2] == [""] * (len(fences) // 2)
    assert re.findall(r"line_\d+", "\n".join(replies)) == [f"line_{number}" for number in range(900)]
    assert replies[-1].endswith("That was all of it.")


async def test_nobody_is_pinged_by_what_a_model_writes(place: Place, dify: Dify, bridge: Bridge) -> None:
    text = "Look <!channel> <!here> @everyone @here <@U1> <@&2> <@3> <#C1> <https://evil.example|safe>"
    dify.script = lambda request, turns: Answer(text)
    async with bridge() as app:
        thread = await place.ask("Shout!")
        await answered(app, 1)
    assert len(place.replies(thread)) == 1
    assert place.pings == []
