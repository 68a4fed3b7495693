"""What stands below an answer in Slack: thumbs of Slack's own, and a menu of all else that can be done."""

from collections.abc import AsyncIterator

import pytest

from bridge.types import Action, Body, Button, MessageRef, Thread
from sandbox.dify import Answer, Dify
from sandbox.slack import JsonObject
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import SlackPlace
from tests.e2e.slack_hosts import Recorder, listening

LIKE, DISLIKE = Button("Good answer", Action.LIKE, "7"), Button("Bad answer", Action.DISLIKE, "7")
MENU = (
    Button("Sources", Action.SOURCES, "7"),
    Button("Ask again", Action.AGAIN, "7"),
    Button("Read aloud", Action.SPEAK, "7"),
    Button("Save as right answer", Action.CURATE, "7"),
)
ASK = Button("What else?", Action.ASK, "7:1")
ANSWER = Body("Answer", final=True, buttons=(LIKE, DISLIKE, *MENU, ASK))


@pytest.fixture
async def place() -> AsyncIterator[SlackPlace]:
    async with SlackPlace() as stand_in:
        yield stand_in


def kinds(place: SlackPlace, ref: MessageRef) -> list[tuple[str, list[str]]]:
    """The blocks below the text, and what is in each."""
    (message,) = [
        one for root in roots(place) for one in place.slack.messages(place.channel, root) if one.ts == ref.id
    ]
    return [
        (str(block["type"]), [str(element["type"]) for element in elements(block)])
        for block in message.blocks
        if "elements" in block
    ]


def roots(place: SlackPlace) -> list[str]:
    return [one.ts for one in place.slack.messages(place.channel)]


def elements(block: JsonObject) -> list[JsonObject]:
    found = block["elements"]
    assert isinstance(found, list)
    return found


async def a_thread(place: SlackPlace) -> Thread:
    return Thread("slack", place.slack.team_id, place.channel, await place.ask("Hello?"))


async def test_what_can_be_done_with_an_answer_is_one_menu_beside_the_thumbs(place: SlackPlace) -> None:
    host = Recorder()
    async with listening(place.slack, host) as adapter:
        thread = await a_thread(place)
        ref = await adapter.post(thread, ANSWER, "key.0")
        assert kinds(place, ref) == [
            ("context_actions", ["feedback_buttons"]),
            ("actions", ["overflow"]),
            ("actions", ["button"]),
        ]
        for button in (*MENU, LIKE, ASK):
            await place.press(thread.id, button.label)
    assert [(press.action, press.value) for press in host.pressed] == [
        *((button.action, "7") for button in MENU),
        (Action.LIKE, "7"),
        (Action.ASK, "7:1"),
    ]
    assert all(press.place == thread for press in host.pressed)


async def test_a_menu_of_one_is_a_button(place: SlackPlace) -> None:
    async with listening(place.slack, Recorder()) as adapter:
        body = Body("Answer", final=True, buttons=(LIKE, DISLIKE, MENU[0]))
        ref = await adapter.post(await a_thread(place), body, "key.0")
        assert kinds(place, ref) == [("context_actions", ["feedback_buttons"]), ("actions", ["button"])]


async def test_a_workspace_without_slacks_own_thumbs_gets_buttons_and_loses_no_answer(
    place: SlackPlace, dify: Dify, bridge: Bridge
) -> None:
    place.slack.refused_blocks = frozenset({"context_actions"})
    dify.script = lambda request, turns: Answer(f"To {request.query}", tokens_per_second=200)
    async with bridge() as app:
        first = await place.ask("One?")
        await answered(app, 1)
        second = await place.tell("Two?")
        await answered(app, 2)
        assert (place.replies(first), place.replies(second)) == (["To One?"], ["To Two?"])
        for thread in (first, second):
            await until(lambda thread=thread: "Good answer" in place.buttons(thread))  # type: ignore[misc]
        await place.press(first, "Good answer")
        await until(lambda: len(dify.ratings) == 1)
    refusals = [call.method for call in place.slack.calls if call.error == "invalid_blocks"]
    assert len(refusals) == 1


async def test_what_is_refused_for_another_reason_is_not_tried_again(place: SlackPlace) -> None:
    place.slack.refused_blocks = frozenset({"markdown"})
    async with listening(place.slack, Recorder()) as adapter:
        thread = await a_thread(place)
        with pytest.raises(Exception, match="invalid_blocks"):
            await adapter.post(thread, Body("Answer", final=True), "key.0")
