"""One answer growing on screen, against both platforms."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.slack.adapter import SlackAdapter
from adapters.slack.streams import LIFETIME_SECONDS
from bridge.budget import Budget
from bridge.errors import LeaseLost, PlatformDown, TryOtherwise
from bridge.reply import Begun, Reply
from bridge.types import Body, MessageRef, Thread
from sandbox.slack import Limits, Slack
from tests.e2e.quiet_host import QuietHost

LONG = "".join(f"This is sentence {number}. " for number in range(1200))


@asynccontextmanager
async def asked(
    slack: Slack, *, direct: bool = False, lifetime: float = LIFETIME_SECONDS
) -> AsyncIterator[tuple[SlackAdapter, Thread]]:
    """Somebody has asked in a channel, or in a direct message where replies are streamed; gives a connected
    adapter and the thread."""
    person = slack.add_user("Ada")
    channel = slack.open_dm(person) if direct else slack.add_channel("general")
    adapter = SlackAdapter(slack.bot_token, slack.app_token, slack.url, stream_lifetime_seconds=lifetime)
    async with connected(slack, adapter):
        ts = await slack.say(channel, person, "Hello?")
        yield adapter, Thread("slack", slack.team_id, channel, ts)


@asynccontextmanager
async def shows(reply: Reply) -> AsyncIterator[None]:
    """The reply runs, and comes to its end by itself after the block."""
    showing = asyncio.create_task(reply.run())
    yield
    async with asyncio.timeout(20):
        await showing


@asynccontextmanager
async def replying(
    slack: Slack, *, direct: bool = False, lifetime: float = LIFETIME_SECONDS
) -> AsyncIterator[tuple[Reply, str, str]]:
    """A reply to what was asked, running; gives it, the channel and the thread."""
    async with asked(slack, direct=direct, lifetime=lifetime) as (adapter, thread):
        reply = Reply(adapter, thread, Budget(), "key", ignored, Held(), Begun(time.time()))
        async with shows(reply):
            yield reply, thread.channel, thread.id


class Held:
    """A hold that stands, until it is said to be lost."""

    lost = False

    def stands(self) -> bool:
        return not self.lost

    async def standing(self) -> None:
        if self.lost:
            raise LeaseLost


@asynccontextmanager
async def connected(slack: Slack, adapter: SlackAdapter) -> AsyncIterator[None]:
    before = slack.connections
    listening = asyncio.create_task(adapter.run(QuietHost()))
    try:
        await slack.wait_for(lambda: slack.connections > before)
        yield
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def ignored(page: int, ref: MessageRef) -> None: ...


def shown(slack: Slack, channel: str, ts: str) -> list[str]:
    return [message.text for message in slack.messages(channel, ts) if message.bot_id]


async def test_an_answer_that_is_taken_back_leaves_no_message_of_it_behind() -> None:
    async with Slack() as slack:
        async with replying(slack) as (reply, channel, ts):
            reply.write(LONG)
            await slack.wait_for(lambda: len(shown(slack, channel, ts)) > 1)
            reply.close("I cannot help with that.")
        assert shown(slack, channel, ts) == ["I cannot help with that."]


async def test_intermediate_states_are_skipped_and_the_last_one_lands() -> None:
    async with Slack() as slack:
        async with replying(slack) as (reply, channel, ts):
            for length in range(1, 400):
                reply.write("word " * length)
                await asyncio.sleep(0)
            reply.close("word " * 400 + "end")
        (text,) = shown(slack, channel, ts)
        assert text.split() == ["word"] * 400 + ["end"]
        assert len([call for call in slack.calls if call.method.startswith("chat.")]) <= 3


async def test_what_is_written_after_the_end_changes_nothing() -> None:
    async with Slack() as slack:
        async with replying(slack) as (reply, channel, ts):
            reply.close("The end.", "Stopped here.")
            reply.write("More")
            reply.close("Another end.")
        (text,) = shown(slack, channel, ts)
        assert "The end." in text
        assert "Stopped here." in text


async def test_a_post_that_may_have_arrived_is_looked_for_before_it_is_posted_again() -> None:
    async with Slack() as slack:
        slack.fail("chat.postMessage", "internal_error", times=1)
        async with replying(slack) as (reply, channel, ts):
            reply.close("Once.")
        assert shown(slack, channel, ts) == ["Once."]
        assert "conversations.replies" in [call.method for call in slack.calls]


async def test_a_message_that_nobody_may_post_ends_the_reply() -> None:
    async with Slack() as slack:
        slack.fail("chat.postMessage", "restricted_action", times=1)
        async with replying(slack) as (reply, channel, ts):
            reply.close("Never seen.")
        assert reply.lost is not None
        assert shown(slack, channel, ts) == []


async def test_many_answers_share_one_budget_and_are_never_too_fast() -> None:
    async with Slack(limits=Limits()) as slack:
        adapter = SlackAdapter(slack.bot_token, slack.app_token, slack.url)
        budget = Budget()
        async with connected(slack, adapter):
            person = slack.add_user("Ada")
            threads = []
            for number in range(12):
                channel = slack.add_channel(f"c{number}")
                ts = await slack.say(channel, person, "Hello?")
                threads.append(Thread("slack", slack.team_id, channel, ts))
            replies = [
                Reply(adapter, thread, budget, f"k{n}", ignored, Held(), Begun(time.time()))
                for n, thread in enumerate(threads)
            ]
            showing = [asyncio.create_task(reply.run()) for reply in replies]
            for step in range(1, 41):
                for reply in replies:
                    reply.write("word " * step)
                await asyncio.sleep(0.05)
            for reply in replies:
                reply.close("word " * 40 + "end")
            async with asyncio.timeout(20):
                await asyncio.gather(*showing)
        assert [call.status for call in slack.calls if call.status == 429] == []
        for thread in threads:
            assert shown(slack, thread.channel, thread.id)[0].endswith("end")


PARAGRAPHS = [f"This is paragraph {number}, and it ends here." for number in range(90)]


async def grow(reply: Reply, parts: list[str], joint: str) -> None:
    """Write the parts, one every twentieth of a second."""
    for count in range(1, len(parts) + 1):
        reply.write(joint.join(parts[:count]) + joint)
        await asyncio.sleep(0.05)
    reply.close(joint.join(parts))


async def test_a_stream_that_grows_old_ends_with_a_paragraph_and_the_reply_goes_on_in_the_next() -> None:
    async with Slack(stream_lifetime=5) as slack:
        async with replying(slack, direct=True, lifetime=4.0) as (reply, channel, ts):
            await grow(reply, PARAGRAPHS, "\n\n")
        pages = shown(slack, channel, ts)
        assert len(pages) > 1
        assert [part for page in pages for part in page.split("\n\n")] == PARAGRAPHS
        assert not any(message.streaming for message in slack.messages(channel, ts))
        assert "chat.update" not in [call.method for call in slack.calls]


async def test_a_stream_that_grows_old_within_a_paragraph_goes_on_as_an_ordinary_message() -> None:
    async with Slack(stream_lifetime=1.5) as slack:
        async with replying(slack, direct=True, lifetime=1.0) as (reply, channel, ts):
            await grow(reply, PARAGRAPHS, " ")
        assert shown(slack, channel, ts) == [" ".join(PARAGRAPHS)]
        assert not any(message.streaming for message in slack.messages(channel, ts))
        assert [call.method for call in slack.calls].count("chat.stopStream") == 1


async def test_an_answer_that_is_taken_back_replaces_what_was_streamed() -> None:
    async with Slack() as slack:
        async with replying(slack, direct=True) as (reply, channel, ts):
            reply.write("Something that will not stay. " * 5)
            await slack.wait_for(lambda: len(shown(slack, channel, ts)) == 1)
            reply.close("I cannot help with that.")
        assert shown(slack, channel, ts) == ["I cannot help with that."]
        assert not any(message.streaming for message in slack.messages(channel, ts))


async def test_after_a_restart_a_message_that_still_streams_can_be_closed() -> None:
    async with Slack() as slack:
        async with asked(slack, direct=True) as (before, thread):
            ref = await before.stream(thread, Body("Half an ans"), "key.0")
        after = SlackAdapter(slack.bot_token, slack.app_token, slack.url)
        async with connected(slack, after):
            with pytest.raises(TryOtherwise):
                await after.edit(ref, Body("The whole answer.", final=True))
            assert {lane.scope.rpartition(":")[2] for lane in after.edit_lanes(ref, Body(""))} == {
                "chat.update",
                "chat.stopStream",
            }
            await after.edit(ref, Body("The whole answer.", final=True))
        (message,) = [message for message in slack.messages(thread.channel, thread.id) if message.bot_id]
        assert (message.text, message.streaming) == ("The whole answer.", False)


async def test_thoughts_are_hidden_or_stand_above_the_answer() -> None:
    for show in (False, True):
        async with Slack() as slack:
            async with asked(slack) as (adapter, thread):
                channel, ts = thread.channel, thread.id
                begun = Begun(time.time())
                reply = Reply(adapter, thread, Budget(), "key", ignored, Held(), begun, show_reasoning=show)
                showing = asyncio.create_task(reply.run())
                reply.write("<think>They greet me.")
                reply.show_steps()
                await slack.wait_for(lambda: len(shown(slack, channel, ts)) == 1)  # noqa: B023 - awaited here
                reply.write("<think>They greet me.</think>\n\nHello")
                reply.close("<think>They greet me.</think>\n\nHello to you!")
                await showing
            states = [frame.text for frame in slack.frames if frame.ts != ts]
            assert "Thinking" in states[0]
            assert "<think" not in "".join(states)
            assert states[-1].endswith("Hello to you!")
            assert ("They greet me." in states[-1]) is show
            assert not any("They greet me." in state for state in states) or show


async def test_what_is_said_of_a_step_stays_until_there_is_text() -> None:
    async with Slack() as slack:
        async with replying(slack) as (reply, channel, ts):
            reply.show_steps()
            reply.write("", step="Knowledge retrieval")
            await slack.wait_for(lambda: len(shown(slack, channel, ts)) == 1)
            reply.write("", step="")
            await asyncio.sleep(0.6)
            reply.write("I")
            await asyncio.sleep(0.6)
            reply.write("I know")
            reply.close("I know it.")
        assert shown(slack, channel, ts) == ["I know it."]
        assert "chat.delete" not in [call.method for call in slack.calls]


async def test_a_stream_whose_beginning_was_not_heard_of_is_found_and_goes_on() -> None:
    async with Slack() as slack:
        async with asked(slack, direct=True) as (adapter, thread):
            slack.fail("chat.startStream", "internal_error", status=500, carried_out=True)
            with pytest.raises(PlatformDown):
                await adapter.stream(thread, Body("Half an answer"), "key.0")
            slack.fail("conversations.replies", "internal_error", times=1)
            with pytest.raises(PlatformDown):
                await adapter.find(thread, "key.0", 0.0, ())
            ref = await adapter.find(thread, "key.0", 0.0, ())
            assert ref is not None
            await adapter.edit(ref, Body("Half an answer is whole now.", final=True))
        assert shown(slack, thread.channel, thread.id) == ["Half an answer is whole now."]
        assert not any(message.streaming for message in slack.messages(thread.channel, thread.id))


async def test_what_an_earlier_attempt_has_left_is_taken_up() -> None:
    async with Slack() as slack:
        async with left_behind(slack, "Half an ans", "and more") as (reply, channel, ts):
            reply.write("Half")
            await slack.wait_for(lambda: shown(slack, channel, ts)[0] == "Half")
            assert len(shown(slack, channel, ts)) == 2
            reply.close("Half an answer is whole now.")
        assert shown(slack, channel, ts) == ["Half an answer is whole now."]


async def test_a_message_of_an_earlier_attempt_that_is_gone_is_posted_anew() -> None:
    async with Slack() as slack:
        async with left_behind(slack, "Half an ans", gone=True) as (reply, channel, ts):
            reply.close("The whole answer.")
        assert shown(slack, channel, ts) == ["The whole answer."]


async def test_a_message_nobody_has_heard_of_is_found_before_it_would_be_posted_twice() -> None:
    async with Slack() as slack:
        async with asked(slack) as (adapter, thread):
            began = time.time()
            await adapter.post(thread, Body("Half an ans"), "key.0")
            reply = Reply(adapter, thread, Budget(), "key", ignored, Held(), Begun(began, again=True))
            reply.close("The whole answer.")
            await reply.run()
        assert shown(slack, thread.channel, thread.id) == ["The whole answer."]


async def test_whoever_has_lost_the_thread_says_nothing_more() -> None:
    async with Slack() as slack:
        hold = Held()
        async with left_behind(slack, "Half an ans", hold=hold) as (reply, channel, ts):
            hold.lost = True
            reply.write("Half an answer")
            reply.close("Never to be seen.")
        assert isinstance(reply.lost, LeaseLost)
        assert shown(slack, channel, ts) == ["Half an ans"]


@asynccontextmanager
async def left_behind(
    slack: Slack, *texts: str, gone: bool = False, hold: Held | None = None
) -> AsyncIterator[tuple[Reply, str, str]]:
    """A reply of which an earlier attempt has left these messages, running; gives it, the channel and the
    thread."""
    async with asked(slack) as (adapter, thread):
        began = time.time()
        refs = [await adapter.post(thread, Body(text), f"key.{n}") for n, text in enumerate(texts)]
        if gone:
            await adapter.delete(refs[0])
        begun = Begun(began, tuple(refs), again=True)
        reply = Reply(adapter, thread, Budget(), "key", ignored, hold or Held(), begun)
        async with shows(reply):
            yield reply, thread.channel, thread.id
