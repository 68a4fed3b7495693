"""Looking things up: who am I, what was said, what is this channel, who is this person."""

import base64
import binascii
from decimal import Decimal, InvalidOperation

from sandbox.slack import objects, payloads
from sandbox.slack.arguments import Arg, Arguments, Kind
from sandbox.slack.errors import ApiError
from sandbox.slack.methods.method import CHANNEL, Method
from sandbox.slack.state import Channel, Message
from sandbox.slack.types import Json, JsonObject
from sandbox.slack.world import World


def auth_test(world: World, args: Arguments) -> JsonObject:
    who = world.workspace.identity
    return {
        "url": f"https://{who.team.lower().replace(' ', '-')}.slack.example/",
        "team": who.team,
        "user": who.bot_name,
        "team_id": who.team_id,
        "user_id": who.bot_user_id,
        "bot_id": who.bot_id,
        "is_enterprise_install": bool(who.enterprise_id),
    }


def open_connection(world: World, args: Arguments) -> JsonObject:
    return {"url": world.socket_url()}


def replies(world: World, args: Arguments) -> JsonObject:
    """The thread's first message, always, and those of its replies that were asked for, oldest first."""
    channel = world.workspace.joined(args.text("channel"))
    asked = channel.messages.get(args.text("ts"))
    if asked is None:
        raise ApiError("thread_not_found")
    root, *answers = channel.thread(asked.thread_ts or asked.ts)
    return _page(world, channel, [root, *_within(answers, args)], args)


def history(world: World, args: Arguments) -> JsonObject:
    """What stands in the channel itself, newest first."""
    channel = world.workspace.joined(args.text("channel"))
    return _page(world, channel, _within(channel.top_level(), args)[::-1], args)


def channel_info(world: World, args: Arguments) -> JsonObject:
    channel = world.workspace.channel(args.text("channel"))
    return {"channel": objects.channel_info(world.workspace.identity, channel, created=0)}


def user_info(world: World, args: Arguments) -> JsonObject:
    user = world.workspace.users.get(args.text("user"))
    if user is None:
        raise ApiError("user_not_found")
    with_locale = args.flag("include_locale")
    return {"user": objects.user_info(world.workspace.identity, user, with_locale=with_locale)}


def group_members(world: World, args: Arguments) -> JsonObject:
    people = world.workspace.groups.get(args.text("usergroup"))
    if people is None:
        raise ApiError("no_such_subteam")
    return {"users": list(people)}


def bot_info(world: World, args: Arguments) -> JsonObject:
    if args.text("bot") != world.workspace.identity.bot_id:
        raise ApiError("bot_not_found")
    return {"bot": objects.bot_info(world.workspace.identity)}


def _within(messages: list[Message], args: Arguments) -> list[Message]:
    oldest, latest = _moment(args, "oldest"), _moment(args, "latest")
    inclusive = args.flag("inclusive")

    def wanted(message: Message) -> bool:
        at = Decimal(message.ts)
        if at in (oldest, latest):
            return inclusive
        return (oldest is None or at > oldest) and (latest is None or at < latest)

    return [message for message in messages if wanted(message)]


def _moment(args: Arguments, name: str) -> Decimal | None:
    if not args.text(name):
        return None
    try:
        return Decimal(args.text(name))
    except InvalidOperation:
        raise ApiError(f"invalid_ts_{name}") from None


def _page(world: World, channel: Channel, messages: list[Message], args: Arguments) -> JsonObject:
    start = _start(messages, args.text("cursor"))
    limit = min(max(args.number("limit", 100), 1), 1_000)
    page, rest = messages[start : start + limit], messages[start + limit :]
    who, with_metadata = world.workspace.identity, args.flag("include_all_metadata")
    answer: dict[str, Json] = {
        "messages": [payloads.message(who, channel, message, metadata=with_metadata) for message in page],
        "has_more": bool(rest),
    }
    if rest:
        cursor = base64.b64encode(f"next_ts:{rest[0].ts}".encode()).decode()
        answer["response_metadata"] = {"next_cursor": cursor}
    return answer


def _start(messages: list[Message], cursor: str) -> int:
    if not cursor:
        return 0
    try:
        wanted = base64.b64decode(cursor, validate=True).decode().removeprefix("next_ts:")
        return next(index for index, message in enumerate(messages) if message.ts == wanted)
    except (binascii.Error, UnicodeDecodeError, StopIteration):
        raise ApiError("invalid_cursor") from None


_PAGING = (
    *(Arg("cursor"), Arg("limit", Kind.NUMBER), Arg("oldest"), Arg("latest")),
    *(Arg("inclusive", Kind.FLAG), Arg("include_all_metadata", Kind.FLAG)),
)
_INFO = (Arg("include_locale", Kind.FLAG), Arg("include_num_members", Kind.FLAG))

METHODS = (
    Method("auth.test", (Arg("team_id"),), auth_test),
    Method("apps.connections.open", (), open_connection, app_level=True),
    Method("conversations.replies", (CHANNEL, Arg("ts", missing="thread_not_found"), *_PAGING), replies),
    Method("conversations.history", (CHANNEL, *_PAGING), history),
    Method("conversations.info", (CHANNEL, *_INFO), channel_info),
    Method(
        "users.info", (Arg("user", missing="user_not_found"), Arg("include_locale", Kind.FLAG)), user_info
    ),
    Method(
        "usergroups.users.list",
        (
            Arg("usergroup", missing="no_such_subteam"),
            Arg("include_disabled", Kind.FLAG),
            Arg("team_id"),
        ),
        group_members,
    ),
    Method("bots.info", (Arg("bot", missing="bot_not_found"), Arg("team_id")), bot_info),
)
