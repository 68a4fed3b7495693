"""What the core asks of a chat platform: one small port, and extras that an adapter may also offer.

Every method raises only `bridge.errors.PlatformError` kinds; an adapter translates its SDK's exceptions in
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

    def fits(self, body: Body) -> bool:
        """Whether the rendered body is within the platform's limits for one message. Pure and quick."""
        ...

    def same(self, one: Body, other: Body) -> bool:
        """Whether both bodies look the same once rendered, so that no call is spent on it. Pure and quick."""
        ...

    def post_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        """The rate-limit scopes that a `post` into this thread spends from."""
        ...

    def edit_lanes(self, ref: MessageRef) -> tuple[Lane, ...]:
        """The rate-limit scopes that an `edit` of this message spends from."""
        ...

    def delete_lanes(self, ref: MessageRef) -> tuple[Lane, ...]:
        """The rate-limit scopes that a `delete` of this message spends from."""
        ...


@runtime_checkable
class OpensThreads(Protocol):
    """A platform where a thread has to be made before somebody can be answered in it."""

    async def open(self, message: Message) -> None:
        """Make the thread that `message` starts, once. Where that is not permitted, later posts into the
        thread appear as replies in its channel instead; that is not an error."""
        ...


@runtime_checkable
class FindsPosts(Protocol):
    """A platform that cannot refuse a repeated post, but can be asked what already stands in a thread."""

    async def find(self, thread: Thread, key: str) -> MessageRef | None:
        """The message that an earlier `post` with this key left in the thread, if any."""
        ...


@runtime_checkable
class ShowsWaiting(Protocol):
    """A platform that can show that an answer is being worked on, before its first text."""

    async def show_waiting(self, thread: Thread) -> None:
        """Show it for some seconds (at least eight). It vanishes by itself or when a message is posted."""
        ...
