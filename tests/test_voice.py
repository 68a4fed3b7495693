"""Recordings, on their way to Dify."""

import io
import math
import struct
import wave
from itertools import pairwise

import av
import pytest

from bridge.errors import DifyFileRefused, FileUnreadable
from bridge.types import File
from bridge.voice import MOST_BYTES, for_dify

TONE_HERTZ = 440
DIFY_TAKES = {"audio/mp3", "audio/m4a", "audio/wav", "audio/amr", "audio/mpga"}


def recording(container: str, codec: str, seconds: float, rate: int = 48_000, layout: str = "mono") -> bytes:
    """A tone, as platforms record speech."""
    sink = io.BytesIO()
    with av.open(sink, "w", format=container) as written:
        stream = written.add_stream(codec, rate=rate)
        assert isinstance(stream, av.AudioStream)
        stream.layout = layout
        count = int(seconds * rate)
        sounds = (int(8000 * math.sin(2 * math.pi * TONE_HERTZ * at / rate)) for at in range(count))
        channels = 2 if layout == "stereo" else 1
        frame = av.AudioFrame("s16", layout, count)
        frame.sample_rate = rate
        frame.planes[0].update(b"".join(struct.pack("<h", sound) * channels for sound in sounds))
        for part in (frame, None):
            for packet in stream.encode(part):
                written.mux(packet)
    return sink.getvalue()


def silence(seconds: int) -> bytes:
    """Hardly any bytes for each minute."""
    sink = io.BytesIO()
    with av.open(sink, "w", format="flac") as written:
        stream = written.add_stream("flac", rate=8000)
        assert isinstance(stream, av.AudioStream)
        stream.layout = "mono"
        frame = av.AudioFrame("s16", "mono", seconds * 8000)
        frame.sample_rate = 8000
        frame.planes[0].update(bytes(seconds * 8000 * 2))
        for part in (frame, None):
            for packet in stream.encode(part):
                written.mux(packet)
    return sink.getvalue()


def heard(data: bytes) -> tuple[float, float]:
    """The seconds of a WAV as Dify wants it, and the pitch of its tone."""
    with wave.open(io.BytesIO(data)) as read:
        assert (read.getnchannels(), read.getsampwidth(), read.getframerate()) == (1, 2, 16_000)
        count = read.getnframes()
        sounds = struct.unpack(f"<{count}h", read.readframes(count))
    assert max(sounds) > 4000
    rises = sum(one < 0 <= other for one, other in pairwise(sounds))
    return count / 16_000, rises / (count / 16_000)


@pytest.mark.parametrize(
    ("container", "codec", "media_type", "layout"),
    [
        ("ogg", "libopus", "audio/ogg", "mono"),
        ("ogg", "libopus", "audio/ogg; codecs=opus", "stereo"),
        ("webm", "libopus", "audio/webm", "mono"),
        ("webm", "libopus", "video/webm", "stereo"),
        ("flac", "flac", "application/octet-stream", "stereo"),
    ],
)
async def test_what_dify_does_not_take_is_converted_to_what_was_said(
    container: str, codec: str, media_type: str, layout: str
) -> None:
    given = File("voice-message.ogg", media_type, recording(container, codec, 2.0, layout=layout))
    made = await for_dify(given)
    assert (made.name, made.media_type) == ("voice-message.wav", "audio/wav")
    seconds, pitch = heard(made.data)
    assert seconds == pytest.approx(2.0, abs=0.05)
    assert pitch == pytest.approx(TONE_HERTZ, rel=0.03)


@pytest.mark.parametrize(
    ("media_type", "name", "sent_as", "sent_name"),
    [
        ("audio/mpeg", "talk.mpeg", "audio/mp3", "talk.mp3"),
        ("audio/mp3", "talk.mp3", "audio/mp3", "talk.mp3"),
        ("audio/mp4", "audio_message.mp4", "audio/m4a", "audio_message.m4a"),
        ("video/mp4", "clip", "audio/m4a", "clip.m4a"),
        ("audio/x-m4a", "", "audio/m4a", "voice.m4a"),
        ("Audio/X-Wav; rate=8000", "a.b.wav", "audio/wav", "a.b.wav"),
        ("audio/amr", "../up.amr", "audio/amr", "up.amr"),
        ("audio/mpga", "old.mpga", "audio/mpga", "old.mpga"),
    ],
)
async def test_what_dify_knows_by_another_name_is_renamed_and_left_as_it_is(
    media_type: str, name: str, sent_as: str, sent_name: str
) -> None:
    assert await for_dify(File(name, media_type, b"sound")) == File(sent_name, sent_as, b"sound")
    assert sent_as in DIFY_TAKES


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<!DOCTYPE html><title>Sign in</title>",
        b"OggS but no more of it",
        b"\x1a\x45\xdf\xa3",
        recording("ogg", "libopus", 0.5)[:60],
        # Lists of addresses, which nobody must follow.
        b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/secret\n",
        b"ffconcat version 1.0\nfile /etc/hostname\n",
    ],
    ids=["nothing", "a page", "words", "four bytes", "a beginning", "a playlist", "a list of files"],
)
async def test_what_is_no_sound_is_unreadable(data: bytes) -> None:
    with pytest.raises(FileUnreadable):
        await for_dify(File("voice-message.ogg", "audio/ogg", data))


async def test_a_film_without_sound_is_unreadable() -> None:
    sink = io.BytesIO()
    with av.open(sink, "w", format="webm") as written:
        stream = written.add_stream("libvpx", rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = 16, 16
        for part in (av.VideoFrame(16, 16, "yuv420p"), None):
            for packet in stream.encode(part):
                written.mux(packet)
    with pytest.raises(FileUnreadable):
        await for_dify(File("film.webm", "video/webm", sink.getvalue()))


async def test_ten_minutes_are_heard_and_no_more_however_small_they_are() -> None:
    made = await for_dify(File("long.flac", "audio/flac", silence(599)))
    assert len(made.data) < 20_000_000
    long = silence(620)
    assert len(long) < 200_000
    with pytest.raises(DifyFileRefused):
        await for_dify(File("long.flac", "audio/flac", long))


async def test_more_bytes_than_dify_takes_are_refused() -> None:
    with pytest.raises(DifyFileRefused):
        await for_dify(File("huge.mp3", "audio/mpeg", bytes(MOST_BYTES + 1)))
