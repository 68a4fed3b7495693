"""Who people are. Slack tells that only when it is asked, so it is remembered for a while."""

import time
from collections import OrderedDict
from collections.abc import Mapping

from adapters.slack.web import SlackWeb
from bridge.errors import NotAllowed
from bridge.types import Lane, Person

REMEMBERED_SECONDS = 3600.0
REMEMBERED_PEOPLE = 5_000
LONGEST = 200


class People:
    """Everybody who was asked about lately."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], tuple[float, Person]] = OrderedDict()

    def remembered(self, web: SlackWeb, person: Person) -> Person | None:
        """What is known of somebody already, in a workspace."""
        asked_at, known = self._known.get((web.team_id, person.id), (0.0, None))
        return known if time.monotonic() - asked_at < REMEMBERED_SECONDS else None

    def lanes(self, web: SlackWeb, person: Person) -> tuple[Lane, ...]:
        return () if self.remembered(web, person) is not None else (web.lane("users.info"),)

    async def person(self, web: SlackWeb, person: Person) -> Person:
        """See `bridge.ports.KnowsPeople`. Without the scope for it, nothing is known."""
        known = self.remembered(web, person)
        if known is None:
            try:
                known = read_person(person, await web.user_info(person.id))
            except NotAllowed:
                known = person
            self._known[web.team_id, person.id] = time.monotonic(), known
            self._known.move_to_end((web.team_id, person.id))
            if len(self._known) > REMEMBERED_PEOPLE:
                self._known.popitem(last=False)
        return known


def read_person(person: Person, user: Mapping[str, object]) -> Person:
    """Somebody, as `users.info` tells of them. The address needs a scope of its own."""
    profile = user.get("profile")
    told = profile if isinstance(profile, Mapping) else {}
    names = (told.get("display_name"), told.get("real_name"), user.get("real_name"), user.get("name"))
    name = next((one for one in names if isinstance(one, str) and one), person.name)
    email = told.get("email")
    return Person(person.id, name[:LONGEST], email[:LONGEST] if isinstance(email, str) else "")
