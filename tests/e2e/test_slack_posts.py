"""What stands in a thread from an earlier process, and what stands on a message that waits."""

import logging
import time
from collections.abc import AsyncIterator

import pytest

from adapters.slack.adapter import SlackAdapter
from bridge.errors import NotAllowed, TryOtherwise
from bridge.types import Body, Message, MessageRef, Thread
from sandbox.slack import Slack, SlackMessage
from tests.e2e.slack_hosts import Recorder, listening


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack() as stand_in:
        yield stand_in


async def direct(slack: Slack) -> Thread:
    """A thread of a direct message, which is answered by streams."""
    ada = slack.add_user("Ada")
    dm = slack.open_dm(ada)
    return Thread("slack", slack.team_id, dm, await slack.say(dm, ada, "Hello?"))


async def edit(adapter: SlackAdapter, ref: MessageRef, body: Body) -> None:
    """As a reply does it: again where another way is known now."""
    for _ in range(3):
        try:
            return await adapter.edit(ref, body)
        except TryOtherwise:
            pass
    raise AssertionError("no way was found")


def own(slack: Slack, thread: Thread) -> list[SlackMessage]:
    return [message for message in slack.messages(thread.channel, thread.id) if message.bot_id]


async def test_a_post_is_found_by_its_key_also_by_another_process(slack: Slack) -> None:
    thread, since = await direct(slack), time.time()
    async with listening(slack, Recorder()) as before:
        first = await before.post(thread, Body("One"), "one.0")
        second = await before.post(thread, Body("Two"), "two.0")
    async with listening(slack, Recorder()) as after:
        assert await after.find(thread, "two.0", since, ()) == second
        assert await after.find(thread, "one.0", since, ()) == first
        assert await after.find(thread, "one.0", since, (first,)) is None
        assert await after.find(thread, "three.0", since, ()) is None


async def test_a_stream_whose_process_was_killed_is_found_and_grows_to_its_end(slack: Slack) -> None:
    thread, since = await direct(slack), time.time()
    async with listening(slack, Recorder()) as before:
        page = await before.stream(thread, Body("Page one.", final=False), "key.0")
        await edit(before, page, Body("Page one.", final=True))
        left = await before.stream(thread, Body("Half an"), "key.1")
    assert [message.streaming for message in own(slack, thread)] == [False, True]
    async with listening(slack, Recorder()) as after:
        ref = await after.find(thread, "key.1", since, (page,))
        assert ref == left
        for text in ("Half an answer", "Half an answer grows"):
            await edit(after, ref, Body(text))
            assert own(slack, thread)[-1].text.startswith(text)
        await edit(after, ref, Body("Another answer, and whole.", final=True))
        assert await after.find(thread, "key.1", since, (page,)) == ref
        assert await after.find(thread, "other.0", since, ()) is None
    assert [message.text for message in own(slack, thread)] == ["Page one.", "Another answer, and whole."]
    assert not any(message.streaming for message in own(slack, thread))


async def test_a_stream_of_which_only_the_place_is_known_grows_to_its_end(slack: Slack) -> None:
    thread = await direct(slack)
    async with listening(slack, Recorder()) as before:
        ref = await before.stream(thread, Body("Half an"), "key.0")
    async with listening(slack, Recorder()) as after:
        for text in ("Half an answer", "Half an answer grows"):
            await edit(after, ref, Body(text))
        await edit(after, ref, Body("A whole answer.", final=True))
        assert await after.find(thread, "other.0", time.time(), ()) is None
    (message,) = own(slack, thread)
    assert (message.text, message.streaming) == ("A whole answer.", False)


async def test_a_stream_that_outlived_its_process_and_its_time_is_put_right(slack: Slack) -> None:
    thread, since = await direct(slack), time.time()
    async with listening(slack, Recorder()) as before:
        await before.stream(thread, Body("Half an"), "key.0")
    slack.stream_lifetime = 0.0
    async with listening(slack, Recorder()) as after:
        ref = await after.find(thread, "key.0", since, ())
        assert ref is not None
        await edit(after, ref, Body("A whole answer.", final=True))
        assert await after.find(thread, "other.0", since, ()) is None
        assert await after.find(thread, "key.0", since, ()) == ref
    (message,) = own(slack, thread)
    assert (message.text, message.streaming) == ("A whole answer.", False)


async def test_streams_of_other_answers_are_not_taken_for_this_one(slack: Slack) -> None:
    thread, since = await direct(slack), time.time()
    async with listening(slack, Recorder()) as before:
        ended = await before.stream(thread, Body("An answer"), "old.0")
        await edit(before, ended, Body("An answer.", final=True))
        known = await before.stream(thread, Body("Page one of"), "key.0")
    async with listening(slack, Recorder()) as after:
        assert await after.find(thread, "key.1", since, (known,)) is None
        assert await after.find(thread, "key.1", time.time() + 60, ()) is None
        assert await after.find(thread, "old.0", since, ()) == ended


async def test_a_message_that_waits_is_marked_until_it_is_not(slack: Slack) -> None:
    ada, channel = slack.add_user("Ada"), slack.add_channel("general")
    host = Recorder()
    async with listening(slack, host) as adapter:
        message = await waiting(slack, host, channel, ada)
        await adapter.mark_queued(message)
        await adapter.mark_queued(message)
        assert slack.messages(channel)[0].reactions == ("hourglass_flowing_sand",)
        await adapter.unmark_queued(message)
        await adapter.unmark_queued(message)
        assert slack.messages(channel)[0].reactions == ()
        (lane,) = adapter.mark_lanes(message)
    assert lane.limit == 20
    assert not lane.private


async def test_without_the_right_to_react_it_is_said_once_how_to_get_it(
    slack: Slack, caplog: pytest.LogCaptureFixture
) -> None:
    ada, channel = slack.add_user("Ada"), slack.add_channel("general")
    host = Recorder()
    slack.fail("reactions.add", "missing_scope", times=2)
    async with listening(slack, host) as adapter:
        message = await waiting(slack, host, channel, ada)
        with caplog.at_level(logging.INFO):
            for _ in range(2):
                with pytest.raises(NotAllowed):
                    await adapter.mark_queued(message)
    assert caplog.text.count("reactions:write") == 1


async def waiting(slack: Slack, host: Recorder, channel: str, person: str) -> Message:
    await slack.say(channel, person, "Hello?")
    await host.hears("Hello?")
    return host.heard[0]
