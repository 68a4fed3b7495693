"""Events of a flow that surround its answer: nodes within nodes, retries, branches, an agent's log. Pure.

Each gives names and data, in order.
"""

from collections.abc import Mapping
from typing import TypeAlias

CREATED_AT = 1_785_312_000
Event: TypeAlias = tuple[str, Mapping[str, object]]


def iteration(title: str) -> list[Event]:
    """A node that goes over three things."""
    node = _node("iteration", title)
    given = {"inputs": {"iterator_selector": ["a", "b", "c"]}, "inputs_truncated": False}
    return [
        ("iteration_started", {**node, "metadata": {"iterator_length": 3}, **given}),
        *(("iteration_next", {**node, "index": index}) for index in range(1, 4)),
        ("iteration_completed", {**node, **given, **_completed({"output": ["A", "B", "C"]}, 3)}),
    ]


def loop(title: str) -> list[Event]:
    """A node that goes round twice."""
    node = _node("loop", title)
    given: dict[str, object] = {"inputs": {}, "inputs_truncated": False}
    return [
        ("loop_started", {**node, "metadata": {}, **given}),
        *(("loop_next", {**node, "index": index, "pre_loop_output": {}}) for index in range(1, 3)),
        ("loop_completed", {**node, **given, **_completed({}, 2)}),
    ]


def branches(title: str) -> list[Event]:
    """One of several ways that a flow goes at the same time."""
    branch = {
        "parallel_id": "p1",
        "parallel_branch_id": title,
        "parent_parallel_id": None,
        "parent_parallel_start_node_id": None,
        "iteration_id": None,
        "loop_id": None,
        "created_at": CREATED_AT,
    }
    return [
        ("parallel_branch_started", branch),
        ("parallel_branch_finished", {**branch, "status": "succeeded", "error": None}),
    ]


def retry(title: str) -> list[Event]:
    """A node that failed, and will be tried again."""
    data = {
        "id": f"retry-{title}",
        "node_id": f"retry-{title}",
        "node_type": "http-request",
        "title": title,
        "index": 3,
        "predecessor_node_id": None,
        "inputs": None,
        "process_data": {},
        "outputs": None,
        "status": "retry",
        "error": "Request failed with status code 502",
        "elapsed_time": 0.4,
        "execution_metadata": None,
        "created_at": CREATED_AT,
        "finished_at": CREATED_AT,
        "files": [],
        "iteration_id": None,
        "loop_id": None,
        "retry_index": 1,
    }
    return [("node_retry", data)]


def logged(label: str) -> list[Mapping[str, object]]:
    """One entry in the log of an agent within a flow: its beginning, and the same again when it is over."""
    entry: dict[str, object] = {
        "node_execution_id": "node-98",
        "id": f"log-{label}",
        "label": label,
        "parent_id": None,
        "error": None,
        "data": {},
        "metadata": {"started_at": 12.1},
        "node_id": "98",
    }
    return [{**entry, "status": "start"}, {**entry, "status": "success"}]


def _node(kind: str, title: str) -> dict[str, object]:
    return {
        "id": f"{kind}-{title}",
        "node_id": f"{kind}-{title}",
        "node_type": kind,
        "title": title,
        "created_at": CREATED_AT,
        "extras": {},
    }


def _completed(outputs: Mapping[str, object], steps: int) -> dict[str, object]:
    return {
        "outputs": outputs,
        "outputs_truncated": False,
        "status": "succeeded",
        "error": None,
        "elapsed_time": 3.1,
        "total_tokens": 90,
        "execution_metadata": {"total_tokens": 90},
        "finished_at": CREATED_AT + 3,
        "steps": steps,
    }
