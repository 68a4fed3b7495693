"""One answer growing on screen: the newest text wins, and the last one lands.

Whoever reads Dify's stream calls `write` and `close`; both return at once. One task, `run`, brings the screen
to the newest text, one call at a time, whenever the budget grants one. What lies between two calls is never
shown late: it is skipped. What the messages show is what the platform has accepted, and everything goes on
from there: the next edit, the next message, a second try. (`bridge.draft` says what they should show.)
"""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from bridge.budget import Budget, Option, Ticket
from bridge.draft import Draft, Grown
from bridge.errors import (
    BridgeError,
    LeaseLost,
    LoginRefused,
    MessageGone,
    NotAllowed,
    PlatformDown,
    RateLimited,
    StoppedByPerson,
    TryOtherwise,
)
from bridge.pages import Page, pause_at_age
from bridge.patience import waited
from bridge.ports import Adapter, FindsPosts
from bridge.types import Body, Button, MessageRef, Thread
from bridge.ways import Step, Ways
from bridge.window import Priority

log = logging.getLogger(__name__)

# A platform that fails is asked again after 0.5, 1, 2, ... seconds, and given up on after about two minutes:
# longer than the usual hiccup, shorter than anybody's patience.
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 15.0
GIVE_UP_AFTER_SECONDS = 120.0

# A message that cannot be shown in so many ways cannot be shown.
MOST_OTHER_WAYS = 5

Posted = Callable[[int, MessageRef], Awaitable[None]]


class Hold(Protocol):
    """Whether this process may still speak in the thread; see `bridge.replica.Hold`."""

    def stands(self) -> bool: ...

    async def standing(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Begun:
    """What earlier attempts at the same reply have left: its messages that are known, in order. `since` is
    when the first attempt began, in seconds since 1970; `again` says that there may be one more message,
    which nobody has heard of; it is none of those `beside`, which belong to other replies."""

    since: float
    messages: tuple[MessageRef, ...] = ()
    beside: tuple[MessageRef, ...] = ()
    again: bool = False


class Reply:
    """The answer to one question in one thread.

    `key` names the reply for `Adapter.post`, at most 20 characters. `posted(page, ref)` is awaited as soon as
    a message of the reply exists, so that it can be found again after a restart. Nothing is shown while
    `hold` does not stand. With `show_reasoning`, the end of a model's thoughts stands above the answer;
    while it grows, the buttons `growing` stand below it. Links to files that are put into the thread are
    shown without their targets.
    """

    def __init__(
        self,
        adapter: Adapter,
        thread: Thread,
        budget: Budget,
        key: str,
        posted: Posted,
        hold: Hold,
        begun: Begun,
        *,
        show_reasoning: bool = False,
        growing: tuple[Button, ...] = (),
        is_own_link: Callable[[str], bool] | None = None,
    ) -> None:
        self._adapter = adapter
        self._ways = Ways(adapter, thread)
        self._thread = thread
        self._budget = budget
        self._key = key
        self._posted = posted
        self._draft = Draft(adapter, thread, growing, show_reasoning=show_reasoning, is_own_link=is_own_link)
        self._hold = hold
        self._since, self._beside = begun.since, begun.beside
        self._numbers = itertools.count()
        self._pages = [Page(next(self._numbers), ref) for ref in begun.messages]
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()
        self._begun = asyncio.Event()
        self._waiting: tuple[Ticket, Step] | None = None
        self._began = asyncio.get_running_loop().time()
        self._unheard_of = len(begun.messages) if begun.again else None
        self._failing = False
        self._paused_seconds = 0.0
        self._otherwise = self._attempt = 0
        self.lost: BridgeError | None = None
        self.stopped = False

    def write(self, text: str, *, step: str = "", thought: str = "") -> None:
        """Let the reply show `text`, the whole answer so far, and what the app is busy with. Never waits.
        Ignored once closed."""
        if not self._draft.closed:
            self._draft.write(text, step, thought)
            self._changed.set()

    @property
    def step(self) -> str:
        """What the app is busy with just now."""
        return self._draft.step

    @property
    def last(self) -> tuple[MessageRef, Body] | None:
        """The last message of the reply and what it shows, if there is one."""
        shown = [(page.ref, page.shown) for page in self._pages if page.ref is not None]
        ref, body = shown[-1] if shown else (None, None)
        return (ref, body) if ref is not None and body is not None else None

    async def begun(self, within_seconds: float) -> None:
        """Wait until something of the reply stands, if that is soon."""
        await waited(self._begun, within_seconds)

    def show_steps(self) -> None:
        """From now on, say what the app is busy with even where there is no text yet. Never waits."""
        self._draft.show_steps()
        self._changed.set()

    def speak(self, locale: str, growing: tuple[Button, ...]) -> None:
        """From now on, say in this language what stands around the answer. Never waits."""
        self._draft.speak(locale, growing)
        self._changed.set()

    def close(
        self,
        text: str,
        notice: str = "",
        sources: tuple[str, ...] = (),
        buttons: tuple[Button, ...] = (),
    ) -> None:
        """Give the last state: the whole answer and a plain sentence, or either, and what stands below it.
        Never waits. First wins."""
        if not self._draft.closed:
            self._close(text, notice, sources, buttons)

    def take_back(self) -> None:
        """Let nothing of the reply stand, even if it was closed with something. Never waits."""
        self._close("", "", (), ())

    def begin_anew(self, step: str) -> None:
        """Let another answer take the place of this one, in the same messages; where there are any, they say
        `step` until it has words. Never waits. Ignored once closed."""
        if self._draft.closed:
            return
        self._attempt += 1
        self.stopped = False
        self._draft.begin_anew(step if any(page.ref is not None for page in self._pages) else "")
        for page in self._pages:
            page.shown, page.outdated = None, True
        self._changed.set()

    def _close(self, text: str, notice: str, sources: tuple[str, ...], buttons: tuple[Button, ...]) -> None:
        self._draft.close(text, notice, sources, buttons)
        self._closing.set()
        if self._waiting is not None:
            ticket, step = self._waiting
            last = replace(step, body=replace(step.body, final=True)) if step.body else step
            with suppress(PlatformDown):  # then it is found out when the call is made
                self._budget.change(ticket, Priority.FINAL, self._ways.options(last))
        self._changed.set()

    async def run(self) -> None:
        """Show what was written until the last state has landed, or is known to be impossible (`lost`)."""
        try:
            while self.lost is None:
                self._changed.clear()
                step = self._likely() or self._next()
                if step is not None and (self._draft.closed or not self.stopped):
                    await self._show(step)
                elif self._draft.closed:
                    return
                else:
                    await self._changed.wait()
        finally:
            for page in self._pages:
                self._pay(page)

    async def _show(self, planned: Step) -> None:
        """Make the call, or know why not."""
        try:
            await self._when_granted(planned)
        except RateLimited as error:
            log.warning("%s: %s", self._key, error)
        except TryOtherwise as error:
            log.warning("%s: %s", self._key, error)
            self._otherwise += 1
            if self._otherwise > MOST_OTHER_WAYS:
                self.lost = error
        except StoppedByPerson:
            self.stopped = True
        except PlatformDown as error:
            await self._pause(error)
        except MessageGone as error:
            if not self._forgotten(planned):
                log.error("%s: the reply cannot be shown: %s", self._key, error)
                self.lost = error
        except LeaseLost as error:
            log.warning("%s: the reply is left to somebody else: %s", self._key, error)
            self.lost = error
        except (NotAllowed, LoginRefused) as error:
            log.error("%s: the reply cannot be shown: %s", self._key, error)
            self.lost = error

    async def _when_granted(self, planned: Step) -> None:
        """Wait for the budget, then make the call with the text that is newest by then."""
        await self._hold.standing()
        ticket = Ticket(self._ways.options(planned), self._priority(planned), self._key, self._not_before())
        self._waiting = ticket, planned
        try:
            async with self._budget.slot(ticket) as option:
                self._waiting = None
                step = self._next()
                if step is None or not self._ways.serve(option, step) or not self._hold.stands():
                    ticket.unused = True
                else:
                    await self._call(step, ticket, option)
                    self._failing, self._paused_seconds, self._otherwise = False, 0.0, 0
        finally:
            self._waiting = None
            if all(page.debt is not ticket for page in self._pages):
                self._budget.paid(ticket)

    async def _call(self, step: Step, ticket: Ticket, option: Option) -> None:
        page, attempt = self._pages[step.page], self._attempt
        match step:
            case Step(body=None, ref=MessageRef() as ref):
                with suppress(MessageGone):
                    await self._adapter.delete(ref)
                self._pay(self._pages.pop())
            case Step(body=Body() as body, ref=MessageRef() as ref):
                await self._adapter.edit(ref, body)
                page.shown = body if attempt == self._attempt else None
            case Step(body=Body() as body, ref=None):
                found = await self._find(page.number)
                # Looking may have taken a while.
                if found is None and not self._hold.stands():
                    ticket.unused = True
                    return
                page.ref, page.debt = (
                    found or await self._ways.begin(body, self._post_key(page.number), option),
                    ticket,
                )
                # After a failure it may be an earlier attempt's message, with an earlier text: edited next.
                page.shown = None if found or self._failing or attempt != self._attempt else body
                ref = page.ref
                self._begun.set()
                await self._posted(step.page, ref)
        if page.shown is not None and page.shown.final:
            self._pay(page)

    async def _find(self, number: int) -> MessageRef | None:
        """The message that an earlier attempt has begun without our hearing of it, if there may be one."""
        adapter = self._adapter
        unheard_of = self._unheard_of is not None and number >= self._unheard_of
        if not (self._failing or unheard_of) or not isinstance(adapter, FindsPosts):
            return None
        ticket = Ticket((Option(adapter.find_lanes(self._thread)),), Priority.FINAL, self._key)
        known = [*self._beside, *(page.ref for page in self._pages if page.ref is not None)]
        try:
            async with self._budget.slot(ticket):
                found = await adapter.find(self._thread, self._post_key(number), self._since, known)
        except RateLimited as error:
            # Not a refusal of the call that this one is made for.
            raise PlatformDown(f"no look at earlier posts: {error}") from error
        if found is None and unheard_of:
            self._unheard_of = None
        return found

    async def recall(self) -> None:
        """Find the message that an earlier attempt may have begun unheard, to be seen to with the others.
        To be used while nothing is shown. Raises `PlatformError`."""
        number = next(self._numbers)
        if found := await self._find(number):
            self._pages.append(Page(number, found))

    def _post_key(self, number: int) -> str:
        return f"{self._key}.{number}"

    async def _pause(self, error: PlatformDown) -> None:
        """Wait before the next try, the longer the more often; but when the last words come, try at once."""
        log.warning("%s: %s; trying again", self._key, error)
        if self._paused_seconds >= GIVE_UP_AFTER_SECONDS:
            self.lost = error
            return
        self._failing = True
        pause = min(max(self._paused_seconds, FIRST_BACKOFF_SECONDS), LONGEST_BACKOFF_SECONDS)
        self._paused_seconds += pause
        if self._draft.closed:
            await asyncio.sleep(pause)
            return
        await waited(self._closing, pause)

    def _forgotten(self, step: Step) -> bool:
        """Whether the message that is gone is one of an earlier attempt, which can be posted anew."""
        page = self._pages[step.page] if step.page < len(self._pages) else None
        if page is None or page.ref is None or page.shown is not None:
            return False
        self._pages[step.page] = Page(next(self._numbers))
        return True

    def _pay(self, page: Page) -> None:
        if page.debt is not None:
            self._budget.paid(page.debt)
            page.debt = None

    def _priority(self, step: Step) -> Priority:
        if self._draft.closed:
            return Priority.FINAL
        if step.ref is None:
            return Priority.FIRST if step.page == 0 else Priority.CONTROL
        sealed = step.body is None or step.body.final
        return Priority.CONTROL if sealed else Priority.INTERMEDIATE

    def _not_before(self) -> float:
        now = asyncio.get_running_loop().time()
        return now + pause_at_age(now - self._began)

    def _likely(self) -> Step | None:
        """What will probably be next, for a reply that grows. What it really is, is found out when a call is
        granted: nothing is laid out that nobody will see."""
        if self._draft.closed or not self._draft.stale or not self._pages:
            return None
        number, page = len(self._pages) - 1, self._pages[-1]
        if page.ref is None or page.shown is None or page.shown.final:
            return None
        return Step(number, page.shown, page.ref)

    def _next(self) -> Step | None:
        """The first message that does not show what it should; else the last one that should not be there."""
        wanted = self._draft.bodies(self._grown)
        missing = range(len(wanted) - len(self._pages))
        self._pages.extend(Page(next(self._numbers)) for _ in missing)
        for number, (page, body) in enumerate(zip(self._pages, wanted, strict=False)):
            if not self._shows(page, body):
                return self._continued(number, wanted) or Step(number, body, page.ref)
        while len(self._pages) > len(wanted) and self._pages[-1].ref is None:
            self._pages.pop()
        last = self._pages[-1] if len(self._pages) > len(wanted) else None
        if last is None or last.ref is None:
            return None
        # What an earlier attempt has left is needed again, as likely as not, if it does not mislead.
        if last.shown is None and not self._draft.closed and not (last.outdated and wanted):
            return None
        return Step(len(self._pages) - 1, None, last.ref)

    def _continued(self, number: int, wanted: list[Body]) -> Step | None:
        """Where a message gives the end of its text to the next one, that one begins first: what could be
        read once must not vanish, not even for a moment."""
        if number + 1 >= len(wanted) or self._pages[number + 1].ref is not None:
            return None
        shown = self._pages[number].shown
        shrinks = shown is not None and len(wanted[number].text) < len(shown.text)
        return Step(number + 1, wanted[number + 1], None) if shrinks else None

    def _shows(self, page: Page, wanted: Body) -> bool:
        """Whether nothing would change. A stream has to be ended, whatever that looks like."""
        if page.shown is None or page.ref is None:
            return False
        if page.shown == wanted:
            return True
        return not (wanted.final and self._ways.streaming(page.ref)) and self._adapter.same(
            page.shown, wanted
        )

    def _grown(self, number: int) -> Grown | None:
        """What a message holds already: what could be read once should stay where it is."""
        if number >= len(self._pages):
            return None
        page = self._pages[number]
        if page.ref is None or page.shown is None:
            return None
        return Grown(len(page.shown.text), self._ways.worn(page.ref))
