"""An answer that is given whole, to whoever does not want to hear it grow. Pure."""

from sandbox.dify.extras import CREATED_AT
from sandbox.dify.frames import WORKFLOW_ID
from sandbox.dify.stream import Outcome, Stream
from sandbox.dify.wire import Ids, Result

USAGE = {"prompt_tokens": 7, "completion_tokens": 10, "total_tokens": 17}


def whole_answer(mode: str, ids: Ids, result: Result) -> dict[str, object]:
    """A message with its ids and its text."""
    talk = {} if mode == "completion" else {"conversation_id": ids.conversation}
    return {
        "event": "message",
        "task_id": ids.task,
        "id": ids.message,
        "message_id": ids.message,
        **talk,
        "mode": mode,
        "answer": result.text,
        "metadata": {"annotation_reply": None, "retriever_resources": [], "usage": USAGE},
        "created_at": CREATED_AT,
    }


def whole_run(ids: Ids, stream: Stream) -> dict[str, object]:
    """A run of a workflow, failed or not."""
    failed = stream.outcome is Outcome.FAILED
    data: dict[str, object] = {
        "id": ids.run,
        "workflow_id": WORKFLOW_ID,
        "status": str(stream.outcome),
        "outputs": {} if failed else stream.writer.outputs(stream.result),
        "error": stream.failure.message if failed else None,
        "elapsed_time": 2.51,
        "total_tokens": 17,
        "total_steps": 3,
        "created_at": CREATED_AT,
        "finished_at": None if stream.outcome is Outcome.PAUSED else CREATED_AT + 3,
    }
    return {"task_id": ids.task, "workflow_run_id": ids.run, "data": data}


def whole_pause(ids: Ids) -> dict[str, object]:
    """A chatflow that waits for a person."""
    return {
        "event": "workflow_paused",
        "task_id": ids.task,
        "id": ids.message,
        "message_id": ids.message,
        "conversation_id": ids.conversation,
        "workflow_run_id": ids.run,
        "data": {"paused_nodes": ["1724"], "reasons": [], "status": "paused", "total_steps": 2},
    }
