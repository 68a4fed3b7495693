"""What the page shows, as plain data."""

from dataclasses import asdict, dataclass
from typing import Protocol

BOT = "Assistant"


@dataclass(frozen=True, slots=True)
class Link:
    """A line of the table of threads: which conversation a thread holds."""

    thread: str
    conversation_id: str


@dataclass(frozen=True, slots=True)
class Pressable:
    """A button. `name` is what its platform calls it; `style` is `plain`, `primary` or `danger`; `icon` is
    `up` or `down` where a thumb is before the label."""

    label: str
    name: str
    style: str
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of a message. `shown` is how: `image`, `audio`, or empty for one to download. `size` is in
    bytes."""

    name: str
    shown: str
    size: int
    url: str


@dataclass(frozen=True, slots=True)
class Said:
    """One visible message; an opening one carries what was said in its thread, and the thread's name. A
    `private` one is seen by nobody else."""

    id: str
    bot: bool
    text: str
    edited: bool
    thread: str
    private: bool = False
    buttons: tuple[Pressable, ...] = ()
    files: tuple[Attached, ...] = ()
    title: str = ""
    replies: tuple["Said", ...] = ()


@dataclass(frozen=True, slots=True)
class Input:
    """A field of a form. `kind` is `text`, `paragraph`, `number`, `choice` or `check`; `problem` is why what
    was sent was not taken; `options` are what can be read."""

    label: str
    kind: str
    value: str
    required: bool
    options: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form that the visitor has before them."""

    id: str
    title: str
    text: str
    submit: str
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True)
class Pane:
    """One platform's channel."""

    said: tuple[Said, ...]
    sheet: Sheet | None


@dataclass(frozen=True, slots=True)
class Calls:
    """How often the bridge called, and how often it was told that it was too fast."""

    posts: int
    edits: int
    dify: int
    too_fast: int


@dataclass(frozen=True, slots=True)
class View:
    """The whole page."""

    slack: Pane
    discord: Pane
    links: tuple[Link, ...]
    calls: Calls

    def as_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that the visitor attaches; with `voice`, one that they spoke."""

    name: str
    media_type: str
    content: bytes
    voice: bool


class Side(Protocol):
    """One platform, as a visitor sees and uses it. `Refused` when they cannot do that there."""

    def pane(self) -> Pane: ...

    def file(self, message: str, number: int) -> tuple[str, bytes] | None:
        """The name and the bytes of a file of a message."""
        ...

    async def say(self, text: str, thread: str, files: tuple[Upload, ...]) -> None:
        """Write in a thread; where it is empty, to the bot in the channel."""
        ...

    async def press(self, message: str, name: str) -> None:
        """Returns when the bot has heard of it."""
        ...

    async def submit(self, values: dict[str, str]) -> None:
        """Send the form before the visitor, by its labels. Returns when the bot has heard of it."""
        ...

    def dismiss(self) -> None:
        """Close the form."""
        ...


class Refused(Exception):
    """The platform itself does not take it; the text says why."""


FAILED = "This interaction failed"
"""What both platforms show, near enough, where a bot does not answer a press in time."""
