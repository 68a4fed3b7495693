"""What a stand-in for Dify is told, and what it keeps of its conversations."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from sandbox.dify.human import Form

# About what a model gives at a time.
TOKEN_CHARACTERS = 4


@dataclass(frozen=True, slots=True)
class Attached:
    """A file as a question came with it. `kind` is the type it was sent as."""

    kind: str
    method: str
    upload_id: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A question as it came in, in whatever mode. `at` is the monotonic clock, in seconds; `path` is where it
    was asked."""

    query: str
    user: str
    conversation_id: str
    inputs: Mapping[str, object]
    trace_id: str
    at: float
    files: tuple[Attached, ...] = ()
    path: str = "/v1/chat-messages"


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that an app makes. `kind` is Dify's type of it."""

    name: str
    content: bytes
    media_type: str = "image/png"
    kind: str = "image"


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that an answer rests on. `score` is between 0 and 1; a `page` is known of some documents."""

    document: str
    dataset: str = "Handbook"
    content: str = ""
    score: float = 0.98
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """How a model fails; a flow tells only the message."""

    message: str = "[openai] Server Unavailable Error, the model is overloaded"
    code: str = "completion_request_error"
    status: int = 400


@dataclass(frozen=True, slots=True)
class Extra:
    """An event that no part of an answer brings about, such as one of a version to come."""

    event: str
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Replacement:
    """A moderator's text in the place of what was said so far."""

    text: str
    reason: str = "output_moderation"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the app says, and how. Times are in seconds; a rate of 0 is as fast as possible.

    `steps` are titles of nodes before the answer, or names of tools; each takes `step_seconds`. `thought` is
    reasoning that a flow tells apart from the answer, in versions that do so. `iterations`, `loops`,
    `retries`, `agent_logs` and `branches` are titles of such nodes before a flow's answer; `extras` are any
    events before it. A `spoken` answer is also read out in the stream.

    `files` come after so many tokens (`files_after`; None is at the end), `replaced` likewise. `outputs` are
    what a workflow gives, instead of its text. An `annotated` answer comes from an annotation: no model and
    no flow is started.

    After so many tokens the app may fail (`fail_after`) or, in a flow, wait for a person's decision
    (`pause_after`), with this `form`. Or the line to whoever listens may be cut (`cut_after`; 0 is before the
    first byte) or go silent (`hang_after`); where answers outlive their line, this one then goes on unheard.
    """

    text: str
    first_token_after: float = 0.0
    tokens_per_second: float = 0.0
    steps: tuple[str, ...] = ()
    step_seconds: float = 0.0
    thought: str = ""
    fail_after: int | None = None
    cut_after: int | None = None
    hang_after: int | None = None
    pause_after: int | None = None
    failure: Failure = Failure()
    form: Form | None = None
    files: tuple[MadeFile, ...] = ()
    files_after: int | None = None
    sources: tuple[Source, ...] = ()
    replaced: Replacement | None = None
    replaced_after: int | None = None
    outputs: Mapping[str, object] | None = None
    annotated: bool = False
    spoken: bool = False
    iterations: tuple[str, ...] = ()
    loops: tuple[str, ...] = ()
    retries: tuple[str, ...] = ()
    agent_logs: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    extras: tuple[Extra, ...] = ()

    @property
    def tokens(self) -> list[str]:
        """The text in the pieces in which it is streamed."""
        return in_tokens(self.text)


def in_tokens(text: str) -> list[str]:
    """A text in the pieces in which a model gives it."""
    return [text[at : at + TOKEN_CHARACTERS] for at in range(0, len(text), TOKEN_CHARACTERS)]


# Given the question and the number of earlier turns in its conversation.
Script: TypeAlias = Callable[[ChatRequest, int], Answer]


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request. `at` is the monotonic clock, in seconds."""

    method: str
    path: str
    status: int
    at: float


@dataclass(frozen=True, slots=True)
class Written:
    """From `at` (the monotonic clock, in seconds) on, so many characters of an answer were on their way."""

    at: float
    characters: int


@dataclass(slots=True)
class Thought:
    """One step of an agent: a tool it used, or in the end what it said."""

    id: str
    tool: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that belongs to a message. `file_id` names the upload, or what the app made; `own` is the
    app's own."""

    id: str
    file_id: str
    name: str
    media_type: str
    size: int
    kind: str
    own: bool

    @property
    def extension(self) -> str:
        """Its ending, with the dot."""
        _, dot, ending = self.name.rpartition(".")
        return f".{ending.lower()}" if dot else ""

    @property
    def path(self) -> str:
        """Where on the host its bytes are."""
        if self.own:
            return f"/files/tools/{self.file_id}{self.extension or '.bin'}"
        return f"/files/{self.file_id}/file-preview"


@dataclass(slots=True)
class Turn:
    """One question, what was kept of its answer, and how the answer grew. `run_id` names a flow's run;
    `asked_at` is in seconds since 1970."""

    id: str
    query: str
    run_id: str = ""
    answer: str = ""
    status: str = "normal"
    error: str = ""
    thoughts: list[Thought] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)
    inputs: Mapping[str, object] = field(default_factory=dict)
    files: list[KeptFile] = field(default_factory=list)
    sources: tuple[Source, ...] = ()
    rating: str = ""
    asked_at: float = field(default_factory=time.time)


@dataclass(slots=True)
class Run:
    """What is kept of one run of a flow. Only its `user` may follow it."""

    id: str
    user: str
    query: str
    status: str = "running"
    answer: str = ""
    error: str = ""
    outputs: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Variable:
    """A variable as one conversation holds it."""

    id: str
    name: str
    kind: str
    value: object
    description: str


@dataclass(slots=True)
class Conversation:
    """What Dify keeps of a conversation. Nobody but its `user` sees it. `began` and `changed` count the
    seconds since the epoch; an empty `name` is not yet given."""

    id: str
    user: str
    turns: list[Turn] = field(default_factory=list)
    inputs: Mapping[str, object] = field(default_factory=dict)
    name: str = ""
    names_itself: bool = True
    began: float = 0.0
    changed: float = 0.0
    variables: list[Variable] = field(default_factory=list)
