"""What Dify has on record of a turn, and what follows from it. Pure.

A turn whose stream was lost goes on in some modes and versions, and in others it is lost with it:

* Flows go on without us since 1.13, and their answers are kept. Since 1.9.2 at least the record of the run is
  finished, with the answer among its outputs; before, it says for ever that it runs.
* Agents up to 1.15 go on; only their thoughts are kept, and the last of them holds what they said.
* All else is lost. Its message stays as it was when it began: without an answer, and not failed either.

Sources: controllers/service_api/app/{message,workflow}.py and the task pipelines of those versions; seen on
0.15.3 and 1.14.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from bridge.dify.failures import from_flow, is_stop
from bridge.dify.outputs import answer_in, result_in
from bridge.dify.shapes import mapping_of, text_of
from bridge.dify.turn import MAX_CHARACTERS, Ending
from bridge.errors import DifyError

Version = tuple[int, ...]

FLOW_RUNS_ARE_FINISHED: Version = (1, 9, 2)
FLOWS_GO_ON: Version = (1, 13)
AGENTS_ARE_ABORTED: Version = (1, 16)

# The states of a run that is over, or waits for a person; a failed one is no ending but an error.
_ENDINGS = {
    "succeeded": Ending.COMPLETED,
    "partial-succeeded": Ending.COMPLETED,
    "stopped": Ending.STOPPED,
    "paused": Ending.PAUSED,
}


@dataclass(frozen=True, slots=True)
class Recovered:
    """A turn that is over after all: the whole answer, and how it ended."""

    text: str
    ending: Ending


@dataclass(frozen=True, slots=True)
class Thought:
    """A step of an agent. The last one uses no tool, and its text is filled when the agent is done."""

    text: str
    tool: str


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """`status` is normal, error or paused; normal also while it is being answered. `answer` is empty until it
    is kept."""

    answer: str
    status: str
    error: str
    thoughts: tuple[Thought, ...]


@dataclass(frozen=True, slots=True)
class RunRecord:
    """`status` is running, succeeded, partial-succeeded, failed, stopped or paused. `answer` is what the flow
    put out, known once it is over."""

    status: str
    answer: str
    error: str


@dataclass(frozen=True, slots=True)
class Records:
    """Either may not be there. `version` is empty where it is not told, `mode` where it was not asked for."""

    message: MessageRecord | None
    run: RunRecord | None
    version: Version = ()
    mode: str = ""


class Outlook(Enum):
    """What may still become of a turn that is not `recovered`: its flow runs; it may run, unseen; it is over
    or lost, unless the last of it is just being kept; or nothing more can come of it."""

    RUNS = auto()
    MAY_RUN = auto()
    SETTLES = auto()
    NOTHING_COMES = auto()


def version_of(text: str) -> Version:
    """The numbers that a version such as `1.14.2` or `1.15.0-rc1` begins with."""
    numbers: list[int] = []
    for part in text.split("-")[0].split("."):
        if not part.isdecimal():
            break
        numbers.append(int(part[:9]))
    return tuple(numbers)


def message_in(fields: Mapping[str, object], message_id: str) -> MessageRecord | None:
    """The message with this id in a page of `GET /messages`."""
    page = fields.get("data")
    for item in page if isinstance(page, list) else ():
        message = mapping_of(item)
        if text_of(message, "id") == message_id:
            return MessageRecord(
                text_of(message, "answer"),
                text_of(message, "status"),
                text_of(message, "error"),
                _thoughts(message.get("agent_thoughts")),
            )
    return None


def run_in(fields: Mapping[str, object], *, conversing: bool = True) -> RunRecord:
    """The run that `GET /workflows/run/{id}` tells of. Of one that is not `conversing`, all is told that it
    put out."""
    outputs = mapping_of(fields.get("outputs"))
    answer = answer_in(outputs) if conversing else result_in(outputs)
    return RunRecord(text_of(fields, "status"), answer, text_of(fields, "error"))


def recovered(records: Records) -> Recovered | None:
    """The turn, if it is over and its answer has been kept. `DifyError` if it failed."""
    message, run = records.message, records.run
    if message is not None and message.status == "error" and not is_stop(message.error):
        raise from_flow(message.error)
    said = (message.answer or _last_words(message.thoughts)) if message is not None else ""
    if run is not None and _failed(run) and not said:
        raise from_flow(run.error)
    if run is not None and run.status != "failed" and _status(run) not in _ENDINGS:
        # What the message says was kept when the flow paused; since then it goes on.
        return None
    if message is not None and message.status == "paused":
        return _bounded(said, Ending.PAUSED)
    if not said:
        return None
    return _bounded(said, _ENDINGS.get(_status(run), Ending.COMPLETED))


def left(records: Records) -> Recovered | None:
    """The turn, if it is over and nothing more will be kept: what the record of the run says stands then.
    Only then, because moderation may have taken back the answer that the flow put out."""
    run = records.run
    ending = _ENDINGS.get(_status(run))
    return _bounded(run.answer, ending) if run is not None and ending is not None else None


def outlook(records: Records) -> Outlook:
    """What may still become of a turn that is not `recovered`. A version that is not told counts as one that
    goes on."""
    message, run, version = records.message, records.run, records.version
    if run is not None:
        finishes = not version or version >= FLOW_RUNS_ARE_FINISHED
        if finishes and _status(run) not in _ENDINGS:
            return Outlook.RUNS
        return Outlook.SETTLES if message is not None else Outlook.NOTHING_COMES
    if message is None:
        return Outlook.NOTHING_COMES
    if records.mode == "advanced-chat":
        goes_on = not version or version >= FLOWS_GO_ON
    else:
        agent = records.mode == "agent-chat" or bool(message.thoughts)
        goes_on = agent and (not version or version < AGENTS_ARE_ABORTED)
    return Outlook.MAY_RUN if goes_on else Outlook.SETTLES


def _status(run: RunRecord | None) -> str:
    """A run's status; that of a stop also where Dify calls it a failure."""
    if run is None:
        return ""
    return "stopped" if run.status == "failed" and not _failed(run) else run.status


def _failed(run: RunRecord) -> bool:
    return run.status == "failed" and not is_stop(run.error)


def _last_words(thoughts: tuple[Thought, ...]) -> str:
    """What an agent said in all its steps, once it has said the last of it."""
    if not thoughts or thoughts[-1].tool or not thoughts[-1].text:
        return ""
    # Dify joins them like this where it keeps the answer itself.
    return "\n".join(thought.text for thought in thoughts if thought.text)


def _thoughts(value: object) -> tuple[Thought, ...]:
    """In the order of their positions; older servers send them in any."""
    items = [mapping_of(item) for item in value] if isinstance(value, list) else []
    items.sort(key=_position)
    return tuple(Thought(text_of(item, "thought"), text_of(item, "tool")) for item in items)


def _position(item: Mapping[str, object]) -> int:
    position = item.get("position")
    return position if isinstance(position, int) else 0


def _bounded(text: str, ending: Ending) -> Recovered:
    if len(text) > MAX_CHARACTERS:
        raise DifyError(f"the answer is longer than {MAX_CHARACTERS} characters")
    return Recovered(text, ending)
