"""What the stand-in hands to whoever watches it: frozen, and free of its inner workings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Json: TypeAlias = dict[str, Any]

FrameKind: TypeAlias = Literal["post", "edit", "delete"]


@dataclass(frozen=True, slots=True)
class DiscordFile:
    """A file that somebody attaches to a message."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class DiscordButton:
    """A button below a message. `label` is what stands on it, which may be an emoji alone."""

    label: str
    custom_id: str
    style: int
    emoji: str
    disabled: bool


@dataclass(frozen=True, slots=True)
class DiscordField:
    """A field of a modal. `value` is what stands in it before anybody has typed, or the label of the option
    that is chosen; `options` are labels."""

    label: str
    custom_id: str
    value: str
    required: bool
    paragraph: bool
    min_length: int
    max_length: int
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DiscordModal:
    """A modal that somebody has open. `text` is what there is to read in it."""

    title: str
    custom_id: str
    text: str
    fields: tuple[DiscordField, ...]


@dataclass(frozen=True, slots=True)
class DiscordWhisper:
    """A message that only one person sees. It stands in `channel`, which may be a thread."""

    id: str
    channel: str
    person: str
    content: str
    buttons: tuple[DiscordButton, ...]


@dataclass(frozen=True, slots=True)
class DiscordInteraction:
    """Somebody pressed a button, sent a modal, or used the `command` of this name. `answer` is the kind of
    the application's first response, empty as long as there is none; `follow_ups` counts what came after it.
    `failed` says that the person has read "This interaction failed". `at` is the monotonic clock, in
    seconds."""

    id: str
    person: str
    custom_id: str
    modal: bool
    at: float
    answer: str
    failed: bool
    command: str = ""
    follow_ups: int = 0


@dataclass(frozen=True, slots=True)
class DiscordMessage:
    """A message as a person sees it now.

    `reference` is the id of the message it replies to. `pings` names whom it really notified when it was
    posted: "everyone", "user:ID", "role:ID". An edit never notifies anybody; `mentions` is what the newest
    text, read with the newest `allowed_mentions`, shows as a mention.
    """

    id: str
    author_id: str
    content: str
    edited: bool
    reference: str | None
    nonce: str | None
    flags: int
    pings: tuple[str, ...]
    mentions: tuple[str, ...]
    type: int
    attachments: tuple[str, ...]
    reactions: tuple[str, ...]
    buttons: tuple[DiscordButton, ...]


@dataclass(frozen=True, slots=True)
class DiscordThread:
    """A thread. Its id is also the id of the message it grew from."""

    id: str
    name: str
    parent_id: str
    archived: bool
    locked: bool


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the REST API. `at` is the monotonic clock, in seconds, when it arrived.

    `route` is the path with its ids left out ("/channels/{id}/messages/{id}"). `body` is the JSON object that
    came (an array stands under the empty key), also when it came beside files. `status` is 0 where the
    connection was cut instead of answered. Calls are listed in the order in which they were answered.
    """

    at: float
    method: str
    route: str
    path: str
    body: Mapping[str, Any]
    status: int
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Frame:
    """One visible change of a message: from `at` (monotonic seconds) on, a person reads `text`."""

    at: float
    channel: str
    message: str
    text: str
    kind: FrameKind
    author: str
