"""What runs a transaction script: the same face for every database."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")

# One transaction, from its first statement to its last. It must not commit, roll back or wait for anything
# but the database, and must have no effect elsewhere: it may be run again after its work was undone.
Script: TypeAlias = Callable[[Connection], T]

# Called with the name of the channel and the payload.
OnNotify: TypeAlias = Callable[[str, str], None]


class Runner(Protocol):
    """Runs scripts, each as one transaction that is done as a whole or not at all.

    All methods belong to one event loop. Every failure of the database is a `StoreError`; what a script
    raises of its own comes back as it is, after its work was undone.
    """

    async def open(self) -> None:
        """Connect and bring the tables up to date. `StoreError` if the database cannot be used, belongs to
        another process or was written by a newer bridge. After a failure, `close` is still owed."""

    async def run(self, script: Script[T]) -> T:
        """Return what the script returned, once its work is committed.

        After a `StoreError` nothing was stored, with one exception: a connection that broke during COMMIT
        leaves it unknown. Such a transaction is never run again here.
        """

    async def run_apart(self, script: Script[T]) -> T:
        """As `run`, but never behind the work that waits in `run`: for heartbeats. One at a time."""

    def listen(self, channels: Sequence[str], on_notify: OnNotify, on_connected: Callable[[], None]) -> None:
        """Be told of PostgreSQL's notifications until `close`, at most one call for each runner.

        `on_connected` is called each time listening has begun (again): what was sent before was missed.
        A database without notifications calls neither. Both must return at once.
        """

    async def close(self) -> None:
        """Finish what was begun and let go of the database. Scripts that come later get `StoreError`; a
        second call does nothing."""
