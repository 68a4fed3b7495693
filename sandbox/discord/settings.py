"""What the parts of the stand-in look up each time anew, because a test may change it while they run."""

from typing import Protocol

from sandbox.discord.starts import Starts


class Settings(Protocol):
    token: str
    application_id: str
    gateway_url: str
    heartbeat_interval: int
    latency: float
    interaction_seconds: float
    interaction_token_seconds: float
    message_content_allowed: bool
    starts: Starts
