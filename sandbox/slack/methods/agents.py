"""What only an agent does: its sessions, and what it suggests to ask."""

from typing import get_args

from sandbox.slack.agents import Prompts, SessionStatus
from sandbox.slack.arguments import Arg, Arguments, Kind
from sandbox.slack.errors import ApiError
from sandbox.slack.methods.method import LOOKS, Method
from sandbox.slack.rules import string
from sandbox.slack.state import Channel
from sandbox.slack.types import JsonObject
from sandbox.slack.world import World

MAX_TITLE = 200
MAX_PROMPTS = 4
STATUSES: tuple[SessionStatus, ...] = get_args(SessionStatus)


def set_session_status(world: World, args: Arguments) -> JsonObject:
    """Sets the status of a session, which begins with that if there was none."""
    channel, thread_ts = _session(world, args)
    status = next((one for one in STATUSES if one == args.text("status")), None)
    if status is None:
        raise ApiError("invalid_status")
    if len(args.text("title")) > MAX_TITLE:
        raise ApiError("invalid_arguments", f"[ERROR] title: at most {MAX_TITLE} characters")
    if args.text("initiator_user_id") and args.text("initiator_user_id") not in world.workspace.users:
        raise ApiError("user_not_found")
    world.agents.sessions[channel.id, thread_ts] = status
    # Both methods write the same line, and the last one counts.
    world.statuses.pop((channel.id, thread_ts), None)
    title = world.titles.get((channel.id, thread_ts), args.text("title"))
    return {"status": status, "agent_status": status, "title": title}


def rename_session(world: World, args: Arguments) -> JsonObject:
    channel, thread_ts = _session(world, args)
    if (channel.id, thread_ts) not in world.agents.sessions:
        raise ApiError("session_not_found")
    if not 1 <= len(args.text("title")) <= MAX_TITLE:
        raise ApiError("invalid_name")
    world.titles[channel.id, thread_ts] = args.text("title")
    return {"title": args.text("title")}


def set_prompts(world: World, args: Arguments) -> JsonObject:
    """For one thread, or without `thread_ts` for whoever opens the messages tab."""
    channel, thread_ts = world.workspace.channel(args.text("channel_id")), args.text("thread_ts")
    if not world.agents.available:
        raise ApiError("not_agent_app")
    if channel.type != "im":
        raise ApiError("channel_not_found")
    if thread_ts and thread_ts not in channel.messages:
        raise ApiError("invalid_thread_ts")
    prompts = args.objects("prompts")
    if not 1 <= len(prompts) <= MAX_PROMPTS:
        raise ApiError("invalid_arguments", f"[ERROR] prompts: between 1 and {MAX_PROMPTS}")
    pairs = tuple((string(one.get("title")), string(one.get("message"))) for one in prompts)
    if any(set(one) != {"title", "message"} for one in prompts) or not all(map(all, pairs)):
        raise ApiError("invalid_arguments", "[ERROR] prompts: each has a title and a message")
    world.agents.prompts[channel.id, thread_ts] = Prompts(args.text("title"), pairs)
    return {}


def _session(world: World, args: Arguments) -> tuple[Channel, str]:
    if not world.agents.available:
        raise ApiError("feature_disabled")
    channel = world.workspace.channel(args.text("channel_id"))
    if not channel.bot_is_member:
        raise ApiError("not_authorized")
    if not args.text("thread_ts"):
        raise ApiError("thread_ts_required")
    return channel, args.text("thread_ts")


_CHANNEL = Arg("channel_id", missing="channel_not_found")

METHODS = (
    Method(
        "agents.sessions.setStatus",
        (
            *(_CHANNEL, Arg("status", missing="invalid_status"), Arg("thread_ts"), Arg("title")),
            *(Arg("initiator_user_id"), *LOOKS),
        ),
        set_session_status,
    ),
    Method(
        "agents.sessions.rename",
        (_CHANNEL, Arg("title", missing="invalid_name"), Arg("thread_ts")),
        rename_session,
    ),
    Method(
        "assistant.threads.setSuggestedPrompts",
        (
            *(_CHANNEL, Arg("prompts", Kind.OBJECTS, "invalid_arguments")),
            *(Arg("thread_ts"), Arg("title")),
        ),
        set_prompts,
    ),
)
