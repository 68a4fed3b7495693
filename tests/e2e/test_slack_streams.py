"""Replies that grow as native Slack streams, and every trap of theirs."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bridge.errors import RateLimited
from bridge.settings import Settings, SlackStreaming
from bridge.types import Body, Thread
from sandbox.dify import Answer, Dify
from sandbox.slack import Call, SlackMessage
from tests.e2e.conftest import Bridge, Configure, answered, until
from tests.e2e.places import SlackPlace
from tests.e2e.slack_hosts import Recorder, listening

WORDS = " ".join(f"word{number}" for number in range(60))
LONG = "\n\n".join(
    f"Paragraph {number}. " + " ".join(f"w{number}x{word}" for word in range(75)) for number in range(30)
)


class StreamingPlace(SlackPlace):
    """A Slack whose replies grow natively wherever that is possible."""

    streaming = SlackStreaming.NATIVE

    def settings(self, dify: Dify, database: str) -> Settings:
        return super().settings(dify, database).model_copy(update={"slack_streaming": self.streaming})

    def methods(self) -> list[str]:
        return [call.method for call in self.slack.calls if call.method.startswith("chat.")]

    def own(self, thread: str) -> list[SlackMessage]:
        channel, _, ts = thread.rpartition("/")
        messages = self.slack.messages(channel or self.channel, ts)
        return [message for message in messages if message.bot_id]


@pytest.fixture
async def place() -> AsyncIterator[StreamingPlace]:
    async with StreamingPlace() as stand_in:
        yield stand_in


async def test_an_answer_grows_in_one_stream(place: StreamingPlace, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=60)
    async with bridge() as app:
        thread = await place.tell("Hello?")
        await answered(app, 1)
    methods = place.methods()
    assert methods[0] == "chat.startStream"
    assert methods[-1] == "chat.stopStream"
    assert set(methods[1:-1]) == {"chat.appendStream"}
    assert place.replies(thread) == [WORDS]
    assert not any(message.streaming for message in place.own(thread))


async def test_in_a_channel_slack_is_told_for_whom_the_text_grows(
    place: StreamingPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(WORDS)
    async with bridge() as app:
        thread = await place.ask("Hello?")
        await answered(app, 1)
    (start,) = [call for call in place.slack.calls if call.method == "chat.startStream"]
    assert start.args["recipient_user_id"] == place.person
    assert start.args["recipient_team_id"] == place.slack.team_id
    assert place.replies(thread) == [WORDS]


async def test_for_whoever_is_from_another_workspace_slack_is_told_which(
    place: StreamingPlace, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    dify.script = lambda request, turns: Answer(WORDS)
    configure("[apps.default]\noutsiders = true\n")
    guest = place.slack.add_user("Guest", team="T0OUTSIDE")
    async with bridge() as app:
        thread = await place.ask("Hello?", person=guest)
        await answered(app, 1)
    (start,) = [call for call in place.slack.calls if call.method == "chat.startStream"]
    assert (start.args["recipient_user_id"], start.args["recipient_team_id"]) == (guest, "T0OUTSIDE")
    assert start.error == ""
    assert place.replies(thread) == [WORDS]


@pytest.mark.parametrize("setting", [SlackStreaming.AUTO, SlackStreaming.EDIT])
async def test_in_a_channel_everybody_sees_the_reply_grow_unless_told_otherwise(
    place: StreamingPlace, dify: Dify, bridge: Bridge, setting: SlackStreaming
) -> None:
    place.streaming = setting
    dify.script = lambda request, turns: Answer(WORDS)
    async with bridge() as app:
        await place.ask("Hello?")
        await place.tell("Hello?")
        await answered(app, 2)
    started = [call.channel for call in place.slack.calls if call.method == "chat.startStream"]
    assert started == ([place.slack.open_dm(place.person)] if setting is SlackStreaming.AUTO else [])


async def test_a_long_answer_goes_on_in_further_streams_and_every_word_arrives_once(
    place: StreamingPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(LONG, tokens_per_second=3000)
    async with bridge() as app:
        thread = await place.tell("Tell me everything")
        await answered(app, 1)
    replies = place.replies(thread)
    assert len(replies) >= 2
    assert " ".join(replies).split() == LONG.split()
    assert all(len(reply.encode()) <= 9_000 for reply in replies)
    assert not any(message.streaming for message in place.own(thread))
    assert "chat.update" not in place.methods()


async def test_steps_appear_as_tasks_and_are_all_complete_in_the_end(
    place: StreamingPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(
        WORDS, first_token_after=1.6, steps=("Knowledge retrieval",), tokens_per_second=200
    )
    async with bridge() as app:
        thread = await place.tell("Look it up")
        await answered(app, 1)
    tasks: dict[str, tuple[str, str]] = {}
    for call in place.slack.calls:
        for chunk in _chunks(call):
            if chunk.get("type") == "task_update":
                tasks[str(chunk["id"])] = str(chunk["title"]), str(chunk["status"])
    assert tasks
    assert {status for _, status in tasks.values()} == {"complete"}
    assert place.replies(thread) == [WORDS]


async def test_a_cut_answer_leaves_no_stream_open_and_says_so(
    place: StreamingPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.mode = "chat"
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=100, cut_after=40)
    async with bridge() as app:
        thread = await place.tell("Hello?")
        await answered(app, 1)
    (reply,) = place.own(thread)
    assert not reply.streaming
    assert reply.text.startswith(WORDS[:120])
    assert "connection to the AI service broke" in reply.text


async def test_somebody_who_presses_stop_gets_a_closed_reply_and_dify_is_told(
    place: StreamingPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(LONG, tokens_per_second=50)
    async with bridge() as app:
        thread = await place.tell("Tell me everything")
        await until(lambda: bool(place.own(thread)))
        (message,) = place.own(thread)
        channel, _, _ = thread.rpartition("/")
        await place.slack.stop_stream(channel, message.ts, place.person)
        await answered(app, 1)
        await until(lambda: dify.running == 0)
    (reply,) = place.own(thread)
    assert not reply.streaming
    assert "This answer was stopped." in reply.text
    assert any(call.path.endswith("/stop") for call in dify.calls)


@pytest.mark.parametrize("error", ["msg_too_long", "message_not_in_streaming_state"])
async def test_a_stream_that_takes_nothing_more_is_put_right_by_an_edit(
    place: StreamingPlace, dify: Dify, bridge: Bridge, error: str
) -> None:
    if error == "message_not_in_streaming_state":
        place.slack.stream_lifetime = 0.3
    else:
        place.slack.fail("chat.appendStream", error, times=1)
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=60)
    async with bridge() as app:
        thread = await place.tell("Hello?")
        await answered(app, 1)
    (reply,) = place.own(thread)
    assert reply.text == WORDS
    assert not reply.streaming
    assert place.methods()[-1] == "chat.update"


@pytest.mark.parametrize("carried_out", [True, False])
async def test_text_of_which_nobody_knows_whether_it_arrived_is_there_once(
    place: StreamingPlace, dify: Dify, bridge: Bridge, carried_out: bool
) -> None:
    place.slack.fail("chat.appendStream", "internal_error", status=500, carried_out=carried_out)
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=60)
    async with bridge() as app:
        thread = await place.tell("Hello?")
        await answered(app, 1)
    (reply,) = place.own(thread)
    assert reply.text == WORDS
    assert not reply.streaming


async def test_text_whose_sending_was_cut_off_is_there_once(place: StreamingPlace) -> None:
    host = Recorder()
    async with listening(place.slack, host) as adapter:
        dm, _, ts = (await place.tell("Hello?")).rpartition("/")
        ref = await adapter.stream(Thread("slack", place.slack.team_id, dm, ts), Body("One. "), "key.0")
        place.slack.latency = 0.2
        sending = asyncio.create_task(adapter.edit(ref, Body("One. Two. ")))
        await place.slack.wait_for(lambda: "chat.appendStream" in place.methods())
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await adapter.edit(ref, Body("One. Two. Three.", final=True))
        assert place.replies(f"{dm}/{ts}") == ["One. Two. Three."]


async def test_an_end_that_came_too_early_says_that_it_was_the_end_and_not_the_edit(
    place: StreamingPlace,
) -> None:
    async with listening(place.slack, Recorder()) as adapter:
        dm, _, ts = (await place.tell("Hello?")).rpartition("/")
        ref = await adapter.stream(Thread("slack", place.slack.team_id, dm, ts), Body("One. "), "key.0")
        otherwise = Body("Something else.", final=True)
        lanes = {lane.scope for lane in adapter.edit_lanes(ref, otherwise)}
        for method in ("chat.stopStream", "chat.update"):
            place.slack.fail(method, "ratelimited", status=429, retry_after=7)
            with pytest.raises(RateLimited) as refused:
                await adapter.edit(ref, otherwise)
            assert refused.value.scope == f"slack:{place.slack.team_id}:{method}"
            assert refused.value.scope in lanes
        await adapter.edit(ref, otherwise)
    assert place.replies(f"{dm}/{ts}") == ["Something else."]


async def test_a_workspace_without_the_feature_is_asked_once(
    place: StreamingPlace, dify: Dify, bridge: Bridge
) -> None:
    place.slack.fail("chat.startStream", "unknown_method", times=100)
    dify.script = lambda request, turns: Answer(WORDS)
    async with bridge() as app:
        one = await place.tell("One?")
        await answered(app, 1)
        other = await place.ask("Other?")
        await answered(app, 2)
    assert place.methods().count("chat.startStream") == 1
    assert place.replies(one) == place.replies(other) == [WORDS]


async def test_a_thread_that_cannot_be_streamed_is_answered_by_edits_and_the_others_are_streamed(
    place: StreamingPlace, dify: Dify, bridge: Bridge
) -> None:
    place.slack.fail("chat.startStream", "channel_type_not_supported", times=1)
    dify.script = lambda request, turns: Answer(WORDS)
    async with bridge() as app:
        one = await place.ask("One?")
        await answered(app, 1)
        other = await place.ask("Other?")
        await answered(app, 2)
    assert place.methods().count("chat.startStream") == 2
    assert place.methods().count("chat.postMessage") == 1
    assert place.replies(one) == place.replies(other) == [WORDS]


async def test_more_answers_than_streams_may_begin_are_edited_or_posted_whole_and_none_is_too_fast(
    place: StreamingPlace, dify: Dify, bridge: Bridge
) -> None:
    place.most_streams = 0
    dify.script = lambda request, turns: Answer(WORDS, tokens_per_second=40)
    async with bridge() as app:
        threads = await asyncio.gather(*(place.tell(f"{number}?") for number in range(75)))
        await answered(app, 75)
    assert place.too_fast == 0
    assert all(place.replies(thread) == [WORDS] for thread in threads)
    assert not any(message.streaming for thread in threads for message in place.own(thread))
    assert place.methods().count("chat.startStream") == 20


def _chunks(call: Call) -> list[dict[str, object]]:
    chunks = call.args.get("chunks")
    return [dict(chunk) for chunk in chunks if isinstance(chunk, dict)] if isinstance(chunks, list) else []
