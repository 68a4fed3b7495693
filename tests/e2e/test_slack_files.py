"""Files out of Slack and into it, and names for its threads."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web

from adapters.slack.attached import source_of
from bridge import made
from bridge.budget import Budget
from bridge.errors import FileUnreadable, MessageGone, NotAllowed, PlatformDown, RateLimited
from bridge.ports import FetchesFiles, NamesThreads, SendsFiles
from bridge.types import Attachment, File, Thread
from bridge.words import english, say
from sandbox.dify import Answer, AppSetup, Dify, FileRules
from sandbox.slack import SlackFile
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import SlackPlace
from tests.e2e.slack_hosts import Recorder, listening

MOST = 1_000_000
WORDS = b"their words"
THEIRS = SlackFile("theirs.txt", "text/plain", WORDS, connect=True)
NOTES = b"notes \x00\xff" * 1_000


@pytest.fixture
async def place() -> AsyncIterator[SlackPlace]:
    async with SlackPlace() as stand_in:
        yield stand_in


@pytest.fixture
async def elsewhere() -> AsyncIterator[tuple[str, list[str]]]:
    """Another host, and the tokens that it was told."""
    told: list[str] = []

    async def hear(request: web.Request) -> web.Response:
        told.append(request.headers.get("Authorization", ""))
        return web.Response(body=NOTES)

    app = web.Application()
    app.router.add_get("/{rest:.*}", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", told
    await runner.cleanup()


def calls(place: SlackPlace, method: str) -> list[float]:
    """When it was called."""
    return [call.at for call in place.slack.calls if call.method == method]


async def attached(host: Recorder) -> Attachment:
    """The one file of the one message that was heard."""
    await until(lambda: bool(host.heard))
    (attachment,) = host.heard[0].attachments
    return attachment


def asked(place: SlackPlace) -> int:
    """How often Slack was asked about a file."""
    return sum(call.method == "files.info" for call in place.slack.calls)


async def test_the_adapter_offers_files_both_ways_and_names(place: SlackPlace) -> None:
    async with listening(place.slack, Recorder()) as adapter:
        fetches: FetchesFiles = adapter
        sends: SendsFiles = adapter
        names: NamesThreads = adapter
        assert isinstance(fetches, FetchesFiles)
        assert isinstance(sends, SendsFiles)
        assert isinstance(names, NamesThreads)


async def test_an_attached_file_can_be_fetched_whole(place: SlackPlace) -> None:
    host = Recorder()
    async with listening(place.slack, host) as adapter:
        await place.attach_file("Look", "../notes.bin", "application/zip", NOTES)
        attachment = await attached(host)
        assert (attachment.name, attachment.media_type) == ("notes.bin", "application/zip")
        assert (attachment.size, attachment.voice) == (len(NOTES), False)
        assert await adapter.fetch(attachment, len(NOTES)) == NOTES


async def test_a_recording_is_heard_as_a_voice(place: SlackPlace) -> None:
    host = Recorder()
    async with listening(place.slack, host):
        await place.attach_file("", "audio_message.webm", "video/webm", b"voice", voice=True)
        attachment = await attached(host)
    assert (attachment.voice, attachment.media_type) == (True, "audio/webm")


async def test_a_file_without_a_mention_is_heard_too(place: SlackPlace) -> None:
    host = Recorder()
    async with listening(place.slack, host):
        await place.attach_file("For all", "a.txt", "text/plain", b"a", mention=False)
        await attached(host)
    assert not host.heard[0].addressed


async def test_more_than_is_wanted_is_not_read(place: SlackPlace) -> None:
    host = Recorder()
    async with listening(place.slack, host) as adapter:
        await place.attach_file("Look", "big.bin", "application/zip", b"x" * 3_000_000)
        attachment = await attached(host)
        # Neither what is said to be too large nor what turns out to be.
        for size in (attachment.size, 5):
            with pytest.raises(FileUnreadable, match="more than 1000000 bytes"):
                await adapter.fetch(replace(attachment, size=size), MOST)


async def test_a_sign_in_page_is_not_the_file(place: SlackPlace, caplog: pytest.LogCaptureFixture) -> None:
    place.slack.files_readable = False
    host = Recorder()
    async with listening(place.slack, host) as adapter:
        await place.attach_file("Look", "notes.txt", "text/plain", b"notes")
        attachment = await attached(host)
        with pytest.raises(FileUnreadable):
            await adapter.fetch(attachment, MOST)
        with pytest.raises(FileUnreadable):
            await adapter.fetch(replace(attachment, media_type="text/html"), MOST)
    assert "files:read" in caplog.text


@pytest.mark.parametrize("media_type", ["text/html", "text/plain"])
async def test_a_page_that_somebody_attached_is_the_file(place: SlackPlace, media_type: str) -> None:
    page = b"<!DOCTYPE html><p>Mine</p>"
    host = Recorder()
    async with listening(place.slack, host) as adapter:
        await place.attach_file("Look", "mine.html", media_type, page)
        assert await adapter.fetch(await attached(host), MOST) == page


async def test_nothing_is_fetched_from_elsewhere_nor_is_the_token_told(
    place: SlackPlace, elsewhere: tuple[str, list[str]]
) -> None:
    origin, told = elsewhere
    host = Recorder()
    async with listening(place.slack, host) as adapter:
        file = SlackFile("moved.bin", "application/zip", NOTES, moved_to=f"{origin}/moved.bin")
        await place.slack.say(place.channel, place.person, "Look", files=(file,))
        moved = await attached(host)
        here = place.slack.url.removesuffix("/api/")
        for source in (
            moved.source,
            f"{origin}/a.bin",
            here.replace("http://", "http://user@") + f"@{origin.removeprefix('http://')}/a",
            moved.source.replace("http://", "http://user:secret@"),
            "https://files.slack.com.example.com/a",
            "http://files.slack.com/a",
            "file:///etc/passwd",
            "//files.slack.com/a",
            "http://[",
            "",
        ):
            with pytest.raises(FileUnreadable):
                await adapter.fetch(replace(moved, source=source), MOST)
    assert told == []


async def test_a_redirection_within_slack_is_followed_but_not_for_ever(place: SlackPlace) -> None:
    host = Recorder()
    async with listening(place.slack, host) as adapter:
        await place.attach_file("Here", "a.bin", "application/zip", NOTES, mention=False)
        there = await attached(host)
        for number, (target, found) in enumerate(((source_of(there)[1], True), ("?again", False)), start=2):
            moved = SlackFile("b.bin", "application/zip", b"", moved_to=target)
            await place.slack.say(place.channel, place.person, target, files=(moved,))
            await until(lambda: len(host.heard) == number)  # noqa: B023 - awaited here
            (attachment,) = host.heard[-1].attachments
            if found:
                assert await adapter.fetch(attachment, MOST) == NOTES
            else:
                with pytest.raises(FileUnreadable, match="redirections"):
                    await adapter.fetch(attachment, MOST)


async def test_a_file_that_is_gone_is_unreadable(place: SlackPlace) -> None:
    host = Recorder()
    async with listening(place.slack, host) as adapter:
        await place.attach_file("Look", "a.txt", "text/plain", b"a")
        attachment = await attached(host)
        with pytest.raises(FileUnreadable):
            await adapter.fetch(replace(attachment, source=attachment.source.replace("-F", "-X")), MOST)


async def test_a_file_from_another_organisation_is_asked_for_when_it_is_wanted(place: SlackPlace) -> None:
    host = Recorder()
    async with listening(place.slack, host) as adapter:
        await place.slack.say(place.channel, place.person, "Look", files=(THEIRS,))
        attachment = await attached(host)
        assert (attachment.size, asked(place)) == (None, 0)
        with pytest.raises(FileUnreadable):
            await adapter.fetch(attachment, MOST)
        (lane,) = adapter.describe_lanes(attachment)
        assert lane.scope == f"slack:{place.slack.team_id}:files.info"
        found = await adapter.describe(attachment)
        assert (found.name, found.size, adapter.describe_lanes(found)) == ("theirs.txt", len(WORDS), ())
        assert await adapter.fetch(found, MOST) == WORDS
        with pytest.raises(FileUnreadable):
            await adapter.describe(replace(attachment, source="file:F0UNKNOWN"))


async def test_their_file_reaches_the_app_although_slack_fails_at_first(
    place: SlackPlace, dify: Dify, bridge: Bridge
) -> None:
    place.slack.fail("files.info", "internal_error", status=500)
    dify.setup = AppSetup(files=FileRules())
    dify.script = lambda request, turns: Answer("Seen.")
    async with bridge() as app:
        mention = f"<@{place.slack.bot_user_id}> Look"
        ts = await place.slack.say(place.channel, place.person, mention, files=(THEIRS,))
        await answered(app, 1)
    assert place.replies(ts) == ["Seen."]
    assert [(one.name, one.content) for one in dify.uploads.values()] == [("theirs.txt", WORDS)]


async def test_a_right_that_the_bot_lacks_is_named_to_whoever_attached_their_file(
    place: SlackPlace, dify: Dify, bridge: Bridge
) -> None:
    place.slack.fail("files.info", "missing_scope", times=9)
    dify.setup = AppSetup(files=FileRules())
    dify.script = lambda request, turns: Answer("Seen.")
    async with bridge() as app:
        mention = f"<@{place.slack.bot_user_id}> Look"
        ts = await place.slack.say(place.channel, place.person, mention, files=(THEIRS,))
        await answered(app, 1)
    (reply,) = place.replies(ts)
    assert "was not passed on" in reply
    assert "files:read" in reply
    assert "empty" not in reply
    assert asked(place) == 1


async def test_a_file_is_put_into_the_thread(place: SlackPlace) -> None:
    async with listening(place.slack, Recorder()) as adapter:
        ts = await place.ask("Draw")
        thread = Thread("slack", place.slack.team_id, place.channel, ts)
        assert adapter.file_limit(thread) >= 2**20
        await adapter.send_file(thread, File("../chart.png", "image/png", NOTES), "key.f0")
        scopes = [lane.scope for lane in adapter.file_lanes(thread)]
        # It is no stream that somebody left behind.
        assert await adapter.find(thread, "other.0", 0.0, ()) is None
    assert place.files(ts) == [("chart.png", NOTES)]
    assert scopes == [
        f"slack:{place.slack.team_id}:files.completeUploadExternal",
        f"slack:{place.slack.team_id}:files.getUploadURLExternal",
    ]


async def test_a_large_file_arrives_whole(place: SlackPlace) -> None:
    drawn = b"0123456789abcdef" * 200_000
    async with listening(place.slack, Recorder()) as adapter:
        thread = Thread("slack", place.slack.team_id, place.channel, await place.ask("Draw"))
        await adapter.send_file(thread, File("big.bin", "application/zip", drawn), "key.f0")
    assert place.files(thread.id) == [("big.bin", drawn)]


async def test_a_file_of_which_nobody_knows_whether_it_is_there_is_put_there_once(place: SlackPlace) -> None:
    place.slack.fail("files.completeUploadExternal", "internal_error", status=500, carried_out=True)
    async with listening(place.slack, Recorder()) as adapter:
        ts = await place.ask("Draw")
        thread = Thread("slack", place.slack.team_id, place.channel, ts)
        file = File("chart.png", "image/png", NOTES)
        with pytest.raises(PlatformDown):
            await adapter.send_file(thread, file, "key.f0")
        await adapter.send_file(thread, file, "key.f0")
        assert place.files(ts) == [("chart.png", NOTES)]
        place.slack.fail("files.completeUploadExternal", "internal_error", status=500)
        with pytest.raises(PlatformDown):
            await adapter.send_file(thread, file, "key.f1")
        await adapter.send_file(thread, file, "key.f1")
    assert place.files(ts) == [("chart.png", NOTES)] * 2


async def test_a_file_that_has_to_wait_for_its_place_is_not_moved_again(place: SlackPlace) -> None:
    place.slack.fail("files.completeUploadExternal", "ratelimited", status=429, retry_after=1)
    async with listening(place.slack, Recorder()) as adapter:
        thread = Thread("slack", place.slack.team_id, place.channel, await place.ask("Draw"))
        file = File("chart.png", "image/png", NOTES)
        with pytest.raises(RateLimited):
            await adapter.send_file(thread, file, "key.f0")
        await adapter.send_file(thread, file, "key.f0")
    assert place.files(thread.id) == [("chart.png", NOTES)]
    assert len(calls(place, "files.getUploadURLExternal")) == 1


async def test_a_file_is_tried_again_after_a_pause_while_slack_is_down(place: SlackPlace) -> None:
    place.slack.fail("files.getUploadURLExternal", "internal_error", status=500, times=2)
    async with listening(place.slack, Recorder()) as adapter:
        thread = Thread("slack", place.slack.team_id, place.channel, await place.ask("Draw"))
        file = File("chart.png", "image/png", NOTES)
        assert await made.send_made(adapter, Budget(), thread, "key.f0", file) == []
    assert place.files(thread.id) == [("chart.png", NOTES)]
    first, second, third = calls(place, "files.getUploadURLExternal")
    assert second - first >= made.PAUSES_SECONDS[0]
    assert third - second >= made.PAUSES_SECONDS[1]


async def test_what_is_said_of_a_file_tells_a_refusal_from_an_outage(place: SlackPlace) -> None:
    file = File("chart.png", "image/png", NOTES)
    async with listening(place.slack, Recorder()) as adapter:
        thread = Thread("slack", place.slack.team_id, place.channel, await place.ask("Draw"))
        place.slack.fail("files.getUploadURLExternal", "internal_error", status=500, times=4)
        down = await made.send_made(adapter, Budget(), thread, "key.f0", file)
        place.slack.fail("files.getUploadURLExternal", "file_uploads_disabled")
        refused = await made.send_made(adapter, Budget(), thread, "key.f1", file)
    assert down == [say(english.NOT_SENT_NOW, name="chart.png")]
    assert refused == [say(english.NOT_SENT, name="chart.png")]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("file_uploads_disabled", NotAllowed),
        ("missing_scope", NotAllowed),
        ("internal_error", PlatformDown),
        ("ratelimited", RateLimited),
    ],
)
async def test_a_file_that_slack_does_not_take_is_an_error_of_ours(
    place: SlackPlace, error: str, kind: type[Exception]
) -> None:
    place.slack.fail("files.getUploadURLExternal", error)
    async with listening(place.slack, Recorder()) as adapter:
        thread = Thread("slack", place.slack.team_id, place.channel, await place.ask("Draw"))
        with pytest.raises(kind):
            await adapter.send_file(thread, File("a.png", "image/png", b"a"), "key.f0")
        with pytest.raises(NotAllowed):
            await adapter.send_file(thread, File("empty.png", "image/png", b""), "key.f1")
    assert place.files(thread.id) == []


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
async def test_a_file_that_came_too_early_says_which_of_the_calls_did(place: SlackPlace, method: str) -> None:
    place.slack.fail(method, "ratelimited", status=429, retry_after=7)
    async with listening(place.slack, Recorder()) as adapter:
        thread = Thread("slack", place.slack.team_id, place.channel, await place.ask("Draw"))
        with pytest.raises(RateLimited) as refused:
            await adapter.send_file(thread, File("a.png", "image/png", b"a"), "key.f0")
        assert refused.value.scope in {lane.scope for lane in adapter.file_lanes(thread)}
        assert refused.value.scope.endswith(method)


async def test_a_thread_that_is_gone_takes_no_file(place: SlackPlace) -> None:
    async with listening(place.slack, Recorder()) as adapter:
        thread = Thread("slack", place.slack.team_id, place.channel, "1.5")
        with pytest.raises(MessageGone):
            await adapter.send_file(thread, File("a.png", "image/png", b"a"), "key.f0")


async def test_the_thread_of_a_direct_message_is_named_and_others_are_not(place: SlackPlace) -> None:
    async with listening(place.slack, Recorder()) as adapter:
        told = await place.tell("Hello?")
        dm, _, ts = told.rpartition("/")
        thread = Thread("slack", place.slack.team_id, dm, ts)
        (lane,) = adapter.name_lanes(thread)
        assert lane.scope == f"slack:{place.slack.team_id}:assistant.threads.setTitle"
        await adapter.name_thread(thread, "Tea <!here>\n" + "x" * 300)
        named = place.thread_name(told)
        assert (named[:14], len(named)) == ("Tea ‹!here› xx", 200)
        assert adapter.name_lanes(Thread("slack", place.slack.team_id, place.channel, ts)) == ()


@pytest.mark.parametrize("error", ["missing_scope", "feature_disabled", "unknown_method"])
async def test_an_app_that_may_not_name_threads_finds_out_once(place: SlackPlace, error: str) -> None:
    place.slack.fail("assistant.threads.setTitle", error)
    async with listening(place.slack, Recorder()) as adapter:
        dm, _, ts = (await place.tell("Hello?")).rpartition("/")
        thread = Thread("slack", place.slack.team_id, dm, ts)
        with pytest.raises(NotAllowed):
            await adapter.name_thread(thread, "Tea")
        assert adapter.name_lanes(thread) == ()
