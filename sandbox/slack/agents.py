"""What Slack keeps of an app that is an agent: the sessions it is at work in, and what it suggests to ask."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

SessionStatus: TypeAlias = Literal["active", "processing", "suspended", "closed"]

# A place: a channel, and a thread in it; empty for the channel itself.
Place: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Status:
    """The line under a thread since a moment on the monotonic clock, and what it turns through."""

    since: float
    text: str
    loading: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompts:
    """What an app suggests to ask: a title, and pairs of what can be read and what is asked."""

    title: str
    prompts: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Agents:
    """Where `available` is off, the workspace has no such feature.

    A session begins with a stream, or when the app says so, and is processing from then on. A stream that is
    stopped by the app releases it; one that a person stops, or that outlives its time, does not, and then it
    shows the app at work until it is released, as people have met it.
    """

    available: bool = True
    sessions: dict[Place, SessionStatus] = field(default_factory=dict)
    prompts: dict[Place, Prompts] = field(default_factory=dict)

    def begin(self, channel: str, thread_ts: str) -> None:
        self.sessions[channel, thread_ts] = "processing"

    def release(self, channel: str, thread_ts: str) -> None:
        if (channel, thread_ts) in self.sessions:
            self.sessions[channel, thread_ts] = "active"

    @property
    def hanging(self) -> list[Place]:
        """The sessions in which the app seems to be at work."""
        return [place for place, status in self.sessions.items() if status == "processing"]
