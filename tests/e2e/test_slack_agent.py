"""Slack's agent view, and the older assistant view: suggestions, what somebody looks at, the line under a
thread while the bot is at work, and a session that is always released."""

import logging
from collections.abc import AsyncIterator

import pytest

from adapters.slack.adapter import SlackAdapter
from bridge import conversation
from bridge.settings import Settings, SlackStreaming
from bridge.types import Body, MessageRef, Offer, Thread
from bridge.words import english
from sandbox.dify import Answer, Dify
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import SlackPlace
from tests.e2e.slack_hosts import Recorder, listening

WORDS = " ".join(f"word{number}" for number in range(60))
OFFER = Offer("Guide", prompts=("What can you do?", "Mention <!channel> now", "Three?", "Four?", "Five?"))


class AgentPlace(SlackPlace):
    """A Slack where somebody talks to the agent in its messages tab."""

    streaming = SlackStreaming.AUTO

    def settings(self, dify: Dify, database: str) -> Settings:
        return super().settings(dify, database).model_copy(update={"slack_streaming": self.streaming})

    def __init__(self) -> None:
        super().__init__()
        self.direct = self.slack.open_dm(self.person)

    def called(self, method: str) -> int:
        return sum(call.method == method for call in self.slack.calls)

    def statuses(self) -> list[tuple[str, object]]:
        """What was to stand under threads, and what it should turn through, in order."""
        return [
            (str(call.args["status"]), call.args.get("loading_messages"))
            for call in self.slack.calls
            if call.method == "assistant.threads.setStatus"
        ]

    async def acknowledged(self, event: str) -> None:
        await self.slack.wait_for(lambda: event not in self.slack.unacked)


@pytest.fixture
async def place() -> AsyncIterator[AgentPlace]:
    async with AgentPlace() as stand_in:
        yield stand_in


def offering(offer: Offer = OFFER) -> Recorder:
    host = Recorder()
    host.offered = offer
    return host


# --- suggestions ---


async def test_whoever_opens_the_messages_is_shown_what_could_be_asked(place: AgentPlace) -> None:
    async with listening(place.slack, offering()):
        await place.slack.open_messages(place.person)
        await until(lambda: place.slack.prompts(place.direct).prompts != ())
    shown = place.slack.prompts(place.direct)
    assert shown.title == english.HOME_PROMPTS
    assert [message for _, message in shown.prompts] == [
        "What can you do?",
        "Mention ‹!channel› now",
        "Three?",
        "Four?",
    ]


async def test_an_app_that_suggests_nothing_costs_no_call(place: AgentPlace) -> None:
    async with listening(place.slack, offering(Offer())):
        await place.acknowledged(await place.slack.open_messages(place.person))
        await place.slack.open_home(place.person)
        await until(lambda: place.slack.home(place.person) is not None)
    assert place.called("assistant.threads.setSuggestedPrompts") == 0


async def test_a_workspace_without_agents_is_asked_once_and_the_log_says_so(
    place: AgentPlace, caplog: pytest.LogCaptureFixture
) -> None:
    place.slack.agents_available = False
    with caplog.at_level(logging.INFO, "adapters.slack.surfaces"):
        async with listening(place.slack, offering()):
            for _ in range(3):
                await place.acknowledged(await place.slack.open_messages(place.person))
                await until(lambda: place.called("assistant.threads.setSuggestedPrompts") == 1)
                await until(lambda: any("nothing is suggested" in line for line in caplog.messages))
    assert place.called("assistant.threads.setSuggestedPrompts") == 1
    assert sum("nothing is suggested" in line for line in caplog.messages) == 1


async def test_a_thread_of_the_older_view_is_shown_what_could_be_asked(place: AgentPlace) -> None:
    async with listening(place.slack, offering()):
        thread = await place.slack.begin_assistant_thread(place.person)
        await until(lambda: place.slack.prompts(place.direct, thread).prompts != ())


# --- what somebody looks at ---


async def test_what_somebody_looks_at_goes_with_their_question(place: AgentPlace) -> None:
    host = offering()
    team, ts = place.slack.team_id, "1700000000.000100"
    async with listening(place.slack, host):
        await place.slack.open_messages(place.person, looking_at=place.channel)
        await place.slack.say(place.direct, place.person, "One")
        await until(lambda: host.texts == ["One"])
        await place.slack.look_at(place.person, place.channel, ts)
        await place.slack.say(place.direct, place.person, "Two")
        await until(lambda: host.texts == ["One", "Two"])
        await place.slack.look_at(place.person, "")
        await place.slack.say(place.direct, place.person, "Three")
        await until(lambda: host.texts == ["One", "Two", "Three"])
    channel = ("slack_channel_id", place.channel)
    assert [dict(message.context) for message in host.heard] == [
        dict([channel, ("slack_team_id", team)]),
        dict([channel, ("slack_message_ts", ts), ("slack_team_id", team)]),
        {},
    ]


async def test_what_is_said_with_the_question_itself_counts_and_is_remembered(place: AgentPlace) -> None:
    host = offering()
    async with listening(place.slack, host):
        await place.slack.say(place.direct, place.person, "One", looking_at=place.channel)
        await until(lambda: len(host.heard) == 1)
        await place.slack.say(place.direct, place.person, "Two")
        await until(lambda: len(host.heard) == 2)
    assert [dict(one.context).get("slack_channel_id") for one in host.heard] == [place.channel] * 2


async def test_what_somebody_looks_at_is_nobody_elses_and_of_no_channel(place: AgentPlace) -> None:
    host, grace = offering(), place.another_person()
    async with listening(place.slack, host):
        await place.slack.look_at(place.person, place.channel)
        await place.slack.say(place.slack.open_dm(grace), grace, "Mine")
        await place.slack.say(place.channel, place.person, f"<@{place.slack.bot_user_id}> Ours")
        await until(lambda: {"Mine", "Ours"} <= set(host.texts))
    assert {message.context for message in host.heard} == {()}


async def test_the_older_view_says_what_is_looked_at_for_one_thread(place: AgentPlace) -> None:
    host = offering()
    async with listening(place.slack, host):
        thread = await place.slack.begin_assistant_thread(place.person, looking_at=place.channel)
        other = place.slack.add_channel("other")
        await place.slack.say(place.direct, place.person, "One", thread_ts=thread)
        await until(lambda: len(host.heard) == 1)
        await place.slack.look_at_from(thread, place.person, other)
        await place.slack.say(place.direct, place.person, "Two", thread_ts=thread)
        await place.slack.say(place.direct, place.person, "Elsewhere")
        await until(lambda: len(host.heard) == 3)
    seen = {message.text: dict(message.context).get("slack_channel_id") for message in host.heard}
    assert seen == {"One": place.channel, "Two": other, "Elsewhere": None}


# --- while the bot is at work ---


async def test_a_line_says_that_the_bot_thinks_until_there_is_something_to_read(
    place: AgentPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(WORDS, first_token_after=0.6)
    async with bridge() as app:
        thread = (await place.tell("Hello?")).rpartition("/")[2]
        await until(lambda: place.slack.status(place.direct, thread) == english.IS_THINKING)
        await answered(app, 1)
        assert place.slack.status(place.direct, thread) == ""
    assert place.slack.hanging == []
    assert place.replies(f"{place.direct}/{thread}") == [WORDS]


async def test_the_line_turns_through_what_the_app_is_busy_with(
    place: AgentPlace, dify: Dify, bridge: Bridge
) -> None:
    place.streaming = SlackStreaming.EDIT
    dify.script = lambda request, turns: Answer(
        "Found it.", steps=("Search the wiki", "s" * 80), step_seconds=1.2
    )
    async with bridge() as app:
        thread = (await place.tell("Where?")).rpartition("/")[2]
        await until(lambda: place.slack.loading(place.direct, thread) == ("Search the wiki",))
        await until(lambda: place.slack.loading(place.direct, thread) == ("s" * 50,))
        await answered(app, 1)
    # Told there, it needs no message of its own.
    assert place.states(f"{thread}") == []
    assert place.replies(f"{place.direct}/{thread}") == ["Found it."]
    assert place.slack.status(place.direct, thread) == ""


async def test_a_step_that_takes_long_gets_a_message_that_can_be_stopped(
    place: AgentPlace, dify: Dify, bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "STEPS_SHOWN_ALSO_AFTER_SECONDS", 0.5)
    place.streaming = SlackStreaming.EDIT
    dify.script = lambda request, turns: Answer("Found it.", steps=("Search",), step_seconds=2.5)
    async with bridge() as app:
        thread = await place.tell("Where?")
        await until(lambda: place.buttons(thread) == ["Stop"])
        await answered(app, 1)


async def test_in_a_channel_there_is_no_line_and_nothing_to_release(
    place: AgentPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(WORDS, first_token_after=0.3)
    async with bridge() as app:
        await place.ask("Hello?")
        await answered(app, 1)
    assert place.called("assistant.threads.setStatus") == 0
    assert place.called("agents.sessions.setStatus") == 0


async def test_an_app_that_may_not_show_that_it_thinks_answers_all_the_same(
    place: AgentPlace, dify: Dify, bridge: Bridge, caplog: pytest.LogCaptureFixture
) -> None:
    place.slack.fail("assistant.threads.setStatus", "missing_scope")
    dify.script = lambda request, turns: Answer("Yes.", first_token_after=0.3)
    with caplog.at_level(logging.INFO, "adapters.slack.sessions"):
        async with bridge() as app:
            for number in range(1, 3):
                await place.tell("Hello?")
                await answered(app, number)
    assert place.called("assistant.threads.setStatus") == 1
    assert sum("not shown that an answer" in line for line in caplog.messages) == 1


# --- a session is released however an answer ends ---


async def test_a_stream_that_ends_releases_its_session_by_itself(
    place: AgentPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=100)
    async with bridge() as app:
        await place.tell("Hello?")
        await until(lambda: len(place.slack.hanging) == 1)
        await answered(app, 1)
    assert place.slack.hanging == []
    assert place.called("agents.sessions.setStatus") == 0


async def test_a_stream_that_outlives_its_time_is_released(
    place: AgentPlace, dify: Dify, bridge: Bridge
) -> None:
    place.slack.stream_lifetime = 0.5
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=60)
    async with bridge() as app:
        thread = await place.tell("Hello?")
        await answered(app, 1)
    assert place.slack.hanging == []
    assert place.called("agents.sessions.setStatus") == 1
    assert " ".join(place.replies(thread)) == WORDS


async def test_a_failure_of_the_app_releases_the_session(
    place: AgentPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=100, fail_after=20)
    async with bridge() as app:
        thread = await place.tell("Hello?")
        await answered(app, 1)
    assert place.slack.hanging == []
    assert place.slack.status(place.direct, thread.rpartition("/")[2]) == ""


async def test_a_session_that_somebody_stops_is_released_though_nothing_is_running(place: AgentPlace) -> None:
    host = offering()
    async with listening(place.slack, host) as adapter:
        thread, _ = await streaming(place, adapter)
        await place.slack.stop_session(place.direct, thread.id, place.person)
        await until(lambda: place.slack.hanging == [])
    assert [(where, person.id) for where, person in host.ended] == [(thread, place.person)]


async def test_an_answer_that_somebody_stops_ends_and_its_session_is_released(
    place: AgentPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=10)
    async with bridge() as app:
        thread = (await place.tell("Hello?")).rpartition("/")[2]
        await until(lambda: len(place.slack.hanging) == 1)
        await place.slack.stop_session(place.direct, thread, place.person)
        await answered(app, 1)
    assert place.slack.hanging == []
    (reply,) = place.replies(f"{place.direct}/{thread}")
    assert english.STOPPED in reply


async def test_what_a_restarted_bridge_finds_at_work_is_released(
    place: AgentPlace, dify: Dify, bridge: Bridge
) -> None:
    place.drain_seconds = 0
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=60)
    async with bridge() as app:
        thread = await place.tell("Hello?")
        await until(lambda: len(place.replies(thread)) == 1)
        app.leave()
    assert place.slack.hanging == []
    async with bridge() as app:
        await answered(app, 1)
    assert place.slack.hanging == []
    assert place.replies(thread) == [WORDS]


async def test_a_release_that_fails_is_tried_again(place: AgentPlace, dify: Dify, bridge: Bridge) -> None:
    place.slack.stream_lifetime = 0.5
    place.slack.fail("agents.sessions.setStatus", "internal_error", status=500)
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=60)
    async with bridge() as app:
        await place.tell("Hello?")
        await answered(app, 1)
    assert place.slack.hanging == []
    assert place.called("agents.sessions.setStatus") == 2


async def test_without_sessions_nothing_is_released_twice_and_the_line_goes(place: AgentPlace) -> None:
    place.slack.agents_available = False
    async with listening(place.slack, offering()) as adapter:
        thread = await a_thread(place)
        await adapter.show_waiting(thread, "Searching")
        assert place.slack.loading(place.direct, thread.id) == ("Searching",)
        adapter.inherit(thread)
        await adapter.release(thread)
        assert place.slack.status(place.direct, thread.id) == ""
        adapter.inherit(thread)
        assert adapter.release_lanes(thread) == ()
        await adapter.release(thread)
    assert place.called("agents.sessions.setStatus") == 1


async def test_a_line_that_nobody_needs_any_more_goes(place: AgentPlace) -> None:
    async with listening(place.slack, offering()) as adapter:
        thread = await a_thread(place)
        await adapter.show_waiting(thread)
        await adapter.release(thread)
        await adapter.release(thread)
    assert place.statuses() == [(english.IS_THINKING, None), ("", None)]


async def test_below_a_message_the_line_is_not_put_up_again(place: AgentPlace) -> None:
    async with listening(place.slack, offering()) as adapter:
        thread = await a_thread(place)
        await adapter.post(thread, Body("Answer", final=True), "key.0")
        await adapter.show_waiting(thread)
        assert adapter.waiting_lanes(thread) == ()
        await adapter.release(thread)
        await adapter.show_waiting(thread)
    assert place.statuses() == [(english.IS_THINKING, None)]


async def a_thread(place: AgentPlace) -> Thread:
    ts = await place.slack.say(place.direct, place.person, "Hello?")
    return Thread("slack", place.slack.team_id, place.direct, ts)


async def streaming(place: AgentPlace, adapter: SlackAdapter) -> tuple[Thread, MessageRef]:
    """A thread in which the bot is at work."""
    thread = await a_thread(place)
    ref = await adapter.stream(thread, Body("Well"), "key.0")
    assert place.slack.hanging == [(place.direct, thread.id)]
    return thread, ref
