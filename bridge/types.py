"""The nouns of the bridge: frozen, slotted, and free of any platform or wire."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self, TypeAlias


@dataclass(frozen=True, slots=True)
class Thread:
    """One place where one conversation happens.

    `id` is the platform's name of the thread inside `channel`: Slack's `thread_ts`, the id of a Discord
    thread (which is also the id of the message it grew from). Where a channel is itself the conversation
    (a Discord direct message), `id` equals `channel`.
    """

    platform: str
    workspace: str
    channel: str
    id: str

    @property
    def key(self) -> str:
        """The stable text under which the store keeps this thread."""
        return f"{self.platform}:{self.workspace}:{self.channel}:{self.id}"

    @classmethod
    def from_key(cls, key: str) -> Self:
        """The thread that has this `key`."""
        platform, workspace, channel, thread_id = key.split(":", 3)
        return cls(platform, workspace, channel, thread_id)


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who writes. `id` is stable for the platform; `name` is only what to call them, and `email` is
    known on few platforms. `locale` is the language that the platform says they read, such as `de-DE`, empty
    where it does not say. `roles` are the platform's ids of the groups they belong to, as far as it tells;
    `moderator` says that the platform lets them take other people's messages away, and `outside` that they
    belong to another organisation than the workspace."""

    id: str
    name: str = ""
    email: str = ""
    locale: str = ""
    roles: tuple[str, ...] = ()
    moderator: bool = False
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file somebody attached: what the platform says about it, not its bytes. `size` is in bytes, None
    where the platform has not said it. `source` tells the platform's adapter where it is; `voice` says that
    it was spoken as a message, in so many words as a recording can hold."""

    name: str
    media_type: str
    size: int | None
    source: str = ""
    voice: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """A file with its bytes."""

    name: str
    media_type: str
    data: bytes


Filled: TypeAlias = tuple[tuple[str, str], ...]
"""What was filled into a form: names of its fields, each with the value as a text."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided where a flow waits for it: one of the actions of the form with this token, which
    the run with this id waits for. `said` is a mark of what the run had said by then."""

    token: str
    run_id: str
    action: str
    filled: Filled = ()
    said: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """Something a person said where the bridge can hear it.

    `id` identifies the message on its platform: however often and by whichever event it arrives, it is the
    same. `addressed` says that the bot was meant (a mention, a direct message); anything else counts only in
    a thread the bot already takes part in. `replies_to` names the message this one replies to, where the
    platform has that notion, and `to_others` says that it calls somebody else by name and not the bot. One
    that `heads_thread` is the first of a thread that is there already, as that of a post in a forum is.
    `context` is what the person had in front of them, offered to the app's inputs by these names. `sent_at`
    and `edited_at` are in seconds since 1970; the latter is 0 where it was never edited.

    One that was `pressed`, not written, has the id of the press, and nobody can read it but in its answer, or
    where the adapter has put it: then it `replies_to` that, unless that bears the id of the thread, which
    says that the thread is to grow from there. It may carry what was `filled` into the app's
    form, or a `decision`, which then stands for the text.
    """

    id: str
    thread: Thread
    author: Person
    text: str
    sent_at: float
    addressed: bool
    replies_to: str = ""
    attachments: tuple[Attachment, ...] = ()
    pressed: bool = False
    filled: Filled = ()
    decision: Decision | None = None
    to_others: bool = False
    context: Filled = ()
    edited_at: float = 0.0
    heads_thread: bool = False


class Action(StrEnum):
    """What a button does."""

    STOP = "stop"
    LIKE = "like"
    DISLIKE = "dislike"
    ASK = "ask"
    FILL = "fill"
    DECIDE = "decide"
    CURATE = "curate"
    SPEAK = "speak"
    SOURCES = "sources"
    AGAIN = "again"
    GENERATE = "generate"
    ABOUT = "about"


class Style(StrEnum):
    """How much a button stands out."""

    PLAIN = "plain"
    PRIMARY = "primary"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press below a message. What it acts on is named by `value`, at most 60 ASCII characters
    without spaces; a `label` may be cut where a platform shows less of it."""

    label: str
    action: Action
    value: str
    style: Style = Style.PLAIN


@dataclass(frozen=True, slots=True)
class Body:
    """The whole visible content of one message, in Markdown as models write it.

    `text` is the model's; `notice` is a plain sentence of ours, set apart from it, and so are the `sources`
    of the text, one short plain line each, to be numbered. `step` is what the app is busy with just now, to
    be shown until the next body says otherwise. What a platform's adapter says around them, such as what the
    sources are, is said in the language of `locale`. `final` says that no further edit is planned, so that a
    renderer may stop hiding what is only half written. `buttons` stand below all that; where a message cannot
    show them yet, they are left out until it is final.
    """

    text: str
    notice: str = ""
    final: bool = False
    step: str = ""
    sources: tuple[str, ...] = ()
    buttons: tuple[Button, ...] = ()
    locale: str = ""


class FieldKind(StrEnum):
    """What a field of a form takes. A `CHECK` is filled with `true` or `false`."""

    TEXT = "text"
    PARAGRAPH = "paragraph"
    NUMBER = "number"
    CHOICE = "choice"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form. `longest` is in characters, 0 where the app does not say."""

    name: str
    label: str
    kind: FieldKind = FieldKind.TEXT
    required: bool = False
    default: str = ""
    options: tuple[str, ...] = ()
    longest: int = 0


@dataclass(frozen=True, slots=True)
class Form:
    """Something to be filled in by whoever pressed a button. Sent, it comes back as a `Press` with the same
    `action` and `value`. `intro` is Markdown. Where nothing is said of what sends it, the platform's adapter
    says it."""

    title: str
    fields: tuple[Field, ...]
    action: Action
    value: str
    submit: str = ""
    intro: str = ""


# A whisper is one message: whatever becomes of its Markdown, no platform's message has less room.
WHISPER_CHARACTERS = 1_800


@dataclass(frozen=True, slots=True)
class Whisper:
    """What only the person sees who pressed or used a command: Markdown of at most `WHISPER_CHARACTERS`."""

    text: str


@dataclass(frozen=True, slots=True)
class Begin:
    """A question that nobody has written into the chat yet. The adapter puts it where it was asked, so that
    others can read what is answered, and delivers it as a `pressed` message, or with the id of what it has
    put there: into the thread that it was asked in, else into a new one. `text` and `filled` are those of the
    message. `about` is the platform's id of a message that the thread should grow from, where it was asked
    about one."""

    text: str
    filled: Filled = ()
    about: str = ""


Reaction: TypeAlias = Form | Whisper | Begin | None
"""What whoever pressed sees at once. None: what they pressed was taken, and the rest will be seen."""


class Order(StrEnum):
    """What the platform's own commands tell the bot; `ABOUT` is the one on somebody's message."""

    ASK = "ask"
    NEW = "new"
    STOP = "stop"
    GENERATE = "generate"
    HELP = "help"
    ABOUT = "about"


@dataclass(frozen=True, slots=True)
class Invocation:
    """Somebody used one of the platform's own commands. `id` is new with every use and unique on its
    platform. `place` is the thread in which it was used; where it was none, its `id` equals the channel.
    `text` is what was written behind the command, or the message that it is `about`, whose id that is. `at`
    is in seconds since 1970. Commands are written as `prefix` and the order's word there."""

    id: str
    place: Thread
    person: Person
    order: Order
    text: str
    at: float
    about: str = ""
    prefix: str = "/"


@dataclass(frozen=True, slots=True)
class Offer:
    """What an app says of itself: its name, what it is for, what it opens with, and what it would like to be
    asked. Markdown, and anything may be empty."""

    name: str = ""
    description: str = ""
    opening: str = ""
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recent:
    """A conversation that somebody had: where, what it is called, and when it was last spoken in, in seconds
    since 1970."""

    thread: Thread
    title: str
    at: float


@dataclass(frozen=True, slots=True)
class Home:
    """What somebody sees who looks at the bot itself. `help` is Markdown."""

    offer: Offer
    help: str
    recent: tuple[Recent, ...] = ()


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody pressed a button of ours, or sent a form. `id` is new with every press and, like that of a
    message, unique on its platform; `filled` is None for a button, and what was filled in for a form.
    `at` is in seconds since 1970. `place` is where it was pressed, in the way of `Invocation.place`, as far
    as the platform says."""

    id: str
    platform: str
    person: Person
    action: Action
    value: str
    at: float
    filled: Filled | None = None
    place: Thread | None = None


@dataclass(frozen=True, slots=True)
class MessageRef:
    """Where a message of ours stands: enough to edit it, also after a restart. `workspace` is that of its
    thread; the message is the same without it."""

    channel: str
    id: str
    workspace: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Installation:
    """A workspace that the bot is installed in, by the platform's name for it. `secret` is what the adapter
    has kept to be used there, and `version` another number whenever that was written."""

    workspace: str
    secret: str = field(repr=False)
    version: int = 0


@dataclass(frozen=True, slots=True)
class Lane:
    """One rate-limit scope of a platform: at most `limit` calls in any `seconds` seconds.

    `shut_until` is what the platform's last answer said, on the clock of the event loop: none fits before.
    `private` says that only answers in one thread spend from it, so that one replica has it to itself; all
    others are shared by the replicas.
    """

    scope: str
    limit: int
    seconds: float
    shut_until: float = 0.0
    private: bool = False


@dataclass(frozen=True, slots=True)
class WebRequest:
    """What came to the bridge's own web port. Names of headers are lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """What is sent back."""

    status: int
    text: str = ""
    media_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)
