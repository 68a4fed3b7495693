"""The only place that knows SQL."""

from bridge.store.jobs import Job, KnownThread, Lease, Pulse, Taken, Tidied, TurnIds
from bridge.store.store import Store

__all__ = ["Job", "KnownThread", "Lease", "Pulse", "Store", "Taken", "Tidied", "TurnIds"]
