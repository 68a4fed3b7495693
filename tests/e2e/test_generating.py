"""Apps that answer once: a question or a form, and one result."""

from collections.abc import AsyncIterator

import pytest

from bridge import errors
from bridge.words import english
from sandbox.dify import Answer, AppSetup, Dify, FormInput
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import Place

PATHS = {"completion": "/v1/completion-messages", "workflow": "/v1/workflows/run"}
TOPIC = FormInput("topic", "Topic", required=True, longest=40)
FORM = (
    TOPIC,
    FormInput("tone", "Tone", kind="select", options=("dry", "warm"), default="dry"),
    FormInput("lines", "Lines", kind="number", default=3),
)


@pytest.fixture
def mode() -> str:
    return "workflow"


@pytest.fixture
def version() -> str:
    return "1.16.0"


@pytest.fixture
async def dify(mode: str, version: str) -> AsyncIterator[Dify]:
    async with Dify(mode=mode, version=version) as stand_in:
        yield stand_in


@pytest.mark.parametrize("version", ["1.16.0", "1.1.0"], ids=["tells its mode", "does not tell"])
@pytest.mark.parametrize("mode", list(PATHS))
async def test_a_mention_is_asked_and_its_one_result_shown(
    place: Place, dify: Dify, bridge: Bridge, mode: str
) -> None:
    dify.setup = AppSetup(inputs=(TOPIC,))
    dify.script = lambda request, turns: Answer(f"A poem about {request.inputs['topic']}.")
    async with bridge() as app:
        thread = await place.ask("the sea")
        await answered(app, 1)
        await place.say(thread, "the sky")
        await answered(app, 2)
    assert place.replies(thread) == ["A poem about the sea.", "A poem about the sky."]
    assert [(one.path, dict(one.inputs)) for one in dify.requests] == [
        (PATHS[mode], {"topic": "the sea"}),
        (PATHS[mode], {"topic": "the sky"}),
    ]
    assert len({one.user for one in dify.requests}) == 1


@pytest.mark.parametrize("mode", list(PATHS))
async def test_generate_opens_the_form_of_the_app_and_gives_one_result(
    place: Place, dify: Dify, bridge: Bridge, mode: str
) -> None:
    dify.setup = AppSetup(inputs=FORM)
    dify.script = lambda request, turns: Answer(f"{request.inputs['lines']} lines: {request.inputs['topic']}")
    async with bridge() as app:
        thread = await place.ask("!generate")
        await answered(app, 1)
        assert dify.requests == []
        assert place.replies(thread) == [place.replies(thread)[0]]
        assert english.FILL_IN_FORM in place.replies(thread)[0]
        await place.press(thread, "Fill in")
        await until(lambda: place.form() is not None)
        form = place.form()
        assert form is not None
        assert form.labels == ("Topic", "Tone", "Lines")
        assert form.values == ("", "dry", "3")
        await place.fill({"Topic": "the moon", "Tone": "warm", "Lines": "4"})
        await answered(app, 2)
    assert place.replies(thread)[1:] == ["4 lines: the moon"]
    (request,) = dify.requests
    assert request.path == PATHS[mode]
    assert dict(request.inputs) == {"topic": "the moon", "tone": "warm", "lines": 4}


async def test_what_is_filled_in_for_one_result_does_not_count_for_the_next(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.setup = AppSetup(inputs=FORM)
    dify.script = lambda request, turns: Answer(f"About {request.inputs['topic']}.")
    async with bridge() as app:
        thread = await place.ask("!generate")
        await answered(app, 1)
        await place.press(thread, "Fill in")
        await until(lambda: place.form() is not None)
        await place.fill({"Topic": "the moon"})
        await answered(app, 2)
        await place.say(thread, "the sun")
        await answered(app, 3)
    assert place.replies(thread)[1:] == ["About the moon.", "About the sun."]


@pytest.mark.parametrize("mode", list(PATHS))
async def test_an_app_without_a_form_is_asked_with_the_words_alone(
    place: Place, dify: Dify, bridge: Bridge, mode: str
) -> None:
    dify.script = lambda request, turns: Answer("Done.")
    async with bridge() as app:
        thread = await place.ask("!generate")
        await answered(app, 1)
        await place.say(thread, "Go")
        await answered(app, 2)
    refused, done = place.replies(thread)
    assert errors.DifyLacks.notice in refused
    assert done == "Done."
    assert [(one.path, one.query) for one in dify.requests] == [
        (PATHS[mode], "Go" if mode == "completion" else "")
    ]


async def test_a_form_may_be_sent_as_empty_as_it_is(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.setup = AppSetup(inputs=(FormInput("topic", "Topic"),))
    dify.script = lambda request, turns: Answer("About nothing.")
    async with bridge() as app:
        thread = await place.ask("!generate")
        await answered(app, 1)
        await place.press(thread, "Fill in")
        await until(lambda: place.form() is not None)
        await place.fill({})
        await answered(app, 2)
    assert place.replies(thread)[1:] == ["About nothing."]


async def test_words_fill_the_only_field_for_words(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.setup = AppSetup(inputs=(FormInput("topic", "Topic", default="cats"), FORM[2]))
    dify.script = lambda request, turns: Answer(f"About {request.inputs['topic']}.")
    async with bridge() as app:
        thread = await place.ask("dogs")
        await answered(app, 1)
    assert place.replies(thread) == ["About dogs."]
    assert dict(dify.requests[0].inputs) == {"topic": "dogs", "lines": 3}


async def test_several_outputs_are_told_by_name(place: Place, dify: Dify, bridge: Bridge) -> None:
    outputs = {"title": "The sea", "words": 3, "tags": ["blue", "deep"]}
    dify.script = lambda request, turns: Answer("", outputs=outputs)
    async with bridge() as app:
        thread = await place.ask("Go")
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert [line.partition(": ")[2] for line in reply.splitlines()] == ["The sea", "3", '["blue","deep"]']


async def test_a_model_that_fails_leaves_what_it_said(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer("Half of a result", fail_after=2)
    async with bridge() as app:
        thread = await place.ask("Go")
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert reply.startswith("Half of")
    assert errors.DifyModelFailed.notice in reply


@pytest.mark.parametrize("mode", list(PATHS))
async def test_a_result_that_is_being_made_can_be_stopped(
    place: Place, dify: Dify, bridge: Bridge, mode: str
) -> None:
    dify.script = lambda request, turns: Answer("word " * 200, tokens_per_second=40)
    async with bridge() as app:
        thread = await place.ask("Go")
        await until(lambda: "Stop" in place.buttons(thread))
        await place.press(thread, "Stop")
        await answered(app, 1)
    (stopped,) = {(one.path.rpartition("/stop")[0].rpartition("/")[0], one.user) for one in dify.stopped}
    expected = {"completion": "/v1/completion-messages", "workflow": "/v1/workflows/tasks"}[mode]
    assert stopped == (expected, dify.requests[0].user)
