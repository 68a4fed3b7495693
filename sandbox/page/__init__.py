"""The demo's web page: a Slack-looking and a Discord-looking channel side by side."""

from sandbox.page.looking import sides
from sandbox.page.server import Page
from sandbox.page.view import Link, Said, Side

__all__ = ["Link", "Page", "Said", "Side", "sides"]
