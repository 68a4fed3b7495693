"""What happened, in order: the calls that came in, and what people saw change."""

import time
from collections import deque
from weakref import WeakSet

from sandbox.changes import Changes
from sandbox.slack.types import Call, Frame, FrameKind

WATCH_LIMIT = (
    1_000  # frames kept for a slow watcher; every frame carries the whole text, so the newest matter
)


class Watch:
    """The frames from the moment it was made; ends when the stand-in closes."""

    def __init__(self, changes: Changes, *, closed: bool) -> None:
        self._changes = changes
        self._frames: deque[Frame] = deque(maxlen=WATCH_LIMIT)
        self._closed = closed

    def add(self, frame: Frame) -> None:
        self._frames.append(frame)

    def close(self) -> None:
        self._closed = True

    def __aiter__(self) -> "Watch":
        return self

    async def __anext__(self) -> Frame:
        while not self._frames:
            if self._closed:
                raise StopAsyncIteration
            await self._changes.wait()
        return self._frames.popleft()


class Timeline:
    def __init__(self, changes: Changes) -> None:
        self.calls: list[Call] = []
        self.frames: list[Frame] = []
        self._changes = changes
        self._watches: WeakSet[Watch] = WeakSet()  # a watcher that nobody iterates any more just goes away
        self._closed = False

    def called(self, call: Call) -> None:
        self.calls.append(call)
        self._changes.notify()

    def seen(self, channel: str, ts: str, text: str, kind: FrameKind) -> None:
        frame = Frame(time.monotonic(), channel, ts, text, kind)
        self.frames.append(frame)
        for watch in self._watches:
            watch.add(frame)
        self._changes.notify()

    def watch(self) -> Watch:
        watch = Watch(self._changes, closed=self._closed)
        self._watches.add(watch)
        return watch

    def close(self) -> None:
        self._closed = True
        for watch in self._watches:
            watch.close()
        self._changes.notify()
