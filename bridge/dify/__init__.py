"""The only place that knows Dify's wire."""

from bridge.dify.client import AppInfo, ChatRequest, DifyClient, end_user
from bridge.dify.events import Ids
from bridge.dify.records import Recovered
from bridge.dify.recovery import LostTurn
from bridge.dify.stream import ChatStream
from bridge.dify.turn import Ending, Update

__all__ = [
    "AppInfo",
    "ChatRequest",
    "ChatStream",
    "DifyClient",
    "Ending",
    "Ids",
    "LostTurn",
    "Recovered",
    "Update",
    "end_user",
]
