"""What the bot has left on Discord: posts found again, marks on what waits, and whose limits they spend."""

import time
from collections.abc import AsyncIterator

import pytest

from adapters.discord.adapter import DiscordAdapter
from bridge.errors import MessageGone, PlatformDown, PlatformError, TryOtherwise
from bridge.types import Body, Message, MessageRef, Thread
from sandbox.discord import Discord, Limits
from tests.e2e.conftest import until
from tests.e2e.discord_hosts import Listener, adapter

POSTS = "/channels/{id}/messages"


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    async with Discord(limits=Limits.off()) as stand_in:
        yield stand_in


@pytest.fixture
def channel(discord: Discord) -> str:
    return discord.add_channel(discord.add_guild(), "general")


@pytest.fixture
def ann(discord: Discord) -> str:
    return discord.add_user("ann")


@pytest.fixture
def host() -> Listener:
    return Listener()


@pytest.fixture
async def bot(discord: Discord, host: Listener) -> AsyncIterator[DiscordAdapter]:
    async with adapter(discord, host) as running:
        await discord.wait_for(lambda: discord.identifies == 1)
        yield running


async def asked(discord: Discord, host: Listener, channel: str, person: str) -> Message:
    """A question, as the adapter has heard it."""
    question = await discord.say(channel, person, f"<@{discord.bot_id}> Why?")
    await until(lambda: any(message.id == question for message in host.heard))
    return next(message for message in host.heard if message.id == question)


async def posted_unheard(discord: Discord, bot: DiscordAdapter, thread: Thread, text: str, key: str) -> None:
    """Post, with the answer to that lost."""
    discord.fail("POST", POSTS, 502, afterwards=True)
    with pytest.raises(PlatformDown):
        await bot.post(thread, Body(text), key)


async def test_a_post_that_was_not_heard_of_is_found(
    discord: Discord, host: Listener, bot: DiscordAdapter, channel: str, ann: str
) -> None:
    question = await asked(discord, host, channel, ann)
    await bot.open(question)
    since = time.time()
    assert await bot.find(question.thread, "a", since, ()) is None
    first = await bot.post(question.thread, Body("First."), "a")
    await discord.say(question.thread.id, ann, "And?")
    await posted_unheard(discord, bot, question.thread, "Second.", "b")
    second = discord.messages(question.thread.id)[-1]
    assert second.content == "Second."
    assert await bot.find(question.thread, "b", since, (first,)) == MessageRef(question.thread.id, second.id)
    # What was posted under another name is not it, even if nobody says that it is known.
    assert await bot.find(question.thread, "b", since, ()) == MessageRef(question.thread.id, second.id)
    assert await bot.find(question.thread, "a", since, ()) == first
    assert await bot.find(question.thread, "c", time.time() + 60, ()) is None
    assert sum(call.route == "/users/@me" for call in discord.calls) == 2  # the library asks for itself


async def test_a_post_is_found_after_a_restart_by_one_that_only_stands_by(
    discord: Discord, host: Listener, bot: DiscordAdapter, channel: str, ann: str
) -> None:
    question = await asked(discord, host, channel, ann)
    await bot.open(question)
    since = time.time()
    first = await bot.post(question.thread, Body("First."), "a")
    second = await bot.post(question.thread, Body("Second."), "b")
    async with adapter(discord, Listener(host.roles)) as other:
        await until(lambda: len(host.roles.wanted) == 2)
        assert await other.find(question.thread, "b", since, (first,)) == second
        await other.edit(second, Body("Second, whole."))
    assert discord.messages(question.thread.id)[-1].content == "Second, whole."
    assert discord.identifies == 1


async def test_an_answer_in_a_channel_is_found_among_others(
    discord: Discord, host: Listener, bot: DiscordAdapter, channel: str, ann: str
) -> None:
    discord.forbid_threads(channel)
    since = time.time()
    one, other = [await asked(discord, host, channel, ann) for _ in range(2)]
    for question in (one, other):
        await bot.open(question)
    await bot.post(one.thread, Body("To one."), "one")
    await posted_unheard(discord, bot, other.thread, "To the other.", "other")
    answer = discord.messages(channel)[-1]
    assert (answer.content, answer.reference) == ("To the other.", other.id)
    async with adapter(discord, Listener(host.roles)) as fresh:
        await until(lambda: len(host.roles.wanted) == 2)
        # Unless it knows the question, the thread could be a private one.
        assert await fresh.find(other.thread, "other", since, ()) is None
        await fresh.open(other)
        for finder in (bot, fresh):
            found = await finder.find(other.thread, "other", since, ())
            assert found == MessageRef(channel, answer.id)


async def test_an_answer_in_a_direct_message_is_found(
    discord: Discord, bot: DiscordAdapter, channel: str, ann: str
) -> None:
    direct = discord.open_dm(ann)
    thread = Thread("discord", "@me", direct, direct)
    since = time.time()
    await posted_unheard(discord, bot, thread, "Privately.", "a")
    found = await bot.find(thread, "a", since, ())
    assert found == MessageRef(direct, discord.messages(direct)[-1].id)
    gone = Thread("discord", "@me", "1234", "1234")
    assert await bot.find(gone, "a", since, ()) is None


async def test_what_waits_is_marked_where_it_stands(
    discord: Discord, host: Listener, bot: DiscordAdapter, channel: str, ann: str
) -> None:
    question = await asked(discord, host, channel, ann)
    await bot.open(question)
    await discord.say(question.thread.id, ann, "And?")
    await until(lambda: host.heard[-1].text == "And?")
    followup = host.heard[-1]
    for message, place in ((question, channel), (followup, question.thread.id)):
        await bot.mark_queued(message)
        await bot.mark_queued(message)
        (seen,) = [one for one in discord.messages(place) if one.id == message.id]
        assert seen.reactions == ("⏳",)
        own, everything = bot.mark_lanes(message)
        assert (own.scope, own.limit, own.seconds) == (f"discord:reactions:{place}", 1, 0.25)
        assert not own.private
        assert everything.scope == "discord:global"
        await bot.unmark_queued(message)
        (seen,) = [one for one in discord.messages(place) if one.id == message.id]
        assert seen.reactions == ()
    with pytest.raises(PlatformError):
        await bot.unmark_queued(followup)
    await discord.remove(followup.id)
    with pytest.raises(PlatformError):
        await bot.mark_queued(followup)


async def test_only_a_threads_own_channel_is_its_own(
    discord: Discord, host: Listener, bot: DiscordAdapter, channel: str, ann: str
) -> None:
    question = await asked(discord, host, channel, ann)
    thread, body = question.thread, Body("Because.")
    unknown = MessageRef("4321", "1")
    assert not bot.edit_lanes(unknown, body)[0].private
    discord.fail("POST", "/channels/{id}/messages/{id}/threads", 503)
    with pytest.raises(PlatformDown):
        await bot.open(question)
    with pytest.raises(TryOtherwise):  # nobody has made the thread
        await bot.post(thread, body, "a")
    ref = await bot.post(thread, body, "a")
    assert ref.channel == channel
    for lane in (bot.post_lanes(thread)[0], bot.closing_lane(thread), bot.edit_lanes(ref, body)[0]):
        assert not lane.private
    direct = Thread("discord", "@me", "77", "77")
    for lane in (
        bot.post_lanes(direct)[0],
        bot.closing_lane(direct),
        bot.waiting_lanes(direct)[0],
        bot.edit_lanes(MessageRef("77", "1"), body)[0],
        bot.delete_lanes(MessageRef("77", "1"))[0],
    ):
        assert lane.private
    assert not bot.post_lanes(direct)[1].private


async def test_what_is_said_in_a_thread_that_people_made_is_never_answered_beside_it(
    discord: Discord, host: Listener, bot: DiscordAdapter, channel: str, ann: str
) -> None:
    started = await discord.say(channel, ann, "Among us.")
    theirs = discord.start_thread(started, "Talk", ann)
    await discord.say(theirs, ann, f"<@{discord.bot_id}> Can you keep a secret?")
    await until(lambda: bool(host.heard) and host.heard[-1].thread.id == theirs)
    question = host.heard[-1]
    await bot.open(question)
    discord.fail("POST", POSTS, 404, code=10003)
    with pytest.raises(MessageGone):
        await bot.post(question.thread, Body("Yes."), "a")
    discord.fail("GET", POSTS, 404, code=10003)
    assert await bot.find(question.thread, "a", time.time(), ()) is None
    assert bot.post_lanes(question.thread)[0].private
    assert [one.author_id for one in discord.messages(channel)] == [ann]
