"""One answer growing on screen: the newest text wins, and the last one lands.

Whoever reads Dify's stream calls `write` and `close`; both return at once. One task, `run`, brings the screen
to the newest text, one call at a time, whenever the budget grants one. What lies between two calls is never
shown late: it is skipped. A text longer than one message continues in the next.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bridge import split
from bridge.budget import Budget, Priority, Ticket
from bridge.errors import (
    LoginRefused,
    MessageGone,
    NotAllowed,
    PlatformDown,
    PlatformError,
    RateLimited,
)
from bridge.ports import Adapter, FindsPosts
from bridge.types import Body, Lane, MessageRef, Thread

log = logging.getLogger(__name__)

# A platform that fails is asked again after 0.5, 1, 2, ... seconds, and given up on after about two minutes:
# longer than the usual hiccup, shorter than anybody's patience.
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 15.0
GIVE_UP_AFTER_SECONDS = 120.0

NOTHING = Body("")

Posted = Callable[[int, MessageRef], Awaitable[None]]


@dataclass(slots=True)
class _Page:
    """One message of the reply: where it stands and what the platform has accepted as its content."""

    ref: MessageRef | None = None
    shown: Body | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    """The next call that brings the screen nearer to the newest text. `body` None takes the message away."""

    page: int
    body: Body | None
    ref: MessageRef | None


class Reply:
    """The answer to one question in one thread.

    `key` names the reply for `Adapter.post`, at most 20 characters. `posted(page, ref)` is awaited as soon as
    a message of the reply exists, so that it can be found again after a restart.
    """

    def __init__(
        self,
        adapter: Adapter,
        thread: Thread,
        budget: Budget,
        key: str,
        posted: Posted,
    ) -> None:
        self._adapter = adapter
        self._thread = thread
        self._budget = budget
        self._key = key
        self._posted = posted
        self._pages: list[_Page] = []
        self._text = ""
        self._heads: list[str] = []
        self._tail = ""
        self._notice = ""
        self._closed = False
        self._changed = asyncio.Event()
        self._ticket: Ticket | None = None
        self._failing_since: float | None = None
        self.lost: PlatformError | None = None

    def write(self, text: str) -> None:
        """Let the reply show `text`, the whole answer so far. Never waits. Ignored once closed."""
        if not self._closed:
            self._take(text)
            self._changed.set()

    def close(self, text: str, notice: str = "") -> None:
        """Give the last state: the whole answer and a plain sentence, or either. Never waits. First wins."""
        if self._closed:
            return
        self._closed = True
        self._take(text)
        self._notice = notice
        if self._ticket is not None:
            self._budget.hurry(self._ticket, Priority.FINAL)
        self._changed.set()

    async def run(self) -> None:
        """Show what was written until the last state has landed, or is known to be impossible (`lost`)."""
        while self.lost is None:
            self._changed.clear()
            if (step := self._next()) is not None:
                await self._when_granted(step)
            elif self._closed:
                return
            else:
                await self._changed.wait()

    async def _when_granted(self, planned: _Step) -> None:
        """Wait for the budget, then make the call with the text that is newest by then."""
        try:
            self._ticket = Ticket(self._lanes(planned), self._priority(planned), owner=self._key)
            async with self._budget.slot(self._ticket):
                step = self._next()
                if step is not None and (step.page, step.ref) == (planned.page, planned.ref):
                    await self._call(step)
                    self._failing_since = None
        except RateLimited as error:
            log.warning("%s: %s", self._key, error)
        except PlatformDown as error:
            await self._pause(error)
        except (MessageGone, NotAllowed, LoginRefused) as error:
            log.error("%s: the reply cannot be shown: %s", self._key, error)
            self.lost = error
        finally:
            self._ticket = None

    async def _call(self, step: _Step) -> None:
        page = self._pages[step.page]
        match step:
            case _Step(body=None, ref=MessageRef() as ref):
                await self._adapter.delete(ref)
                self._pages.pop()
            case _Step(body=Body() as body, ref=MessageRef() as ref):
                await self._adapter.edit(ref, body)
                page.shown = body
            case _Step(body=Body() as body, ref=None):
                page.ref = await self._post(step.page, body)
                # After a failure it may be an earlier attempt's message, with an earlier text: edited next.
                page.shown = body if self._failing_since is None else None
                await self._posted(step.page, page.ref)

    async def _post(self, number: int, body: Body) -> MessageRef:
        """Post once, although an earlier attempt may have arrived without our hearing of it."""
        key = f"{self._key}.{number}"
        if self._failing_since is not None and isinstance(self._adapter, FindsPosts):
            found = await self._adapter.find(self._thread, key)
            if found is not None:
                return found
        return await self._adapter.post(self._thread, body, key)

    async def _pause(self, error: PlatformDown) -> None:
        now = asyncio.get_running_loop().time()
        if self._failing_since is None:
            self._failing_since = now
        failing_for = now - self._failing_since
        log.warning("%s: %s; trying again", self._key, error)
        if failing_for >= GIVE_UP_AFTER_SECONDS:
            self.lost = error
        else:
            await asyncio.sleep(min(max(failing_for, FIRST_BACKOFF_SECONDS), LONGEST_BACKOFF_SECONDS))

    def _lanes(self, step: _Step) -> tuple[Lane, ...]:
        if step.ref is None:
            return self._adapter.post_lanes(self._thread)
        return self._adapter.edit_lanes(step.ref) if step.body else self._adapter.delete_lanes(step.ref)

    def _priority(self, step: _Step) -> Priority:
        if self._closed:
            return Priority.FINAL
        if step.ref is None:
            return Priority.FIRST if step.page == 0 else Priority.CONTROL
        return Priority.INTERMEDIATE

    def _take(self, text: str) -> None:
        """Follow the answer. Messages that are full keep their text while the answer only grows."""
        if text.startswith(self._text):
            self._tail += text[len(self._text) :]
        else:
            self._heads.clear()
            self._tail = text
        self._text = text

    def _next(self) -> _Step | None:
        """The first message that does not show what it should; else the last one that should not be there."""
        wanted = self._wanted()
        self._pages.extend(_Page() for _ in range(len(wanted) - len(self._pages)))
        for number, (page, body) in enumerate(zip(self._pages, wanted, strict=False)):
            if page.shown is None or not (page.shown == body or self._adapter.same(page.shown, body)):
                return _Step(number, body, page.ref)
        while len(self._pages) > len(wanted) and self._pages[-1].ref is None:
            self._pages.pop()
        if len(self._pages) > len(wanted) and (ref := self._pages[-1].ref) is not None:
            return _Step(len(self._pages) - 1, None, ref)
        return None

    def _wanted(self) -> list[Body]:
        """What the messages of this reply should show now."""
        while (cut := split.cut(self._tail, self._fits)) is not None:
            if cut.head.strip():
                self._heads.append(cut.head)
            self._tail = cut.rest
        bodies = [Body(head, final=True) for head in self._heads]
        last = Body(self._tail, self._notice, final=self._closed)
        if not self._adapter.same(last, NOTHING):
            bodies.append(last)
        return bodies

    def _fits(self, text: str) -> bool:
        """A message must hold its text both while it is half written and when it is complete."""
        return all(self._adapter.fits(Body(text, self._notice, final)) for final in (False, True))
