"""Speech made text, and text made speech."""

import io

import aiohttp

from bridge.dify.app_files import safe_name
from bridge.dify.calls import LONG_CALL_PATIENCE, Calls, read
from bridge.dify.shapes import text_of
from bridge.errors import DifyFileRefused, DifyLacks, DifyRejected
from bridge.types import File

# An hour of speech; no chat shows so much.
MAX_SPEECH_BYTES = 32 * 1024 * 1024
_EXTENSIONS = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/ogg": "ogg", "audio/mp4": "m4a"}


async def transcribe(calls: Calls, file: File, user: str) -> str:
    """What is said in the recording. `DifyLacks` where the app does not hear, `DifyFileRefused` for a type or
    a size that Dify does not take."""
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("user", user)
    form.add_field(
        "file",
        io.BytesIO(file.data),
        filename=safe_name(file.name) or "speech",
        content_type=file.media_type,
    )
    try:
        told = await calls.put("POST", "audio-to-text", form, LONG_CALL_PATIENCE, optional=True)
    except DifyRejected as refused:
        raise DifyFileRefused(str(refused)) from refused
    return text_of(told.fields, "text")


async def speak(calls: Calls, text: str, user: str, message_id: str) -> File:
    """The text as speech; with a `message_id`, that answer. `DifyLacks` where the app does not speak."""
    payload: dict[str, object] = {"text": text, "user": user}
    if message_id:
        payload["message_id"] = message_id
    async with calls.send(
        "POST", "text-to-audio", payload, waiting=LONG_CALL_PATIENCE, optional=True
    ) as response:
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        data = await read(response, MAX_SPEECH_BYTES)
    if not data or not kind.startswith("audio/"):
        raise DifyLacks(f"nothing was spoken, but {kind[:60] or 'no content type'} sent")
    return File(f"speech.{_EXTENSIONS.get(kind, 'mp3')}", kind, data)
