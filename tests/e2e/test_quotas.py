"""How much may be asked: beyond that, whoever asks is told in private when to come back."""

import pytest

from bridge.words import english, say
from sandbox.dify import Answer, Dify
from tests.e2e.conftest import Bridge, Configure, answered, until
from tests.e2e.places import Place

SLOWLY = 5.0


def over_hour(limit: int, sentence: str = english.OVER_PERSON_HOUR) -> str:
    """Of questions that were all asked just now."""
    return say(sentence, limit=limit, minutes=60)


@pytest.fixture(autouse=True)
def answers(dify: Dify) -> None:
    dify.script = lambda request, turns: Answer(
        f"To {request.query}",
        tokens_per_second=SLOWLY if "slow" in request.query else 0.0,
    )


def queries(dify: Dify) -> list[str]:
    return [one.query for one in dify.requests]


@pytest.mark.parametrize("where", ["[access.quota]", "[apps.default.quota]"])
async def test_who_has_asked_enough_is_told_when_to_come_back_and_nothing_is_asked(
    place: Place, dify: Dify, bridge: Bridge, configure: Configure, where: str
) -> None:
    configure(f"{where}\nperson_hour = 2\n")
    async with bridge() as app:
        for number, question in enumerate(("One?", "Two?"), 1):
            await place.ask(question)
            await answered(app, number)
        made = place.threads
        thread = await place.ask("Three?")
        await answered(app, 3)
        await place.ask("Four?", person=place.another_person())
        await answered(app, 4)
        assert place.told() == [over_hour(2)]
        assert place.replies(thread) == []
        assert place.threads in (0, made + 1)
    assert queries(dify) == ["One?", "Two?", "Four?"]


async def test_it_is_said_once_for_each_question_also_when_events_come_twice_and_after_a_restart(
    place: Place, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    configure("[access.quota]\nperson_hour = 1\n")
    async with bridge() as app:
        await place.ask("One?")
        await answered(app, 1)
        await place.ask("Two?")
        await answered(app, 2)
        await place.redeliver()
        await place.ask("Three?")
        await answered(app, 3)
        assert place.told() == [over_hour(1)] * 2
    async with bridge() as app:
        await place.redeliver()
        await place.ask("Four?")
        await answered(app, 4)
        assert place.told() == [over_hour(1)] * 3
    assert queries(dify) == ["One?"]


async def test_a_question_in_a_thread_that_the_bot_follows_counts_like_any_other(
    place: Place, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    configure("[access.quota]\nperson_hour = 1\n")
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        await place.say(thread, "Two?")
        await answered(app, 2)
        assert place.told() == [over_hour(1)]
        assert place.replies(thread) == ["To One?"]
    assert queries(dify) == ["One?"]


async def test_a_channels_questions_count_whoever_asks_them(
    place: Place, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    configure("[access.quota]\nchannel_hour = 1\n")
    other = place.another_person()
    async with bridge() as app:
        await place.ask("One?")
        await answered(app, 1)
        await place.ask("Two?", person=other)
        await answered(app, 2)
        await place.tell("Elsewhere?")
        await answered(app, 3)
        assert place.told(other) == [over_hour(1, english.OVER_CHANNEL_HOUR)]
    assert queries(dify) == ["One?", "Elsewhere?"]


@pytest.mark.parametrize(
    ("quota", "sentence"),
    [
        ("person_running = 1", english.OVER_PERSON_RUNNING),
        ("channel_running = 1", english.OVER_CHANNEL_RUNNING),
    ],
)
async def test_so_many_answers_run_at_once_and_when_one_is_done_the_next_may_be_asked(
    place: Place, dify: Dify, bridge: Bridge, configure: Configure, quota: str, sentence: str
) -> None:
    configure(f"[access.quota]\n{quota}\n")
    async with bridge() as app:
        await place.ask("Is this a slow question?")
        await until(lambda: dify.running == 1)
        await place.ask("Two?")
        await answered(app, 1)
        assert place.told() == [say(sentence, limit=1)]
        assert dify.running == 1
        await answered(app, 2)
        await place.ask("Three?")
        await answered(app, 3)
    assert queries(dify) == ["Is this a slow question?", "Three?"]
    assert place.told() == [say(sentence, limit=1)]


async def test_what_waits_for_its_turn_in_a_thread_is_answered_then(
    place: Place, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    configure("[access.quota]\nperson_running = 1\n")
    async with bridge() as app:
        thread = await place.ask("Is this slow?")
        await until(lambda: dify.running == 1)
        await place.say(thread, "Two?")
        await answered(app, 2)
    assert queries(dify) == ["Is this slow?", "Two?"]
    assert place.told() == []


async def test_commands_are_not_counted_and_work_for_whoever_has_asked_enough(
    place: Place, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    configure("[access.quota]\nperson_hour = 1\n")
    async with bridge() as app:
        thread = await place.ask("!help")
        await answered(app, 1)
        await place.ask_in(thread, "stop")
        await answered(app, 2)
        await place.ask_in(thread, "One?")
        await answered(app, 3)
        await place.ask_in(thread, "!help")
        await answered(app, 4)
        assert place.told() == []
        assert len(place.replies(thread)) == 4
    assert queries(dify) == ["One?"]


async def test_whoever_presses_too_much_reads_it_where_they_pressed(
    place: Place, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    configure("[access.quota]\nperson_hour = 1\n")
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        await place.press(thread, english.ASK_AGAIN)
        await until(lambda: place.whispers() == [over_hour(1)])
        assert place.replies(thread) == ["To One?"]
    assert queries(dify) == ["One?"]
