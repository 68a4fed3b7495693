"""What becomes of a question whose words are changed or taken back, or whose answer is to end; and whose that
is to say."""

import logging
from collections.abc import Sequence

from bridge.access import groups_moderating, may_stop
from bridge.apps import Apps
from bridge.errors import NotYours
from bridge.gate import Gate
from bridge.inbox import Inbox
from bridge.stop import Halt
from bridge.store import Store, Underway, asker_named
from bridge.types import Message, Person, Press, Thread

log = logging.getLogger(__name__)


class Changes:
    """Takes what people do to what they have said. The store is told first: so it is known whatever happens
    to this process, and in whichever replica the answer is given."""

    def __init__(self, store: Store, apps: Apps, gate: Gate, inbox: Inbox) -> None:
        self._store = store
        self._apps = apps
        self._gate = gate
        self._inbox = inbox

    async def edited(self, message: Message) -> None:
        """See `bridge.ports.Host`."""
        self._inbox.change_unstored(message)
        self._halt(await self._store.edit(message))

    async def deleted(self, platform: str, message_id: str) -> None:
        """See `bridge.ports.Host`."""
        self._inbox.drop_unstored(platform, message_id)
        self._halt(await self._store.delete(platform, message_id))

    async def stopped(self, thread: Thread, person: Person) -> None:
        """See `bridge.ports.Host`. Where it is not theirs, nobody is there to be told."""
        try:
            await self.stop_in(thread, person)
        except NotYours as error:
            log.info("%s: the answer goes on: %s", thread.key, error)

    async def stop_in(self, place: Thread, person: Person) -> bool:
        """Stop what this person is being answered in a place: a thread, or a channel where it is none.
        Whether there was something; `NotYours` where it is somebody else's."""
        running = await self._store.underway_in(place, asker_named(place.platform, person.id))
        theirs = [one for one in running if await self._may_stop(one, person)]
        if running and not theirs:
            raise NotYours("somebody else has asked")
        await self._stop(theirs)
        return bool(theirs)

    async def press(self, press: Press, question_id: int) -> None:
        """Somebody has pressed the button that stops this answer. `NotYours` where it is somebody else's;
        where it has ended meanwhile, nothing."""
        running = self._inbox.underway(question_id) or await self._store.underway(question_id)
        if running is None:
            return
        if not await self._may_stop(running, press.person):
            raise NotYours("somebody else has asked")
        await self._stop([running])

    async def _may_stop(self, answer: Underway, person: Person) -> bool:
        opened = self._apps.of(answer.app) or self._apps.route(answer.thread)
        if may_stop(opened.config, answer.thread, person, answer.askers):
            return True
        known = await self._gate.known(
            answer.thread, person, groups_moderating(opened.config, answer.thread.platform)
        )
        return known is not None and may_stop(opened.config, answer.thread, known, answer.askers)

    async def _stop(self, answers: Sequence[Underway]) -> None:
        for one in answers:
            # At once where it is here, even if the store should take its time.
            self._inbox.stop(Halt(one.question_id))
            await self._store.stop(one.question_id)

    def _halt(self, halt: Halt | None) -> None:
        if halt is not None:
            self._inbox.stop(halt)
