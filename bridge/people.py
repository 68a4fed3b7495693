"""Who somebody is, where a platform tells that only when it is asked. Where it does not, the app has to do
without."""

import asyncio
import logging
from collections.abc import Mapping

from bridge.budget import Budget, Option, Ticket
from bridge.dify import AppInfo
from bridge.errors import PlatformError
from bridge.ports import Adapter, KnowsPeople
from bridge.types import Person, Thread
from bridge.window import Priority

log = logging.getLogger(__name__)

# Nobody's answer waits longer for that.
KNOWN_WITHIN_SECONDS = 3.0
ABOUT_PEOPLE = frozenset({"user_name", "user_email"})


def asks_about_people(app: AppInfo, configured: Mapping[str, str]) -> bool:
    """Whether the app wants to be told who somebody is, and is not told otherwise."""
    return any(field.name in ABOUT_PEOPLE and field.name not in configured for field in app.inputs)


async def looked_up(adapter: Adapter, budget: Budget, thread: Thread, person: Person) -> Person:
    """The person with what the platform knows of them."""
    return person if person.name and person.email else await _asked(adapter, budget, thread, person)


async def locale_of(adapter: Adapter, budget: Budget, thread: Thread, person: Person) -> str:
    """The language that somebody reads; empty where the platform does not say."""
    return person.locale or (await _asked(adapter, budget, thread, person)).locale


async def _asked(adapter: Adapter, budget: Budget, thread: Thread, person: Person) -> Person:
    if not isinstance(adapter, KnowsPeople):
        return person
    try:
        lanes = adapter.person_lanes(thread, person)
        if not lanes:
            return await adapter.person(thread, person)
        async with (
            asyncio.timeout(KNOWN_WITHIN_SECONDS),
            budget.slot(Ticket((Option(lanes),), Priority.FIRST, thread.key)),
        ):
            return await adapter.person(thread, person)
    except TimeoutError:
        log.info("%s: it was not told in time who asks", thread.key)
    except PlatformError as error:
        log.info("%s: it is not known who asks: %s", thread.key, error)
    return person
