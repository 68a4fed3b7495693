"""Files that the app made: fetched from Dify while their links are good, and put into the thread."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from bridge.attached import MOST_AT_ONCE, MOST_BYTES
from bridge.budget import Budget, Option, Ticket
from bridge.dify import AppFile, DifyClient, safe_name
from bridge.errors import DifyError, DifyFileGone, NotAllowed, PlatformDown, PlatformError, RateLimited
from bridge.markdown import Linked
from bridge.ports import Adapter, SendsFiles
from bridge.types import File, Thread
from bridge.window import Priority
from bridge.words import english, say

log = logging.getLogger(__name__)

# Nobody wants more of them in a chat at once.
MOST_FILES = 10
# Before a file is tried again that a platform did not take, as it is down.
PAUSES_SECONDS = (0.5, 1.0, 2.0)


Refresh = Callable[[], Awaitable[Sequence[AppFile]]]


class Making:
    """Puts what apps make where it was asked for, for all answers of this process."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._room = asyncio.Semaphore(MOST_AT_ONCE)

    async def put(
        self,
        adapter: Adapter,
        thread: Thread,
        key: str,
        files: Sequence[AppFile],
        fetching: "Fetching",
        locale: str = "",
    ) -> list[str]:
        """Fetch each and put it into the thread, one after the other; a sentence in this language for each
        that could not be had, or not be put there."""
        problems = []
        for number, file in enumerate(files):
            async with self._room:
                fetched = await fetching.file(file)
                if fetched is None:
                    problems.append(
                        say(english.NOT_FETCHED, locale, name=file.name or say(english.A_FILE, locale))
                    )
                else:
                    name = f"{key}.f{number}"
                    problems.extend(await send_made(adapter, self._budget, thread, name, fetched, locale))
        return problems


class Fetching:
    """Fetches what an app named in one answer. Links that have expired are asked for anew with `refresh`,
    once for all."""

    def __init__(self, dify: DifyClient, refresh: Refresh) -> None:
        self._dify = dify
        self._refresh = refresh
        self._again: dict[str, AppFile] | None = None

    async def file(self, file: AppFile) -> File | None:
        """The file, or None where it cannot be had."""
        try:
            return _named(await self._dify.fetch(file.url, MOST_BYTES), file.name)
        except DifyFileGone as error:
            log.info("a file of the app was not there, asking for its link anew: %s", error)
        except DifyError as error:
            log.warning("a file of the app was not fetched: %s", error)
        try:
            if self._again is None:
                self._again = {_path(one.url): one for one in await self._refresh()}
            fresh = self._again.get(_path(file.url))
            if fresh is not None:
                return _named(await self._dify.fetch(fresh.url, MOST_BYTES), file.name)
        except DifyError as error:
            log.warning("a file of the app was not fetched: %s", error)
        return None


def all_made(files: Sequence[AppFile], links: Sequence[Linked]) -> tuple[AppFile, ...]:
    """What the app named and what its text links to, each once: a flow does both for the same file."""
    named = {_path(file.url) for file in files}
    linked = [
        AppFile(id=link.target, name=safe_name(link.label), media_type="", url=link.target, size=0)
        for link in links
        if _path(link.target) not in named
    ]
    return (*files, *linked)[:MOST_FILES]


async def send_made(
    adapter: Adapter, budget: Budget, thread: Thread, key: str, file: File, locale: str = ""
) -> list[str]:
    """Put it into the thread; a sentence in this language where it could not be."""
    refused = [say(english.NOT_SENT, locale, name=file.name)]
    if not isinstance(adapter, SendsFiles) or len(file.data) > adapter.file_limit(thread):
        return refused
    for pause in (*PAUSES_SECONDS, None):
        try:
            ticket = Ticket((Option(adapter.file_lanes(thread)),), Priority.CONTROL, thread.key)
            async with budget.slot(ticket):
                await adapter.send_file(thread, file, key)
        except NotAllowed as error:
            log.warning("%s: a file was refused: %s", thread.key, error)
            return refused
        except RateLimited as error:
            # The budget has been told, and waits.
            log.warning("%s: a file was not sent: %s", thread.key, error)
        except PlatformDown as error:
            log.warning("%s: a file was not sent: %s", thread.key, error)
            if pause is not None:
                await asyncio.sleep(pause)
        except PlatformError as error:
            # Another way, if there is one, is tried at once.
            log.info("%s: a file was not sent: %s", thread.key, error)
        else:
            return []
    return [say(english.NOT_SENT_NOW, locale, name=file.name)]


def _named(file: File, name: str) -> File:
    """Called as the app calls it, as its address seldom says more than an id; with the ending of the address,
    which tells what it is."""
    ending = PurePosixPath(file.name).suffix
    if not name:
        return file
    return replace(file, name=name if name.lower().endswith(ending.lower()) else name + ending)


def _path(url: str) -> str:
    """What stays the same when a link is signed anew, and whichever of its hosts it names."""
    return "/files/" + url.partition("?")[0].partition("/files/")[2]
