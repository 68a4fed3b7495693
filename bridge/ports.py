"""What the core asks of a chat platform: one small port, and extras that an adapter may also offer.

Every method raises only `bridge.errors.PlatformError` kinds (`TryOtherwise` where the same wish would now be
met by another call, with other lanes); an adapter translates its SDK's exceptions in
one place. An adapter never waits for an answer, never paces or repeats a call by itself (the budget and the
reply do) and never changes what a body says.
"""

from typing import Protocol, runtime_checkable

from bridge.types import Body, Lane, Message, MessageRef, Thread


class Deliver(Protocol):
    """Hands a message to the core. Returns when it is stored, so that the platform may be told; raises
    `BridgeError` when it could not be stored, and then the platform must not be told."""

    async def __call__(self, message: Message, /) -> None: ...


class Adapter(Protocol):
    """One chat platform, connected with one bot."""

    @property
    def platform(self) -> str:
        """The short name that thread keys begin with, such as `slack`."""
        ...

    async def run(self, deliver: Deliver) -> None:
        """Stay connected until cancelled, and deliver what people say. Lost connections are taken up again;
        only `LoginRefused` ends it. Must not deliver what bots, webhooks or the platform itself say."""
        ...

    async def post(self, thread: Thread, body: Body, key: str) -> MessageRef:
        """Put a new message into the thread. `key` (at most 25 characters) names this post: done again with
        the same key after a failure, it must not appear twice, as far as the platform can tell."""
        ...

    async def edit(self, ref: MessageRef, body: Body) -> None:
        """Make the message show `body`, always the whole of it, never a difference."""
        ...

    async def delete(self, ref: MessageRef) -> None:
        """Take the message away."""
        ...

    def fits(self, thread: Thread, body: Body) -> bool:
        """Whether the rendered body is within the platform's limits for one message of this thread. Pure and
        quick."""
        ...

    def empty(self, thread: Thread, body: Body) -> bool:
        """Whether a message of this thread that shows `body` has nothing to read yet. Pure and quick."""
        ...

    def same(self, one: Body, other: Body) -> bool:
        """Whether both bodies look the same once rendered, so that no call is spent on it. Pure and quick."""
        ...

    def post_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        """The rate-limit scopes that a `post` into this thread spends from, the call's own scope first."""
        ...

    def edit_lanes(self, ref: MessageRef, body: Body) -> tuple[Lane, ...]:
        """The rate-limit scopes that making this message show `body` spends from, its own scope first."""
        ...

    def closing_lane(self, thread: Thread) -> Lane:
        """The scope that the last edit of a message spends from which a `post` puts into this thread."""
        ...

    def delete_lanes(self, ref: MessageRef) -> tuple[Lane, ...]:
        """The rate-limit scopes that a `delete` of this message spends from."""
        ...


@runtime_checkable
class Streams(Protocol):
    """A platform where a message can also grow by having text appended to it.

    Such a message begins with `stream` instead of `post`; after that, `edit` and its lanes serve it like any
    other, with the whole body each time, and a body that is `final` ends the stream. Where a body does not go
    on from what was appended, or the stream is gone, `edit` still makes the message show the final body.
    """

    def may_stream(self, thread: Thread) -> bool:
        """Whether messages of this thread should rather be streamed, as far as is known now."""
        ...

    async def stream(self, thread: Thread, body: Body, key: str) -> MessageRef:
        """Begin a message that shows `body`, which is not final. `TryOtherwise` where that cannot be: then
        `may_stream` says so from now on."""
        ...

    def stream_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        """The rate-limit scopes that a `stream` into this thread spends from, the call's own scope first."""
        ...

    def stream_closing_lane(self, thread: Thread) -> Lane:
        """The scope that the end of a streamed message spends from."""
        ...

    def streaming(self, ref: MessageRef) -> bool:
        """Whether this message is a stream that has not been ended yet."""
        ...

    def worn(self, ref: MessageRef) -> bool:
        """Whether this message should soon be ended, and go on in a next one, because its stream is old."""
        ...


@runtime_checkable
class OpensThreads(Protocol):
    """A platform where a thread has to be made before somebody can be answered in it."""

    async def open(self, message: Message) -> None:
        """Make the thread that `message` starts, once. Where that is not permitted, later posts into the
        thread appear as replies in its channel instead; that is not an error."""
        ...

    def open_lanes(self, message: Message) -> tuple[Lane, ...]:
        """The rate-limit scopes that `open` spends from, its own scope first; none where it makes no call."""
        ...


@runtime_checkable
class FindsPosts(Protocol):
    """A platform that cannot refuse a repeated post, but can be asked what already stands in a thread."""

    async def find(self, thread: Thread, key: str) -> MessageRef | None:
        """The message that an earlier `post` with this key left in the thread, if any."""
        ...

    def find_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        """The rate-limit scopes that `find` spends from, its own scope first."""
        ...


@runtime_checkable
class ShowsWaiting(Protocol):
    """A platform that can show that an answer is being worked on, before its first text."""

    async def show_waiting(self, thread: Thread) -> None:
        """Show it for some seconds (at least eight). It vanishes by itself or when a message is posted."""
        ...

    def waiting_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        """The rate-limit scopes that `show_waiting` spends from, its own scope first."""
        ...
