"""Who belongs to the user groups that the configuration names. Slack tells that only when it is asked, so it
is remembered for some minutes, and so is that it was not told."""

import asyncio
import logging
import time

from adapters.slack.faults import NoGroup, NoScope
from adapters.slack.web import SlackWeb
from bridge.errors import NotAllowed, PlatformDown
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
        self._asking: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._complained = False

    async def aclose(self) -> None:
        """Ask nothing any more."""
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    def lanes(self, web: SlackWeb, thread: Thread, group: str) -> tuple[Lane, ...]:
        asked = (thread.workspace, group) in self._asking or self._is_fresh(thread, group)
        return () if asked else (web.lane("usergroups.users.list"),)

    async def belongs(self, web: SlackWeb, thread: Thread, person: Person, group: str) -> bool:
        """See `bridge.ports.KnowsRoles`."""
        if not self._is_fresh(thread, group):
            await self._ask(web, thread.workspace, group)
        _, members = self._known[thread.workspace, group]
        if members is None:
            raise NotAllowed(f"usergroups.users.list: nobody tells who belongs to {group}")
        return person.id in members

    async def _ask(self, web: SlackWeb, workspace: str, group: str) -> None:
        """Whoever wants to know the same meanwhile waits for the same call, and whoever can wait no longer
        leaves it to those who come next."""
        key = (workspace, group)
        asking = self._asking.get(key)
        if asking is None:
            asking = asyncio.create_task(self._find_out(web, key), name="slack: group")
            self._asking[key] = asking
        # Not awaited itself: who is cut off would cut it off.
        await asyncio.wait({asking})
        if asking.cancelled():
            raise PlatformDown("usergroups.users.list: not asked any more")
        asking.result()

    async def _find_out(self, web: SlackWeb, key: tuple[str, str]) -> None:
        try:
            self._known[key] = time.monotonic(), await self._members(web, key[1])
        finally:
            del self._asking[key]

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
