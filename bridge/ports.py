"""What the core asks of a chat platform: one small port, and extras that an adapter may also offer.

Every method raises only `bridge.errors.PlatformError` kinds (`TryOtherwise` where the same wish would now be
met by another call, with other lanes); an adapter translates its SDK's exceptions in
one place. An adapter never waits for an answer, never paces or repeats a call by itself (the budget and the
reply do) and never changes what a body says.
"""

from collections.abc import Awaitable, Callable, Collection
from typing import Protocol, runtime_checkable

from bridge.types import (
    Attachment,
    Body,
    File,
    Home,
    Invocation,
    Lane,
    Message,
    MessageRef,
    Offer,
    Person,
    Press,
    Reaction,
    Thread,
    WebAnswer,
    WebRequest,
)


class Host(Protocol):
    """What the core is for an adapter that runs in it."""

    async def deliver(self, message: Message) -> None:
        """Take a message. Returns when it is stored, so that the platform may be told; raises `BridgeError`
        when it could not be stored, and then the platform must not be told. The same message may be delivered
        any number of times."""
        ...

    async def press(self, press: Press) -> Reaction:
        """Take a press of one of our buttons, or a form that was sent. Returns soon, with what to show at
        once; raises `BridgeError`, whose notice is then what to whisper."""
        ...

    async def invoke(self, invocation: Invocation) -> Reaction:
        """Take one of the platform's own commands, as `press` takes a press."""
        ...

    async def edited(self, message: Message) -> None:
        """Somebody has changed what they said: `message` is as it stands now. A question that waits or is
        being answered is asked anew; of all else nothing becomes. Returns and raises as `deliver`."""
        ...

    async def deleted(self, platform: str, message_id: str) -> None:
        """A message is gone, named by its id. A question that waits is not asked, and one that is being
        answered is stopped and its reply removed. Returns and raises as `deliver`."""
        ...

    async def stopped(self, thread: Thread, person: Person) -> None:
        """Somebody wants the answer that runs in this thread to end, by the platform's own means."""
        ...

    async def offer(self, thread: Thread) -> Offer:
        """What the app that answers in this place says of itself; empty where it cannot be asked soon."""
        ...

    async def home(self, platform: str, workspace: str, person: Person) -> Home:
        """What somebody sees who looks at the bot itself. Returns soon."""
        ...

    async def threads(self, platform: str) -> tuple[Thread, ...]:
        """The threads of this platform that were spoken in last, newest first, some hundreds at most: where
        something may have been missed while nobody listened."""
        ...

    def locale(self, platform: str, person: Person) -> str:
        """The language in which to tell somebody something who is known to press or command, as far as it is
        known by now; empty where it is not. Never waits."""
        ...

    @property
    def missed_seconds(self) -> float:
        """How old something may be that was missed, to be delivered all the same."""
        ...

    async def alone(self, role: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work` while this is the one replica of all that has `role`, and whenever it becomes so; it is
        cancelled when the role is lost. Returns, or raises, when `work` does."""
        ...


class Adapter(Protocol):
    """One chat platform, connected with one bot."""

    @property
    def platform(self) -> str:
        """The short name that thread keys begin with, such as `slack`."""
        ...

    async def run(self, host: Host) -> None:
        """Stay connected until cancelled, and deliver what people say, also what they said lately while
        nobody listened. Lost connections are taken up again; only `LoginRefused` ends it. Must not deliver
        what bots, webhooks or the platform itself say."""
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
    """A platform that can be asked what already stands in a thread, because it may not refuse a repeated post
    (any more)."""

    async def find(
        self, thread: Thread, key: str, since: float, known: Collection[MessageRef]
    ) -> MessageRef | None:
        """The message that an earlier `post` with this key left in the thread, if any: by its key where
        messages carry one, else the bot's first one after `since` (seconds since 1970) that is not among the
        `known` ones."""
        ...

    def find_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        """The rate-limit scopes that `find` spends from, its own scope first."""
        ...


@runtime_checkable
class ShowsWaiting(Protocol):
    """A platform that can show that an answer is being worked on, before its first text."""

    async def show_waiting(self, thread: Thread, step: str = "", locale: str = "") -> None:
        """Show it for some seconds (at least eight), with what the app is busy with where the platform can.
        It vanishes by itself or when a message is posted."""
        ...

    def waiting_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        """The rate-limit scopes that `show_waiting` spends from, its own scope first."""
        ...


@runtime_checkable
class MarksQueued(Protocol):
    """A platform that can show on a message that it was heard and waits for its turn."""

    async def mark_queued(self, message: Message) -> None:
        """Show it. Again is harmless."""
        ...

    async def unmark_queued(self, message: Message) -> None:
        """Show it no longer. Harmless where nothing is shown."""
        ...

    def mark_lanes(self, message: Message) -> tuple[Lane, ...]:
        """The rate-limit scopes that either spends from, its own scope first."""
        ...


@runtime_checkable
class FetchesFiles(Protocol):
    """A platform whose messages can carry files."""

    async def fetch(self, attachment: Attachment, most_bytes: int) -> bytes:
        """The bytes of a file that somebody attached. `FileUnreadable` where it is gone, is not what the
        platform said, or is larger than that; nothing is fetched from anywhere but the platform's own hosts.
        Spends from no budget: files come from hosts of their own."""
        ...


@runtime_checkable
class DescribesFiles(Protocol):
    """A platform that says of some files only that they are there, and the rest when it is asked."""

    async def describe(self, attachment: Attachment) -> Attachment:
        """The same file, with what is known of it. `FileUnreadable` where it cannot be had."""
        ...

    def describe_lanes(self, attachment: Attachment) -> tuple[Lane, ...]:
        """The rate-limit scopes that `describe` spends from; none where nothing has to be asked."""
        ...


@runtime_checkable
class SendsFiles(Protocol):
    """A platform where files can be put into a thread."""

    def file_limit(self, thread: Thread) -> int:
        """How many bytes a file may have there at most."""
        ...

    async def send_file(self, thread: Thread, file: File, key: str) -> None:
        """Put it into the thread. `key` is that of a post: where the platform can tell, done again after a
        failure it does not appear twice."""
        ...

    def file_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        """The rate-limit scopes that `send_file` spends from, its own scope first."""
        ...


@runtime_checkable
class NamesThreads(Protocol):
    """A platform whose threads have names."""

    async def name_thread(self, thread: Thread, title: str) -> None:
        """Let the thread be called `title`, shortened where it is too long."""
        ...

    def ours_to_name(self, thread: Thread) -> bool:
        """Whether the bot may find a name for it without being told to: not where people have given it one.
        No, where that is not known (any more)."""
        ...

    def name_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        """The rate-limit scopes that `name_thread` spends from, its own scope first; none where this thread
        has no name."""
        ...


@runtime_checkable
class KnowsPeople(Protocol):
    """A platform that tells who somebody is only when it is asked."""

    async def person(self, thread: Thread, person: Person) -> Person:
        """The same person, who speaks in this thread, with name and address as far as they are known;
        remembered for a while."""
        ...

    def person_lanes(self, thread: Thread, person: Person) -> tuple[Lane, ...]:
        """The rate-limit scopes that `person` spends from; none where the answer is remembered."""
        ...


@runtime_checkable
class Whispers(Protocol):
    """A platform that can tell somebody something in private, about a message of theirs."""

    async def whisper(self, message: Message, text: str) -> None:
        """Tell whoever wrote `message`, and nobody else; where they take nothing in private, in a short reply
        to it. Makes no thread."""
        ...

    def whisper_lanes(self, message: Message) -> tuple[Lane, ...]:
        """The rate-limit scopes that `whisper` spends from, its own scope first."""
        ...


@runtime_checkable
class KnowsObstacles(Protocol):
    """A platform that tells beforehand where the bot may not speak."""

    def obstacle(self, message: Message) -> str:
        """Why no answer to `message` could be shown just now: a sentence for whoever wrote it. Empty where
        nothing is known to be in the way. Makes no call."""
        ...


@runtime_checkable
class KnowsRoles(Protocol):
    """A platform that says only when it is asked who belongs to a group."""

    async def belongs(self, thread: Thread, person: Person, group: str) -> bool:
        """Whether somebody belongs to the group with this id, in the workspace of the thread. Remembered for
        some minutes. `NotAllowed` where it does not tell."""
        ...

    def belonging_lanes(self, thread: Thread, person: Person, group: str) -> tuple[Lane, ...]:
        """The rate-limit scopes that `belongs` spends from, its own first; none where it makes no call."""
        ...


@runtime_checkable
class HoldsSessions(Protocol):
    """A platform that shows on its own that the bot is at work in a thread, until it is told otherwise."""

    def tells_steps(self, thread: Thread) -> bool:
        """Whether `show_waiting` shows there what the app is busy with, so that no message has to."""
        ...

    def inherit(self, thread: Thread) -> None:
        """An answer goes on there that another process has begun, or this one before a restart: it may have
        left something shown."""
        ...

    async def release(self, thread: Thread) -> None:
        """Nothing is being worked on there (any more). Again is harmless."""
        ...

    def release_lanes(self, thread: Thread) -> tuple[Lane, ...]:
        """The rate-limit scopes that `release` spends from, its own scope first; none where nothing is shown
        that would have to go."""
        ...


@runtime_checkable
class ServesWeb(Protocol):
    """A platform that talks to the bridge's own web port."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that are this platform's."""
        ...

    async def serve(self, request: WebRequest) -> WebAnswer:
        """Answer a request to one of them. Whoever sends it is not to be trusted before it is verified."""
        ...
