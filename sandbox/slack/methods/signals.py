"""What is not a message: reactions, and what is shown of a thread."""

import re

from sandbox.slack import payloads
from sandbox.slack.agents import Status
from sandbox.slack.arguments import Arg, Arguments, Kind
from sandbox.slack.errors import ApiError
from sandbox.slack.methods.method import LOOKS, Method
from sandbox.slack.state import Channel, Message
from sandbox.slack.types import JsonObject
from sandbox.slack.world import World

MAX_TITLE = 200

_EMOJI = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")


def add_reaction(world: World, args: Arguments) -> JsonObject:
    channel, message, name = _reacted(world, args)
    users = message.reactions.setdefault(name, [])
    bot = world.workspace.identity.bot_user_id
    if bot in users:
        raise ApiError("already_reacted")
    users.append(bot)
    _announce(world, "reaction_added", channel, message, name)
    return {}


def remove_reaction(world: World, args: Arguments) -> JsonObject:
    channel, message, name = _reacted(world, args)
    users = message.reactions.get(name, [])
    bot = world.workspace.identity.bot_user_id
    if bot not in users:
        raise ApiError("no_reaction")
    users.remove(bot)
    if not users:
        del message.reactions[name]
    _announce(world, "reaction_removed", channel, message, name)
    return {}


def set_status(world: World, args: Arguments) -> JsonObject:
    channel = world.workspace.channel(args.text("channel_id"))
    thread_ts, loading = args.text("thread_ts"), args.texts("loading_messages")
    if not channel.bot_is_member:
        raise ApiError("channel_not_found")
    if thread_ts not in channel.messages:
        raise ApiError("invalid_thread_ts")
    if ("loading_messages" in args and not 1 <= len(loading) <= 10) or not all(
        1 <= len(line) <= 50 for line in loading
    ):
        raise ApiError("invalid_arguments", "[ERROR] loading_messages: 1 to 10 lines of 1 to 50 characters")
    world.statuses[channel.id, thread_ts] = Status(world.now(), args.text("status"), loading)
    return {}


def set_title(world: World, args: Arguments) -> JsonObject:
    """Only threads with an agent have a title, and those are in direct messages."""
    channel = world.workspace.channel(args.text("channel_id"))
    if channel.type != "im":
        raise ApiError("channel_not_found")
    if args.text("thread_ts") not in channel.messages:
        raise ApiError("invalid_thread_ts")
    if not 1 <= len(args.text("title")) <= MAX_TITLE:
        raise ApiError("invalid_arguments", f"[ERROR] title: 1 to {MAX_TITLE} characters")
    world.titles[channel.id, args.text("thread_ts")] = args.text("title")
    return {}


def _reacted(world: World, args: Arguments) -> tuple[Channel, Message, str]:
    channel = world.workspace.joined(args.text("channel"))
    name = args.text("name").strip(":")
    if not _EMOJI.fullmatch(name):
        raise ApiError("invalid_name")
    return channel, channel.message(args.text("timestamp")), name


def _announce(world: World, kind: str, channel: Channel, message: Message, name: str) -> None:
    who, ts = world.workspace.identity, world.workspace.new_ts()
    world.announce(payloads.reaction(kind, who, channel, message, name, ts))


_REACTION = (
    Arg("channel", missing="no_item_specified"),
    Arg("timestamp", missing="no_item_specified"),
    Arg("name", missing="invalid_name"),
)

METHODS = (
    Method("reactions.add", _REACTION, add_reaction),
    Method("reactions.remove", _REACTION, remove_reaction),
    Method(
        "assistant.threads.setStatus",
        (
            Arg("channel_id", missing="channel_not_found"),
            Arg("thread_ts", missing="invalid_thread_ts"),
            Arg("status", missing="invalid_arguments"),
            Arg("loading_messages", Kind.TEXTS),
            *LOOKS,
        ),
        set_status,
    ),
    Method(
        "assistant.threads.setTitle",
        (
            Arg("channel_id", missing="channel_not_found"),
            Arg("thread_ts", missing="invalid_thread_ts"),
            Arg("title", missing="invalid_arguments"),
        ),
        set_title,
    ),
)
