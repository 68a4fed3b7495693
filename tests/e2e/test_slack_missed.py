"""What people said while the bridge did not listen to Slack."""

from collections.abc import AsyncIterator

import pytest

from adapters.slack.missed import CALLS_PER_MINUTE
from bridge.types import Thread
from sandbox.dify import Answer, Dify
from sandbox.slack import Slack
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import SlackPlace
from tests.e2e.slack_hosts import Recorder, listening


@pytest.fixture
async def place() -> AsyncIterator[SlackPlace]:
    async with SlackPlace() as stand_in:
        yield stand_in


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack() as stand_in:
        yield stand_in


def reads(slack: Slack) -> int:
    return sum(call.method in ("conversations.replies", "conversations.history") for call in slack.calls)


async def test_what_was_said_in_an_open_thread_while_nobody_listened_is_answered_once(
    place: SlackPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"{request.query}!")
    async with bridge() as app:
        thread = await place.ask("one")
        await answered(app, 1)
    await place.say(thread, "two")
    await place.say(thread, "three")
    await place.slack.give_up()
    async with bridge() as app:
        await answered(app, 3)
    assert place.replies(thread) == ["one!", "two!", "three!"]


async def test_what_is_read_up_and_delivered_as_well_is_answered_once(
    place: SlackPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"{request.query}!")
    async with bridge() as app:
        thread = await place.ask("one")
        await answered(app, 1)
    await place.say(thread, "two")
    async with bridge() as app:
        await answered(app, 2)
        await until(lambda: reads(place.slack) == 2)
        await place.redeliver()
        await until(lambda: place.slack.unacked == [])
        await place.say(thread, "three")
        await answered(app, 3)
    assert place.replies(thread) == ["one!", "two!", "three!"]


async def test_what_is_too_old_is_left(slack: Slack) -> None:
    ada, channel = slack.add_user("Ada"), slack.add_channel("general")
    root = await slack.say(channel, ada, "first")
    old = await slack.say(channel, ada, "old", thread_ts=root)
    await slack.say(channel, ada, "new", thread_ts=root)
    await slack.say(channel, ada, "newer", thread_ts=root)
    await slack.give_up()
    host = Recorder(Thread("slack", slack.team_id, channel, root), since=float(old) + 5e-7)
    async with listening(slack, host):
        await host.hears("new", "newer")
    assert host.texts == ["new", "newer"]
    assert host.roles == [f"slack:{slack.team_id}:missed"]


async def test_direct_messages_are_read_up_with_the_threads_that_grew_from_them(slack: Slack) -> None:
    ada = slack.add_user("Ada")
    dm = slack.open_dm(ada)
    known = await slack.say(dm, ada, "known")
    host = Recorder(Thread("slack", slack.team_id, dm, known), since=float(known) + 5e-7)
    await slack.say(dm, ada, "in the thread", thread_ts=known)
    new = await slack.say(dm, ada, "new")
    await slack.say(dm, ada, "are you there?", thread_ts=new)
    await slack.give_up()
    async with listening(slack, host):
        await host.hears("new", "new", "are you there?", "in the thread")
    assert all(message.addressed for message in host.heard)
    assert {message.thread.id for message in host.heard} == {known, new}


async def test_in_a_channel_only_what_was_said_to_the_bot_is_read_up(slack: Slack) -> None:
    ada, channel = slack.add_user("Ada"), slack.add_channel("general")
    root = await slack.say(channel, ada, "root")
    host = Recorder(Thread("slack", slack.team_id, channel, root), since=float(root) + 5e-7)
    await slack.say(channel, ada, "to nobody")
    await slack.say(channel, ada, f"<@{slack.bot_user_id}> to the bot")
    await slack.say(channel, ada, "among us", thread_ts=root)
    await slack.give_up()
    async with listening(slack, host):
        await host.hears("to the bot", "among us")


async def test_a_place_that_cannot_be_read_does_not_keep_the_others_from_it(
    slack: Slack, caplog: pytest.LogCaptureFixture
) -> None:
    ada, channel = slack.add_user("Ada"), slack.add_channel("general")
    root = await slack.say(channel, ada, "root")
    gone = Thread("slack", slack.team_id, "C0GONE", "1.1")
    elsewhere = Thread("slack", "T0OTHER", channel, root)
    host = Recorder(gone, elsewhere, Thread("slack", slack.team_id, channel, root))
    slack.fail("conversations.history", "missing_scope", times=2)
    slack.fail("conversations.replies", "ratelimited", status=429, retry_after=0)
    await slack.give_up()
    async with listening(slack, host):
        await host.hears("root")
    assert "missing_scope" in caplog.text
    assert "channel_not_found" in caplog.text


async def test_a_long_thread_is_read_page_by_page(slack: Slack) -> None:
    ada, channel = slack.add_user("Ada"), slack.add_channel("general")
    root = await slack.say(channel, ada, "0")
    for number in range(1, 450):
        await slack.say(channel, ada, str(number), thread_ts=root)
    await slack.give_up()
    host = Recorder(Thread("slack", slack.team_id, channel, root))
    async with listening(slack, host):
        await until(lambda: len(host.heard) == 450)
    assert host.texts == [str(number) for number in range(450)]


async def test_what_the_bot_said_itself_is_not_read_up_and_nothing_is_when_that_is_switched_off(
    place: SlackPlace, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer("Yes.")
    async with bridge() as app:
        thread = Thread("slack", place.slack.team_id, place.channel, await place.ask("one"))
        await answered(app, 1)
    host = Recorder(thread)
    async with listening(place.slack, host):
        await host.hears("one", "one")
    off, before = Recorder(thread, since=4e9), reads(place.slack)
    async with listening(place.slack, off):
        await place.say(thread.id, "live")
        await off.hears("live")
    assert reads(place.slack) == before


async def test_after_a_long_absence_what_was_missed_is_read_again(slack: Slack) -> None:
    ada, channel = slack.add_user("Ada"), slack.add_channel("general")
    root = await slack.say(channel, ada, "root")
    await slack.give_up()
    host = Recorder(Thread("slack", slack.team_id, channel, root))
    async with listening(slack, host, away_seconds=2.5):
        await host.hears("root")
        await slack.cut()
        await slack.say(channel, ada, "lost", thread_ts=root)
        await slack.give_up()
        await host.hears("root", "root", "lost")


async def test_a_connection_that_is_only_refreshed_has_missed_nothing(slack: Slack) -> None:
    ada, channel = slack.add_user("Ada"), slack.add_channel("general")
    root = await slack.say(channel, ada, "root")
    await slack.give_up()
    host = Recorder(Thread("slack", slack.team_id, channel, root))
    async with listening(slack, host):
        await host.hears("root")
        before = reads(slack)
        await slack.disconnect()
        await slack.say(channel, ada, "live", thread_ts=root)
        await host.hears("root", "live")
    assert reads(slack) == before


async def test_reading_up_and_finding_posts_together_keep_within_what_slack_allows(slack: Slack) -> None:
    async with listening(slack, Recorder()) as adapter:
        (lane,) = adapter.find_lanes(Thread("slack", slack.team_id, "C1", "1.5"))
    allowed = slack.limits.replies
    assert allowed is not None
    assert lane.limit + CALLS_PER_MINUTE <= allowed.calls
    assert lane.seconds == allowed.seconds == 60.0
