"""What the store hands out: who holds a thread, and what is to be answered in it."""

import json
import logging
from dataclasses import dataclass, replace
from functools import cache

from pydantic import TypeAdapter

from bridge.stop import Halt
from bridge.types import Filled, Message, MessageRef, Person, Thread

log = logging.getLogger(__name__)

# The outcome of a question that waits for a form to be filled in: its message is kept for that, for a while.
UNFILLED = "unfilled"
# What the outcome of a question begins with that was not asked of the app, or is not to be asked of it.
REFUSED, COMMAND = "refused", "command"
# Whoever was begun so often may be what ends the process each time.
SUSPICIOUS_STARTS = 3
# No row has a number with more.
MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Lease:
    """A thread that one replica holds until it has answered everything in it. `token` is new with every
    claim; with another one, nothing can be written."""

    thread_id: int
    owner: str
    token: int


@dataclass(frozen=True, slots=True)
class TurnIds:
    """What Dify calls the turn that was begun last for a question; empty where it has not told."""

    message_id: str = ""
    task_id: str = ""
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """An accepted question that its holder has to answer; or several, which are asked together.

    `question_ids` and `messages` go together; the reply is kept under the first. `starts` counts how often
    the answer was begun, this time included. `replies` are the messages of the reply that stand there
    already, in order; where there may be one more, `beside` are the last ones of other replies in the thread.
    `app` names the app that answers in the thread, and `inputs` is what was filled into its form there.
    `first_started_at` is in seconds since 1970. `waited` says that it was not its turn at once. `found_at` is
    there where it was found waiting, or left behind by somebody who is gone, or behind one that was.

    `gone` are those of the questions that were taken back. `anew` says that the known turn is about words
    that were changed since. All changes are known that were made until `changed_at`, in ms since 1970.
    """

    lease: Lease
    question_ids: tuple[int, ...]
    messages: tuple[Message, ...]
    conversation_id: str
    dify_user: str
    app: str = ""
    inputs: Filled = ()
    starts: int = 1
    replies: tuple[MessageRef, ...] = ()
    beside: tuple[MessageRef, ...] = ()
    turn: TurnIds = TurnIds()
    first_started_at: float = 0.0
    waited: bool = False
    found_at: float = 0.0
    gone: frozenset[int] = frozenset()
    anew: bool = False
    changed_at: int = 0

    @property
    def id(self) -> int:
        return self.question_ids[0]

    @property
    def thread(self) -> Thread:
        return self.messages[0].thread

    @property
    def message(self) -> Message:
        """What is asked: one message of all that were not taken back, in the place of the first."""
        asked = self.standing or self.messages[:1]
        first, *others = asked
        if not others:
            return first
        return replace(
            first,
            text="\n\n".join(one.text for one in asked if one.text),
            attachments=tuple(file for one in asked for file in one.attachments),
        )

    @property
    def taken_back(self) -> bool:
        """Whether nothing is left to be answered."""
        return self.gone.issuperset(self.question_ids)

    @property
    def standing(self) -> tuple[Message, ...]:
        """The messages that were not taken back."""
        asked = zip(self.question_ids, self.messages, strict=True)
        return tuple(message for number, message in asked if number not in self.gone)

    @property
    def suspicious(self) -> bool:
        """Whether it is to be tried alone. Its start counts only then: it waits for others that are tried,
        and is not to blame for how those end."""
        return suspicious(self.starts)

    @property
    def begun_before(self) -> bool:
        """Whether an earlier attempt may have left something behind."""
        return self.starts > 1 or bool(self.replies or self.turn.task_id)


@dataclass(frozen=True, slots=True)
class Following:
    """Which messages that do not address the bot count in a thread that it takes part in: all, or with
    `opener_only` those of whoever opened its conversation; and where there is a number of `idle_seconds`,
    only as long as the thread was not silent for longer."""

    opener_only: bool = False
    idle_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Taken:
    """A message was stored. `job` is there where whoever stored it holds the thread from now on, and nobody
    did before; `held` says that somebody else, or an earlier question, does. `message` names the thread that
    it belongs to."""

    message: Message
    thread_id: int
    question_id: int
    job: Job | None
    held: bool


@dataclass(frozen=True, slots=True)
class Underway:
    """An answer that is being given: to this question and maybe to others, in a thread that this app answers
    in. `askers` are who asked, as `asker_of` has it; '' is somebody whom nobody has noted."""

    question_id: int
    thread: Thread
    app: str
    askers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """A question that was accepted once, looked up later. `message` is there while it is kept. `decision` is
    what was kept of the form that its answer waits with, `rating` what was last thought of the answer;
    `inputs` is what was filled into the app's form in its thread."""

    id: int
    thread: Thread
    app: str
    dify_user: str
    conversation_id: str
    dify_message_id: str
    dify_run_id: str
    message: Message | None
    decision: str
    rating: str
    inputs: Filled = ()


@dataclass(frozen=True, slots=True)
class ThreadState:
    """What a thread holds just now: the app that answers there, Dify's name of the conversation, if there is
    one, and what was filled into the app's form."""

    app: str
    conversation_id: str
    inputs: Filled = ()


@dataclass(frozen=True, slots=True)
class Visit:
    """A thread in which somebody asked; `at` is when they last did, in seconds since 1970."""

    thread: Thread
    app: str
    conversation_id: str
    dify_user: str
    at: float


@dataclass(frozen=True, slots=True)
class KnownThread:
    """A line of the table of threads. `finished` counts the questions that have been dealt with."""

    key: str
    conversation_id: str
    dify_user: str
    finished: int


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a heartbeat found. `alive` is false when this replica was given up by the others; `to_stop` names
    questions whose answers it holds and that should end."""

    alive: bool
    replicas: int
    to_stop: tuple[Halt, ...] = ()


@dataclass(frozen=True, slots=True)
class Tidied:
    """What one batch of housekeeping has removed; false when that was nothing."""

    texts: int
    questions: int
    threads: int

    def __bool__(self) -> bool:
        return bool(self.texts or self.questions or self.threads)

    def __str__(self) -> str:
        return f"{self.texts} texts, {self.questions} finished questions and {self.threads} idle threads"


def suspicious(starts: int) -> bool:
    """See `Job.suspicious`."""
    return starts >= SUSPICIOUS_STARTS


@cache
def _messages() -> TypeAdapter[Message]:
    return TypeAdapter(Message)


def packed(message: Message) -> str:
    """A message as it is kept until it is answered: ASCII, whatever halves of characters people send."""
    return json.dumps(_messages().dump_python(message, mode="json"))


def unpacked(payload: str) -> Message | None:
    """What was packed; None where it cannot be read, by this version at least."""
    try:
        return _messages().validate_python(json.loads(payload))
    except ValueError:
        return None


def message_of(
    thread: Thread, question_id: int, message_id: str, payload: str | None, received_ms: int
) -> Message:
    """What was asked; without its text where that was erased before it could be answered."""
    asked = unpacked(payload) if payload else None
    if asked is None:
        log.info("the text of question %d is gone", question_id)
        return Message(message_id, thread, Person(""), "", received_ms / 1000, addressed=True)
    return asked


def is_row_number(text: str) -> bool:
    """Whether it may be the number of a question, which somebody was given to send back."""
    return text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS


def asker_of(message: Message) -> str:
    """Who asked, as questions are counted by."""
    return asker_named(message.thread.platform, message.author.id)


def asker_named(platform: str, person_id: str) -> str:
    """Somebody, as questions are counted by."""
    return f"{platform}:{person_id}"


def place_of(thread: Thread) -> str:
    """The channel, as questions are counted by."""
    return f"{thread.platform}:{thread.workspace}:{thread.channel}"


def packed_inputs(filled: Filled) -> str:
    """What was filled into a form, as it is kept."""
    return json.dumps(dict(filled))


def unpacked_inputs(payload: str | None) -> Filled:
    """What was packed; nothing where nothing was, or where it cannot be read."""
    try:
        fields = json.loads(payload) if payload else {}
    except ValueError:
        return ()
    return (
        tuple((str(name), str(value)) for name, value in fields.items()) if isinstance(fields, dict) else ()
    )
