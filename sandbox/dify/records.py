"""What an app was sent beside questions, for whoever looks back at it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody uploaded."""

    id: str
    name: str
    media_type: str
    content: bytes
    user: str

    @property
    def extension(self) -> str:
        """Its ending in lower case, without the dot."""
        return self.name.rpartition(".")[2].lower() if "." in self.name else ""


@dataclass(frozen=True, slots=True)
class Rating:
    """What somebody thought of an answer: `like`, `dislike`, or nothing any more (empty)."""

    message_id: str
    user: str
    rating: str
    content: str


@dataclass(frozen=True, slots=True)
class Renamed:
    """A conversation that somebody gave a name, or (empty) had it given one."""

    conversation_id: str
    user: str
    name: str


@dataclass(frozen=True, slots=True)
class Deleted:
    """A conversation that somebody deleted."""

    conversation_id: str
    user: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """Somebody asked to stop this task, there or not."""

    task_id: str
    user: str
    path: str


@dataclass(frozen=True, slots=True)
class VariableChange:
    """A variable of a conversation that somebody set."""

    conversation_id: str
    name: str
    value: object
    user: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """An answer that somebody saved as the right one."""

    id: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A recording to be transcribed."""

    name: str
    media_type: str
    content: bytes
    user: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text to be read out, or the message whose answer it was."""

    text: str
    message_id: str
    voice: str
    user: str


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a body, typed as they are taken out. `broken` is a body that is no JSON object."""

    values: Mapping[str, object]
    broken: bool = False

    def text(self, name: str) -> str:
        """The text under this name; empty without one."""
        value = self.values.get(name)
        return "" if value is None else str(value)

    def mapping(self, name: str) -> Mapping[str, object]:
        """The object under this name; empty without one."""
        value = self.values.get(name)
        return value if isinstance(value, dict) else {}

    def items(self, name: str) -> tuple[object, ...]:
        """The array under this name; empty without one."""
        value = self.values.get(name)
        return tuple(value) if isinstance(value, list) else ()
