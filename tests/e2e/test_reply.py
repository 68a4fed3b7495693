"""One answer growing on screen, against both platforms."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.slack.adapter import SlackAdapter
from bridge.budget import Budget
from bridge.reply import Reply
from bridge.types import MessageRef, Thread
from sandbox.slack import Limits, Slack

LONG = "".join(f"This is sentence {number}. " for number in range(1200))


@asynccontextmanager
async def replying(slack: Slack) -> AsyncIterator[tuple[Reply, str, str]]:
    """A reply in a thread of a channel, running; gives it, the channel and the thread."""
    channel, person = slack.add_channel("general"), slack.add_user("Ada")
    adapter = SlackAdapter(slack.bot_token, slack.app_token, slack.url)

    async def ignore(_: object) -> None: ...

    listening = asyncio.create_task(adapter.run(ignore))
    await slack.wait_for(lambda: slack.connections > 0)
    ts = await slack.say(channel, person, "Hello?")

    async def posted(page: int, ref: MessageRef) -> None: ...

    reply = Reply(adapter, Thread("slack", slack.team_id, channel, ts), Budget(), "key", posted)
    showing = asyncio.create_task(reply.run())
    try:
        yield reply, channel, ts
        async with asyncio.timeout(20):
            await showing
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


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

        async def ignore(_: object) -> None: ...

        async def posted(page: int, ref: MessageRef) -> None: ...

        listening = asyncio.create_task(adapter.run(ignore))
        await slack.wait_for(lambda: slack.connections > 0)
        person = slack.add_user("Ada")
        threads = []
        for number in range(12):
            channel = slack.add_channel(f"c{number}")
            ts = await slack.say(channel, person, "Hello?")
            threads.append(Thread("slack", slack.team_id, channel, ts))
        replies = [Reply(adapter, thread, budget, f"k{n}", posted) for n, thread in enumerate(threads)]
        showing = [asyncio.create_task(reply.run()) for reply in replies]
        for step in range(1, 41):
            for reply in replies:
                reply.write("word " * step)
            await asyncio.sleep(0.05)
        for reply in replies:
            reply.close("word " * 40 + "end")
        async with asyncio.timeout(20):
            await asyncio.gather(*showing)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        assert [call.status for call in slack.calls if call.status == 429] == []
        for thread in threads:
            assert shown(slack, thread.channel, thread.id)[0].endswith("end")
