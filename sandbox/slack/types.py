"""What the stand-in hands to whoever watches it: frozen, and free of its inner workings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
JsonObject: TypeAlias = Mapping[str, Json]

FrameKind: TypeAlias = Literal["post", "edit", "append", "stop", "delete"]


@dataclass(frozen=True, slots=True)
class SlackFile:
    """A file that somebody attaches to a message."""

    name: str
    mimetype: str
    content: bytes


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
