"""What only Discord does to a bot."""

import time
from collections.abc import AsyncIterator

import pytest

from adapters.discord.events import TITLE_LIMIT, thread_title
from sandbox.dify import Answer, Dify
from sandbox.discord import Permission
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import DiscordPlace


@pytest.fixture
async def place() -> AsyncIterator[DiscordPlace]:
    async with DiscordPlace() as stand_in:
        yield stand_in


async def test_the_thread_is_named_after_the_question(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("So.")
    async with bridge() as app:
        await place.ask("Why is the sky blue?\nPlease be brief.")
        await answered(app, 1)
    (thread,) = place.discord.threads(place.channel)
    assert thread.name == "Why is the sky blue?"


@pytest.mark.parametrize("question", ["", "   \n ", "x" * 500, "word " * 100, "👩‍🚀" * 60])
def test_every_question_makes_a_name_that_discord_takes(question: str) -> None:
    assert 1 <= len(thread_title(question)) <= TITLE_LIMIT


async def test_a_thread_that_people_made_keeps_its_name_until_the_bot_is_told_another(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    allowed = Permission.usual() | Permission.MANAGE_THREADS
    place.channel = place.discord.add_channel(place.guild, "managed", permissions=allowed)
    started = await place.say_in_channel("Let us talk here.")
    theirs = place.discord.start_thread(started, "Holidays", place.person)
    async with bridge() as app:
        await place.discord.say(theirs, place.person, f"<@{place.discord.bot_id}> Where to?")
        await answered(app, 1)
        ours = await place.ask("And why?")
        await answered(app, 2)
        await until(lambda: place.thread_name(ours) == "About: And why?")
        assert place.thread_name(theirs) == "Holidays"
        await place.say(theirs, "!rename Summer")
        await until(lambda: place.thread_name(theirs) == "Summer")


async def test_it_types_until_the_first_text_and_then_never(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    # The text takes longer than typing is shown for.
    text = "word " * 180
    dify.script = lambda request, turns: Answer(text, first_token_after=1.0, tokens_per_second=20)
    async with bridge() as app:
        thread = await place.ask("Take your time")
        await until(lambda: len(place.replies(thread)) == 1)
        began = next(frame.at for frame in place.discord.frames if frame.channel == thread)
        await answered(app, 1, 30.0)
    typed = [call.at for call in place.discord.calls if call.route.endswith("/typing")]
    assert typed
    assert max(typed) < began < time.monotonic() - 8.0


async def test_where_threads_are_not_permitted_the_answer_is_a_reply_and_goes_on_by_replies(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"Turn {turns + 1}")
    place.discord.forbid_threads(place.channel)
    async with bridge() as app:
        question = await place.ask("Here?")
        await answered(app, 1)
        (first,) = [one for one in place.discord.messages(place.channel) if one.content == "Turn 1"]
        await place.discord.say(place.channel, place.person, "And?", reply_to=first.id)
        await answered(app, 2)
    bots = [one for one in place.discord.messages(place.channel) if one.author_id == place.discord.bot_id]
    assert [one.content for one in bots] == ["Turn 1", "Turn 2"]
    assert bots[0].reference == question
    assert len(dify.conversations) == 1


async def test_a_thread_that_could_not_be_made_leaves_the_answer_in_the_channel(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("Here instead.")
    place.discord.fail("POST", "/channels/{id}/messages/{id}/threads", 503)
    async with bridge() as app:
        question = await place.ask("Hello?")
        await answered(app, 1)
    bots = [one for one in place.discord.messages(place.channel) if one.author_id == place.discord.bot_id]
    assert [(one.content, one.reference) for one in bots] == [("Here instead.", question)]


async def test_without_the_content_intent_mentions_and_direct_messages_still_work(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"{request.query}!")
    place.discord.message_content_allowed = False
    async with bridge() as app:
        thread = await place.ask("Mentioned")
        direct = await place.tell("Directly")
        await answered(app, 2)
    assert place.replies(thread) == ["Mentioned!"]
    assert place.replies(direct) == ["Directly!"]


async def test_a_payload_that_cannot_be_read_does_not_end_the_bot(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("Alive.")
    async with bridge() as app:
        await place.discord.dispatch("MESSAGE_CREATE", {"nonsense": True})
        await place.connected()
        thread = await place.ask("Still there?")
        await answered(app, 1)
    assert place.replies(thread) == ["Alive."]


async def test_a_session_that_discord_ends_is_begun_again(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("Alive.")
    async with bridge() as app:
        await place.discord.reconnect()
        await place.connected()
        thread = await place.ask("Still there?")
        await answered(app, 1)
    assert place.replies(thread) == ["Alive."]


async def test_a_first_connection_that_fails_is_tried_again(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("Late, but here.")
    place.discord.fail("GET", "/gateway/bot", 503)
    async with bridge() as app:
        thread = await place.ask("Hello?")
        await answered(app, 1)
    assert place.replies(thread) == ["Late, but here."]


async def test_a_post_whose_answer_was_lost_does_not_appear_twice(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("Once only.")
    place.discord.fail("POST", "/channels/{id}/messages", 502, afterwards=True)
    async with bridge() as app:
        thread = await place.ask("Hello?")
        await answered(app, 1)
    assert place.replies(thread) == ["Once only."]


async def test_a_post_whose_answer_was_lost_still_gets_the_last_words(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    text = "word " * 20 + "end"
    dify.script = lambda request, turns: Answer(text, tokens_per_second=100)
    place.discord.fail("POST", "/channels/{id}/messages", 502, afterwards=True, times=2)
    async with bridge() as app:
        thread = await place.ask("Hello?")
        await answered(app, 1)
    assert place.replies(thread) == [text]


async def test_an_answer_that_a_moderator_removes_is_not_posted_again(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("word " * 200, tokens_per_second=50)
    async with bridge() as app:
        thread = await place.ask("Go on")
        await until(lambda: len(place.replies(thread)) == 1)
        (message,) = [one for one in place.discord.messages(thread) if one.author_id == place.discord.bot_id]
        await place.discord.remove(message.id)
        await answered(app, 1)
    assert place.replies(thread) == []


async def test_what_could_be_read_once_never_vanishes_where_the_reply_goes_on_in_a_next_message(
    place: DiscordPlace, dify: Dify, bridge: Bridge
) -> None:
    paragraphs = [" ".join(f"w{number}x{word}" for word in range(70)) for number in range(12)]
    dify.script = lambda request, turns: Answer("\n\n".join(paragraphs), tokens_per_second=220)
    async with bridge() as app:
        await place.ask("Tell me everything")
        await answered(app, 1)
    readable: dict[str, str] = {}
    before: set[str] = set()
    for frame in place.discord.frames:
        if frame.author == place.discord.bot_id:
            readable[frame.message] = frame.text
            # The last word that is shown may be half of one.
            now = {word for text in readable.values() for word in text.split()}
            vanished = {word for word in before - now if not any(one.startswith(word) for one in now)}
            assert not vanished
            before = now
    assert len(readable) > 2
    assert before == set(" ".join(paragraphs).split())
