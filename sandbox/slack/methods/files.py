"""Files: asking about them, and putting them into threads."""

from sandbox.slack import files as kept
from sandbox.slack import objects
from sandbox.slack.arguments import Arg, Arguments, Kind
from sandbox.slack.errors import ApiError
from sandbox.slack.methods.chat import thread_root
from sandbox.slack.methods.method import Method
from sandbox.slack.rules import string
from sandbox.slack.state import Message
from sandbox.slack.types import Json, JsonObject
from sandbox.slack.world import World


def info(world: World, args: Arguments) -> JsonObject:
    stored = world.workspace.files.get(args.text("file"))
    if stored is None:
        raise ApiError("file_not_found")
    return {"file": objects.file_info(world.workspace.identity, stored, stored.by)}


def begin_upload(world: World, args: Arguments) -> JsonObject:
    size = args.number("length", 0)
    if size < 1:
        raise ApiError("missing_argument")
    file_id = world.workspace.new_file_id()
    ticket = world.uploads.begin(file_id, args.text("filename"), size)
    return {"file_id": file_id, "upload_url": f"{world.origin()}/upload/v1/{ticket}"}


def end_upload(world: World, args: Arguments) -> JsonObject:
    """One message with all of them."""
    channel = world.workspace.joined(args.text("channel_id"))
    root = thread_root(world, channel, args.text("thread_ts"))
    who = world.workspace.identity
    uploads = [world.uploads.end(string(one.get("id"))) for one in args.objects("files")]
    stored = [
        world.workspace.keep_file(kept.made(one), world.origin(), who.bot_user_id, one.file_id)
        for one in uploads
    ]
    message = Message(
        ts=world.workspace.new_ts(),
        user=who.bot_user_id,
        bot_id=who.bot_id,
        text=args.text("initial_comment"),
        thread_ts=root,
        subtype="file_share",
        files=tuple(stored),
    )
    world.add(channel, message)
    world.announce_message(channel, message)
    ended: list[Json] = [{"id": one.id, "title": one.file.name} for one in stored]
    return {"files": ended}


METHODS = (
    Method(
        "files.info",
        (
            *(Arg("file", missing="file_not_found"), Arg("count", Kind.NUMBER), Arg("cursor")),
            *(Arg("limit", Kind.NUMBER), Arg("page", Kind.NUMBER)),
        ),
        info,
    ),
    Method(
        "files.getUploadURLExternal",
        (
            *(Arg("filename", missing="missing_argument"), Arg("length", Kind.NUMBER, "missing_argument")),
            *(Arg("alt_txt"), Arg("snippet_type")),
        ),
        begin_upload,
    ),
    Method(
        "files.completeUploadExternal",
        (
            *(Arg("files", Kind.OBJECTS, "invalid_arguments"), Arg("channel_id", missing="invalid_channel")),
            *(Arg("thread_ts"), Arg("initial_comment")),
        ),
        end_upload,
    ),
)
