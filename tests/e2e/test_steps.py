"""What people see of how an answer comes about: titles, and never what goes in or out of a step."""

import pytest

from sandbox.dify import Answer, Dify, Extra, Replacement
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import Place

SECRET = "s3cret-n0de-payload"
WORDS = " ".join(f"word{number}" for number in range(40))


async def test_steps_are_shown_by_their_titles_while_they_run(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("Found it.", steps=("Search the wiki",), step_seconds=2.0)
    async with bridge() as app:
        thread = await place.ask("Where is it?")
        await until(lambda: any("Search the wiki" in reply for reply in place.replies(thread)))
        await answered(app, 1)
    assert place.replies(thread) == ["Found it."]


@pytest.mark.parametrize("mode", ["agent-chat", "agent"])
async def test_the_tools_of_an_agent_are_shown_by_name(
    place: Place, dify: Dify, bridge: Bridge, mode: str
) -> None:
    dify.mode = mode
    dify.script = lambda request, turns: Answer("Sunny.", steps=("weather_report",), step_seconds=2.0)
    async with bridge() as app:
        thread = await place.ask("How is it?")
        await until(lambda: any("weather_report" in reply for reply in place.replies(thread)))
        await answered(app, 1)
    assert place.replies(thread) == ["Sunny."]


async def test_what_an_agent_repeats_in_the_end_stands_there_once(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.mode = "agent"
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=100)
    async with bridge() as app:
        thread = await place.ask("Tell")
        await answered(app, 1)
    assert place.replies(thread) == [WORDS]
    assert all(WORDS.startswith(state) for state in place.states(thread))


async def test_no_input_and_no_output_of_a_node_is_ever_seen(
    place: Place, dify: Dify, bridge: Bridge, caplog: pytest.LogCaptureFixture
) -> None:
    data = {
        "id": "n1",
        "node_id": "n1",
        "node_type": "code",
        "title": "Compute",
        "inputs": {"key": SECRET},
        "process_data": {"prompt": SECRET},
        "outputs": {"text": SECRET},
        "error": SECRET,
    }
    dify.script = lambda request, turns: Answer(
        WORDS,
        tokens_per_second=100,
        iterations=("Each page",),
        loops=("Until good",),
        retries=("Ask again",),
        agent_logs=("Thinking hard",),
        extras=tuple(
            Extra(event, {"data": {**data, "status": status}})
            for event, status in (
                ("node_started", "running"),
                ("node_retry", "retry"),
                ("node_finished", "failed"),
                ("agent_log", "success"),
                ("a_word_of_the_future", SECRET),
            )
        ),
    )
    async with bridge() as app:
        thread = await place.ask("Compute")
        await answered(app, 1)
    assert place.replies(thread) == [WORDS]
    assert not [state for state in place.states(thread) if SECRET in state]
    assert SECRET not in caplog.text


@pytest.mark.parametrize("mode", ["chat", "advanced-chat"])
async def test_a_moderator_takes_the_place_of_what_was_said(
    place: Place, dify: Dify, bridge: Bridge, mode: str
) -> None:
    dify.mode = mode
    dify.script = lambda request, turns: Answer(
        WORDS, tokens_per_second=60, replaced=Replacement("I cannot help with that.")
    )
    async with bridge() as app:
        thread = await place.ask("Tell")
        await until(lambda: any("word1" in state for state in place.states(thread)))
        await answered(app, 1)
    assert place.replies(thread) == ["I cannot help with that."]
