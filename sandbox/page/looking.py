"""The whole view of the page, from all that there is to see."""

from collections.abc import Mapping

from sandbox.page.discord import DiscordSide
from sandbox.page.slack import SlackSide
from sandbox.page.view import Calls, Link, Side, View
from sandbox.playground import Playground

_POSTS = ("chat.postMessage", "chat.startStream")
_EDITS = ("chat.update", "chat.appendStream", "chat.stopStream")
_MESSAGES = "/channels/{id}/messages"


def sides(playground: Playground) -> Mapping[str, Side]:
    """By their names."""
    return {"slack": SlackSide(playground), "discord": DiscordSide(playground)}


def view(playground: Playground, shown: Mapping[str, Side], links: tuple[Link, ...]) -> View:
    """Everything as it stands now."""
    return View(shown["slack"].pane(), shown["discord"].pane(), links, _calls(playground))


def _calls(playground: Playground) -> Calls:
    slack, discord = playground.slack.calls, playground.discord.calls
    return Calls(
        posts=sum(call.method in _POSTS for call in slack)
        + sum(call.method == "POST" and call.route == _MESSAGES for call in discord),
        edits=sum(call.method in _EDITS for call in slack)
        + sum(call.method == "PATCH" and call.route.startswith(_MESSAGES) for call in discord),
        dify=len(playground.dify.requests),
        too_fast=sum(call.status == 429 for call in slack) + sum(call.status == 429 for call in discord),
    )
