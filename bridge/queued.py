"""Shows on a message that it waits for its turn, and takes that away when its turn comes. A courtesy: where
the budget has no room for it, or the platform refuses, nothing is shown."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine

from bridge.budget import Budget, Option, Ticket
from bridge.errors import PlatformError, StoreError
from bridge.ports import Adapter, MarksQueued
from bridge.store import Job, Store
from bridge.types import Message
from bridge.window import Priority

log = logging.getLogger(__name__)

CLOSING_SECONDS = 5.0
# A mark that comes late is of no use; one that stays behind would say for ever that something waits.
MARKED_WITHIN_SECONDS = 10.0
UNMARKED_WITHIN_SECONDS = 600.0


class QueueMarks:
    """The marks that this process sets and takes away."""

    def __init__(self, store: Store, budget: Budget) -> None:
        self._store = store
        self._budget = budget
        self._tasks: set[asyncio.Task[None]] = set()

    def mark(self, adapter: Adapter, message: Message) -> None:
        """Show that `message` waits. Never waits itself."""
        if isinstance(adapter, MarksQueued):
            self._begin(self._mark(adapter, message))

    def unmark(self, adapter: Adapter, job: Job) -> "list[asyncio.Task[None]]":
        """Show no longer that a job's messages wait, if it may have been shown. Never waits itself;
        gives what is to be waited for before the job is finished: then nobody knows of the mark any more."""
        if not isinstance(adapter, MarksQueued) or not job.waited:
            return []
        return [self._begin(self._unmark(adapter, message)) for message in job.standing]

    async def close(self) -> None:
        """See through what is on its way, for a moment."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSING_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name="mark of what waits")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _mark(self, adapter: MarksQueued, message: Message) -> None:
        """Mark it; and if its turn came meanwhile, maybe in another replica, the mark was late and goes."""
        await self._call(adapter, message, adapter.mark_queued, Priority.COURTESY, MARKED_WITHIN_SECONDS)
        try:
            waits = await self._store.waits(message)
        except StoreError:
            waits = False
        if not waits:
            await self._unmark(adapter, message)

    async def _unmark(self, adapter: MarksQueued, message: Message) -> None:
        await self._call(adapter, message, adapter.unmark_queued, Priority.CONTROL, UNMARKED_WITHIN_SECONDS)

    async def _call(
        self,
        adapter: MarksQueued,
        message: Message,
        call: Callable[[Message], Awaitable[None]],
        priority: Priority,
        within_seconds: float,
    ) -> None:
        try:
            async with asyncio.timeout(within_seconds):
                ticket = Ticket((Option(adapter.mark_lanes(message)),), priority, message.thread.key)
                async with self._budget.slot(ticket):
                    await call(message)
        except TimeoutError:
            log.debug("%s: no room to show what waits", message.thread.key)
        except PlatformError as error:
            log.debug("%s: what waits is not shown: %s", message.thread.key, error)
        except Exception:
            # The one guard of this task: nothing depends on it.
            log.exception("%s: what waits could not be shown", message.thread.key)
