"""What people tell the bot to do with the conversation of a thread."""

from collections.abc import AsyncIterator

import pytest

from bridge import errors
from bridge.commands import Word
from bridge.words import english, say
from sandbox.dify import Answer, AppSetup, Dify, SetupVariable
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import Place

VARIABLES = (
    SetupVariable("mood", value="calm", description="How it feels"),
    SetupVariable("count", "number", 3),
    SetupVariable("tags", "array[string]", ["a"]),
)


async def test_new_begins_a_new_conversation_and_keeps_the_old_one(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"Turn {turns + 1}")
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        await place.say(thread, "!new")
        await answered(app, 2)
        await place.say(thread, "Two?")
        await answered(app, 3)
    first, new, second = place.replies(thread)
    assert (first, second) == ("Turn 1", "Turn 1")
    assert english.BEGUN in new
    assert [request.conversation_id for request in dify.requests] == ["", ""]
    assert len(dify.conversations) == 2
    assert dify.deleted == []


async def test_forget_deletes_the_conversation_in_dify_too(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer(f"Turn {turns + 1}")
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        (old,) = dify.conversations
        await place.say(thread, "!forget")
        await answered(app, 2)
        await place.say(thread, "Two?")
        await answered(app, 3)
    assert english.FORGOTTEN in place.replies(thread)[1]
    assert place.replies(thread)[2] == "Turn 1"
    assert [(one.conversation_id, one.user) for one in dify.deleted] == [(old, dify.requests[0].user)]
    assert old not in dify.conversations


async def test_rename_names_the_conversation_and_the_thread(place: Place, dify: Dify, bridge: Bridge) -> None:
    async with bridge() as app:
        thread = await place.ask_where_threads_have_names("One?")
        await answered(app, 1)
        await place.say(thread, "!rename Holiday plans")
        await answered(app, 2)
        await until(lambda: place.thread_name(thread) == "Holiday plans")
        await place.say(thread, "!rename")
        await answered(app, 3)
    (conversation,) = dify.conversations.values()
    assert [(one.name, one.user) for one in dify.renamed] == [
        ("Holiday plans", conversation.user),
        ("", conversation.user),
    ]
    assert "“Holiday plans”" in place.replies(thread)[1]
    assert "“About: One?”" in place.replies(thread)[2]


async def test_a_thread_is_called_what_dify_calls_its_conversation(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    async with bridge() as app:
        thread = await place.ask_where_threads_have_names("When does the museum of bridges open?")
        await answered(app, 1)
        await until(lambda: place.thread_name(thread) == "About: When does the museum of bridges open?")


async def test_history_shows_what_was_said(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer(f"Answer {turns + 1}")
    async with bridge() as app:
        thread = await place.ask("First?")
        await answered(app, 1)
        await place.say(thread, "Second?")
        await answered(app, 2)
        await place.say(thread, "!history")
        await answered(app, 3)
    history = place.replies(thread)[2]
    told = [history.index(part) for part in ("First?", "Answer 1", "Second?", "Answer 2")]
    assert told == sorted(told)
    assert len(dify.requests) == 2


async def test_history_is_made_of_words(place: Place, dify: Dify, bridge: Bridge) -> None:
    link = f"[this]({dify.origin}/files/x?sign=s)"
    said = f"<think>secret</think>Run:\n```python\nprint(1)\n```\nor {link} **now**"
    dify.script = lambda request, turns: Answer(said if not turns else "```\n" + "long " * 100)
    async with bridge() as app:
        thread = await place.ask("First?")
        await answered(app, 1)
        await place.say(thread, "Second?")
        await answered(app, 2)
        await place.say(thread, "!history")
        await answered(app, 3)
    history = place.replies(thread)[2]
    assert "print(1)" in history
    assert "or this now" in history
    assert [part for part in ("secret", "```", dify.origin, "sign=") if part in history] == []


async def test_without_a_conversation_there_is_nothing_to_tell(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    async with bridge() as app:
        thread = await place.ask("!rename")
        await answered(app, 1)
        for number, said in enumerate(("!history", "!variables", "!set mood good"), 2):
            await place.say(thread, said)
            await answered(app, number)
        await place.say(thread, f"!speak {'9' * 40}")
        await answered(app, 5)
    *replies, unspoken = place.replies(thread)
    assert [english.NOTHING_YET in reply for reply in replies] == [True] * 4
    assert english.NOTHING_TO_SPEAK in unspoken
    assert dify.requests == []


async def test_help_names_every_command(place: Place, dify: Dify, bridge: Bridge) -> None:
    async with bridge() as app:
        thread = await place.ask("!help")
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert [word for word in Word if f"!{word}" not in reply] == []
    assert dify.requests == []


async def test_a_word_that_is_no_command_is_asked(place: Place, dify: Dify, bridge: Bridge) -> None:
    async with bridge() as app:
        await place.ask("!important: what is new?")
        await answered(app, 1)
    assert [request.query for request in dify.requests] == ["!important: what is new?"]


async def test_variables_are_shown_and_set(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.setup = AppSetup(variables=VARIABLES)
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        for number, said in enumerate(("!set mood very good", "!set count 4", "!variables"), 2):
            await place.say(thread, said)
            await answered(app, number)
    _, mood, count, shown = place.replies(thread)
    assert english.SET in mood
    assert english.SET in count
    changes = [(one.name, one.value, one.user) for one in dify.variable_changes]
    assert changes == [("mood", "very good", dify.requests[0].user), ("count", 4, dify.requests[0].user)]
    assert [part in shown for part in ("mood", "very good", "count", "4", "tags", '["a"]')] == [True] * 6


async def test_a_variable_that_cannot_be_set_says_why(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.setup = AppSetup(variables=VARIABLES)
    sentences = {
        "!set": english.HOW_TO_SET,
        "!set mood": english.HOW_TO_SET,
        "!set weather fine": english.NO_SUCH_VARIABLE,
        "!set count many": say(english.NOT_OF_ITS_KIND, name="count", kind="number"),
    }
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        for number, said in enumerate(sentences, 2):
            await place.say(thread, said)
            await answered(app, number)
    for sentence, reply in zip(sentences.values(), place.replies(thread)[1:], strict=True):
        assert sentence in reply
    assert dify.variable_changes == []


class TestAnOldDify:
    """Where a version lacks something, that is said."""

    @pytest.fixture
    async def dify(self) -> AsyncIterator[Dify]:
        async with Dify(version="1.3.0", setup=AppSetup(variables=VARIABLES)) as stand_in:
            yield stand_in

    async def test_what_it_does_not_have_is_said(self, place: Place, dify: Dify, bridge: Bridge) -> None:
        async with bridge() as app:
            thread = await place.ask("One?")
            await answered(app, 1)
            for number, said in enumerate(("!variables", "!set mood good", "!forget"), 2):
                await place.say(thread, said)
                await answered(app, number)
        _, variables, change, forgotten = place.replies(thread)
        assert errors.DifyLacks.notice in variables
        assert errors.DifyLacks.notice in change
        assert english.FORGOTTEN in forgotten
        assert len(dify.deleted) == 1
