"""Which of the open questions of a thread are asked together. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from bridge.commands import command_of
from bridge.store.jobs import unpacked

# So many open questions of a thread are looked at, and so much is asked at once, as it is stored.
MOST_OPEN = 50
MOST_MERGED_CHARACTERS = 30_000


class OpenQuestion(NamedTuple):
    """An open question, as it is stored."""

    id: int
    message_id: str
    payload: str | None
    received_at: int
    dify_message_id: str | None
    dify_task_id: str | None
    dify_run_id: str | None
    starts: int


def asked_together(rows: Sequence[OpenQuestion], limit: int) -> Sequence[OpenQuestion]:
    """The questions to be asked at once: those that were, where the first one has been asked before; else as
    many as may be, and as fit into one. What is no plain question stands alone."""
    if rows and (rows[0].starts or rows[0].dify_task_id):
        task = rows[0].dify_task_id
        return [row for row in rows if row is rows[0] or (task and row.dify_task_id == task)]
    if limit <= 1 or not rows or _stands_alone(rows[0]):
        return rows[:1]
    size, count = len(rows[0].payload or ""), 1
    while count < min(limit, len(rows)) and not _stands_alone(rows[count]):
        size += len(rows[count].payload or "")
        if size > MOST_MERGED_CHARACTERS:
            break
        count += 1
    return rows[:count]


def _stands_alone(row: OpenQuestion) -> bool:
    """Whether it is a command, or was not written but pressed or filled in."""
    asked = unpacked(row.payload) if row.payload else None
    if asked is None:
        return False
    pressed = asked.pressed or bool(asked.filled) or asked.decision is not None
    return pressed or command_of(asked.text) is not None
