"""Files that the app made: fetched from Dify while their links are good, and put into the thread."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from bridge.attached import MOST_BYTES
from bridge.budget import Budget, Option, Ticket
from bridge.dify import AppFile, DifyClient, safe_name
from bridge.errors import DifyError, DifyFileGone, NotAllowed, PlatformError
from bridge.markdown import Linked
from bridge.ports import Adapter, SendsFiles
from bridge.types import File, Thread
from bridge.window import Priority

log = logging.getLogger(__name__)

# Nobody wants more of them in a chat at once.
MOST_FILES = 10
MOST_TRIES = 3

NOT_FETCHED = "{name} could not be fetched from the AI service."
NOT_SENT = "{name} could not be put here; the bot may not send files, or it is too large."

Refresh = Callable[[], Awaitable[Sequence[AppFile]]]


@dataclass(slots=True)
class Made:
    """Files with their bytes, and a sentence for each that could not be had."""

    files: list[File] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def all_made(files: Sequence[AppFile], links: Sequence[Linked]) -> tuple[AppFile, ...]:
    """What the app named and what its text links to, each once: a flow does both for the same file."""
    named = {_path(file.url) for file in files}
    linked = [
        AppFile(id=link.target, name=safe_name(link.label), media_type="", url=link.target, size=0)
        for link in links
        if _path(link.target) not in named
    ]
    return (*files, *linked)[:MOST_FILES]


async def fetch_made(dify: DifyClient, files: Sequence[AppFile], refresh: Refresh) -> Made:
    """Fetch each; a link that has expired is asked for anew, once for all."""
    made, again = Made(), None
    for file in files:
        try:
            made.files.append(_named(await dify.fetch(file.url, MOST_BYTES), file.name))
            continue
        except DifyFileGone as error:
            log.info("a file of the app was not there, asking for its link anew: %s", error)
        except DifyError as error:
            log.warning("a file of the app was not fetched: %s", error)
        try:
            again = {_path(one.url): one for one in await refresh()} if again is None else again
            fresh = again.get(_path(file.url))
            if fresh is not None:
                made.files.append(_named(await dify.fetch(fresh.url, MOST_BYTES), file.name))
                continue
        except DifyError as error:
            log.warning("a file of the app was not fetched: %s", error)
        made.problems.append(NOT_FETCHED.format(name=file.name or "A file"))
    return made


async def send_made(
    adapter: Adapter, budget: Budget, thread: Thread, key: str, files: Sequence[File]
) -> list[str]:
    """Put them into the thread; a sentence for each that could not be."""
    problems = []
    for number, file in enumerate(files):
        if not isinstance(adapter, SendsFiles) or not await _is_sent(
            adapter, budget, thread, f"{key}.f{number}", file
        ):
            problems.append(NOT_SENT.format(name=file.name))
    return problems


async def _is_sent(adapter: SendsFiles, budget: Budget, thread: Thread, key: str, file: File) -> bool:
    if len(file.data) > adapter.file_limit(thread):
        return False
    for _ in range(MOST_TRIES):
        try:
            ticket = Ticket((Option(adapter.file_lanes(thread)),), Priority.CONTROL, thread.key)
            async with budget.slot(ticket):
                await adapter.send_file(thread, file, key)
        except NotAllowed as error:
            log.warning("%s: a file was refused: %s", thread.key, error)
            return False
        except PlatformError as error:
            log.warning("%s: a file was not sent: %s", thread.key, error)
        else:
            return True
    return False


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
