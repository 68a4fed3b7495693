"""What happened, in order: the requests that were answered, and what people saw change."""

import time
from collections import deque
from weakref import WeakSet

from sandbox.changes import Changes
from sandbox.discord.state import Event, Message
from sandbox.discord.types import Call, Frame, FrameKind

_KINDS: dict[str, FrameKind] = {
    "MESSAGE_CREATE": "post",
    "MESSAGE_UPDATE": "edit",
    "MESSAGE_DELETE": "delete",
}


class Watch:
    """The frames from the moment it was made; ends when the stand-in closes."""

    def __init__(self, changes: Changes) -> None:
        self.frames: deque[Frame] = deque()
        self.closed = False
        self._changes = changes

    def __aiter__(self) -> "Watch":
        return self

    async def __anext__(self) -> Frame:
        while not self.frames:
            if self.closed:
                raise StopAsyncIteration
            await self._changes.wait()
        return self.frames.popleft()


class Timeline:
    def __init__(self, changes: Changes) -> None:
        self.calls: list[Call] = []
        self.frames: list[Frame] = []
        self._changes = changes
        self._shown: dict[str, str] = {}
        self._watches: WeakSet[Watch] = WeakSet()  # a watch that nobody iterates any more just goes away
        self._closed = False

    def called(self, call: Call) -> None:
        self.calls.append(call)
        self._changes.notify()

    def happened(self, event: Event) -> None:
        """Note what a person sees of it: a message that changes, but not in its text, is no new frame."""
        kind = _KINDS.get(event.name)
        if kind is None or not isinstance(event.about, Message) or event.about.is_thread_starter:
            return
        message = event.about
        if kind == "edit" and self._shown.get(message.id) == message.content:
            return
        self._shown[message.id] = message.content
        text = "" if kind == "delete" else message.content
        self._add(Frame(time.monotonic(), message.channel.id, message.id, text, kind, message.author.id))

    def watch(self) -> Watch:
        watch = Watch(self._changes)
        watch.closed = self._closed
        self._watches.add(watch)
        return watch

    def close(self) -> None:
        self._closed = True
        for watch in self._watches:
            watch.closed = True
        self._changes.notify()

    def _add(self, frame: Frame) -> None:
        self.frames.append(frame)
        for watch in self._watches:
            watch.frames.append(frame)
        self._changes.notify()
