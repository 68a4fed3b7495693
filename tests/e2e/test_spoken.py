"""What is said aloud is asked, and what was answered can be heard."""

from collections.abc import AsyncIterator

import pytest

from bridge import errors
from bridge.words import english
from sandbox.dify import Answer, AppSetup, Dify, FileRules
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import Place
from tests.test_voice import recording

BOTH = AppSetup(speech_to_text=True, transcript="What is new?", text_to_speech=True)
CLIP = ("clip.m4a", "audio/mp4", b"\x00\x00\x00\x20ftypM4A la la")


@pytest.fixture
async def dify() -> AsyncIterator[Dify]:
    async with Dify(version="1.16.0", setup=BOTH) as stand_in:
        stand_in.script = lambda request, turns: Answer(f"Answer {turns + 1}.")
        yield stand_in


async def test_a_voice_message_is_written_down_and_asked(place: Place, dify: Dify, bridge: Bridge) -> None:
    async with bridge() as app:
        thread = await place.attach_file("", *CLIP, voice=True)
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert reply.startswith("> What is new?")
    assert reply.endswith("Answer 1.")
    (request,) = dify.requests
    assert (request.query, request.files) == ("What is new?", ())
    (heard,) = dify.heard
    assert (heard.media_type, heard.content, heard.user) == ("audio/m4a", CLIP[2], request.user)


async def test_a_recording_that_dify_does_not_take_is_converted(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    async with bridge() as app:
        sound = recording("ogg", "libopus", 0.2)
        thread = await place.attach_file("", "voice-message.ogg", "audio/ogg", sound, voice=True)
        await answered(app, 1)
    assert place.replies(thread)[0].endswith("Answer 1.")
    (heard,) = dify.heard
    assert (heard.name, heard.media_type, heard.content[:4]) == ("voice-message.wav", "audio/wav", b"RIFF")


async def test_an_app_that_does_not_hear_says_so(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.setup = AppSetup()
    async with bridge() as app:
        thread = await place.attach_file("", *CLIP, voice=True)
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert "clip.m4a could not be listened to. The AI app behind this bot does not listen." in reply
    assert (dify.requests, dify.heard, place.fetched()) == ([], [], 0)


async def test_a_recording_is_a_file_like_others_for_an_app_that_takes_files(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.setup = AppSetup(files=FileRules())
    async with bridge() as app:
        thread = await place.attach_file("", *CLIP, voice=True)
        await answered(app, 1)
    assert place.replies(thread) == ["Answer 1."]
    assert [file.kind for file in dify.requests[0].files] == ["audio"]


async def test_a_recording_that_cannot_be_read_is_told(place: Place, dify: Dify, bridge: Bridge) -> None:
    place.lose_files()
    async with bridge() as app:
        thread = await place.attach_file("", *CLIP, voice=True)
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert f"clip.m4a could not be listened to. {errors.FileUnreadable.notice}" in reply
    assert (dify.requests, dify.heard) == ([], [])


async def test_what_is_no_sound_is_told(place: Place, dify: Dify, bridge: Bridge) -> None:
    async with bridge() as app:
        thread = await place.attach_file("", "voice-message.ogg", "audio/ogg", b"no sound", voice=True)
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert "voice-message.ogg could not be listened to." in reply
    assert dify.requests == []


async def test_silence_is_no_question(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.setup = AppSetup(speech_to_text=True, transcript="")
    async with bridge() as app:
        thread = await place.attach_file("", *CLIP, voice=True)
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert "clip.m4a could not be listened to. Nothing in it could be understood." in reply
    assert dify.requests == []


async def test_an_answer_is_read_aloud_when_somebody_presses(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        await place.say(thread, "Two?")
        await answered(app, 2)
        assert place.buttons(thread).count("Read aloud") == 2
        await place.press(thread, "Read aloud")
        await answered(app, 3)
        await until(lambda: len(place.files(thread)) == 1)
    ((name, data),) = place.files(thread)
    assert (name.startswith("speech"), data) == (True, BOTH.speech)
    (spoken,) = dify.spoken
    assert (spoken.text, spoken.user) == ("Answer 2.", dify.requests[0].user)
    assert spoken.message_id == dify.turns[1].id
    assert place.replies(thread) == ["Answer 1.", "Answer 2."]


async def test_the_last_answer_is_read_aloud_on_command(place: Place, dify: Dify, bridge: Bridge) -> None:
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        await place.say(thread, "!speak")
        await answered(app, 2)
    assert [data for _, data in place.files(thread)] == [BOTH.speech]
    assert [spoken.text for spoken in dify.spoken] == ["Answer 1."]
    assert place.replies(thread) == ["Answer 1."]


async def test_an_answer_of_an_earlier_conversation_can_still_be_heard(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    async with bridge() as app:
        thread = await place.ask("First?")
        await answered(app, 1)
        await place.say(thread, "!new")
        await answered(app, 2)
        await place.press(thread, "Read aloud")
        await answered(app, 3)
    assert len(place.files(thread)) == 1
    assert dify.spoken[-1].text == "Answer 1."


async def test_where_nothing_was_said_nothing_is_read(place: Place, dify: Dify, bridge: Bridge) -> None:
    async with bridge() as app:
        thread = await place.ask("!speak")
        await answered(app, 1)
    assert english.NOTHING_TO_SPEAK in place.replies(thread)[0]
    assert dify.spoken == []


async def test_an_app_that_does_not_speak_has_no_button_and_says_so(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.setup = AppSetup()
    async with bridge() as app:
        thread = await place.ask("One?")
        await answered(app, 1)
        assert "Read aloud" not in place.buttons(thread)
        await place.say(thread, "!speak")
        await answered(app, 2)
    assert errors.DifyLacks.notice in place.replies(thread)[1]
    assert place.files(thread) == []
