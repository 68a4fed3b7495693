"""Single events as bytes, also those that no turn stands behind. Pure."""

import json
from collections.abc import Mapping

from sandbox.dify.extras import CREATED_AT

PING = b"event: ping\n\n"
WORKFLOW_ID = "7c3e33d4-2a8b-4e5f-9b1a-d3c6e8f12345"


def frame(fields: Mapping[str, object], *, raw: bool) -> bytes:
    """One event."""
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":")) if raw else json.dumps(fields)
    return b"data: " + text.encode() + b"\n\n"


def early_error(message: str) -> bytes:
    """A worker's word that a flow could not begin: neither code nor ids."""
    return frame({"event": "error", "message": message, "status": 500}, raw=True)


def synthetic(run_id: str, message: str) -> list[bytes]:
    """The beginning and the end of a run that had none; it names no conversation."""
    ids = {"task_id": run_id, "workflow_run_id": run_id}
    started = {"id": run_id, "workflow_id": WORKFLOW_ID, "inputs": {}, "created_at": CREATED_AT}
    finished: dict[str, object] = {
        "id": run_id,
        "workflow_id": WORKFLOW_ID,
        "status": "failed",
        "outputs": None,
        "error": message,
        "elapsed_time": 0.0,
        "total_tokens": 0,
        "total_steps": 0,
        "created_by": {},
        "created_at": CREATED_AT,
        "finished_at": CREATED_AT,
        "exceptions_count": 1,
        "files": [],
    }
    return [
        frame({"event": "workflow_started", **ids, "data": {**started, "reason": "initial"}}, raw=True),
        frame({"event": "workflow_finished", **ids, "data": finished}, raw=True),
    ]
