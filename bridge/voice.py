"""What somebody said, in a form in which Dify hears it."""

import asyncio
import io
import wave
from pathlib import PurePosixPath

from bridge.errors import DifyFileRefused, FileUnreadable
from bridge.types import File

# Dify's own limit, for /audio-to-text.
MOST_BYTES = 30 * 1024 * 1024
LONGEST_SECONDS = 600.0
# What speech is recognised from; ten minutes of it are 19 MB.
SAMPLES_PER_SECOND = 16_000
BYTES_PER_SAMPLE = 2

# Dify looks at nothing but the media type, and takes five of them. The same sound has other names elsewhere;
# a clip that is nothing but sound is often called a video.
ACCEPTED = {
    "audio/mp3": ("audio/mp3", ".mp3"),
    "audio/mpeg": ("audio/mp3", ".mp3"),
    "audio/x-mp3": ("audio/mp3", ".mp3"),
    "audio/mpga": ("audio/mpga", ".mpga"),
    "audio/m4a": ("audio/m4a", ".m4a"),
    "audio/x-m4a": ("audio/m4a", ".m4a"),
    "audio/mp4": ("audio/m4a", ".m4a"),
    "video/mp4": ("audio/m4a", ".m4a"),
    "audio/wav": ("audio/wav", ".wav"),
    "audio/wave": ("audio/wav", ".wav"),
    "audio/x-wav": ("audio/wav", ".wav"),
    "audio/vnd.wave": ("audio/wav", ".wav"),
    "audio/amr": ("audio/amr", ".amr"),
}
# How a container begins, and its reader. Others are not tried: some of them are lists of addresses, which
# would be fetched.
CONTAINERS = {b"OggS": "ogg", b"\x1a\x45\xdf\xa3": "matroska", b"fLaC": "flac"}


async def for_dify(file: File) -> File:
    """The same sound under a media type that Dify takes: renamed where that is enough, else converted.
    `DifyFileRefused` when it is too large or too long, `FileUnreadable` when it is no sound."""
    if not file.data:
        raise FileUnreadable("the recording is empty")
    if len(file.data) > MOST_BYTES:
        raise DifyFileRefused(f"the recording has more than {MOST_BYTES} bytes")
    known = ACCEPTED.get(file.media_type.partition(";")[0].strip().lower())
    if known is not None:
        media_type, ending = known
        return File(_named(file.name, ending), media_type, file.data)
    data = await asyncio.to_thread(_wav, file.data)
    return File(_named(file.name, ".wav"), "audio/wav", data)


def _named(name: str, ending: str) -> str:
    return (PurePosixPath(name).stem or "voice") + ending


def _wav(data: bytes) -> bytes:
    samples = _samples(data)
    if not samples:
        raise FileUnreadable("the recording has no sound in it")
    sink = io.BytesIO()
    with wave.open(sink, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(BYTES_PER_SAMPLE)
        written.setframerate(SAMPLES_PER_SECOND)
        written.writeframes(samples)
    return sink.getvalue()


def _samples(data: bytes) -> bytes:
    """The sound as 16-bit mono."""
    try:
        # Large, and of use only where recordings have to be converted.
        import av
    except ImportError as error:
        raise FileUnreadable("recordings of this kind need the extra dify-bridge[voice]") from error
    container = next((name for start, name in CONTAINERS.items() if data.startswith(start)), None)
    if container is None:
        raise FileUnreadable("the recording is of no known kind")
    sound, seconds = bytearray(), 0.0
    try:
        with av.open(io.BytesIO(data), "r", format=container) as source:
            if not source.streams.audio:
                return b""
            resampler = av.AudioResampler("s16", "mono", SAMPLES_PER_SECOND)
            for frame in source.decode(source.streams.audio[0]):
                # Before it is converted: a few bytes may claim to last for hours.
                seconds += frame.samples / max(1, frame.sample_rate)
                if seconds > LONGEST_SECONDS:
                    raise DifyFileRefused(f"the recording is longer than {LONGEST_SECONDS:g} s")
                for made in resampler.resample(frame):
                    sound += bytes(made.planes[0])[: made.samples * BYTES_PER_SAMPLE]
            for made in resampler.resample(None):
                sound += bytes(made.planes[0])[: made.samples * BYTES_PER_SAMPLE]
    except av.FFmpegError as error:
        raise FileUnreadable(f"the recording cannot be decoded: {type(error).__name__}") from error
    return bytes(sound)
