"""Commands, and the action on a message, as Slack says that somebody used them. Pure."""

import hashlib
import re
from dataclasses import dataclass

from adapters.slack.acting import read_actor
from adapters.slack.events import PLATFORM, plain_text
from adapters.slack.fields import Json, is_ts, object_of, text_of
from adapters.slack.forms import Origin
from bridge.types import Invocation, Order, Person, Thread

# What the app's configuration has to call the action on messages.
ABOUT_CALLBACK_ID = "ask_about_message"
# Slack takes 40,000 characters of a message; nobody writes that much.
TEXT_LIMIT_CHARACTERS = 40_000

_WORDS = {order.value: order for order in Order if order is not Order.ABOUT}
_CHANNEL = re.compile(r"[A-Z0-9]{2,30}")
_COMMAND = re.compile(r"/\S{1,40}")


@dataclass(frozen=True, slots=True)
class Invoked:
    """A command, where it was used, and what Slack wants to have to show something for it: `trigger` for a
    form, `answer_url` for a whisper, which is `seen_in` a thread or, where that is empty, in the channel."""

    invocation: Invocation
    origin: Origin
    trigger: str
    answer_url: str = ""
    view: str = ""
    # Where nobody has replied yet, nothing private can be seen in the thread.
    seen_in: str = ""

    @property
    def person(self) -> Person:
        return self.invocation.person

    @property
    def id(self) -> str:
        return self.invocation.id

    @property
    def at(self) -> float:
        return self.invocation.at


def read_invoked(payload: Json, team_id: str, bot_user_id: str, now: float) -> Invoked | None:
    """What was told the bot; None where it is nothing of ours, or cannot be read. `now` is in seconds since
    1970."""
    if "command" in payload:
        return _command(payload, team_id, bot_user_id, now)
    if payload.get("type") == "message_action" and payload.get("callback_id") == ABOUT_CALLBACK_ID:
        return _about(payload, team_id, bot_user_id, now)
    return None


def order_of(text: str) -> tuple[Order, str]:
    """What the words behind the command order, and those that are left."""
    word, _, rest = text.strip().partition(" ")
    if not word:
        return Order.HELP, ""
    order = _WORDS.get(word.lower())
    # Somebody who knows no words of ours asks.
    return (Order.ASK, text.strip()) if order is None else (order, rest.strip())


def invocation_id(team_id: str, channel: str, trigger: str) -> str:
    """The id of one use: Slack numbers none, but gives each a trigger of its own."""
    own = hashlib.blake2s(trigger.encode(), digest_size=10).hexdigest()
    return f"{team_id}:{channel}:{own}"


def _command(payload: Json, team_id: str, bot_user_id: str, now: float) -> Invoked | None:
    channel, user, trigger = (text_of(payload, name) for name in ("channel_id", "user_id", "trigger_id"))
    command = text_of(payload, "command")
    if not (_CHANNEL.fullmatch(channel) and user and trigger and _COMMAND.fullmatch(command)):
        return None
    # As it was written, but for the names in it; the words of a command are in one line.
    order, text = order_of(plain_text(text_of(payload, "text")[:TEXT_LIMIT_CHARACTERS], bot_user_id))
    invocation = Invocation(
        id=invocation_id(team_id, channel, trigger),
        # Slack has no commands in threads.
        place=Thread(PLATFORM, team_id, channel, channel),
        person=Person(user, text_of(payload, "user_name")),
        order=order,
        text=text,
        at=now,
        prefix=f"{command} ",
    )
    return Invoked(invocation, Origin(channel, ""), trigger, text_of(payload, "response_url"))


def _about(payload: Json, team_id: str, bot_user_id: str, now: float) -> Invoked | None:
    message, person = object_of(payload.get("message")), read_actor(payload, team_id)
    channel, ts = text_of(object_of(payload.get("channel")), "id"), text_of(payload, "message_ts")
    trigger = text_of(payload, "trigger_id")
    if person is None or not (_CHANNEL.fullmatch(channel) and is_ts(ts) and trigger):
        return None
    thread = text_of(message, "thread_ts")
    origin = Origin(channel, thread if is_ts(thread) else ts)
    invocation = Invocation(
        id=invocation_id(team_id, channel, trigger),
        place=Thread(PLATFORM, team_id, channel, origin.thread),
        person=person,
        order=Order.ABOUT,
        text=plain_text(text_of(message, "text")[:TEXT_LIMIT_CHARACTERS], bot_user_id),
        at=now,
        about=ts,
    )
    seen_in = origin.thread if thread else ""
    return Invoked(invocation, origin, trigger, text_of(payload, "response_url"), seen_in=seen_in)
