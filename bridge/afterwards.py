"""What follows an answer that stands: what could be asked next, and the name that Dify finds for a new
conversation. Both take Dify a while; nobody waits for them, and nothing depends on them."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, replace

from bridge.apps import OpenApp
from bridge.budget import Budget, Option, Ticket
from bridge.errors import DifyError, PlatformError, StoreError
from bridge.naming import name_thread, ours_to_name
from bridge.obeying import asking_buttons
from bridge.ports import Adapter
from bridge.store import Job, Store
from bridge.types import Body, MessageRef
from bridge.window import Priority

log = logging.getLogger(__name__)

# Dify names a conversation with a call to a model, begun one second after the first question.
TITLE_AFTER_SECONDS = (3.0, 10.0, 30.0)
# The name that stands there before: the beginning of the question.
PROVISIONAL_CHARACTERS = 20
SHOWN_WITHIN_SECONDS = 30.0
MOST_SUGGESTIONS = 4
MOST_SUGGESTED_CHARACTERS = 1_000
CLOSING_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that stands: its last message, and what Dify calls its turn."""

    adapter: Adapter
    job: Job
    opened: OpenApp
    ref: MessageRef
    body: Body
    conversation_id: str
    message_id: str
    user: str


class Afterwards:
    """Sees to it, in tasks of its own."""

    def __init__(self, store: Store, budget: Budget) -> None:
        self._store = store
        self._budget = budget
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, answered: Answered) -> None:
        """See to what follows. Never waits."""
        key = answered.job.thread.key
        self.start(self._suggest(answered), key)
        if not answered.job.conversation_id and ours_to_name(answered.adapter, answered.job.thread):
            self.start(self._name(answered), key)

    def start(self, work: Coroutine[object, object, None], thread_key: str) -> "asyncio.Task[None]":
        """See to anything that follows an answer in this thread. Never waits."""
        task = asyncio.create_task(self._guarded(work, thread_key), name=f"after {thread_key}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Leave what is not done in a moment."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSING_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _suggest(self, answered: Answered) -> None:
        async with answered.opened.in_use() as dify:
            if not (await dify.app()).suggests:
                return
            texts = await dify.suggested(answered.message_id, answered.user)
        fitting = tuple(text for text in texts if 0 < len(text) <= MOST_SUGGESTED_CHARACTERS)[
            :MOST_SUGGESTIONS
        ]
        if not fitting:
            return
        await self._store.suggest(answered.job.id, fitting)
        buttons = (*answered.body.buttons, *asking_buttons(answered.job.id, fitting))
        body = replace(answered.body, buttons=buttons)
        adapter = answered.adapter
        if not adapter.fits(answered.job.thread, body):
            return
        ticket = Ticket(
            (Option(adapter.edit_lanes(answered.ref, body)),), Priority.COURTESY, answered.job.thread.key
        )
        async with asyncio.timeout(SHOWN_WITHIN_SECONDS), self._budget.slot(ticket):
            await adapter.edit(answered.ref, body)

    async def _name(self, answered: Answered) -> None:
        provisional = answered.job.message.text[:PROVISIONAL_CHARACTERS]
        for seconds in TITLE_AFTER_SECONDS:
            await asyncio.sleep(seconds)
            async with answered.opened.in_use() as dify:
                title = await dify.title(answered.conversation_id, answered.user)
            if title and title.removesuffix("…").removesuffix("...") != provisional:
                await name_thread(answered.adapter, self._budget, answered.job.thread, title)
                return

    async def _guarded(self, work: Coroutine[object, object, None], key: str) -> None:
        try:
            await work
        except (TimeoutError, DifyError, PlatformError, StoreError) as error:
            log.info("%s: what follows an answer was left out: %s", key, type(error).__name__)
        except Exception:
            # The one guard of this task: nothing depends on it.
            log.exception("%s: what follows an answer has failed", key)
