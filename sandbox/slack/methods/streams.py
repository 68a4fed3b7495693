"""Messages that grow: started, appended to, stopped; with every trap that people have met.

A stream lives for `stream_lifetime` seconds from its start, whether busy or idle; then it takes neither more
text nor a stop, and only chat.update repairs it. It holds MAX_STREAM bytes. Its first content fixes its mode.
"""

from collections.abc import Mapping

from sandbox.slack import blocks as kit
from sandbox.slack import payloads
from sandbox.slack.arguments import Arg, Arguments, Kind
from sandbox.slack.errors import ApiError
from sandbox.slack.methods.chat import MAX_MARKDOWN, expired, metadata, own_message, thread_root
from sandbox.slack.methods.method import BLOCKS, CHANNEL, LOOKS, MARKDOWN, METADATA, TS, Method
from sandbox.slack.state import Channel, Message, Stream
from sandbox.slack.types import Json, JsonObject
from sandbox.slack.world import World

MAX_STREAM = 11_600  # UTF-8 bytes over the whole life of a stream: CopilotKit#6244, openclaw#143882
MAX_TASKS = 50
SESSION_STATUSES = ("", "active", "processing", "suspended", "closed")


def start(world: World, args: Arguments) -> JsonObject:
    channel = world.workspace.joined(args.text("channel"))
    _check_recipient(world, channel, args)
    if args.text("task_display_mode") not in ("", "timeline", "plan"):
        raise ApiError("invalid_arguments", "[ERROR] task_display_mode must be timeline or plan")
    root = thread_root(world, channel, args.text("thread_ts"))
    who = world.workspace.identity
    stream = Stream(started=world.now())
    message = Message(
        world.workspace.new_ts(), who.bot_user_id, bot_id=who.bot_id, thread_ts=root, stream=stream
    )
    _grow(message, stream, args)
    world.add(channel, message)
    world.agents.begin(channel.id, root or message.ts)
    world.announce_message(channel, message)
    return {"channel": channel.id, "ts": message.ts}


def append(world: World, args: Arguments) -> JsonObject:
    channel, message, stream = _streaming(world, args)
    if stream.stopped_by:
        raise ApiError("stopped_by_user")
    if not args.text("markdown_text") and not args.objects("chunks"):
        raise ApiError("no_text")
    looked = (message.visible, message.blocks)
    _grow(message, stream, args)
    if (message.visible, message.blocks) != looked:
        world.show(channel, message, "append")
    return {"channel": channel.id, "ts": message.ts}


def stop(world: World, args: Arguments) -> JsonObject:
    channel, message, stream = _streaming(world, args)
    if args.text("session_status") not in SESSION_STATUSES:
        raise ApiError("invalid_status")
    bottom = args.objects("blocks")
    world.check_blocks(bottom)
    given = metadata(args)
    before = payloads.message(world.workspace.identity, channel, message)
    _grow(message, stream, args)
    message.blocks += bottom
    message.metadata = given or message.metadata
    message.stream = None
    world.agents.release(channel.id, message.thread_ts or message.ts)
    world.show(channel, message, "stop")
    world.announce_change(channel, before, message)
    now = payloads.message(world.workspace.identity, channel, message, metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": now}


def _check_recipient(world: World, channel: Channel, args: Arguments) -> None:
    """In a channel Slack wants to know for whom the text grows; in direct messages it knows."""
    user, team = args.text("recipient_user_id"), args.text("recipient_team_id")
    if channel.type != "im":
        if not user:
            raise ApiError("missing_recipient_user_id")
        if not team:
            raise ApiError("missing_recipient_team_id")
    if user and user not in world.workspace.users:
        raise ApiError("user_not_found")
    own = world.workspace.users[user].team if user else ""
    if team and team != (own or world.workspace.identity.team_id):
        raise ApiError("team_not_found")


def _streaming(world: World, args: Arguments) -> tuple[Channel, Message, Stream]:
    channel = world.workspace.joined(args.text("channel"))
    message = own_message(world, channel, args.text("ts"), "message_not_owned_by_app")
    if message.stream is None or expired(world, message):
        raise ApiError("message_not_in_streaming_state")
    return channel, message, message.stream


def _grow(message: Message, stream: Stream, args: Arguments) -> None:
    """Take everything this call brings, or nothing of it."""
    text, chunks = args.text("markdown_text"), args.objects("chunks")
    if text and chunks:
        raise ApiError("cannot_provide_both_markdown_text_and_chunks")
    if not text and not chunks:
        return
    mode = "chunks" if chunks else "markdown_text"
    if stream.mode not in ("", mode):
        raise ApiError("streaming_mode_mismatch")
    for chunk in chunks:
        _check_chunk(chunk)
    size = stream.size + len(text.encode()) + sum(_weight(chunk) for chunk in chunks)
    if len(text) > MAX_MARKDOWN or size > MAX_STREAM:
        raise ApiError("msg_too_long")
    blocks = message.blocks + tuple(block for chunk in chunks for block in _blocks(chunk))
    tasks = stream.tasks | {str(chunk["id"]) for chunk in chunks if chunk["type"] == "task_update"}
    if len(blocks) > kit.MAX_BLOCKS or len(tasks) > MAX_TASKS:
        raise ApiError("msg_blocks_too_many")
    message.markdown += text + "".join(_text(chunk) for chunk in chunks)
    message.blocks = blocks
    stream.mode, stream.size, stream.tasks = mode, size, tasks


def _check_chunk(chunk: JsonObject) -> None:
    needed = {
        "markdown_text": ("text",),
        "task_update": ("id", "title", "status"),
        "plan_update": ("title",),
        "blocks": (),
    }.get(str(chunk.get("type")))
    if needed is None or not all(isinstance(chunk.get(name), str) for name in needed):
        raise ApiError("invalid_chunks")
    if chunk["type"] == "task_update" and chunk["status"] not in (
        "pending",
        "in_progress",
        "complete",
        "error",
    ):
        raise ApiError("invalid_chunks")
    if chunk["type"] == "blocks":
        if not isinstance(chunk.get("blocks"), list):
            raise ApiError("invalid_chunks")
        kit.check(_blocks(chunk))


def _weight(chunk: JsonObject) -> int:
    """In bytes; what a task says beside its title counts double, as openclaw#143882 measured."""
    words = kit.visible(_blocks(chunk)) + _text(chunk) + _string(chunk.get("title"))
    return len(words.encode()) + 2 * sum(
        len(_string(chunk.get(name)).encode()) for name in ("details", "output")
    )


def _text(chunk: JsonObject) -> str:
    return _string(chunk.get("text")) if chunk["type"] == "markdown_text" else ""


def _blocks(chunk: JsonObject) -> tuple[JsonObject, ...]:
    blocks = chunk.get("blocks")
    return tuple(block for block in blocks if isinstance(block, Mapping)) if isinstance(blocks, list) else ()


def _string(value: Json) -> str:
    return value if isinstance(value, str) else ""


_CHUNKS = Arg("chunks", Kind.OBJECTS, malformed="invalid_chunks")
_CONTENT = (MARKDOWN, _CHUNKS)

METHODS = (
    Method(
        "chat.startStream",
        (
            # Documented as optional, but without it Slack's own SDK and most callers are refused.
            *(CHANNEL, Arg("thread_ts", missing="invalid_arguments"), *_CONTENT, *LOOKS),
            *(Arg("recipient_user_id"), Arg("recipient_team_id"), Arg("task_display_mode")),
        ),
        start,
    ),
    Method("chat.appendStream", (CHANNEL, TS, *_CONTENT), append),
    Method("chat.stopStream", (CHANNEL, TS, *_CONTENT, BLOCKS, METADATA, Arg("session_status")), stop),
)
