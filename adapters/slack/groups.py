"""Who belongs to the user groups that the configuration names. Slack tells that only when it is asked, so it
is remembered for some minutes, and so is that it was not told."""

import logging
import time

from adapters.slack.faults import NoGroup, NoScope
from adapters.slack.web import SlackWeb
from bridge.errors import NotAllowed
from bridge.types import Lane, Person, Thread

log = logging.getLogger(__name__)

REMEMBERED_SECONDS = 300.0
# A scope that was added counts soon.
UNKNOWN_FOR_SECONDS = 60.0


class Groups:
    """The members of every group that was asked about, by its workspace and id; None where Slack does not
    tell. There are as many as the configuration names."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[float, frozenset[str] | None]] = {}
        self._complained = False

    def lanes(self, web: SlackWeb, thread: Thread, group: str) -> tuple[Lane, ...]:
        return () if self._is_fresh(thread, group) else (web.lane("usergroups.users.list"),)

    async def belongs(self, web: SlackWeb, thread: Thread, person: Person, group: str) -> bool:
        """See `bridge.ports.KnowsRoles`."""
        if not self._is_fresh(thread, group):
            self._known[thread.workspace, group] = time.monotonic(), await self._members(web, group)
        _, members = self._known[thread.workspace, group]
        if members is None:
            raise NotAllowed(f"usergroups.users.list: nobody tells who belongs to {group}")
        return person.id in members

    def _is_fresh(self, thread: Thread, group: str) -> bool:
        asked_at, members = self._known.get((thread.workspace, group), (float("-inf"), None))
        return time.monotonic() - asked_at < (UNKNOWN_FOR_SECONDS if members is None else REMEMBERED_SECONDS)

    async def _members(self, web: SlackWeb, group: str) -> frozenset[str] | None:
        try:
            return frozenset(await web.group_members(group))
        except NoGroup:
            log.warning("Slack: there is no user group %s, so nobody belongs to it", group)
            return frozenset()
        except NoScope as error:
            if not self._complained:
                log.error(
                    "Slack: it is not known who belongs to the groups that the configuration names. Add the "
                    "bot token scope usergroups:read under 'OAuth & Permissions' and install the app again "
                    "(%s)",
                    error,
                )
            self._complained = True
        except NotAllowed as error:
            log.warning("Slack: it is not known who belongs to a user group: %s", error)
        return None
