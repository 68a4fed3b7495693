"""The calls by which a reply can be brought nearer to its newest text, and which of them may be made."""

from dataclasses import dataclass

from bridge.budget import Option
from bridge.ports import Adapter, Streams
from bridge.types import Body, Lane, MessageRef, Thread


@dataclass(frozen=True, slots=True)
class Step:
    """The next call that brings the screen nearer to the newest text: for the message with the number `page`.
    `body` None takes the message away."""

    page: int
    body: Body | None
    ref: MessageRef | None


class Ways:
    """How the messages of one reply can be begun, changed and ended on its platform."""

    def __init__(self, adapter: Adapter, thread: Thread) -> None:
        self._adapter = adapter
        # Looked at with every call, and not quick to find out.
        self._streams = adapter if isinstance(adapter, Streams) else None
        self._thread = thread

    def options(self, step: Step) -> tuple[Option, ...]:
        """The ways of making this call, best first."""
        if step.body is None and step.ref is not None:
            return (Option(self._adapter.delete_lanes(step.ref)),)
        if step.body is not None and step.ref is not None:
            return (Option(self._adapter.edit_lanes(step.ref, step.body)),)
        lanes = self._adapter.post_lanes(self._thread)
        if step.body is None or step.body.final:
            return (Option(lanes),)
        post = Option(lanes, self._adapter.closing_lane(self._thread))
        stream = self._stream_option()
        return (post,) if stream is None else (stream, post)

    def serve(self, option: Option, step: Step) -> bool:
        """Whether a call may be made that was planned a moment ago: the answer has gone on since."""
        return _scopes(option.lanes) in [_scopes(one.lanes) for one in self.options(step)]

    async def begin(self, body: Body, key: str, option: Option) -> MessageRef:
        """Begin a message in the way that was granted."""
        posts = _scopes(option.lanes) == _scopes(self._adapter.post_lanes(self._thread))
        if posts or self._streams is None:
            return await self._adapter.post(self._thread, body, key)
        return await self._streams.stream(self._thread, body, key)

    def streaming(self, ref: MessageRef) -> bool:
        """Whether this message is a stream that has not been ended yet."""
        return self._streams is not None and self._streams.streaming(ref)

    def worn(self, ref: MessageRef) -> bool:
        """Whether this message is a stream that should soon be ended, and go on in a next one."""
        return self._streams is not None and self._streams.streaming(ref) and self._streams.worn(ref)

    def _stream_option(self) -> Option | None:
        streams, thread = self._streams, self._thread
        if streams is not None and streams.may_stream(thread):
            return Option(streams.stream_lanes(thread), streams.stream_closing_lane(thread))
        return None


def _scopes(lanes: tuple[Lane, ...]) -> tuple[str, ...]:
    return tuple(lane.scope for lane in lanes)
