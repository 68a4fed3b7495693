"""Recordings into text, and text into recordings."""

from aiohttp import web

from sandbox.dify.app import DEFAULT_USER, App
from sandbox.dify.files import upload_form
from sandbox.dify.records import Heard, Spoken
from sandbox.dify.replies import fields_of
from sandbox.dify.setup import MEGABYTE

HEARD_TYPES = frozenset({"audio/mp3", "audio/m4a", "audio/wav", "audio/amr", "audio/mpga"})


class Speech:
    """Answers those calls, of apps in whatever mode."""

    def __init__(self, app: App) -> None:
        self._app = app

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/audio-to-text", self._hear),
            web.post("/v1/text-to-audio", self._speak),
        ]

    async def _hear(self, request: web.Request) -> web.Response:
        form = await upload_form(request)
        replies, setup = self._app.replies, self._app.setup
        if not setup.speech_to_text:
            text = "Speech to text is not enabled"
            if self._app.quirks.speech_code:
                return replies.error(400, "speech_to_text_disabled", text)
            return replies.invalid(text)
        if not form.parts:
            return replies.error(400, "no_audio_uploaded", "Please upload your audio.")
        part = form.parts[0]
        if part.media_type not in HEARD_TYPES:
            return replies.error(415, "unsupported_audio_type", "Audio type not allowed.")
        if len(part.content) > setup.limits.speech * MEGABYTE:
            return replies.error(413, "audio_too_large", f"Audio size larger than {setup.limits.speech} mb")
        self._app.heard.append(Heard(part.name, part.media_type, part.content, form.user))
        return replies.json({"text": setup.transcript})

    async def _speak(self, request: web.Request) -> web.Response:
        fields = await fields_of(request)
        replies, setup = self._app.replies, self._app.setup
        if fields.broken:
            return replies.not_json()
        user = fields.text("user") or DEFAULT_USER
        text, message_id = fields.text("text"), fields.text("message_id")
        if not setup.text_to_speech:
            return replies.invalid("TTS is not enabled")
        if message_id:
            turn = self._app.turn(message_id, user)
            if turn is None:
                return replies.not_there("Message Not Exists.", request.path)
            text = turn.answer
        if not text:
            return replies.invalid("Text is required")
        self._app.spoken.append(Spoken(text, message_id, fields.text("voice") or setup.voice, user))
        return web.Response(body=setup.speech, headers={**replies.headers, "Content-Type": setup.speech_type})
