"""What people attach reaches the app, each file as what it is; what cannot go is named, and the rest goes."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bridge import errors
from sandbox.dify import Answer, AppSetup, Dify, FileRules, FormInput, Limits
from tests.e2e.conftest import Bridge, answered
from tests.e2e.places import Given, Place

EVERYTHING = AppSetup(files=FileRules(), limits=Limits(image=1, other=1))
PHOTO = Given("cat.png", "image/png", b"\x89PNG a cat")
NOTES = Given("notes.txt", "text/plain", b"notes")
SONG = Given("song.mp3", "audio/mpeg", b"ID3 la la")
FILM = Given("film.mp4", "video/mp4", b"ftyp film")
ARCHIVE = Given("all.zip", "application/zip", b"PK all")


@pytest.fixture
async def dify() -> AsyncIterator[Dify]:
    script = lambda request, turns: Answer("Seen.")  # noqa: E731 - as short as it is everywhere
    async with Dify(version="1.16.0", setup=EVERYTHING, script=script) as stand_in:
        yield stand_in


def refused(name: str, reason: str) -> str:
    return f"{name} was not passed on. {reason}"


async def test_every_kind_of_file_arrives_as_what_it_is(place: Place, dify: Dify, bridge: Bridge) -> None:
    given = [PHOTO, NOTES, SONG, FILM, ARCHIVE]
    async with bridge() as app:
        thread = await place.attach_files("Look at these", given)
        await answered(app, 1)
    assert place.replies(thread) == ["Seen."]
    (request,) = dify.requests
    assert request.query == "Look at these"
    uploads = [dify.uploads[file.upload_id] for file in request.files]
    assert [(one.name, one.content) for one in uploads] == [(one.name, one.data) for one in given]
    assert [file.kind for file in request.files] == ["image", "document", "audio", "video", "custom"]
    assert {file.method for file in request.files} == {"local_file"}
    assert {one.user for one in uploads} == {request.user}


async def test_files_of_a_later_question_belong_to_the_thread_s_user(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    async with bridge() as app:
        thread = await place.attach_files("One", [PHOTO])
        await answered(app, 1)
        await place.say(thread, "Two")
        await answered(app, 2)
    first, second = dify.requests
    assert (first.user, first.conversation_id) == (second.user, "")
    assert [len(request.files) for request in dify.requests] == [1, 0]


async def test_a_message_with_only_a_file_is_a_question(place: Place, dify: Dify, bridge: Bridge) -> None:
    async with bridge() as app:
        thread = await place.attach_files("", [PHOTO])
        await answered(app, 1)
    assert place.replies(thread) == ["Seen."]
    (request,) = dify.requests
    assert request.query != ""
    assert [file.kind for file in request.files] == ["image"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (Given("huge.txt", "text/plain", b"x" * 1_100_000), "It is larger than 1 MB."),
        (Given("nothing.txt", "text/plain", b""), "It is empty."),
        (SONG, "The AI app does not take this kind of file."),
    ],
    ids=["too large", "empty", "wrong kind"],
)
async def test_what_cannot_go_is_named_unfetched_and_the_rest_goes(
    place: Place, dify: Dify, bridge: Bridge, bad: Given, reason: str
) -> None:
    dify.setup = replace(EVERYTHING, files=FileRules(kinds=("image", "document")))
    async with bridge() as app:
        thread = await place.attach_files("Look", [bad, NOTES])
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert reply.startswith("Seen.")
    assert refused(bad.name, reason) in reply
    assert [one.name for one in dify.uploads.values()] == [NOTES.name]
    assert place.fetched() == 1


async def test_only_so_many_go_at_once(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.setup = replace(EVERYTHING, files=FileRules(number_limit=2))
    async with bridge() as app:
        thread = await place.attach_files("Look", [PHOTO, NOTES, SONG, FILM])
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert refused("song.mp3", "The AI app takes 2 files at once.") in reply
    assert refused("film.mp4", "The AI app takes 2 files at once.") in reply
    assert [one.name for one in dify.uploads.values()] == [PHOTO.name, NOTES.name]
    assert place.fetched() == 2


async def test_what_cannot_be_read_is_named_and_the_question_is_asked(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    place.lose_files()
    async with bridge() as app:
        thread = await place.attach_files("Look", [NOTES])
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert reply.startswith("Seen.")
    assert refused("notes.txt", errors.FileUnreadable.notice) in reply
    assert dify.uploads == {}
    assert dify.requests[0].query == "Look"


async def test_nothing_but_a_file_that_cannot_go_is_no_question(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    place.lose_files()
    async with bridge() as app:
        thread = await place.attach_files("", [NOTES])
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert refused("notes.txt", errors.FileUnreadable.notice) in reply
    assert dify.requests == []


async def test_a_name_that_is_a_path_is_none_when_it_arrives(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    names = ["../../etc/passwd.txt", "C:\\temp\\report.txt", "a\u202etxt.exe.txt"]
    async with bridge() as app:
        thread = await place.attach_files("Look", [Given(name, "text/plain", b"x") for name in names])
        await answered(app, 1)
    assert place.replies(thread) == ["Seen."]
    uploaded = [one.name for one in dify.uploads.values()]
    assert uploaded == ["passwd.txt", "report.txt", "atxt.exe.txt"]


async def test_what_dify_refuses_after_all_is_named(place: Place, dify: Dify, bridge: Bridge) -> None:
    """The server's limit is lower than what the app says."""
    async with bridge() as app:
        await place.attach_files("Look", [NOTES])
        await answered(app, 1)
        dify.setup = replace(EVERYTHING, limits=Limits(other=0))
        thread = await place.attach_files("Look", [NOTES, PHOTO])
        await answered(app, 2)
    (reply,) = place.replies(thread)
    assert refused("notes.txt", errors.DifyFileRefused.notice) in reply
    assert [len(request.files) for request in dify.requests] == [1, 1]


async def test_a_file_fills_the_place_that_the_app_s_form_has_for_it(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.setup = AppSetup(
        inputs=(
            FormInput("photo", "Photo", "file", required=True),
            FormInput("more", "More", "file-list", longest=2),
        ),
    )
    async with bridge() as app:
        thread = await place.attach_files("Look", [PHOTO, NOTES, SONG, FILM])
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert reply.startswith("Seen.")
    assert refused("film.mp4", "The AI app takes 3 files at once.") in reply
    (request,) = dify.requests
    ids = {one.name: one.id for one in dify.uploads.values()}
    photo, more = request.inputs["photo"], request.inputs["more"]
    assert isinstance(photo, dict)
    assert photo["upload_file_id"] == ids["cat.png"]
    assert isinstance(more, list)
    assert [one["upload_file_id"] for one in more] == [ids["notes.txt"], ids["song.mp3"]]
    assert "film.mp4" not in ids


async def test_the_name_of_a_refused_file_calls_nobody(place: Place, dify: Dify, bridge: Bridge) -> None:
    async with bridge() as app:
        bad = Given("@everyone <!channel> **x**.txt", "text/plain", b"")
        thread = await place.attach_files("Look", [bad])
        await answered(app, 1)
    assert "was not passed on. It is empty." in place.replies(thread)[0]
    assert place.pings == []
