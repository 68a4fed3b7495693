"""What a stand-in for Dify is told, and what it tells."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

# About what a model gives at a time.
TOKEN_CHARACTERS = 4


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A question as it came in. `at` is the monotonic clock, in seconds."""

    query: str
    user: str
    conversation_id: str
    inputs: Mapping[str, object]
    trace_id: str
    at: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What the app says, and how. Times are in seconds; a rate of 0 is as fast as possible.

    `steps` are titles of nodes before the answer, or names of tools; each takes `step_seconds`. `thought` is
    reasoning that a flow tells apart from the answer, in versions that do so.

    After so many tokens the app may fail (`fail_after`) or, in a flow, wait for a person's decision
    (`pause_after`). Or the line to whoever listens may be cut (`cut_after`; 0 is before the first byte) or go
    silent (`hang_after`); where answers outlive their line, this one then goes on unheard.
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


@dataclass(slots=True)
class Turn:
    """One question, what was kept of its answer, and how the answer grew. `run_id` names a flow's run."""

    id: str
    query: str
    run_id: str = ""
    answer: str = ""
    status: str = "normal"
    error: str = ""
    thoughts: list[Thought] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)


@dataclass(slots=True)
class Run:
    """What is kept of one run of a flow. Only its `user` may follow it."""

    id: str
    user: str
    query: str
    status: str = "running"
    answer: str = ""
    error: str = ""


@dataclass(slots=True)
class Conversation:
    """What Dify keeps of a conversation. Nobody but its `user` sees it."""

    id: str
    user: str
    turns: list[Turn] = field(default_factory=list)
