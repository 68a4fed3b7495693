"""The only place that knows SQL."""

from bridge.store.jobs import (
    UNFILLED,
    Job,
    Known,
    KnownThread,
    Lease,
    Pulse,
    Running,
    Taken,
    ThreadState,
    Tidied,
    TurnIds,
    Visit,
    asker_named,
)
from bridge.store.statements import STOP, WAKE
from bridge.store.store import Store

__all__ = [
    "STOP",
    "UNFILLED",
    "WAKE",
    "Job",
    "Known",
    "KnownThread",
    "Lease",
    "Pulse",
    "Running",
    "Store",
    "Taken",
    "ThreadState",
    "Tidied",
    "TurnIds",
    "Visit",
    "asker_named",
]
