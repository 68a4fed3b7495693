"""Writing, changing and deleting messages."""

from sandbox.slack import payloads
from sandbox.slack.arguments import Arg, Arguments, Kind
from sandbox.slack.errors import ApiError
from sandbox.slack.methods.method import ATTACHMENTS, BLOCKS, CHANNEL, LOOKS, MARKDOWN, METADATA, TS, Method
from sandbox.slack.state import Channel, Message
from sandbox.slack.types import Json, JsonObject
from sandbox.slack.world import World

MAX_POST = 40_000  # characters of text; the rest is cut off
MAX_UPDATE = 4_000  # characters of text
MAX_MARKDOWN = 12_000  # characters of markdown_text


def post_message(world: World, args: Arguments) -> JsonObject:
    channel = world.workspace.joined(args.text("channel"))
    _check_content(world, args)
    root = thread_root(world, channel, args.text("thread_ts"))
    who = world.workspace.identity
    message = Message(
        ts=world.workspace.new_ts(),
        user=who.bot_user_id,
        bot_id=who.bot_id,
        text=args.text("text")[:MAX_POST],
        markdown=args.text("markdown_text"),
        blocks=args.objects("blocks"),
        attachments=args.objects("attachments"),
        metadata=metadata(args),
        thread_ts=root,
        subtype="thread_broadcast" if root and args.flag("reply_broadcast") else "",
    )
    world.add(channel, message)
    world.announce_message(channel, message)
    answer: dict[str, Json] = {"channel": channel.id, "ts": message.ts}
    answer["message"] = payloads.message(who, channel, message, metadata=True)
    if len(args.text("text")) > MAX_POST:
        answer |= {"warning": "message_truncated", "response_metadata": {"warnings": ["message_truncated"]}}
    return answer


def update(world: World, args: Arguments) -> JsonObject:
    channel = world.workspace.joined(args.text("channel"))
    message = own_message(world, channel, args.text("ts"), "cant_update_message")
    if len(args.text("text")) > MAX_UPDATE:
        raise ApiError("msg_too_long")
    _check_content(world, args)
    if message.stream is not None and not expired(world, message):
        raise ApiError("streaming_state_conflict")
    before = payloads.message(world.workspace.identity, channel, message)
    looked = (message.visible, message.blocks, message.stream is None)
    _replace(message, args)
    message.stream = None
    if (message.visible, message.blocks, True) != looked:
        message.edited_ts = world.workspace.new_ts()
        world.show(channel, message, "edit")
        world.announce_change(channel, before, message)
    now = payloads.message(world.workspace.identity, channel, message, metadata=True)
    return {"channel": channel.id, "ts": message.ts, "text": message.plain, "message": now}


def delete(world: World, args: Arguments) -> JsonObject:
    channel = world.workspace.joined(args.text("channel"))
    message = own_message(world, channel, args.text("ts"), "cant_delete_message")
    world.remove(channel, message)
    return {"channel": channel.id, "ts": message.ts}


def thread_root(world: World, channel: Channel, thread_ts: str) -> str | None:
    """The thread that a new message belongs to, from its `thread_ts` argument."""
    if not thread_ts:
        return None
    root = channel.messages.get(thread_ts)
    if root is None:
        if world.strict_threads:
            raise ApiError("thread_not_found")
        return None
    if (
        root.thread_ts is not None
    ):  # Slack would take it and show it in an odd place; a test should hear of it
        raise ApiError("cannot_reply_to_message")
    return thread_ts


def own_message(world: World, channel: Channel, ts: str, otherwise: str) -> Message:
    message = channel.message(ts)
    if message.bot_id != world.workspace.identity.bot_id:
        raise ApiError(otherwise)
    return message


def metadata(args: Arguments) -> JsonObject | None:
    given = args.mapping("metadata")
    if not given:
        return None
    if not isinstance(given.get("event_type"), str) or not isinstance(given.get("event_payload"), dict):
        raise ApiError("invalid_metadata_format")
    return given


def expired(world: World, message: Message) -> bool:
    """Whether the stream of `message` has outlived its time: counted from its start, however busy it was."""
    return message.stream is not None and world.now() - message.stream.started >= world.stream_lifetime


def _check_content(world: World, args: Arguments) -> None:
    markdown = args.text("markdown_text")
    if markdown and (args.text("text") or "blocks" in args):
        raise ApiError("markdown_text_conflict")
    if len(markdown) > MAX_MARKDOWN:
        raise ApiError("msg_too_long")
    world.check_blocks(args.objects("blocks"))
    metadata(args)
    if not (
        args.text("text").strip() or markdown.strip() or args.objects("blocks") or args.objects("attachments")
    ):
        raise ApiError("no_text")


def _replace(message: Message, args: Arguments) -> None:
    """New words; but blocks, attachments and metadata stay as they were unless something is said of them.

    So a message with blocks that is updated with `text` alone looks the same as before, as people find out
    (slackapi/python-slack-sdk#523, slack-go/slack#1214).
    """
    message.text = args.text("text")
    message.markdown = args.text("markdown_text")
    if "blocks" in args or message.markdown:
        message.blocks = args.objects("blocks")
    if "attachments" in args:
        message.attachments = args.objects("attachments")
    if "metadata" in args:
        message.metadata = metadata(args)


_AS_USER = Arg("as_user", Kind.FLAG)
_UNSEEN = (
    Arg("link_names", Kind.FLAG),
    Arg("parse"),
)  # taken and ignored: they change nothing a test looks at

METHODS = (
    Method(
        "chat.postMessage",
        (
            *(
                CHANNEL,
                Arg("text"),
                MARKDOWN,
                BLOCKS,
                ATTACHMENTS,
                METADATA,
                Arg("thread_ts"),
                _AS_USER,
                *LOOKS,
            ),
            *(Arg("reply_broadcast", Kind.FLAG), Arg("mrkdwn", Kind.FLAG), *_UNSEEN),
            *(Arg("unfurl_links", Kind.FLAG), Arg("unfurl_media", Kind.FLAG)),
        ),
        post_message,
    ),
    Method(
        "chat.update",
        (
            *(CHANNEL, TS, Arg("text"), MARKDOWN, BLOCKS, ATTACHMENTS, METADATA, _AS_USER, *_UNSEEN),
            *(Arg("reply_broadcast", Kind.FLAG), Arg("unfurled_attachments")),
        ),
        update,
    ),
    Method("chat.delete", (CHANNEL, TS, _AS_USER), delete),
)
