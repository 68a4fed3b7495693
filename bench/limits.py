"""What a schedule may spend. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """At most `calls` in any `seconds` seconds; `calls` 0 is no limit."""

    calls: int
    seconds: float

    def earliest(self, number: int) -> float:
        """When call `number`, counted from 0, can go at the earliest if all wish to go at once."""
        return (number // self.calls) * self.seconds if self.calls else 0.0


@dataclass(frozen=True, slots=True)
class Rules:
    """The limits that `answers` share. `posts` is how many messages an answer needs beyond its first: they
    refresh the text, too, and spend another limit. A token comes every `token` seconds: not more than half
    of the latency, or else the answers have to be long."""

    answers: int
    first: Window
    edit: Window
    last: Window
    latency: float
    posts: int = 0
    token: float = 0.0

    @property
    def delay(self) -> float:
        return self.latency / 2

    @property
    def head_start(self) -> float:
        """How old the oldest invisible token is at least just after an edit has arrived; less than nothing
        where there is none for a while."""
        return self.delay - self.token
