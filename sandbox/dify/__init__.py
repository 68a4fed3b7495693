"""A Dify server in miniature: its service API for conversations, as several versions of it behave."""

from sandbox.dify.demo import demo_script
from sandbox.dify.server import Dify
from sandbox.dify.types import Answer, Call, ChatRequest, Conversation, Script, Turn, Written

__all__ = [
    "Answer",
    "Call",
    "ChatRequest",
    "Conversation",
    "Dify",
    "Script",
    "Turn",
    "Written",
    "demo_script",
]
