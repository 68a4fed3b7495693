"""What has to be remembered of an answer while it is being given. Nothing of it is lost while the database is
away, for as long as the process lives."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bridge.errors import StoreError
from bridge.store import Job, Store, TurnIds
from bridge.types import Filled, MessageRef

log = logging.getLogger(__name__)

AGAIN_AFTER_SECONDS = 1.0


class Notes:
    """The notes about one job. Every method raises `LeaseLost` when somebody else goes on with it."""

    def __init__(self, store: Store, job: Job) -> None:
        self._store = store
        self._job = job
        self._conversation_id = ""
        self._turn: TurnIds | None = None
        self._posts: dict[int, MessageRef] = {}
        self._tried_at = 0.0

    async def turn(self, conversation_id: str, turn: TurnIds) -> None:
        """What Dify calls the conversation and this turn of it."""
        self._conversation_id, self._turn = conversation_id, turn
        await self.save()

    async def posted(self, page: int, ref: MessageRef) -> None:
        """Where a message of the reply stands."""
        self._posts[page] = ref
        await self.save()

    async def decision(self, packed: str) -> None:
        """What the flow waits for. Without it, nobody could press anything: waits for the database."""
        await self._until_saved(lambda: self._store.remember_decision(self._job.id, packed))

    async def inputs(self, filled: Filled) -> None:
        """What was filled into the app's form, for the later questions of the thread."""
        await self._until_saved(lambda: self._store.remember_inputs(self._job, filled))

    async def forget_conversation(self, dify_user: str) -> None:
        """The conversation is begun anew by this user. Waits for the database: else it would be missed again
        and again."""
        await self._until_saved(lambda: self._store.forget_conversation(self._job, dify_user))

    async def begin_anew(self) -> Job:
        """The job as its questions are now; what was known of its turn is forgotten. Waits for the database,
        which has the new words."""
        self._turn = None

        async def renew() -> None:
            self._job = await self._store.renew(self._job)

        await self._until_saved(renew)
        return self._job

    async def save_again(self) -> None:
        """Try once more, if something is left to be saved and the last try was a while ago."""
        if self._is_left() and asyncio.get_running_loop().time() > self._tried_at + AGAIN_AFTER_SECONDS:
            await self.save()

    async def settle(self) -> None:
        """See everything saved, however long the database is away."""
        while self._is_left():
            await self.save()
            if self._is_left():
                await asyncio.sleep(AGAIN_AFTER_SECONDS)

    async def save(self) -> None:
        """Save what is left to be saved, as far as that works now."""
        self._tried_at = asyncio.get_running_loop().time()
        try:
            if (turn := self._turn) is not None:
                await self._store.remember_turn(self._job, self._conversation_id, turn)
                self._turn = None if self._turn is turn else self._turn
            for page, ref in list(self._posts.items()):
                await self._store.remember_reply(self._job, page, ref)
                self._posts.pop(page, None)
        except StoreError as error:
            log.error("%s: not everything is saved yet: %s", self._job.thread.key, error)

    async def _until_saved(self, save: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await save()
            except StoreError as error:
                log.error("%s: something is not saved yet: %s", self._job.thread.key, error)
                await asyncio.sleep(AGAIN_AFTER_SECONDS)
            else:
                return

    def _is_left(self) -> bool:
        return self._turn is not None or bool(self._posts)
