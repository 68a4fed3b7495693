"""What people press and fill in reaches the host, and what it says reaches whoever pressed."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.adapter import SlackAdapter
from adapters.slack.asides import Asides
from adapters.slack.presses import Presses
from adapters.slack.web import SlackWeb
from bridge.errors import Leaving, NotAllowed, StoreError
from bridge.types import (
    Action,
    Body,
    Button,
    Field,
    FieldKind,
    Form,
    MessageRef,
    Press,
    Reaction,
    Style,
    Thread,
    Whisper,
)
from sandbox.slack import FormError, JsonObject
from tests.e2e.conftest import until
from tests.e2e.places import ShownForm, SlackPlace
from tests.e2e.slack_hosts import Recorder, listening

STOP = Button("Stop", Action.STOP, "r1", Style.DANGER)
LIKE = Button("👍", Action.LIKE, "m1")
DISLIKE = Button("👎", Action.DISLIKE, "m1")
ASK = Button("What else?", Action.ASK, "a1")
FORM = Form(
    "Order",
    (
        Field("topic", "Topic", required=True, default="Tea"),
        Field("size", "Size", FieldKind.CHOICE, options=("small", "large")),
        Field("gift", "Gift", FieldKind.CHECK),
    ),
    Action.FILL,
    "f1",
    intro="Please fill in.",
)


@pytest.fixture
async def place() -> AsyncIterator[SlackPlace]:
    async with SlackPlace() as stand_in:
        yield stand_in


class Slow(Recorder):
    """Takes longer to store a press than Slack waits."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go_on = asyncio.Event()
        self.reached = asyncio.Event()

    async def press(self, press: Press) -> Reaction:
        self.reached.set()
        await self.may_go_on.wait()
        return await super().press(press)


class Broken(Recorder):
    """Has a defect."""

    async def press(self, press: Press) -> Reaction:
        await super().press(press)
        raise RuntimeError("as it was told to")


async def posted(place: SlackPlace, adapter: SlackAdapter, *buttons: Button) -> tuple[str, MessageRef]:
    """A thread, and a final answer in it with these buttons."""
    ts = await place.ask("Hello?")
    thread = Thread("slack", place.slack.team_id, place.channel, ts)
    return ts, await adapter.post(thread, Body("Answer", final=True, buttons=buttons), "key.0")


def words(place: SlackPlace) -> str:
    """What the view before the person says."""
    view = place.slack.view(place.person)
    return view.text if view is not None else ""


async def a_thread(place: SlackPlace) -> str:
    """One in which something was replied."""
    thread = await place.ask("Hello?")
    await place.say(thread, "Anybody?")
    return thread


def a_press(place: SlackPlace, thread: str) -> JsonObject:
    """What Slack says of a press in a thread, without a private address."""
    return {
        "type": "block_actions",
        "user": {"id": place.person},
        "container": {
            "channel_id": place.channel,
            "message_ts": "1775407849.087100",
            "thread_ts": thread,
        },
        "actions": [{"action_id": "bridge:stop", "value": "r1", "action_ts": "1775407849.087100"}],
    }


@asynccontextmanager
async def taking(
    place: SlackPlace, host: Recorder, *, within_seconds: float = 30.0, most_waiting: int = 500
) -> AsyncIterator[Presses]:
    """Presses, without a connection over which they come."""
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(token=place.slack.bot_token, base_url=place.slack.url, session=session)
        web = SlackWeb(client)
        async with Presses(web, host, Asides(web), host.deliver, within_seconds, most_waiting) as presses:
            yield presses


async def test_a_pressed_button_reaches_the_host_once_with_who_and_what(place: SlackPlace) -> None:
    host = Recorder()
    async with listening(place.slack, host) as adapter:
        thread, _ = await posted(place, adapter, LIKE, DISLIKE, STOP, ASK)
        assert place.buttons(thread) == ["👍", "👎", "Stop", "What else?"]
        for label in ("Stop", "👎", "What else?"):
            await place.press(thread, label)
        grace = place.another_person()
        await place.press(thread, "👍", person=grace)
    assert [(press.action, press.value, press.person.id) for press in host.pressed] == [
        (Action.STOP, "r1", place.person),
        (Action.DISLIKE, "m1", place.person),
        (Action.ASK, "a1", place.person),
        (Action.LIKE, "m1", grace),
    ]
    owns = [press.id.rpartition(":")[2] for press in host.pressed]
    assert len(set(owns)) == 4
    assert all(0 < len(own) <= 20 for own in owns)
    assert place.whispers() == []


async def test_a_press_is_acknowledged_only_when_it_is_stored(place: SlackPlace) -> None:
    host = Slow()
    async with listening(place.slack, host) as adapter:
        thread, ref = await posted(place, adapter, STOP)
        sent = await place.slack.press(ref.id, "bridge:stop", place.person)
        await host.reached.wait()
        await place.say(thread, "Heard after it")
        await until(lambda: "Heard after it" in host.texts)
        assert place.slack.interactions[sent.id].acknowledged_after is None
        host.may_go_on.set()
        await place.slack.wait_for(lambda: place.slack.interactions[sent.id].acknowledged_after is not None)
    assert len(host.pressed) == 1


async def test_a_host_that_takes_too_long_does_not_let_slack_wait_and_the_press_counts(
    place: SlackPlace,
) -> None:
    host = Slow()
    host.answers = [Whisper("It was taken.")]
    async with listening(place.slack, host) as adapter:
        thread, _ = await posted(place, adapter, STOP)
        await place.press(thread, "Stop")
        assert host.pressed == []
        host.may_go_on.set()
        await until(lambda: place.whispers() == ["It was taken."])
    (sent,) = place.slack.interactions
    assert sent.acknowledged_after is not None
    assert 2.0 < sent.acknowledged_after < 3.0


async def test_a_form_is_shown_filled_in_and_comes_back(place: SlackPlace) -> None:
    host = Recorder()
    host.answers = [FORM, Whisper("Thank you.")]
    async with listening(place.slack, host) as adapter:
        thread, _ = await posted(place, adapter, ASK)
        await place.press(thread, "What else?")
        # It is there when Slack hears that the press was taken.
        assert place.form() == ShownForm("Order", ("Topic", "Size", "Gift"), ("Tea", "", ""))
        with pytest.raises(FormError):
            await place.fill({"Topic": ""})
        await place.fill({"Topic": "Coffee", "Size": "large", "Gift": "true"})
        assert place.form() is None
        await until(lambda: place.whispers() == ["Thank you."])
    asked, sent = host.pressed
    assert asked.filled is None
    assert (sent.action, sent.value, sent.person) == (Action.FILL, "f1", asked.person)
    assert sent.filled == (("topic", "Coffee"), ("size", "large"), ("gift", "true"))
    assert sent.id != asked.id
    (whisper,) = place.slack.whispers(place.person)
    assert (whisper.channel, whisper.thread_ts) == (place.channel, thread)


async def test_a_form_may_lead_to_another_one(place: SlackPlace) -> None:
    host = Recorder()
    host.answers = [FORM, Form("Second", (Field("why", "Why"),), Action.DISLIKE, "c1")]
    async with listening(place.slack, host) as adapter:
        thread, _ = await posted(place, adapter, ASK)
        await place.press(thread, "What else?")
        await until(lambda: place.form() is not None)
        await place.fill({})
        # One takes the place of the other at once.
        assert place.form() == ShownForm("Second", ("Why",), ("",))
        await place.fill({"Why": "Because."})
        assert place.form() is None
    assert host.pressed[-1].filled == (("why", "Because."),)
    assert len({press.id for press in host.pressed}) == 3
    assert [call.method for call in place.slack.calls].count("views.open") == 1


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (Form("Second", (Field("why", "Why"),), Action.DISLIKE, "c1"), ShownForm("Second", ("Why",), ("",))),
        (Whisper("Thank you."), "Thank you."),
        (StoreError(), StoreError.notice),
        (None, "It was taken."),
    ],
)
async def test_a_form_that_is_dealt_with_too_late_stays_open_until_there_is_something_to_show(
    place: SlackPlace, answer: Form | Whisper | StoreError | None, shown: ShownForm | str
) -> None:
    host = Slow()
    host.answers = [FORM, answer]
    async with listening(place.slack, host) as adapter:
        thread, _ = await posted(place, adapter, ASK)
        host.may_go_on.set()
        await place.press(thread, "What else?")
        host.may_go_on.clear()
        await place.fill({})
        assert "One moment" in words(place)
        host.may_go_on.set()
        if isinstance(shown, str):
            await until(lambda: shown in words(place))
        else:
            await until(lambda: place.form() == shown)
    assert place.whispers() == []


async def test_what_becomes_of_a_form_that_was_closed_meanwhile_is_whispered(place: SlackPlace) -> None:
    host = Slow()
    host.answers = [FORM, Whisper("Thank you.")]
    async with listening(place.slack, host) as adapter:
        thread, _ = await posted(place, adapter, ASK)
        host.may_go_on.set()
        await place.press(thread, "What else?")
        host.may_go_on.clear()
        await place.fill({})
        place.slack.dismiss(place.person)
        host.may_go_on.set()
        await until(lambda: place.whispers() == ["Thank you."])


async def test_a_host_that_says_nothing_is_not_waited_for_for_ever(place: SlackPlace) -> None:
    thread = await a_thread(place)
    async with taking(place, Slow(), within_seconds=0.2) as presses:
        assert await presses.take(a_press(place, thread)) == {}
        await until(lambda: len(place.whispers()) == 1)
    assert "not known whether this was taken" in place.whispers()[0]


async def test_whoever_presses_when_too_much_is_pressed_is_told_at_once(place: SlackPlace) -> None:
    host, thread = Slow(), await a_thread(place)
    async with taking(place, host, most_waiting=2) as presses:
        waiting = [asyncio.create_task(presses.take(a_press(place, thread))) for _ in range(2)]
        await host.reached.wait()
        assert await presses.take(a_press(place, thread)) == {}
        (told,) = place.whispers()
        assert "Too much is going on" in told
        host.may_go_on.set()
        await asyncio.gather(*waiting)
        await presses.take(a_press(place, thread))
    assert len(host.pressed) == 3


async def test_after_a_press_that_a_leaving_process_turned_away_others_get_the_presses(
    place: SlackPlace,
) -> None:
    host = Recorder()
    host.answers = [Leaving()]
    async with listening(place.slack, host) as adapter:
        thread, _ = await posted(place, adapter, STOP)
        await place.press(thread, "Stop")
        await place.slack.wait_for(lambda: place.slack.connections == 0)
        await until(lambda: place.whispers() == [Leaving.notice])
        other = Recorder()
        async with listening(place.slack, other):
            await place.press(thread, "Stop")
    assert (len(host.pressed), len(other.pressed)) == (1, 1)


async def test_a_whisper_is_seen_by_whoever_pressed_in_the_thread_and_mentions_nobody(
    place: SlackPlace,
) -> None:
    host = Recorder()
    host.answers = [Whisper("Not yours, <!here>.")]
    async with listening(place.slack, host) as adapter:
        thread, _ = await posted(place, adapter, STOP)
        grace = place.another_person()
        await place.press(thread, "Stop", person=grace)
        await until(lambda: place.whispers() != [])
    (whisper,) = place.slack.whispers(grace)
    assert (whisper.text, whisper.thread_ts) == ("Not yours, &lt;!here&gt;.", thread)
    assert place.slack.whispers(place.person) == []


@pytest.mark.parametrize("error", [StoreError(), Leaving(), NotAllowed()])
async def test_what_could_not_be_taken_is_said_to_whoever_pressed(
    place: SlackPlace, error: StoreError | Leaving | NotAllowed
) -> None:
    host = Recorder()
    host.answers = [error]
    async with listening(place.slack, host) as adapter:
        thread, _ = await posted(place, adapter, STOP)
        await place.press(thread, "Stop")
        await until(lambda: place.whispers() == [error.notice])


async def test_a_form_that_cannot_be_opened_any_more_is_told(place: SlackPlace) -> None:
    place.slack.fail("views.open", "expired_trigger_id")
    host = Recorder()
    host.answers = [FORM]
    async with listening(place.slack, host) as adapter:
        thread, _ = await posted(place, adapter, ASK)
        await place.press(thread, "What else?")
        await until(lambda: place.whispers() == ["This took too long. Please press it again."])
    assert place.form() is None


async def test_without_a_private_address_the_whisper_is_posted(place: SlackPlace) -> None:
    host = Recorder()
    host.answers = [Whisper("Here."), Whisper("There."), Whisper("And there.")]
    async with listening(place.slack, host) as adapter:
        thread, ref = await posted(place, adapter, STOP)
        pressed: JsonObject = {
            "type": "block_actions",
            "user": {"id": place.person},
            "container": {"channel_id": place.channel, "message_ts": ref.id, "thread_ts": thread},
            "actions": [{"action_id": "bridge:stop", "value": "r1", "action_ts": "1775407849.087100"}],
        }
        await place.slack.interact(pressed)
        await until(lambda: place.whispers() == ["Here."])
        # One address that Slack does not listen at, and one that is used up.
        used_up = place.slack.url.replace("/api/", "/actions/none")
        for words, url in (("There.", "http://127.0.0.2:9/actions"), ("And there.", used_up)):
            await place.slack.interact({**pressed, "response_url": url})
            await until(lambda: place.whispers()[-1] == words)  # noqa: B023 - awaited here
    whispered = [call for call in place.slack.calls if call.method == "chat.postEphemeral"]
    assert [call.args["thread_ts"] for call in whispered] == [thread] * 3


async def test_a_defect_in_one_press_ends_nothing_else(
    place: SlackPlace, caplog: pytest.LogCaptureFixture
) -> None:
    host = Broken()
    async with listening(place.slack, host) as adapter:
        thread, _ = await posted(place, adapter, STOP)
        await place.press(thread, "Stop")
        await place.press(thread, "Stop")
        await place.say(thread, "Still there?")
        await until(lambda: "Still there?" in host.texts)
    assert len(host.pressed) == 2
    assert "a press could not be dealt with" in caplog.text


async def test_what_is_none_of_ours_is_ignored_and_what_is_broken_ends_nothing(
    place: SlackPlace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "adapters.slack")
    host = Recorder()
    async with listening(place.slack, host) as adapter:
        thread, _ = await posted(place, adapter, STOP)
        payloads: tuple[JsonObject, ...] = (
            {"type": "block_actions", "user": {"id": "U1"}, "actions": []},
            {"type": "block_actions", "user": {"id": "U1"}, "actions": [{"action_id": "other:app"}]},
            {"type": "view_submission", "user": {"id": "U1"}, "view": {"id": "V1", "callback_id": "other"}},
            {"type": "shortcut", "callback_id": "bridge:ask", "user": {"id": "U1"}},
            {"type": "block_actions", "user": "U1"},
            {"team": 5, "user": []},
            {},
        )
        for payload in payloads:
            acknowledged = len(place.slack.acks)
            await place.slack.interact(payload)
            await place.slack.wait_for(lambda: len(place.slack.acks) > acknowledged)  # noqa: B023 - awaited here
        await place.press(thread, "Stop")
    assert [press.action for press in host.pressed] == [Action.STOP]
    assert caplog.text.count("an interaction of another kind is ignored") == 7


async def test_a_streamed_answer_gets_its_buttons_and_sources_with_its_end(place: SlackPlace) -> None:
    host = Recorder()
    async with listening(place.slack, host) as adapter:
        told = await place.tell("Hello?")
        dm, _, ts = told.rpartition("/")
        thread = Thread("slack", place.slack.team_id, dm, ts)
        ref = await adapter.stream(thread, Body("One", buttons=(STOP,)), "key.0")
        await adapter.edit(ref, Body("One two", buttons=(STOP,)))
        assert place.buttons(told) == []
        end = Body("One two.", final=True, sources=("Handbook",), buttons=(LIKE, DISLIKE, ASK))
        await adapter.edit(ref, end)
        assert place.buttons(told) == ["👍", "👎", "What else?"]
        assert place.replies(told) == ["One two.\nSources:  1. Handbook"]
        await place.press(told, "👍")
        await adapter.edit(ref, Body("One two.", final=True, sources=("Handbook",)))
        assert place.buttons(told) == []
        assert place.replies(told) == ["One two.\nSources:  1. Handbook"]
    assert [press.action for press in host.pressed] == [Action.LIKE]


async def test_buttons_come_and_go_with_edits(place: SlackPlace) -> None:
    async with listening(place.slack, Recorder()) as adapter:
        ts = await place.ask("Hello?")
        thread = Thread("slack", place.slack.team_id, place.channel, ts)
        ref = await adapter.post(thread, Body("Working", buttons=(STOP,)), "key.0")
        assert place.buttons(ts) == ["Stop"]
        await adapter.edit(ref, Body("Done", final=True, buttons=(LIKE, DISLIKE)))
        assert place.buttons(ts) == ["👍", "👎"]
        assert not adapter.same(Body("Done", buttons=(STOP,)), Body("Done"))
        assert not adapter.empty(thread, Body("", final=True, buttons=(ASK,)))
        assert adapter.empty(thread, Body("", final=True, sources=("Handbook",)))
