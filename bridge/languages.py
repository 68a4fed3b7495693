"""In which language somebody is told what comes of what they do: in one for all, or each in their own."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from bridge.budget import Budget
from bridge.people import locale_of
from bridge.ports import Adapter
from bridge.types import Person, Thread

# Whoever pressed something waits for no longer until it is known.
KNOWN_WITHIN_SECONDS = 0.5
# Of so many people it is remembered what they read. Beyond them, it is found out anew.
REMEMBERED_PEOPLE = 10_000


class Languages:
    """Knows the language of people. `language` is that of all; empty where each has their own. What a
    platform says of somebody who pressed something counts more than what it says of a message of theirs,
    which may be no more than what is read where they wrote it."""

    def __init__(self, adapters: Sequence[Adapter], budget: Budget, language: str) -> None:
        self._adapters = {adapter.platform: adapter for adapter in adapters}
        self._budget = budget
        self._own: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._language = language

    def addressed(self, platform: str, person: Person) -> Person:
        """The person with the locale in which they are spoken to, as far as it is known without asking."""
        own = self._own.get((platform, person.id), person.locale)
        return replace(person, locale=self._language or own)

    def of(self, platform: str, person: Person) -> str:
        """The locale of somebody who presses something, as far as it is known without asking."""
        return self._language or person.locale or self._own.get((platform, person.id), "")

    async def asked(self, platform: str, workspace: str, person: Person) -> Person:
        """Somebody who pressed something, the same way; where it is not known, the platform is asked, and has
        a moment to answer."""
        locale = self.of(platform, person)
        adapter = self._adapters.get(platform)
        if not locale and adapter is not None:
            nowhere = Thread(platform, workspace, "", "")
            with suppress(TimeoutError):
                async with asyncio.timeout(KNOWN_WITHIN_SECONDS):
                    locale = await locale_of(adapter, self._budget, nowhere, person)
        self._remember(platform, person, locale)
        return replace(person, locale=locale)

    def _remember(self, platform: str, person: Person, locale: str) -> None:
        if not locale:
            return
        self._own[platform, person.id] = locale
        self._own.move_to_end((platform, person.id))
        if len(self._own) > REMEMBERED_PEOPLE:
            self._own.popitem(last=False)
