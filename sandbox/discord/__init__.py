"""A Discord on loopback which the real discord.py talks to, unchanged.

The library has no setting for where Discord is, so whoever uses it says so:

    discord.http.Route.BASE = sandbox.url
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(sandbox.gateway_url)
"""

from sandbox.discord.flags import ChannelType, MessageFlag, MessageType, Permission
from sandbox.discord.limits import Limits, Window
from sandbox.discord.openapi import Unofficial
from sandbox.discord.server import Discord
from sandbox.discord.starts import Starts
from sandbox.discord.timeline import Watch
from sandbox.discord.types import (
    Call,
    DiscordButton,
    DiscordField,
    DiscordFile,
    DiscordInteraction,
    DiscordMessage,
    DiscordModal,
    DiscordThread,
    DiscordWhisper,
    Frame,
)

__all__ = [
    "Call",
    "ChannelType",
    "Discord",
    "DiscordButton",
    "DiscordField",
    "DiscordFile",
    "DiscordInteraction",
    "DiscordMessage",
    "DiscordModal",
    "DiscordThread",
    "DiscordWhisper",
    "Frame",
    "Limits",
    "MessageFlag",
    "MessageType",
    "Permission",
    "Starts",
    "Unofficial",
    "Watch",
    "Window",
]
