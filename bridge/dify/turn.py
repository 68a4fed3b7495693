"""One turn of a conversation: what its events amount to, and when it is over. Pure.

Which event is the last one differs between modes and versions of Dify, and some leave the socket open for
minutes after it. So a turn is complete with the first event that can end it, listens a moment longer for one
that may still follow, and then hangs up by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, auto

from bridge.dify.app_files import AppFile, Gathered, Named
from bridge.dify.events import (
    Asked,
    Decided,
    Event,
    Failed,
    FileSent,
    FlowFinished,
    FlowPaused,
    FlowStarted,
    Ids,
    MessageEnded,
    Origin,
    Ping,
    Reasoned,
    Received,
    Replaced,
    StepFinished,
    StepStarted,
    Text,
    Thought,
)
from bridge.dify.failures import from_event, from_flow, is_stop
from bridge.dify.human import MOST_FORMS, HumanForm
from bridge.dify.sources import Source
from bridge.errors import DifyError

# After message_end a flow still says how it went; newer versions send that within milliseconds.
AFTER_MESSAGE_END_SECONDS = 2.5
# After workflow_finished, versions up to 1.12 still send message_end.
AFTER_FLOW_END_SECONDS = 1.0
# Of one turn's text and thought together. No model says so much, and nobody would read it in a chat.
MAX_CHARACTERS = 4 * 1024 * 1024


class Ending(Enum):
    """How a turn ended."""

    COMPLETED = auto()
    STOPPED = auto()
    PAUSED = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Update:
    """A turn as it stands: the whole answer so far, the ids known, the step that is running (its title, empty
    when there is none), and the model's whole reasoning so far where Dify tells it apart from the answer.

    `files` are all that the app made so far, each once, never the asker's own. `sources` are known at the end
    of a message. `forms` wait for somebody's answer. Of a turn that is followed, so much of the text was
    `said_before`, in characters."""

    text: str
    ids: Ids
    step: str
    thought: str = ""
    files: tuple[AppFile, ...] = ()
    sources: tuple[Source, ...] = ()
    forms: tuple[HumanForm, ...] = ()
    said_before: int = 0


class Turn:
    """Takes events in; knows the answer, and whether to read on. `sent` are the ids of the files that came
    with the question. One that is `followed` was heard of before: it begins with what was said until then."""

    def __init__(self, sent: Iterable[str] = (), *, followed: bool = False) -> None:
        self._parts: list[str] = []
        self._thoughts: list[str] = []
        self._size = 0
        self._ids = Ids()
        self._last_ids = self._ids
        self._steps: dict[str, str] = {}
        self._files = Gathered(sent)
        self._sources: tuple[Source, ...] = ()
        self._forms: dict[str, HumanForm] = {}
        self._followed = followed
        self._before = ""
        self._in_flow = followed
        self._old_pause = False
        self._went_on = False
        self._agent_spoke = False
        self._replaced = False
        self._message_ended = False
        self._flow_ended = False
        self.began = False
        self.ending: Ending | None = None
        self.error: DifyError | None = None

    @property
    def text(self) -> str:
        """The answer so far."""
        return _joined(self._parts)

    @property
    def spoke(self) -> bool:
        """Whether a first piece of the answer has come."""
        return bool(self._parts)

    @property
    def update(self) -> Update:
        step = next(reversed(self._steps.values()), "")
        forms = tuple(self._forms.values())
        thought = _joined(self._thoughts)
        text = self.text
        before = len(self._before) if text.startswith(self._before) else 0
        return Update(text, self._ids, step, thought, self._files.files, self._sources, forms, before)

    @property
    def read_on_seconds(self) -> float | None:
        """How much longer to listen: None while the turn goes on, 0 when it is over."""
        if self.ending is None:
            return None
        if self.ending is not Ending.COMPLETED or (self._message_ended and self._flow_ended):
            return 0.0
        if self._flow_ended:
            return AFTER_FLOW_END_SECONDS
        return AFTER_MESSAGE_END_SECONDS if self._in_flow else 0.0

    def take(self, received: Received) -> None:
        """Follow one event. `DifyError` when the turn grows beyond all bounds."""
        if received.ids != self._last_ids:
            self._learn(received.ids)
        event = received.event
        self.began = self.began or not isinstance(event, Ping)
        # What is replayed at first has steps before that pause, and no pieces of text.
        new_step = self._old_pause and isinstance(event, StepStarted)
        self._went_on = self._went_on or new_step or isinstance(event, Text | Reasoned)
        match event:
            case Text(answer, origin):
                self._say(answer, origin)
            case Replaced(answer):
                self._replace(answer)
            case Reasoned(text):
                self._in_flow = True
                self._thoughts.append(text)
                self._grow(text)
            case FlowStarted():
                self._in_flow = True
            case StepStarted() | StepFinished():
                self._in_flow = True
                self._step(event.id, "" if isinstance(event, StepFinished) else event.title)
            case Thought(thought_id, tool, over):
                self._step(thought_id, "" if over else tool.replace(";", ", "))
            case FileSent(named):
                self._files.add(named)
            case Asked() | Decided():
                self._in_flow = True
                self._form(event)
            case _:
                self._end(event)

    def _form(self, event: Asked | Decided) -> None:
        """A form waits, or no longer."""
        if isinstance(event, Decided):
            self._forms.pop(event.node, None)
        elif event.node in self._forms or len(self._forms) < MOST_FORMS:
            self._forms[event.node] = event.form
            self._weigh(event.form.size)

    def _step(self, step_id: str, title: str) -> None:
        """A step runs under this title, or no longer."""
        if title:
            self._grow("" if step_id in self._steps else step_id + title)
            self._steps[step_id] = title
        else:
            self._steps.pop(step_id, None)

    def _grow(self, text: str) -> None:
        self._weigh(len(text))

    def _weigh(self, characters: int) -> None:
        self._size += characters
        if self._size > MAX_CHARACTERS:
            raise DifyError(f"the answer is longer than {MAX_CHARACTERS} characters")

    def _learn(self, ids: Ids) -> None:
        self._last_ids = ids
        # The first event of a flow may be lost on the way; only flows have runs.
        self._in_flow = self._in_flow or bool(ids.workflow_run_id)
        for name in ("conversation_id", "message_id", "task_id", "workflow_run_id"):
            value = getattr(ids, name)
            if value and value != getattr(self._ids, name):
                self._ids = replace(self._ids, **{name: value})

    def _replace(self, answer: str) -> None:
        self._grow(answer)
        # What was said before a turn was followed is told by the same event as a verdict of moderation.
        if self._followed and not (self._replaced or self.spoke):
            self._before = answer
        else:
            self._replaced = True
        self._parts = [answer] if answer else []

    def _say(self, answer: str, origin: Origin) -> None:
        self._grow(answer)
        # In mode `agent`, the pieces are followed by one `message` with the whole answer.
        if origin is Origin.MESSAGE and self._agent_spoke and answer:
            self._parts = [answer]
            self._agent_spoke = False
            return
        self._agent_spoke = self._agent_spoke or origin is Origin.AGENT
        if answer:
            self._parts.append(answer)

    def _end(self, event: Event) -> None:
        match event:
            case MessageEnded(files, sources):
                self._message_ended = True
                self._sources = sources or self._sources
                self._gather(files)
                self.ending = self.ending or Ending.COMPLETED
            case FlowFinished():
                self._in_flow = self._flow_ended = True
                self._gather(event.files)
                self._finish_flow(event)
            case FlowPaused(asked):
                self._pause(asked)
            case Failed() if self.ending is None:
                self.ending, self.error = Ending.FAILED, from_event(event)
            case _:
                pass

    def _gather(self, files: Iterable[Named]) -> None:
        for named in files:
            self._files.add(named)

    def _pause(self, asked: tuple[Asked, ...]) -> None:
        """The flow waits. One that is followed is told first of the pause that has just ended, too: then no
        form waits any more, but is still named as the reason. Once it has gone on, a pause is a new one."""
        if self._followed and not (self._forms or self._went_on):
            self._old_pause = True
            return
        if not self._forms:
            for one in asked:
                self._form(one)
        self.ending = Ending.PAUSED

    def _finish_flow(self, finished: FlowFinished) -> None:
        status = finished.status
        if self.ending is not None and status == "failed":
            # Some versions report a failure after a good answer has ended; the answer stands.
            return
        self._forms.clear()
        if status == "stopped" or (status == "failed" and is_stop(finished.error)):
            self.ending = Ending.STOPPED
        elif status == "failed":
            self.ending, self.error = Ending.FAILED, from_flow(finished.error)
        else:
            self.ending = Ending.COMPLETED
            self._complete(finished)

    def _complete(self, finished: FlowFinished) -> None:
        """Take from the flow's own record what was not streamed."""
        # What moderation took back must not return that way.
        if self._replaced:
            return
        # Of a flow that converses, the answer is all that is meant to be read.
        whole = finished.answer if self.spoke or self._ids.message_id else finished.result
        if _lost_some(self.text, whole):
            self._parts = []
            self._grow(whole)
            self._parts = [whole]


def _joined(parts: list[str]) -> str:
    """The pieces as one; and they are one from now on, so that each is copied only a few times."""
    if len(parts) > 1:
        parts[:] = ["".join(parts)]
    return parts[0] if parts else ""


def _lost_some(streamed: str, whole: str) -> bool:
    """Whether pieces of the answer were lost on the way: all that came is in the whole, in order, and more.

    The relay between Dify's processes drops events when it is slow. The whole may also differ for other
    reasons (links signed anew, images taken out); then what was streamed is kept.
    """
    if len(whole) <= len(streamed):
        return False
    rest = iter(whole)
    return all(character in rest for character in streamed)
