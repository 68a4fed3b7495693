"""Slack's slash command and its action on messages: what is told the bot, and what becomes of it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.slack.commands import ABOUT_CALLBACK_ID
from bridge.errors import Leaving, StoreError
from bridge.types import (
    Action,
    Begin,
    Field,
    FieldKind,
    Form,
    Invocation,
    Order,
    Reaction,
    Thread,
    Whisper,
)
from bridge.words import english
from sandbox.dify import Answer, Dify
from sandbox.slack import Interaction, SlackMessage
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import SlackPlace
from tests.e2e.slack_hosts import Recorder, listening

FORM = Form("Ask", (Field("question", "Your question", FieldKind.PARAGRAPH),), Action.ABOUT, "-")


@pytest.fixture
async def place() -> AsyncIterator[SlackPlace]:
    async with SlackPlace() as stand_in:
        yield stand_in


class Slow(Recorder):
    """Takes longer to make up its mind than Slack waits."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go_on = asyncio.Event()

    async def invoke(self, invocation: Invocation) -> Reaction:
        await self.may_go_on.wait()
        return await super().invoke(invocation)


def reacting(*answers: Reaction) -> Recorder:
    host = Recorder()
    host.invocation_answers = list(answers)
    return host


async def heard(place: SlackPlace, sent: Interaction) -> float:
    """Seconds until it was acknowledged."""
    interactions = place.slack.interactions
    await place.slack.wait_for(lambda: interactions[sent.id].acknowledged_after is not None)
    return interactions[sent.id].acknowledged_after or 0.0


async def tell(place: SlackPlace, text: str, channel: str = "") -> float:
    return await heard(place, await place.slack.command(channel or place.channel, place.person, text))


def own(place: SlackPlace, thread: str | None = None, channel: str = "") -> list[SlackMessage]:
    return [one for one in place.slack.messages(channel or place.channel, thread) if one.bot_id]


@pytest.mark.parametrize(
    ("written", "order", "text"),
    [
        ("", Order.HELP, ""),
        ("help", Order.HELP, ""),
        ("ask Why is it so?", Order.ASK, "Why is it so?"),
        ("Why is it so?", Order.ASK, "Why is it so?"),
        ("ask", Order.ASK, ""),
        ("New", Order.NEW, ""),
        ("STOP ", Order.STOP, ""),
        ("generate a poem", Order.GENERATE, "a poem"),
        ("about this", Order.ASK, "about this"),
        (
            "newest  numbers &amp; <https://a.example|all>",
            Order.ASK,
            "newest  numbers & all (https://a.example)",
        ),
    ],
)
async def test_a_command_is_an_order_and_what_is_left_is_its_text(
    place: SlackPlace, written: str, order: Order, text: str
) -> None:
    host = reacting()
    async with listening(place.slack, host):
        assert await tell(place, written) < 3.0
    (invocation,) = host.invoked
    assert (invocation.order, invocation.text) == (order, text)
    assert invocation.place == Thread("slack", place.slack.team_id, place.channel, place.channel)
    assert invocation.person.id == place.person
    assert invocation.prefix == "/dify "


async def test_each_use_of_a_command_has_an_id_of_its_own(place: SlackPlace) -> None:
    host = reacting()
    async with listening(place.slack, host):
        for _ in range(3):
            await tell(place, "ask The same?")
    owns = [one.id.rpartition(":")[2] for one in host.invoked]
    assert len(set(owns)) == 3
    assert all(0 < len(own) <= 20 for own in owns)


async def test_a_question_stands_in_the_channel_and_a_thread_grows_from_it(place: SlackPlace) -> None:
    host = reacting(Begin("Why is it so?\n<!channel> *now*", filled=(("topic", "tea"),)))
    async with listening(place.slack, host):
        await tell(place, "Why is it so?")
        await until(lambda: len(host.heard) == 1)
    (root,) = own(place)
    assert root.text == f"<@{place.person}> asked:\n> Why is it so?\n> &lt;!channel&gt; _now_"
    (message,) = host.heard
    assert message.thread == Thread("slack", place.slack.team_id, place.channel, root.ts)
    assert message.id == host.invoked[0].id
    assert message.author.id == place.person
    assert message.text == "Why is it so?\n<!channel> *now*"
    assert message.filled == (("topic", "tea"),)
    assert message.addressed
    assert message.pressed
    # Whoever looks for an answer there later does not take it for one.
    assert root.metadata is not None


async def test_where_the_bot_is_not_it_says_so_with_the_fix_and_nothing_is_asked(place: SlackPlace) -> None:
    elsewhere = place.slack.add_channel("elsewhere", bot_is_member=False)
    host = reacting(Begin("Why?"))
    async with listening(place.slack, host):
        await tell(place, "Why?", elsewhere)
        await until(lambda: place.whispers() == [english.SLACK_MAY_NOT_WRITE])
    assert host.heard == []
    assert own(place, channel=elsewhere) == []


async def test_where_only_some_may_write_it_says_so(place: SlackPlace) -> None:
    place.slack.fail("chat.postMessage", "restricted_action_read_only_channel")
    host = reacting(Begin("Why?"))
    async with listening(place.slack, host):
        await tell(place, "Why?")
        await until(lambda: place.whispers() == [english.SLACK_MAY_NOT_WRITE])
    assert host.heard == []


async def test_a_sentence_reaches_only_whoever_used_the_command_also_where_the_bot_is_not(
    place: SlackPlace,
) -> None:
    elsewhere = place.slack.add_channel("elsewhere", bot_is_member=False)
    host = reacting(Whisper("**Stopped** <!here>."))
    async with listening(place.slack, host):
        await tell(place, "stop", elsewhere)
        await until(lambda: place.whispers() == ["*Stopped* &lt;!here&gt;."])
    assert own(place, channel=elsewhere) == []


async def test_a_question_that_cannot_be_kept_does_not_stay_in_the_channel(place: SlackPlace) -> None:
    host = reacting(Begin("Why?"))
    host.failures = [StoreError("as it was told to")]
    async with listening(place.slack, host):
        await tell(place, "Why?")
        await until(lambda: place.whispers() == [StoreError.notice])
        await until(lambda: own(place) == [])


async def test_a_form_opens_and_what_is_sent_begins_a_thread_in_the_channel(place: SlackPlace) -> None:
    host = reacting(FORM)
    host.answers = [Begin("From the form?")]
    async with listening(place.slack, host):
        await tell(place, "ask")
        await until(lambda: place.slack.view(place.person) is not None)
        await heard(place, await place.slack.submit(place.person, {"Your question": "Well?"}))
        await until(lambda: len(host.heard) == 1)
    (press,) = host.pressed
    assert (press.action, press.value, press.filled) == (Action.ABOUT, "-", (("question", "Well?"),))
    assert press.place == Thread("slack", place.slack.team_id, place.channel, place.channel)
    (root,) = own(place)
    assert host.heard[0].thread.id == root.ts
    assert host.heard[0].id == press.id
    assert place.slack.view(place.person) is None


async def test_a_form_that_leads_to_where_the_bot_is_not_says_so_in_its_place(place: SlackPlace) -> None:
    elsewhere = place.slack.add_channel("elsewhere", bot_is_member=False)
    host = reacting(FORM)
    host.answers = [Begin("From the form?")]
    async with listening(place.slack, host):
        await tell(place, "ask", elsewhere)
        await until(lambda: place.slack.view(place.person) is not None)
        await heard(place, await place.slack.submit(place.person, {"Your question": "Well?"}))
        view = place.slack.view(place.person)
    assert view is not None
    assert view.text == english.SLACK_MAY_NOT_WRITE
    assert host.heard == []


async def test_a_form_that_was_only_filled_in_says_who_did(place: SlackPlace) -> None:
    host = reacting(Begin("", filled=(("topic", "tea"),)))
    async with listening(place.slack, host):
        await tell(place, "generate")
        await until(lambda: len(host.heard) == 1)
    (root,) = own(place)
    assert root.text == f"<@{place.person}> filled in a form:"


async def test_a_host_that_takes_too_long_does_not_let_slack_wait_and_answers_later(
    place: SlackPlace,
) -> None:
    host = Slow()
    host.invocation_answers = [Whisper("It was long.")]
    async with listening(place.slack, host):
        assert 2.0 < await tell(place, "help") < 3.0
        host.may_go_on.set()
        await until(lambda: place.whispers() == ["It was long."])


async def test_a_command_to_a_bot_that_leaves_is_turned_away_with_a_sentence(place: SlackPlace) -> None:
    host = reacting(Begin("Why?"))
    host.failures = [Leaving("as it was told to")]
    async with listening(place.slack, host):
        await tell(place, "Why?")
        await until(lambda: place.whispers() == [Leaving.notice])
        await place.slack.wait_for(lambda: place.slack.connections == 0)


async def test_a_command_in_direct_messages_is_answered_there(place: SlackPlace) -> None:
    direct = place.slack.open_dm(place.person)
    host = reacting(Begin("Why?"))
    async with listening(place.slack, host):
        await tell(place, "Why?", direct)
        await until(lambda: len(host.heard) == 1)
    (root,) = own(place, channel=direct)
    assert host.heard[0].thread == Thread("slack", place.slack.team_id, direct, root.ts)


@pytest.mark.parametrize("reply", [False, True])
async def test_the_action_on_a_message_names_it_its_thread_and_its_words(
    place: SlackPlace, reply: bool
) -> None:
    root = await place.say_in_channel("The first")
    about = root
    if reply:
        about = await place.slack.say(
            place.channel, place.person, f"See <@{place.slack.bot_user_id}> &lt;this&gt;", thread_ts=root
        )
    host = reacting()
    async with listening(place.slack, host):
        await heard(place, await use(place, about))
    (invocation,) = host.invoked
    assert (invocation.order, invocation.about) == (Order.ABOUT, about)
    assert invocation.text == ("See  <this>" if reply else "The first")
    assert invocation.place == Thread("slack", place.slack.team_id, place.channel, root)


async def test_what_is_asked_about_a_message_is_asked_in_its_thread(place: SlackPlace) -> None:
    root = await place.say_in_channel("The first")
    host = reacting(FORM)
    host.answers = [Begin("What of it?", about=root)]
    async with listening(place.slack, host):
        await heard(place, await use(place, root))
        await until(lambda: place.slack.view(place.person) is not None)
        await heard(place, await place.slack.submit(place.person, {"Your question": "What of it?"}))
        await until(lambda: any(one.pressed for one in host.heard))
    (asked,) = [one for one in host.heard if one.pressed]
    assert asked.thread.id == root
    (written,) = own(place, root)
    assert written.text == f"<@{place.person}> asked:\n> What of it?"


async def test_somebody_elses_action_on_a_message_is_not_ours(place: SlackPlace) -> None:
    root = await place.say_in_channel("The first")
    host = reacting()
    async with listening(place.slack, host):
        await heard(place, await place.slack.use_shortcut(place.channel, root, "another", place.person))
        await tell(place, "help")
    assert [one.order for one in host.invoked] == [Order.HELP]


async def test_many_commands_at_once_are_never_too_fast_for_slack(place: SlackPlace) -> None:
    host = reacting(*[Begin("Why?")] * 5, *[Whisper("No.")] * 40, *[FORM] * 40)
    async with listening(place.slack, host):
        for _ in range(85):
            await place.slack.command(place.channel, place.person, "Why?")
        await until(lambda: len(host.heard) == 5 and len(place.whispers()) == 40)
        await until(lambda: sum(call.method == "views.open" for call in place.slack.calls) == 40)
    assert [call.method for call in place.slack.calls if call.status == 429] == []


async def test_nonsense_instead_of_a_command_is_heard_and_does_nothing(place: SlackPlace) -> None:
    host = reacting()
    async with listening(place.slack, host):
        await place.slack.interact({"command": "/dify", "channel_id": 7, "trigger_id": None})
        await place.slack.interact(
            {"type": "message_action", "callback_id": ABOUT_CALLBACK_ID, "message": []}
        )
        await place.slack.wait_for(lambda: len(place.slack.acks) == 2)
        await tell(place, "help")
    assert [one.order for one in host.invoked] == [Order.HELP]


# --- through the whole bridge ---


async def test_what_is_asked_with_a_command_is_answered_below_it_and_not_said_twice(
    place: SlackPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"To {request.query}")
    async with bridge() as app:
        await tell(place, "ask Why is it so?")
        await answered(app, 1)
        (root,) = own(place)
        assert root.text == f"<@{place.person}> asked:\n> Why is it so?"
        assert [one.text for one in place.slack.messages(place.channel, root.ts)[1:]] == ["To Why is it so?"]
        await place.say(root.ts, "And then?")
        await answered(app, 2)
    assert [request.query for request in dify.requests] == ["Why is it so?", "And then?"]
    assert dify.requests[1].conversation_id


async def test_help_names_the_command_that_was_used(place: SlackPlace, dify: Dify, bridge: Bridge) -> None:
    async with bridge():
        await tell(place, "")
        await until(lambda: any("`/dify ask`" in one for one in place.whispers()))
    assert own(place) == []


async def test_the_action_on_a_message_asks_about_it_in_its_thread(
    place: SlackPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("It is about tea.")
    root = await place.say_in_channel("Tea is served at five.")
    async with bridge() as app:
        await heard(place, await use(place, root))
        await place.slack.wait_for(lambda: place.slack.view(place.person) is not None)
        view = place.slack.view(place.person)
        assert view is not None
        assert "Tea is served at five." in [one.value for one in view.inputs]
        await heard(
            place, await place.slack.submit(place.person, {view.inputs[0].label: "What is it about?"})
        )
        await answered(app, 1)
    assert place.replies(root)[-1] == "It is about tea."
    (request,) = dify.requests
    assert "What is it about?" in request.query
    assert "Tea is served at five." in request.query


async def use(place: SlackPlace, ts: str) -> Interaction:
    return await place.slack.use_shortcut(place.channel, ts, ABOUT_CALLBACK_ID, place.person)
