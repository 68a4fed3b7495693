"""The stand-in for Dify takes thumbs, suggests questions, keeps annotations, hears and speaks."""

import httpx
import pytest

from sandbox.dify import AppSetup, Dify, Limits
from tests.sandbox.calling import HELLO, ask, call, events, refused, saying

SUGGESTING = AppSetup(suggested_questions_after_answer=True, follow_ups=("And then?",))
SPEAKING = AppSetup(speech_to_text=True, transcript="Hello?", text_to_speech=True, limits=Limits(speech=1))


async def message_of(dify: Dify, path: str = "chat-messages") -> str:
    return str(events(await ask(dify, path))[-1]["message_id"])


@pytest.mark.parametrize("path", ["chat-messages", "completion-messages"])
async def test_a_thumb_is_kept_changed_and_taken_back(path: str) -> None:
    mode = "chat" if path == "chat-messages" else "completion"
    async with saying(HELLO, mode) as dify:
        rated = f"messages/{await message_of(dify, path)}/feedbacks"
        for rating in ("like", "dislike", None):
            body = {"rating": rating, "user": "u1", "content": "hm"}
            assert (await call(dify, "POST", rated, body)).json() == {"result": "success"}
        foreign = await call(dify, "POST", rated, {"rating": "like", "user": "u2"})
        odd = await call(dify, "POST", rated, {"rating": "love", "user": "u1"})
        nobody = await call(dify, "POST", rated, {"rating": "like"})
    assert [one.rating for one in dify.ratings] == ["like", "dislike", ""]
    assert dify.ratings[0].content == "hm"
    assert (refused(foreign), refused(odd)) == ((404, "not_found"), (400, "invalid_param"))
    assert refused(nobody) == (400, "invalid_param")


@pytest.mark.parametrize(
    ("version", "code"), [("1.14.2", "invalid_param"), ("1.17.1", "message_feedback_rating_required")]
)
async def test_no_thumb_cannot_be_taken_back(version: str, code: str) -> None:
    async with saying(HELLO, version=version) as dify:
        rated = f"messages/{await message_of(dify)}/feedbacks"
        response = await call(dify, "POST", rated, {"rating": None, "user": "u1"})
    assert refused(response) == (400, code)


async def test_a_message_shows_its_thumb() -> None:
    async with saying(HELLO) as dify:
        message = await message_of(dify)
        await call(dify, "POST", f"messages/{message}/feedbacks", {"rating": "like", "user": "u1"})
        (conversation,) = dify.conversations
        page = await call(dify, "GET", "messages", user="u1", conversation_id=conversation)
    assert page.json()["data"][0]["feedback"] == {"rating": "like"}


@pytest.mark.parametrize(
    ("version", "code"),
    [
        ("1.14.2", (400, "bad_request")),
        ("1.17.1", (403, "app_suggested_questions_after_answer_disabled")),
    ],
)
async def test_questions_are_suggested_where_that_is_switched_on(version: str, code: tuple[int, str]) -> None:
    async with saying(HELLO, version=version, setup=SUGGESTING) as dify:
        message = await message_of(dify)
        on = await call(dify, "GET", f"messages/{message}/suggested", user="u1")
        foreign = await call(dify, "GET", f"messages/{message}/suggested", user="u2")
        nobody = await call(dify, "GET", f"messages/{message}/suggested")
    async with saying(HELLO, version=version) as dify:
        off = await call(dify, "GET", f"messages/{await message_of(dify)}/suggested", user="u1")
    assert on.json() == {"result": "success", "data": ["And then?"]}
    assert (refused(off), refused(foreign)) == (code, (404, "not_found"))
    assert refused(nobody) == (400, "invalid_param")


async def test_an_annotation_is_saved_and_listed() -> None:
    async with saying(HELLO) as dify:
        saved = await call(dify, "POST", "apps/annotations", {"question": "Q", "answer": "A"})
        half = await call(dify, "POST", "apps/annotations", {"question": "Q"})
        listed = await call(dify, "GET", "apps/annotations")
    assert (saved.status_code, saved.json()["answer"]) == (201, "A")
    assert refused(half) == (400, "invalid_param")
    assert [one["question"] for one in listed.json()["data"]] == ["Q"]
    assert [(one.question, one.answer) for one in dify.annotations] == [("Q", "A")]


async def hear(dify: Dify, kind: str, content: bytes = b"mp3") -> httpx.Response:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {dify.key}"}) as client:
        return await client.post(
            f"{dify.url}/audio-to-text", files={"file": ("clip", content, kind)}, data={"user": "u1"}
        )


@pytest.mark.parametrize("kind", ["audio/mp3", "audio/m4a", "audio/wav", "audio/amr", "audio/mpga"])
async def test_a_recording_of_a_known_kind_is_heard(kind: str) -> None:
    async with saying(HELLO, setup=SPEAKING) as dify:
        response = await hear(dify, kind)
    assert response.json() == {"text": "Hello?"}
    assert [(one.media_type, one.content, one.user) for one in dify.heard] == [(kind, b"mp3", "u1")]


@pytest.mark.parametrize(
    ("kind", "size", "status", "code"),
    [
        ("audio/ogg", 3, 415, "unsupported_audio_type"),
        ("audio/mpeg", 3, 415, "unsupported_audio_type"),
        ("audio/webm", 3, 415, "unsupported_audio_type"),
        ("audio/mp3", 1024 * 1024 + 1, 413, "audio_too_large"),
    ],
)
async def test_other_recordings_are_refused(kind: str, size: int, status: int, code: str) -> None:
    async with saying(HELLO, setup=SPEAKING) as dify:
        assert refused(await hear(dify, kind, b"x" * size)) == (status, code)
    assert dify.heard == []


@pytest.mark.parametrize(
    ("version", "code"), [("1.14.2", "invalid_param"), ("1.16.0", "speech_to_text_disabled")]
)
async def test_an_app_that_is_deaf_and_mute_says_so(version: str, code: str) -> None:
    async with saying(HELLO, version=version) as dify:
        assert refused(await hear(dify, "audio/mp3")) == (400, code)
        mute = await call(dify, "POST", "text-to-audio", {"text": "Hi", "user": "u1"})
    assert refused(mute) == (400, "invalid_param")


async def test_a_recording_that_was_left_out_is_missed() -> None:
    async with saying(HELLO, setup=SPEAKING) as dify:
        assert refused(await call(dify, "POST", "audio-to-text")) == (400, "no_audio_uploaded")


async def test_a_text_or_a_message_is_read_out() -> None:
    async with saying(HELLO, setup=SPEAKING) as dify:
        message = await message_of(dify)
        spoken = await call(dify, "POST", "text-to-audio", {"text": "Hi", "user": "u1"})
        read = await call(dify, "POST", "text-to-audio", {"message_id": message, "user": "u1"})
        foreign = await call(dify, "POST", "text-to-audio", {"message_id": message, "user": "u2"})
        empty = await call(dify, "POST", "text-to-audio", {"user": "u1"})
    assert (spoken.content, spoken.headers["Content-Type"]) == (SPEAKING.speech, "audio/mpeg")
    assert read.status_code == 200
    assert (refused(foreign), refused(empty)) == ((404, "not_found"), (400, "invalid_param"))
    assert [(one.text, one.message_id) for one in dify.spoken] == [("Hi", ""), (HELLO.text, message)]


async def test_an_app_tells_what_it_is_set_up_to() -> None:
    setup = AppSetup(
        opening_statement="Welcome!",
        suggested_questions=("Why?",),
        suggested_questions_after_answer=True,
        speech_to_text=True,
        text_to_speech=True,
        voice="alloy",
        annotation_reply=True,
        tool_icons={"current_time": "http://icons/time"},
    )
    async with saying(HELLO, setup=setup) as dify:
        told = (await call(dify, "GET", "parameters")).json()
        icons = (await call(dify, "GET", "meta")).json()
    assert (told["opening_statement"], told["suggested_questions"]) == ("Welcome!", ["Why?"])
    assert told["text_to_speech"] == {"enabled": True, "language": "", "voice": "alloy"}
    switched_on = ("suggested_questions_after_answer", "speech_to_text", "annotation_reply")
    assert all(told[name] == {"enabled": True} for name in switched_on)
    assert icons == {"tool_icons": {"current_time": "http://icons/time"}}
