"""What can be asked of an app, and how that is written for Dify. Pure."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from bridge.dify.app import Mode
from bridge.errors import DifyWrongMode

# A column of Dify's database; a longer user is an internal server error there.
USER_LIMIT_CHARACTERS = 255
# Others are ignored by Dify without a word.
_TRACE_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that has been uploaded, and the kind it is sent as: image, document, audio, video or custom."""

    id: str
    kind: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One turn: `conversation_id` is empty for the first one; `inputs` are sent with every one. `files` have
    been uploaded under the same `user`. `trace_id` names the question in Dify's own traces."""

    query: str
    user: str
    conversation_id: str = ""
    inputs: Mapping[str, object] = field(default_factory=dict)
    files: tuple[Upload, ...] = ()
    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One question with one result. A workflow has no `query`."""

    inputs: Mapping[str, object]
    user: str
    query: str = ""
    files: tuple[Upload, ...] = ()
    trace_id: str = ""


def end_user(name: str) -> str:
    """A name for Dify's end user, shortened unmistakably where it is too long."""
    if len(name) <= USER_LIMIT_CHARACTERS:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{name[: USER_LIMIT_CHARACTERS - len(mark) - 1]}:{mark}"


def file_input(upload: Upload) -> dict[str, str]:
    """An uploaded file as the value of an input that takes one; for a list of files, a list of these."""
    return {"type": upload.kind, "transfer_method": "local_file", "upload_file_id": upload.id}


def chat_payload(request: ChatRequest) -> dict[str, object]:
    """The body of `POST /chat-messages`."""
    return {
        "inputs": dict(request.inputs),
        "query": request.query,
        "user": request.user,
        "conversation_id": request.conversation_id,
        "response_mode": "streaming",
        **_files(request.files),
    }


def run_path(mode: Mode) -> str:
    """Where an app that answers once is asked. `DifyWrongMode` for one that holds conversations."""
    match mode:
        case Mode.COMPLETION:
            return "completion-messages"
        case Mode.WORKFLOW:
            return "workflows/run"
        case _:
            raise DifyWrongMode(f"an app in mode {mode or 'unknown'} is not run but talked with")


def run_payload(mode: Mode, request: RunRequest) -> dict[str, object]:
    """The body of a call to `run_path`."""
    query = {"query": request.query} if mode is Mode.COMPLETION else {}
    return {
        "inputs": dict(request.inputs),
        **query,
        "user": request.user,
        "response_mode": "streaming",
        **_files(request.files),
    }


def stop_path(mode: Mode, task_id: str) -> str:
    """Where a running answer is stopped."""
    match mode:
        case Mode.WORKFLOW:
            return f"workflows/tasks/{quote(task_id, safe='')}/stop"
        case Mode.COMPLETION:
            return f"completion-messages/{quote(task_id, safe='')}/stop"
        case _:
            return f"chat-messages/{quote(task_id, safe='')}/stop"


def trace_headers(trace_id: str) -> dict[str, str]:
    """The header that names a question; none where Dify would not take the name."""
    return {"X-Trace-Id": trace_id} if _TRACE_ID.fullmatch(trace_id) else {}


def _files(files: tuple[Upload, ...]) -> dict[str, object]:
    return {"files": [file_input(file) for file in files]} if files else {}
