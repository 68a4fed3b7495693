"""Files and names on Discord: what people attach, what the bot sends, what a thread is called."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.discord.adapter import DiscordAdapter
from bridge.errors import FileUnreadable, NotAllowed, PlatformDown, RateLimited, TryOtherwise
from bridge.types import Attachment, Body, File, Message, Thread
from sandbox.discord import Limits
from tests.e2e.conftest import until
from tests.e2e.discord_hosts import Listener, adapter
from tests.e2e.places import DiscordPlace

POSTS = "/channels/{id}/messages"
NAMES = "/channels/{id}"
MEBIBYTE = 1 << 20


@pytest.fixture
async def place() -> AsyncIterator[DiscordPlace]:
    async with DiscordPlace() as stand_in:
        yield stand_in


@pytest.fixture
def host() -> Listener:
    return Listener()


@pytest.fixture
async def bot(place: DiscordPlace, host: Listener) -> AsyncIterator[DiscordAdapter]:
    async with adapter(place.discord, host) as running:
        await place.connected()
        yield running


async def heard(host: Listener, message: str) -> Message:
    await until(lambda: any(one.id == message for one in host.heard))
    return next(one for one in host.heard if one.id == message)


async def asked(place: DiscordPlace, host: Listener, bot: DiscordAdapter) -> Thread:
    """A thread that is there."""
    question = await heard(host, await place.ask("Why?"))
    await bot.open(question)
    return question.thread


async def attached(
    place: DiscordPlace, host: Listener, name: str = "notes.txt", media_type: str = "text/plain"
) -> Attachment:
    message = await heard(host, await place.attach_file("Look", name, media_type, b"notes"))
    return message.attachments[0]


def calls(place: DiscordPlace, method: str, route: str) -> int:
    return sum((call.method, call.route) == (method, route) for call in place.discord.calls)


async def test_what_is_attached_is_told_and_fetched(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    file = await attached(place, host, "my notes.txt", "Text/Plain; charset=utf-8")
    assert (file.name, file.media_type, file.size, file.voice) == ("my notes.txt", "text/plain", 5, False)
    assert await bot.fetch(file, 5) == b"notes"


async def test_a_voice_message_is_one(place: DiscordPlace, host: Listener, bot: DiscordAdapter) -> None:
    spoken = await place.attach_file("", "voice-message.ogg", "audio/ogg", b"OggS", voice=True)
    message = await heard(host, spoken)
    (file,) = message.attachments
    assert (message.text, message.addressed) == ("", True)
    assert (file.voice, file.media_type) == (True, "audio/ogg")
    assert await bot.fetch(file, 100) == b"OggS"
    recording = await attached(place, host, "song.ogg", "audio/ogg")
    assert not recording.voice


async def test_a_file_whose_address_has_expired_cannot_be_read(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    file = await attached(place, host)
    with pytest.raises(FileUnreadable):
        await bot.fetch(replace(file, source=file.source.replace("hm=", "hm=0")), 5)
    place.discord.expire_files(host.heard[-1].id)
    with pytest.raises(FileUnreadable):
        await bot.fetch(file, 5)


async def test_a_file_that_is_too_large_is_not_read(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    file = await attached(place, host)
    for told in (5, 1):
        with pytest.raises(FileUnreadable):
            await bot.fetch(replace(file, size=told), 4)


async def test_a_page_is_not_taken_for_the_file(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    page = await attached(place, host, "page.html", "text/html")
    assert await bot.fetch(page, 5) == b"notes"
    with pytest.raises(FileUnreadable):
        await bot.fetch(replace(page, media_type="application/pdf"), 5)


async def test_nothing_is_fetched_from_elsewhere(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    file = await attached(place, host)
    async with DiscordPlace() as elsewhere, adapter(elsewhere.discord, other := Listener()):
        await elsewhere.connected()
        theirs = await attached(elsewhere, other)
        with pytest.raises(FileUnreadable):
            await bot.fetch(theirs, 5)
        place.discord.move_files(host.heard[-1].id, theirs.source)
        with pytest.raises(FileUnreadable):
            await bot.fetch(file, 5)
    with pytest.raises(FileUnreadable):
        await bot.fetch(Attachment("a", "text/plain", 1), 5)


async def test_a_file_host_that_is_away_is_told_apart(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    file = await attached(place, host)
    await place.discord.close()
    with pytest.raises(PlatformDown):
        await bot.fetch(file, 5)


async def test_a_file_is_put_into_the_thread_once(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    thread = await asked(place, host, bot)
    file = File('out/für "dich".png', "image/png", b"\x89PNG")
    place.discord.fail("POST", POSTS, 502, afterwards=True)
    with pytest.raises(PlatformDown):
        await bot.send_file(thread, file, "a")
    await bot.send_file(thread, file, "a")
    await bot.send_file(thread, replace(file, name="other.png"), "b")
    assert place.files(thread.id) == [("für _dich_.png", b"\x89PNG"), ("other.png", b"\x89PNG")]
    assert bot.file_lanes(thread) == bot.post_lanes(thread)
    assert bot.file_lanes(thread)[0].scope == f"discord:create:{thread.id}"
    assert place.pings == []


async def test_a_file_goes_where_the_answers_go(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    question = await heard(host, await place.ask("Why?"))
    file = File("a.txt", "text/plain", b"a")
    with pytest.raises(TryOtherwise):  # nobody has made the thread
        await bot.send_file(question.thread, file, "a")
    await bot.send_file(question.thread, file, "a")
    assert place.files(place.channel) == [("a.txt", b"a")]
    assert place.discord.messages(place.channel)[-1].reference == question.id


async def test_a_file_that_was_sent_is_not_taken_for_an_answer(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    thread = await asked(place, host, bot)
    since = host.heard[-1].sent_at
    await bot.send_file(thread, File("a.txt", "text/plain", b"a"), "file")
    assert await bot.find(thread, "answer", since, ()) is None
    ref = await bot.post(thread, Body("Because."), "answer")
    assert await bot.find(thread, "answer", since, ()) == ref


async def test_how_large_a_file_may_be_depends_on_the_server(place: DiscordPlace, host: Listener) -> None:
    boosted = place.discord.add_guild("Boosted", boost_tier=2)
    async with adapter(place.discord, host) as bot:
        await place.connected()
        await until(lambda: bot.file_limit(Thread("discord", boosted, "1", "2")) > 20 * MEBIBYTE)
        thread = await asked(place, host, bot)
        assert bot.file_limit(thread) == 10 * MEBIBYTE
        assert bot.file_limit(Thread("discord", "@me", "1", "1")) == 10 * MEBIBYTE
        await bot.send_file(thread, File("fits.bin", "application/x-a", bytes(10 * MEBIBYTE)), "a")
        with pytest.raises(NotAllowed):
            await bot.send_file(thread, File("big.bin", "application/x-a", bytes(10 * MEBIBYTE + 1)), "b")
        later = place.discord.add_guild("Later", boost_tier=3)
        channel = place.discord.add_channel(later, "general")
        await until(lambda: bot.file_limit(Thread("discord", later, "1", "2")) > 20 * MEBIBYTE)
        question = await heard(
            host, await place.discord.say(channel, place.person, f"<@{place.discord.bot_id}> Hi")
        )
        await bot.open(question)
        largest = bytes(bot.file_limit(question.thread))
        await bot.send_file(question.thread, File("most.bin", "application/x-a", largest), "c")
        assert len(place.files(question.thread.id)[0][1]) == len(largest)


async def test_a_thread_is_named(place: DiscordPlace, host: Listener, bot: DiscordAdapter) -> None:
    thread = await asked(place, host, bot)
    assert place.thread_name(thread.id) == "Why?"
    await bot.name_thread(thread, " Reasons\nand causes ")
    assert place.thread_name(thread.id) == "Reasons and causes"
    await bot.name_thread(thread, "")
    assert calls(place, "PATCH", NAMES) == 1
    await bot.name_thread(thread, "😀" * 80)
    assert place.thread_name(thread.id) == "😀" * 49 + "…"


async def test_a_thread_that_somebody_else_made_is_not_the_bots_to_name(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    theirs = await heard(host, await place.ask("Why?"))
    place.discord.start_thread(theirs.id, "Holidays", place.person)
    await bot.open(theirs)
    assert place.thread_name(theirs.id) == "Holidays"
    assert not bot.ours_to_name(theirs.thread)
    assert bot.ours_to_name(await asked(place, host, bot))


async def test_a_thread_is_named_twice_in_ten_minutes_at_most(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    thread = await asked(place, host, bot)
    own, everything = bot.name_lanes(thread)
    assert (own.scope, own.limit, own.seconds) == (f"discord:name:{thread.id}", 2, 600.0)
    assert everything.scope == "discord:global"
    for name in ("one", "two"):
        await bot.name_thread(thread, name)
    assert bot.name_lanes(thread)[0].limit == 2
    with pytest.raises(RateLimited) as refused:
        await bot.name_thread(thread, "three")
    assert 590 < refused.value.retry_after <= 600
    place.discord.limits = Limits.off()
    await bot.name_thread(thread, "three")
    assert place.thread_name(thread.id) == "three"


async def test_where_there_is_no_thread_there_is_no_name(
    place: DiscordPlace, host: Listener, bot: DiscordAdapter
) -> None:
    direct = await place.tell("Hello?")
    await until(lambda: bool(host.heard))
    place.discord.forbid_threads(place.channel)
    question = await heard(host, await place.ask("Why?"))
    await bot.open(question)
    for thread in (Thread("discord", "@me", direct, direct), question.thread):
        assert bot.name_lanes(thread) == ()
        await bot.name_thread(thread, "A name")
    assert calls(place, "PATCH", NAMES) == 0
