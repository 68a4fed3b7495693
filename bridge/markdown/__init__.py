"""Markdown as models write it: its structure, its unfinished end, and its words. Pure text, no platform."""

from bridge.markdown.aside import aside
from bridge.markdown.letters import breaks_at, display_width, utf16_length, whole
from bridge.markdown.own_links import Linked, settled_links, without_own_links
from bridge.markdown.pending import complete
from bridge.markdown.plain import plain
from bridge.markdown.settle import settled
from bridge.markdown.think import Thinking, strip_thinking

__all__ = [
    "Linked",
    "Thinking",
    "aside",
    "breaks_at",
    "complete",
    "display_width",
    "plain",
    "settled",
    "settled_links",
    "strip_thinking",
    "utf16_length",
    "whole",
    "without_own_links",
]
