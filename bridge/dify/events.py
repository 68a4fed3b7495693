"""Dify's stream events, typed. Pure, and never surprised: what is unknown or malformed becomes `Ignored`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from bridge.dify.frames import Frame
from bridge.dify.shapes import mapping_of, text_of


@dataclass(frozen=True, slots=True)
class Ids:
    """What Dify calls the things of this turn; empty where an event does not say."""

    conversation_id: str = ""
    message_id: str = ""
    task_id: str = ""
    workflow_run_id: str = ""


class Source(StrEnum):
    """Which event a piece of text came with."""

    MESSAGE = "message"
    AGENT = "agent_message"
    FILE = "message_file"


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer, to be appended."""

    answer: str
    source: Source


@dataclass(frozen=True, slots=True)
class Replaced:
    """The answer so far is void; this stands instead."""

    answer: str


@dataclass(frozen=True, slots=True)
class FileSent:
    """The app made a file. `url` may be relative to Dify's origin; `owner` is `assistant` or `user`."""

    id: str
    kind: str
    url: str
    owner: str


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
    """`status` is succeeded, partial-succeeded, failed or stopped; `answer` is the whole text if told."""

    status: str
    answer: str
    error: str


@dataclass(frozen=True, slots=True)
class FlowPaused:
    """The flow waits for a person's decision."""


@dataclass(frozen=True, slots=True)
class MessageEnded:
    """The message is complete. Carries no text."""


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
        text_of(fields, "conversation_id"),
        text_of(fields, "message_id"),
        text_of(fields, "task_id"),
        text_of(fields, "workflow_run_id"),
    )
    return Received(_event(text_of(fields, "event"), fields), ids)


def _event(name: str, fields: Mapping[str, object]) -> Event:
    match name:
        case "message":
            return Text(text_of(fields, "answer"), Source.MESSAGE)
        case "agent_message":
            return Text(text_of(fields, "answer"), Source.AGENT)
        # Some versions send text under this name, once a file is involved.
        case "message_file" if "answer" in fields and not fields.get("url"):
            return Text(text_of(fields, "answer"), Source.FILE)
        case "message_file":
            return FileSent(*(text_of(fields, name) for name in ("id", "type", "url", "belongs_to")))
        case "message_replace":
            return Replaced(text_of(fields, "answer"))
        case "message_end":
            return MessageEnded()
        case "agent_thought":
            over = bool(fields.get("observation"))
            return Thought(text_of(fields, "id"), text_of(fields, "tool"), over)
        case "error":
            status = fields.get("status")
            return Failed(
                text_of(fields, "code"), status if isinstance(status, int) else 0, text_of(fields, "message")
            )
        case "ping":
            return Ping()
        case _:
            return _flow_event(name, mapping_of(fields.get("data")))


def _flow_event(name: str, data: Mapping[str, object]) -> Event:
    match name:
        case "workflow_started":
            return FlowStarted()
        case "workflow_finished":
            answer = text_of(mapping_of(data.get("outputs")), "answer")
            return FlowFinished(text_of(data, "status"), answer, text_of(data, "error"))
        case "reasoning_chunk":
            return Reasoned(text_of(data, "reasoning"))
        case "workflow_paused":
            return FlowPaused()
        case "node_started" | "iteration_started" | "loop_started":
            return StepStarted(_step_id(data), text_of(data, "title"))
        case "node_finished" | "iteration_completed" | "loop_completed":
            return StepFinished(_step_id(data), text_of(data, "title"), text_of(data, "status"))
        case _:
            return Ignored(name)


def _step_id(data: Mapping[str, object]) -> str:
    return text_of(data, "id") or text_of(data, "node_id")
