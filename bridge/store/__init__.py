"""The only place that knows SQL."""

from bridge.store.jobs import (
    REFUSED,
    UNFILLED,
    Following,
    Job,
    Known,
    KnownThread,
    Lease,
    Pulse,
    Taken,
    ThreadState,
    Tidied,
    TurnIds,
    Underway,
    Visit,
    asker_named,
    asker_of,
    is_row_number,
)
from bridge.store.quotas import By, Limit, Over
from bridge.store.statements import STOP, WAKE
from bridge.store.store import Store

__all__ = [
    "REFUSED",
    "STOP",
    "UNFILLED",
    "WAKE",
    "By",
    "Following",
    "Job",
    "Known",
    "KnownThread",
    "Lease",
    "Limit",
    "Over",
    "Pulse",
    "Store",
    "Taken",
    "ThreadState",
    "Tidied",
    "TurnIds",
    "Underway",
    "Visit",
    "asker_named",
    "asker_of",
    "is_row_number",
]
