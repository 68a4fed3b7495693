"""What the bot shows of itself before anybody has asked anything."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from bridge.apps import Apps, OpenApp
from bridge.commands import help_text
from bridge.dify import AppInfo
from bridge.errors import DifyError, StoreError
from bridge.routes import direct_place
from bridge.store import Store, Visit
from bridge.types import Home, Offer, Person, Recent, Thread

log = logging.getLogger(__name__)

# Of what is only a welcome, nobody waits longer for any part.
OFFERED_WITHIN_SECONDS = 1.0
# More is no longer glanced at; every platform shows so much.
MOST_PROMPTS = 10
MOST_RECENT = 10
PROMPT_CHARACTERS = 300
WORDS_CHARACTERS = 2_000
# Of so many end users of an app, conversations are listed: of the person, and of those who began a thread.
MOST_LISTS = 3


class Offering:
    """Knows what the apps say of themselves, and what somebody asked lately. Raises nothing: what cannot be
    had soon is left out."""

    def __init__(self, store: Store, apps: Apps) -> None:
        self._store = store
        self._apps = apps

    async def offer(self, thread: Thread) -> Offer:
        """See `bridge.ports.Host`."""
        try:
            async with asyncio.timeout(OFFERED_WITHIN_SECONDS):
                state = await self._store.thread_state(thread)
                known = self._apps.of(state.app) if state is not None else None
                return _offer_of(await _info(known or self._apps.route(thread)))
        except (TimeoutError, DifyError, StoreError) as error:
            log.info("%s: the app was not asked what it offers: %s", thread.platform, error)
            return Offer()

    async def home(self, platform: str, workspace: str, person: Person) -> Home:
        """See `bridge.ports.Host`."""
        offer, recent = await asyncio.gather(
            self.offer(direct_place(platform, workspace)), self._recent(platform, workspace, person)
        )
        return Home(offer, help_text(person.locale), recent)

    async def _recent(self, platform: str, workspace: str, person: Person) -> tuple[Recent, ...]:
        try:
            async with asyncio.timeout(OFFERED_WITHIN_SECONDS):
                visits = await self._store.visits(platform, workspace, person.id, MOST_RECENT)
        except (TimeoutError, StoreError) as error:
            log.info("%s: nothing recent is shown: %s", platform, error)
            return ()
        titles = await self._titles(visits)
        return tuple(
            Recent(one.thread, titles.get(one.conversation_id) or _date(one.at), one.at) for one in visits
        )

    async def _titles(self, visits: Sequence[Visit]) -> Mapping[str, str]:
        """What Dify calls the conversations, as far as it says so soon."""
        lists = dict.fromkeys((one.app, one.dify_user) for one in visits if one.conversation_id)
        asking = [self._titles_in(app, user) for app, user in list(lists)[:MOST_LISTS]]
        titles: dict[str, str] = {}
        for found in await asyncio.gather(*asking):
            titles.update(found)
        return titles

    async def _titles_in(self, app: str, user: str) -> Mapping[str, str]:
        opened = self._apps.of(app)
        if opened is None:
            return {}
        try:
            async with asyncio.timeout(OFFERED_WITHIN_SECONDS), opened.in_use() as dify:
                return await dify.titles(user)
        except (TimeoutError, DifyError) as error:
            log.info("Dify, %s: conversations are shown without their names: %s", app, error)
            return {}


async def _info(opened: OpenApp) -> AppInfo:
    async with opened.in_use() as dify:
        return await dify.app()


def _offer_of(app: AppInfo) -> Offer:
    return Offer(
        app.name,
        app.description[:WORDS_CHARACTERS],
        app.opening[:WORDS_CHARACTERS],
        tuple(prompt[:PROMPT_CHARACTERS] for prompt in app.opening_questions[:MOST_PROMPTS]),
    )


def _date(at: float) -> str:
    """The day, in the way that is read alike everywhere."""
    return datetime.fromtimestamp(at, UTC).date().isoformat()
