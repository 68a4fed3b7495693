"""What the page shows, as plain data."""

import html
from dataclasses import asdict, dataclass, replace

from sandbox.playground import Playground
from sandbox.slack import Slack, SlackMessage

BOT = "Assistant"


@dataclass(frozen=True, slots=True)
class Link:
    """A line of the table of threads: which conversation a thread holds."""

    thread: str
    conversation_id: str


@dataclass(frozen=True, slots=True)
class Said:
    """One visible message; an opening one carries what was said in its thread, and the thread's name."""

    id: str
    bot: bool
    text: str
    edited: bool
    thread: str
    title: str = ""
    replies: tuple["Said", ...] = ()


@dataclass(frozen=True, slots=True)
class Calls:
    """How often the bridge called, and how often it was told that it was too fast."""

    posts: int
    edits: int
    dify: int
    too_fast: int


@dataclass(frozen=True, slots=True)
class View:
    """The whole page."""

    slack: tuple[Said, ...]
    discord: tuple[Said, ...]
    links: tuple[Link, ...]
    calls: Calls

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def view(playground: Playground, links: tuple[Link, ...]) -> View:
    """Everything as it stands now."""
    return View(_slack(playground), _discord(playground), links, _calls(playground))


def _slack(playground: Playground) -> tuple[Said, ...]:
    slack, channel = playground.slack, playground.slack_channel
    opening = []
    for root in slack.messages(channel):
        first, *replies = (_slack_said(slack, message) for message in slack.messages(channel, root.ts))
        opening.append(replace(first, replies=tuple(replies)))
    return tuple(opening)


def _slack_said(slack: Slack, message: SlackMessage) -> Said:
    return Said(
        id=message.ts,
        bot=bool(message.bot_id),
        text=html.unescape(message.text.replace(f"<@{slack.bot_user_id}>", f"@{BOT}")),
        edited=message.edited,
        thread=message.thread_ts or message.ts,
    )


def _discord(playground: Playground) -> tuple[Said, ...]:
    discord = playground.discord
    threads = {thread.id: thread for thread in discord.threads(playground.discord_channel)}
    opening = []
    for root in _discord_messages(playground, playground.discord_channel):
        thread = threads.get(root.id)
        if thread is not None:
            replies = tuple(_discord_messages(playground, thread.id))
            root = replace(root, title=thread.name, replies=replies)
        opening.append(root)
    return tuple(opening)


def _discord_messages(playground: Playground, channel: str) -> list[Said]:
    bot = playground.discord.bot_id
    return [
        Said(
            id=message.id,
            bot=message.author_id == bot,
            text=message.content.replace(f"<@{bot}>", f"@{BOT}"),
            edited=message.edited,
            thread=channel,
        )
        for message in playground.discord.messages(channel)
        if message.content
    ]


def _calls(playground: Playground) -> Calls:
    slack, discord = playground.slack.calls, playground.discord.calls
    messages = "/channels/{id}/messages"
    return Calls(
        posts=sum(call.method == "chat.postMessage" for call in slack)
        + sum(call.method == "POST" and call.route == messages for call in discord),
        edits=sum(call.method == "chat.update" for call in slack)
        + sum(call.method == "PATCH" and call.route.startswith(messages) for call in discord),
        dify=len(playground.dify.requests),
        too_fast=sum(call.status == 429 for call in slack) + sum(call.status == 429 for call in discord),
    )
