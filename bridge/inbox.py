"""Each message once, each thread in order.

A message counts when the bot was meant or already takes part in its thread. It is stored before the platform
is told that it arrived; what arrives again is recognised. Within a thread one question is answered at a time,
in the order of arrival; threads do not wait for each other.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from bridge.dify import end_user
from bridge.errors import Leaving
from bridge.ports import Adapter
from bridge.store import Opened, Store
from bridge.types import Message, Person, Thread

log = logging.getLogger(__name__)

# The one app there is, until routes choose among several.
APP = "default"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A stored message that waits for its answer."""

    adapter: Adapter
    message: Message
    opened: Opened


Answer = Callable[[Accepted], Awaitable[None]]


class Inbox:
    """Takes messages in and hands each to `answer`, which must not raise. What adapters run in
    (`bridge.ports.Host`)."""

    def __init__(
        self, store: Store, adapters: Sequence[Adapter], answer: Answer, missed_seconds: float
    ) -> None:
        self._store = store
        self._adapters = {adapter.platform: adapter for adapter in adapters}
        self._answer = answer
        self._missed_seconds = missed_seconds
        self._waiting: dict[str, deque[Accepted]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._taking = True

    @property
    def missed_seconds(self) -> float:
        return self._missed_seconds

    async def threads(self, platform: str) -> tuple[Thread, ...]:
        return await self._store.recent_threads(platform)

    async def alone(self, role: str, work: Callable[[], Awaitable[None]]) -> None:
        log.debug("the only replica has the role %s", role)
        await work()

    async def deliver(self, message: Message) -> None:
        """Store a message and see to its answer. Returns as soon as it is stored. `Leaving` when nothing is
        taken any more: then the platform must keep the message for whoever comes next."""
        if not self._taking:
            raise Leaving
        thread = await self._store.find_thread(message.thread, message.replies_to)
        if thread is not None:
            message = replace(message, thread=thread)
        elif not message.addressed:
            return
        opened = await self._store.accept(message, APP, dify_user_of(message.thread, message.author))
        if opened is None:
            log.debug("%s: message %s came again", message.thread.key, message.id)
            return
        self._enqueue(Accepted(self._adapters[message.thread.platform], message, opened))

    async def leave(self, within_seconds: float) -> None:
        """Take nothing more; let answers finish for so long, then cut them off and see them closed."""
        self._taking = False
        if self._workers:
            log.info("finishing %d answers", len(self._workers))
            await asyncio.wait(self._workers, timeout=within_seconds)
        while unfinished := list(self._workers):
            for worker in unfinished:
                worker.cancel()
            # Not `gather`: whoever cuts this short must not cut the answers short that are closing.
            await asyncio.wait(unfinished)

    def _enqueue(self, accepted: Accepted) -> None:
        key = accepted.message.thread.key
        if key in self._waiting:
            self._waiting[key].append(accepted)
            return
        self._waiting[key] = deque([accepted])
        worker = asyncio.create_task(self._work_off(key), name=f"thread {key}")
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)

    async def _work_off(self, key: str) -> None:
        waiting = self._waiting[key]
        try:
            while waiting:
                await self._answer(waiting.popleft())
        finally:
            del self._waiting[key]


def dify_user_of(thread: Thread, person: Person) -> str:
    """The end user that Dify knows a person by: stable, at most 255 characters."""
    return end_user(f"{thread.platform}:{thread.workspace}:{person.id}")
