"""What only one person sees: messages of theirs alone, and views."""

from sandbox.slack.arguments import Arg, Arguments, Kind
from sandbox.slack.errors import ApiError
from sandbox.slack.methods.method import CHANNEL, Method
from sandbox.slack.types import JsonObject
from sandbox.slack.world import World


def post_ephemeral(world: World, args: Arguments) -> JsonObject:
    """In a thread that nobody has replied in, nobody sees it; that is no error."""
    channel = world.workspace.joined(args.text("channel"))
    if args.text("user") not in world.workspace.users:
        raise ApiError("user_not_in_channel")
    if not args.text("text").strip():
        raise ApiError("no_text")
    thread = args.text("thread_ts")
    if not thread or channel.replies(thread):
        world.interactions.whisper(channel.id, args.text("user"), thread, args.text("text"))
    return {"message_ts": world.workspace.new_ts()}


def open_view(world: World, args: Arguments) -> JsonObject:
    return {"view": world.interactions.open(args.text("trigger_id"), args.mapping("view") or {})}


def update_view(world: World, args: Arguments) -> JsonObject:
    return {"view": world.interactions.update(args.text("view_id"), args.mapping("view") or {})}


def publish_view(world: World, args: Arguments) -> JsonObject:
    user = args.text("user_id")
    if user not in world.workspace.users:
        raise ApiError("user_not_found")
    return {"view": world.interactions.publish(user, args.mapping("view") or {}, args.text("hash"))}


METHODS = (
    Method(
        "chat.postEphemeral",
        (
            *(CHANNEL, Arg("user", missing="user_not_in_channel"), Arg("text"), Arg("thread_ts")),
            *(Arg("link_names", Kind.FLAG), Arg("parse")),
        ),
        post_ephemeral,
    ),
    Method(
        "views.open",
        (
            Arg("trigger_id", missing="invalid_arguments"),
            Arg("view", Kind.OBJECT, "invalid_arguments"),
        ),
        open_view,
    ),
    Method(
        "views.update",
        (
            Arg("view_id", missing="invalid_arguments"),
            Arg("view", Kind.OBJECT, "invalid_arguments"),
        ),
        update_view,
    ),
    Method(
        "views.publish",
        (
            Arg("user_id", missing="invalid_arguments"),
            Arg("view", Kind.OBJECT, "invalid_arguments"),
            Arg("hash"),
        ),
        publish_view,
    ),
)
