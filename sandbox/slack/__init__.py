"""A stand-in for Slack on loopback, faithful to the wire: the real SDKs talk to it unchanged."""

from sandbox.slack.agents import Prompts
from sandbox.slack.installing import Visit
from sandbox.slack.limits import Limits, Window
from sandbox.slack.server import Slack
from sandbox.slack.timeline import Watch
from sandbox.slack.types import (
    Call,
    Frame,
    FrameKind,
    Interaction,
    Json,
    JsonObject,
    SlackFile,
    SlackHome,
    SlackInput,
    SlackMessage,
    SlackView,
    Whisper,
)
from sandbox.slack.views import FormError

__all__ = [
    "Call",
    "FormError",
    "Frame",
    "FrameKind",
    "Interaction",
    "Json",
    "JsonObject",
    "Limits",
    "Prompts",
    "Slack",
    "SlackFile",
    "SlackHome",
    "SlackInput",
    "SlackMessage",
    "SlackView",
    "Visit",
    "Watch",
    "Whisper",
    "Window",
]
