"""The only place that knows SQL."""

from bridge.store.scripts import KnownThread, Opened
from bridge.store.store import Store

__all__ = ["KnownThread", "Opened", "Store"]
