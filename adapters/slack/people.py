"""Who people are. Slack tells that only when it is asked, so it is remembered for a while."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from weakref import WeakValueDictionary

from adapters.slack.web import SlackWeb
from bridge.errors import NotAllowed
from bridge.types import Lane, Person

# Nobody changes name or language so often that a day would matter.
REMEMBERED_SECONDS = 86_400.0
# Where nothing may be known, the operator may see to that meanwhile.
NOT_TOLD_SECONDS = 600.0
REMEMBERED_PEOPLE = 5_000
LONGEST = 200


class People:
    """Everybody who was asked about lately."""

    def __init__(self) -> None:
        # Until when it is remembered, on the monotonic clock, by workspace and person.
        self._known: OrderedDict[tuple[str, str], tuple[float, Person]] = OrderedDict()
        self._asking: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def remembered(self, workspace: str, person: Person) -> Person | None:
        """What is known of somebody already, in a workspace."""
        until, known = self._known.get((workspace, person.id), (0.0, None))
        if known is None or time.monotonic() >= until:
            return None
        return replace(person, name=known.name, email=known.email, locale=known.locale)

    def lanes(self, web: SlackWeb, person: Person) -> tuple[Lane, ...]:
        return () if self.remembered(web.team_id, person) is not None else (web.lane("users.info"),)

    async def person(self, web: SlackWeb, person: Person) -> Person:
        """See `bridge.ports.KnowsPeople`. Without the scope for it, nothing is known. Slack is asked once,
        however many want to know at the same time."""
        async with self._asking.setdefault((web.team_id, person.id), asyncio.Lock()):
            known = self.remembered(web.team_id, person)
            if known is None:
                try:
                    known, seconds = read_person(person, await web.user_info(person.id)), REMEMBERED_SECONDS
                except NotAllowed:
                    known, seconds = person, NOT_TOLD_SECONDS
                self._remember(web.team_id, known, seconds)
        return known

    def _remember(self, workspace: str, person: Person, seconds: float) -> None:
        self._known[workspace, person.id] = time.monotonic() + seconds, person
        self._known.move_to_end((workspace, person.id))
        if len(self._known) > REMEMBERED_PEOPLE:
            self._known.popitem(last=False)


def read_person(person: Person, user: Mapping[str, object]) -> Person:
    """Somebody, as `users.info` tells of them. The address needs a scope of its own."""
    profile = user.get("profile")
    told = profile if isinstance(profile, Mapping) else {}
    names = (told.get("display_name"), told.get("real_name"), user.get("real_name"), user.get("name"))
    name = next((one for one in names if isinstance(one, str) and one), person.name)
    return replace(
        person, name=name[:LONGEST], email=_short(told.get("email")), locale=_short(user.get("locale"))
    )


def _short(value: object) -> str:
    return value[:LONGEST] if isinstance(value, str) else ""
