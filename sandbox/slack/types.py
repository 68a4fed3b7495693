"""What the stand-in hands to whoever watches it: frozen, and free of its inner workings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
JsonObject: TypeAlias = Mapping[str, Json]

FrameKind: TypeAlias = Literal["post", "edit", "append", "stop", "delete"]


@dataclass(frozen=True, slots=True)
class SlackFile:
    """A file that somebody attaches to a message.

    `subtype` is `slack_audio` for a recording made as a message. Of a file with `connect`, as it comes from
    another organisation, only the id is told before the app asks for more. With `moved_to`, whoever asks for
    the bytes is sent there.
    """

    name: str
    mimetype: str
    content: bytes
    subtype: str = ""
    connect: bool = False
    moved_to: str = ""


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """A message as a person sees it now.

    `text` is what can be read on screen; `raw` is the `text` argument, which Slack shows only in
    notifications when there are blocks. `thread_ts` is set on replies only. `streaming` stays true until the
    stream is stopped, also when it has outlived its time: then it is the broken pill that people complain of.
    """

    ts: str
    user: str
    bot_id: str
    text: str
    raw: str
    blocks: tuple[JsonObject, ...]
    thread_ts: str | None
    edited: bool
    metadata: JsonObject | None
    streaming: bool
    subtype: str
    files: tuple[str, ...]
    reactions: tuple[str, ...]
    attached: tuple[SlackFile, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the Web API. `at` is the monotonic clock, in seconds, when it arrived.

    `args` are the arguments as they came over the wire, without the token; `error` is empty when it went
    well; `channel` and `ts` name the message it was about, as far as known.
    """

    at: float
    method: str
    args: JsonObject
    status: int
    error: str
    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class Frame:
    """One visible change of a message: from `at` (monotonic seconds) on, a person reads `text`."""

    at: float
    channel: str
    ts: str
    text: str
    kind: FrameKind


@dataclass(frozen=True, slots=True)
class SlackInput:
    """One field of a view: `name` is its action_id, `value` what it is filled with from the beginning. Errors
    name it by its `block`."""

    label: str
    block: str
    name: str
    kind: str
    value: str
    required: bool
    multiline: bool
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SlackView:
    """A modal view as a person sees it. `errors` are what the app said to what was sent, by block_id."""

    id: str
    title: str
    submit: str
    callback_id: str
    private_metadata: str
    text: str
    inputs: tuple[SlackInput, ...]
    errors: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SlackHome:
    """The Home tab of the app as a person sees it: its words, as mrkdwn, and what can be pressed in it."""

    text: str
    buttons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Whisper:
    """A message that only `user` sees."""

    at: float
    channel: str
    user: str
    thread_ts: str
    text: str


@dataclass(frozen=True, slots=True)
class Interaction:
    """Something that was pressed or sent. `at` is the monotonic clock, in seconds; `acknowledged_after` the
    seconds until the app had heard of it, None where it has not, or too late."""

    id: int
    at: float
    kind: str
    user: str
    acknowledged_after: float | None = None
