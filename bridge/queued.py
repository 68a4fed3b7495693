"""Shows on a message that it waits for its turn, and takes that away when its turn comes. A courtesy: where
the budget has no room for it, or the platform refuses, nothing is shown."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bridge.budget import Budget, Option, Ticket
from bridge.errors import PlatformError
from bridge.ports import Adapter, MarksQueued
from bridge.store import Job
from bridge.types import Message
from bridge.window import Priority

log = logging.getLogger(__name__)

WITHIN_SECONDS = 10.0


class QueueMarks:
    """The marks that this process has set, or takes away."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._tasks: set[asyncio.Task[None]] = set()
        self._marking: dict[str, asyncio.Task[None]] = {}

    def mark(self, adapter: Adapter, message: Message) -> None:
        """Show that `message` waits. Never waits itself."""
        if isinstance(adapter, MarksQueued):
            marking = self._begin(self._call(adapter, message, adapter.mark_queued))
            self._marking[message.id] = marking
            marking.add_done_callback(lambda _: self._marked(message.id, marking))

    def unmark(self, adapter: Adapter, job: Job) -> None:
        """Show no longer that a job's message waits, if it may have been shown. Never waits itself."""
        if isinstance(adapter, MarksQueued) and job.waited:
            for message in job.messages:
                self._begin(self._unmark(adapter, message))

    async def close(self) -> None:
        """See everything through that is on its way."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _begin(self, work: Awaitable[None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _marked(self, message_id: str, marking: asyncio.Task[None]) -> None:
        if self._marking.get(message_id) is marking:
            del self._marking[message_id]

    async def _unmark(self, adapter: MarksQueued, message: Message) -> None:
        marking = self._marking.get(message.id)
        if marking is not None:
            await asyncio.wait({marking})
        await self._call(adapter, message, adapter.unmark_queued)

    async def _call(
        self, adapter: MarksQueued, message: Message, call: Callable[[Message], Awaitable[None]]
    ) -> None:
        try:
            async with asyncio.timeout(WITHIN_SECONDS):
                ticket = Ticket((Option(adapter.mark_lanes(message)),), Priority.COURTESY, message.thread.key)
                async with self._budget.slot(ticket):
                    await call(message)
        except TimeoutError:
            log.debug("%s: no room to show what waits", message.thread.key)
        except PlatformError as error:
            log.debug("%s: what waits is not shown: %s", message.thread.key, error)
        except Exception:
            # The one guard of this task: nothing depends on it.
            log.exception("%s: what waits could not be shown", message.thread.key)
