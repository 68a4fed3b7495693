"""This process among all that share its database: it shows that it lives, and knows what it may still do.

A replica that could not show so for a while may have been given up by the others, who go on with what it
held. So before everything that can be seen outside, a holder asks whether its hold still stands; not in the
database, but by the time of the last heartbeat that was heard of. A process that was frozen, or cut off, then
finds out before it says anything twice.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from bridge.errors import LeaseLost, StoreError
from bridge.patience import waited
from bridge.stop import Halt
from bridge.store import STOP, WAKE, Lease, Store

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 1.0
HEARTBEAT_PATIENCE_SECONDS = 3.0
# Others are given up when nothing was heard of them for so long, ...
GIVE_UP_SECONDS = 7.0
# ... and a hold stands no longer than this, so that nobody acts who may have been given up.
STANDS_SECONDS = 0.8 * GIVE_UP_SECONDS


class Watched(Protocol):
    """Whoever wants to know what happens among the replicas."""

    def lost(self) -> None:
        """Everything that was held is held no longer."""
        ...

    def wake(self) -> None:
        """Something may wait for somebody."""
        ...

    def stop(self, halt: Halt) -> None:
        """An answer should end, if it is running here."""
        ...

    def replicas(self, count: int) -> None:
        """So many are there, this one included."""
        ...


class Replica:
    """This process. `id` is new whenever it was given up by the others and begins anew."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._heard_at = self._fresh_since = 0.0
        self._beaten = asyncio.Event()
        self._withdrawn = asyncio.Event()
        self.id = _new_id()

    async def register(self) -> None:
        """Be there. `StoreError` when the database cannot be used."""
        began = _now()
        await self._store.register(self.id)
        self._heard_at = self._fresh_since = began

    async def run(self, watched: Watched) -> None:
        """Show that this process lives, until cancelled. Nothing to do where no other can be there."""
        if not self._store.shared:
            return

        def notified(channel: str, payload: str) -> None:
            if channel == WAKE:
                watched.wake()
            elif halt := Halt.unpacked(payload):
                watched.stop(halt)

        self._store.listen((WAKE, STOP), notified, watched.wake)
        while True:
            began = _now()
            await self._beat(watched)
            await asyncio.sleep(max(0.0, began + HEARTBEAT_SECONDS - _now()))

    def withdraw(self) -> None:
        """Leave every role to others, for good, and go on with what is held."""
        self._withdrawn.set()

    async def leave(self) -> None:
        """Be there no longer: whatever is still held is free."""
        try:
            await self._store.sign_off(self.id)
        except StoreError as error:
            log.error("this process could not sign off: %s", error)

    def stands(self, lease: Lease) -> bool:
        """Whether what was held under this lease may be acted on now."""
        return lease.owner == self.id and self._fresh()

    async def standing(self, lease: Lease) -> None:
        """Wait until the lease stands, if the database is only out of reach; `LeaseLost` if it never will."""
        while not self.stands(lease):
            if lease.owner != self.id:
                raise LeaseLost("this process was taken for dead by the others")
            self._beaten.clear()
            await self._beaten.wait()

    async def alone(self, role: str, work: Callable[[], Awaitable[None]]) -> None:
        """See `bridge.ports.Host`."""
        if not self._store.shared:
            await work()
            return
        while not self._withdrawn.is_set():
            owner = self.id
            if await self._take(owner, role) and await self._work(owner, role, work):
                return
            await self._pause()
        await asyncio.Event().wait()

    async def _work(self, owner: str, role: str, work: Callable[[], Awaitable[None]]) -> bool:
        """Do the work for as long as the role is ours. Whether it came to its own end."""
        log.info("this process has the role %s", role)
        working = asyncio.ensure_future(work())
        leaving = asyncio.create_task(self._withdrawn.wait())
        try:
            while not (working.done() or leaving.done()) and owner == self.id and self._fresh():
                await asyncio.wait(
                    {working, leaving}, timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
            if working.done():
                await working
                return True
            log.info("this process has the role %s no longer", role)
            return False
        finally:
            working.cancel()
            leaving.cancel()
            await asyncio.gather(working, leaving, return_exceptions=True)
            with suppress(StoreError):
                await self._store.leave_role(owner, role)

    async def _pause(self) -> None:
        await waited(self._withdrawn, HEARTBEAT_SECONDS)

    async def _take(self, owner: str, role: str) -> bool:
        try:
            return self._fresh() and await self._store.take_role(owner, role)
        except StoreError as error:
            log.debug("the role %s could not be asked for: %s", role, error)
            return False

    async def _beat(self, watched: Watched) -> None:
        began = _now()
        try:
            async with asyncio.timeout(HEARTBEAT_PATIENCE_SECONDS):
                pulse = await self._store.beat(self.id)
                if not pulse.alive:
                    await self._begin_anew(watched)
                    return
        except StoreError as error:
            log.warning("no heartbeat: %s", error)
            return
        except TimeoutError:
            log.warning("no heartbeat: the database does not answer")
            return
        if not self._fresh():
            self._fresh_since = began
        self._heard_at = began
        self._beaten.set()
        watched.replicas(pulse.replicas)
        for halt in pulse.to_stop:
            watched.stop(halt)
        if pulse.replicas > 1 and began - self._fresh_since > GIVE_UP_SECONDS:
            await self._give_up(watched)

    async def _give_up(self, watched: Watched) -> None:
        """Give up who is gone. Whoever was cut off itself a moment ago does not: it cannot tell whether the
        others were, too."""
        try:
            async with asyncio.timeout(HEARTBEAT_PATIENCE_SECONDS):
                freed = await self._store.give_up(GIVE_UP_SECONDS)
        except (StoreError, TimeoutError):
            log.debug("nobody could be given up just now")
            return
        if freed:
            log.warning("%d other processes were given up", freed)
            watched.wake()

    async def _begin_anew(self, watched: Watched) -> None:
        log.warning("this process was taken for dead by the others and begins anew")
        self.id = _new_id()
        self._beaten.set()
        watched.lost()
        await self.register()
        watched.wake()

    def _fresh(self) -> bool:
        return not self._store.shared or _now() - self._heard_at < STANDS_SECONDS


class Hold:
    """One thread in the hands of this process, under one lease."""

    def __init__(self, replica: Replica, lease: Lease) -> None:
        self._replica = replica
        self._lease = lease

    def stands(self) -> bool:
        """Whether something may be done outside right now."""
        return self._replica.stands(self._lease)

    async def standing(self) -> None:
        """Wait until something may be done outside; `LeaseLost` when another replica has taken over."""
        await self._replica.standing(self._lease)


def _new_id() -> str:
    return uuid.uuid4().hex


def _now() -> float:
    """Seconds that pass also while the machine sleeps, where the system counts those."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
