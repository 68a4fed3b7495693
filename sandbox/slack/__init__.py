"""A stand-in for Slack on loopback, faithful to the wire: the real SDKs talk to it unchanged."""

from sandbox.slack.limits import Limits, Window
from sandbox.slack.server import Slack
from sandbox.slack.timeline import Watch
from sandbox.slack.types import Call, Frame, FrameKind, Json, JsonObject, SlackFile, SlackMessage

__all__ = [
    "Call",
    "Frame",
    "FrameKind",
    "Json",
    "JsonObject",
    "Limits",
    "Slack",
    "SlackFile",
    "SlackMessage",
    "Watch",
    "Window",
]
