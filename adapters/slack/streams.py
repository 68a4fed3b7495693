"""Messages that grow natively: what Slack has accepted of each, and what the next call to it has to be. Pure.

A stream takes only what is new. It lives for about five minutes, whether busy or idle, and then takes neither
text nor an end; it holds about eleven kilobytes. So it is ended before either, and what does not go on from
its text is put right by one ordinary edit.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto

from adapters.slack import render
from adapters.slack.mrkdwn import neutralise
from bridge.types import Body, MessageRef

# As reported. After so much of it, or when so much of its room is used, a stream ends where a paragraph
# does; after nine tenths, it goes on as an ordinary message.
LIFETIME_SECONDS = 300.0
WORN = 0.7
EXPIRING = 0.9
# Slack takes 50 tasks.
MAX_TASKS = 45
TITLE_LIMIT_CHARACTERS = 100
# Streams that nobody ends are forgotten, the oldest first.
MAX_STREAMS = 10_000

Chunk = Mapping[str, object]


class Move(Enum):
    """The call that brings a message to its next body."""

    APPEND = auto()
    STOP = auto()
    STOP_AND_UPDATE = auto()
    UPDATE = auto()


@dataclass(frozen=True, slots=True)
class Stream:
    """One growing message, as Slack has accepted it. `began` is in seconds on the event loop's clock; `task`
    is the title of the step that is shown as running, and `tasks` how many there were."""

    began: float
    text: str = ""
    task: str = ""
    tasks: int = 0
    broken: bool = False

    def move(self, body: Body, *, expiring: bool) -> Move:
        if self.broken or (expiring and not body.final):
            return Move.STOP_AND_UPDATE
        if not body.final:
            return Move.APPEND if self._goes_on(render.streamed(body)) else Move.STOP_AND_UPDATE
        return Move.STOP if render.streamed(body).startswith(self.text) else Move.STOP_AND_UPDATE

    def _goes_on(self, text: str) -> bool:
        """Whether it begins with what the stream shows, or may yet, once it has grown as long."""
        return text.startswith(self.text) or self.text.startswith(text)

    def grown(self, body: Body) -> tuple["Stream", list[Chunk]]:
        """The stream after it has taken what is new in `body`, and the chunks that bring it."""
        after, chunks = self._next_step(body)
        text = render.streamed(body)
        if len(text) > len(self.text) and text.startswith(self.text):
            chunks.append({"type": "markdown_text", "text": text[len(self.text) :]})
            after = replace(after, text=text)
        return after, chunks

    def _next_step(self, body: Body) -> tuple["Stream", list[Chunk]]:
        title = neutralise(" ".join(body.step.split())[:TITLE_LIMIT_CHARACTERS])
        if title == self.task or (title and self.tasks >= MAX_TASKS):
            return self, []
        chunks = [_task(self.tasks, self.task, "complete")] if self.task else []
        if title:
            chunks.append(_task(self.tasks + 1, title, "in_progress"))
        return replace(self, task=title, tasks=self.tasks + bool(title)), chunks


class Streams:
    """The messages that are growing now, on a Slack where each may do so for `lifetime` seconds."""

    def __init__(self, lifetime: float = LIFETIME_SECONDS) -> None:
        self._lifetime = lifetime
        self._streams: OrderedDict[MessageRef, Stream] = OrderedDict()

    def get(self, ref: MessageRef) -> Stream | None:
        return self._streams.get(ref)

    def put(self, ref: MessageRef, stream: Stream) -> None:
        self._streams[ref] = stream
        if len(self._streams) > MAX_STREAMS:
            self._streams.popitem(last=False)

    def end(self, ref: MessageRef) -> None:
        self._streams.pop(ref, None)

    def move(self, ref: MessageRef, body: Body, now: float) -> Move:
        stream = self._streams.get(ref)
        if stream is None:
            return Move.UPDATE
        return stream.move(body, expiring=now - stream.began >= EXPIRING * self._lifetime)

    def worn(self, ref: MessageRef, now: float) -> bool:
        stream = self._streams.get(ref)
        if stream is None:
            return False
        full = len(stream.text.encode()) >= WORN * render.STREAM_LIMIT_BYTES
        return full or now - stream.began >= WORN * self._lifetime


def _task(number: int, title: str, status: str) -> Chunk:
    return {"type": "task_update", "id": f"step-{number}", "title": title, "status": status}
