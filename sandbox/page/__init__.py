"""The demo's web page: a Slack-looking and a Discord-looking channel side by side."""

from sandbox.page.server import Page
from sandbox.page.view import Link

__all__ = ["Link", "Page"]
