"""The shapes in which files, sources, forms and runs are told. Pure."""

import json
from collections.abc import Mapping

from sandbox.dify.extras import CREATED_AT
from sandbox.dify.frames import WORKFLOW_ID
from sandbox.dify.human import Form
from sandbox.dify.types import KeptFile, Run, Source


def event_file(file: KeptFile, url: str) -> dict[str, object]:
    """A file in an event of its own."""
    return {
        "id": file.id,
        "type": file.kind,
        "belongs_to": "assistant" if file.own else "user",
        "url": url,
    }


def turn_file(file: KeptFile, url: str) -> dict[str, object]:
    """A file at the end of an answer, whosever it is."""
    return {
        "related_id": file.id,
        "extension": file.extension,
        "filename": file.name,
        "size": file.size,
        "mime_type": file.media_type,
        "transfer_method": _method(file),
        "type": file.kind,
        "url": url,
        "upload_file_id": None if file.own else file.file_id,
        "remote_url": "",
    }


def flow_file(file: KeptFile, url: str) -> dict[str, object]:
    """A file among what a flow was given, or gives."""
    return {
        "dify_model_identity": "__dify__file__",
        "id": None,
        "type": file.kind,
        "transfer_method": _method(file),
        "remote_url": "",
        "reference": None,
        "filename": file.name,
        "extension": file.extension,
        "mime_type": file.media_type,
        "size": file.size,
        "related_id": file.file_id,
        "url": url,
    }


def message_file(file: KeptFile, url: str, *, tells_upload: bool) -> dict[str, object]:
    """A file of a message that is looked at later."""
    fields: dict[str, object] = {
        "id": file.id,
        "filename": file.name,
        "type": file.kind,
        "url": url,
        "mime_type": file.media_type,
        "size": file.size,
        "transfer_method": _method(file),
        "belongs_to": "assistant" if file.own else "user",
    }
    return {**fields, "upload_file_id": None if file.own else file.file_id} if tells_upload else fields


def source_fields(position: int, source: Source) -> dict[str, object]:
    """A passage that an answer rests on."""
    return {
        "position": position,
        "dataset_id": f"dataset-{source.dataset}",
        "dataset_name": source.dataset,
        "document_id": f"document-{source.document}",
        "document_name": source.document,
        "data_source_type": "upload_file",
        "segment_id": f"segment-{position}",
        "retriever_from": "api",
        "score": source.score,
        "hit_count": 3,
        "word_count": 120,
        "segment_position": position,
        "index_node_hash": "9f",
        "content": source.content,
        "page": source.page,
        "doc_metadata": None,
        "title": None,
        "files": None,
        "summary": None,
    }


def waiting_form(form: Form, token: str, expires_at: int) -> dict[str, object]:
    """A form, as the events of a run tell of it."""
    return {
        "form_id": f"form-{token}",
        "node_id": "1724",
        "node_title": form.title,
        "form_content": form.content,
        "inputs": _inputs(form),
        "actions": _actions(form),
        "display_in_ui": False,
        "form_token": token if form.answerable else None,
        "resolved_default_values": _defaults(form),
        "expiration_time": expires_at,
    }


def open_form(form: Form, expires_at: int) -> dict[str, object]:
    """A form, as it is told to whoever asks for it."""
    return {
        "form_content": form.content,
        "inputs": _inputs(form),
        "resolved_default_values": _defaults(form),
        "user_actions": _actions(form),
        "expiration_time": expires_at,
    }


def finished_run(run: Run) -> bytes:
    """The one event for whoever asks for the events of a run that is over. It names no conversation, and the
    run in the place of the task."""
    data = run_fields(run, {"exceptions_count": 0, "files": []})
    fields = {"event": "workflow_finished", "task_id": run.id, "workflow_run_id": run.id, "data": data}
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def run_fields(run: Run, more: Mapping[str, object]) -> dict[str, object]:
    """What Dify tells of a run."""
    over = run.status not in ("running", "paused")
    return {
        "id": run.id,
        "workflow_id": WORKFLOW_ID,
        "status": run.status,
        "outputs": dict(run.outputs) if run.status == "succeeded" else {},
        "error": run.error or None,
        "total_steps": 3,
        "total_tokens": 42,
        "created_at": CREATED_AT,
        "finished_at": CREATED_AT + 1 if over else None,
        "elapsed_time": 1.0 if over else 0.0,
        **more,
    }


def _method(file: KeptFile) -> str:
    return "tool_file" if file.own else "local_file"


def _inputs(form: Form) -> list[dict[str, object]]:
    fields: list[dict[str, object]] = []
    for one in form.fields:
        default = {"type": "constant", "value": one.default} if one.default else None
        shape: dict[str, object] = {"type": one.kind, "output_variable_name": one.name, "default": default}
        fields.append({**shape, "options": list(one.options)} if one.options else shape)
    return fields


def _actions(form: Form) -> list[dict[str, object]]:
    return [{"id": one.id, "title": one.title, "button_style": one.style} for one in form.actions]


def _defaults(form: Form) -> dict[str, object]:
    return {one.name: one.default for one in form.fields}
