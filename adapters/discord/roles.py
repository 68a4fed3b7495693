"""Which roles somebody has in a server. Discord tells them with everything that is heard, but not with what
is read up later; then they are asked for, and remembered for some minutes."""

import time
from collections import OrderedDict

from adapters.discord.events import DIRECT
from adapters.discord.refusals import NotMember
from adapters.discord.rest import GLOBAL_LANE, OTHERS_PER_WINDOW, DiscordRest
from adapters.discord.scopes import member_scope
from bridge.types import Lane, Person, Thread

REMEMBERED_SECONDS = 300.0
REMEMBERED_MEMBERS = 5_000


class Roles:
    """Everybody who was asked about lately."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], tuple[float, frozenset[str]]] = OrderedDict()

    def lanes(self, rest: DiscordRest, thread: Thread, person: Person) -> tuple[Lane, ...]:
        if self._told(thread, person) is not None:
            return ()
        return rest.lane(member_scope(thread.workspace), OTHERS_PER_WINDOW), GLOBAL_LANE

    async def belongs(self, rest: DiscordRest, thread: Thread, person: Person, role: str) -> bool:
        """See `bridge.ports.KnowsRoles`. Direct messages are in no server, where nobody has a role."""
        roles = self._told(thread, person)
        if roles is None:
            named = thread.workspace, person.id
            roles = await self._asked(rest, *named)
            self._known[named] = time.monotonic(), roles
            self._known.move_to_end(named)
            if len(self._known) > REMEMBERED_MEMBERS:
                self._known.popitem(last=False)
        return role in roles

    def _told(self, thread: Thread, person: Person) -> frozenset[str] | None:
        """What is known already; None where that is nothing."""
        if person.roles or thread.workspace == DIRECT:
            return frozenset(person.roles)
        asked_at, roles = self._known.get((thread.workspace, person.id), (float("-inf"), None))
        return roles if time.monotonic() - asked_at < REMEMBERED_SECONDS else None

    async def _asked(self, rest: DiscordRest, server: str, person: str) -> frozenset[str]:
        try:
            return frozenset(await rest.member_roles(server, person))
        except NotMember:
            return frozenset()
