"""Dify's stream events, typed. Pure, and never surprised: what is unknown or malformed becomes `Ignored`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from bridge.dify.app_files import Named, file_in, files_in
from bridge.dify.frames import Frame
from bridge.dify.human import MOST_FORMS, HumanForm, form_in
from bridge.dify.outputs import answer_in, result_in
from bridge.dify.shapes import items_of, mapping_of, name_of, text_of
from bridge.dify.sources import Source, sources_in

# Dify's are UUIDs.
LONGEST_ID_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Ids:
    """What Dify calls the things of this turn; empty where an event does not say."""

    conversation_id: str = ""
    message_id: str = ""
    task_id: str = ""
    workflow_run_id: str = ""


class Origin(StrEnum):
    """Which event a piece of text came with."""

    MESSAGE = "message"
    AGENT = "agent_message"
    FILE = "message_file"
    CHUNK = "text_chunk"


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer, to be appended."""

    answer: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Replaced:
    """The answer so far is void; this stands instead."""

    answer: str


@dataclass(frozen=True, slots=True)
class FileSent:
    """The app made a file, or was given one."""

    named: Named


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A node of the flow, an iteration or a loop began. Its inputs and outputs are nobody's business."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class StepFinished:
    id: str
    title: str
    status: str


@dataclass(frozen=True, slots=True)
class Thought:
    """An agent uses a tool; sent again with the same id as it fills, at last with what the tool said."""

    id: str
    tool: str
    over: bool


@dataclass(frozen=True, slots=True)
class Reasoned:
    """A piece of a model's reasoning, to be appended; never part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class FlowStarted:
    pass


@dataclass(frozen=True, slots=True)
class FlowFinished:
    """`status` is succeeded, partial-succeeded, failed or stopped; `answer` is the whole text if told, and
    `result` all that was put out, as a text to be read where nothing was streamed."""

    status: str
    answer: str
    error: str
    result: str
    files: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """The flow asks for a person's decision, at this node."""

    node: str
    form: HumanForm


@dataclass(frozen=True, slots=True)
class Decided:
    """The form of this node has been answered, or has expired."""

    node: str


@dataclass(frozen=True, slots=True)
class FlowPaused:
    """The flow waits for a person's decision. `asked` are the forms again, in case they were not heard of."""

    asked: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class MessageEnded:
    """The message is complete. Carries no text. The `files` may be the asker's own."""

    files: tuple[Named, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """An `error` event. `status` is 0 where there is none."""

    code: str
    status: int
    message: str


@dataclass(frozen=True, slots=True)
class Ping:
    pass


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that means nothing here: speech, logs, or one that is not known or not readable."""

    name: str


Event: TypeAlias = (
    Text
    | Replaced
    | FileSent
    | StepStarted
    | StepFinished
    | Thought
    | Reasoned
    | FlowStarted
    | FlowFinished
    | Asked
    | Decided
    | FlowPaused
    | MessageEnded
    | Failed
    | Ping
    | Ignored
)


@dataclass(frozen=True, slots=True)
class Received:
    """One event and the ids it carried."""

    event: Event
    ids: Ids


def decode(frame: Frame) -> Received:
    """What a frame says."""
    if not frame.data:
        return Received(Ping() if frame.event == "ping" else Ignored(frame.event), Ids())
    try:
        fields = mapping_of(json.loads(frame.data.decode("utf-8", "replace")))
    except (ValueError, RecursionError):
        return Received(Ignored("malformed"), Ids())
    ids = Ids(
        _id(fields, "conversation_id"),
        _id(fields, "message_id"),
        _id(fields, "task_id"),
        _id(fields, "workflow_run_id"),
    )
    return Received(_event(text_of(fields, "event"), fields), ids)


def _id(fields: Mapping[str, object], name: str) -> str:
    """One that names something in an address; whatever cannot be that is none."""
    value = fields.get(name)
    if (
        isinstance(value, str)
        and len(value) <= LONGEST_ID_CHARACTERS
        and value.isascii()
        and value.isprintable()
    ):
        return value
    return ""


def _event(name: str, fields: Mapping[str, object]) -> Event:
    match name:
        case "message":
            return Text(text_of(fields, "answer"), Origin.MESSAGE)
        case "agent_message":
            return Text(text_of(fields, "answer"), Origin.AGENT)
        # Some versions send text under this name, once a file is involved.
        case "message_file" if "answer" in fields and not fields.get("url"):
            return Text(text_of(fields, "answer"), Origin.FILE)
        case "message_file":
            named = file_in(fields)
            return FileSent(named) if named is not None else Ignored(name)
        case "message_replace":
            return Replaced(text_of(fields, "answer"))
        case "message_end":
            metadata = mapping_of(fields.get("metadata"))
            return MessageEnded(files_in(fields.get("files")), sources_in(metadata))
        case "agent_thought":
            over = bool(fields.get("observation"))
            return Thought(name_of(fields, "id"), name_of(fields, "tool"), over)
        case "error":
            status = fields.get("status")
            number = status if isinstance(status, int) and 0 <= status < 1000 else 0
            return Failed(text_of(fields, "code"), number, text_of(fields, "message"))
        case "ping":
            return Ping()
        case _:
            return _flow_event(name, mapping_of(fields.get("data")))


def _flow_event(name: str, data: Mapping[str, object]) -> Event:
    match name:
        case "workflow_started":
            return FlowStarted()
        case "workflow_finished":
            outputs = mapping_of(data.get("outputs"))
            return FlowFinished(
                text_of(data, "status"),
                answer_in(outputs),
                text_of(data, "error"),
                result_in(outputs),
                files_in(data.get("files")),
            )
        case "text_chunk":
            return Text(text_of(data, "text"), Origin.CHUNK)
        case "text_replace":
            return Replaced(text_of(data, "text"))
        case "human_input_required":
            return _asked(data)
        case "human_input_form_filled" | "human_input_form_timeout":
            return Decided(name_of(data, "node_id"))
        case "reasoning_chunk":
            return Reasoned(text_of(data, "reasoning"))
        case "workflow_paused":
            return FlowPaused(_reasons(data))
        case "node_started" | "iteration_started" | "loop_started":
            return StepStarted(_step_id(data), name_of(data, "title"))
        case "node_finished" | "iteration_completed" | "loop_completed":
            return StepFinished(_step_id(data), name_of(data, "title"), name_of(data, "status"))
        case _:
            return Ignored(name)


def _step_id(data: Mapping[str, object]) -> str:
    return name_of(data, "id") or name_of(data, "node_id")


def _asked(data: Mapping[str, object]) -> Asked:
    return Asked(name_of(data, "node_id"), form_in(data))


def _reasons(data: Mapping[str, object]) -> tuple[Asked, ...]:
    """The forms among the reasons of a pause."""
    return tuple(
        _asked(reason)
        for reason in items_of(data.get("reasons"), MOST_FORMS)
        if "human_input_required" in (reason.get("TYPE"), reason.get("type"))
    )
