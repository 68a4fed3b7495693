"""Presses of buttons and sent forms, on their way to the host, and what it shows at once.

Discord wants the first answer within three seconds, and takes a modal only as that, and never as the answer
to another. A form that comes later, and each further page of one, is therefore offered in a message with a
button.
"""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Protocol, assert_never

from adapters.discord import forms
from adapters.discord.buttons import button, custom_id, meaning, row
from adapters.discord.events import PLATFORM
from adapters.discord.interactions import (
    TAKEN,
    Interaction,
    Response,
    read_interaction,
    whisper,
    with_message,
    with_modal,
)
from adapters.discord.kept import Kept, KeptForms, Page, page_named
from adapters.discord.labels import label, shortened
from adapters.discord.render import CONTENT_LIMIT, render
from bridge.errors import BridgeError, PlatformError
from bridge.ports import Host
from bridge.types import Begin, Body, Filled, Form, Press, Reaction, Style, Whisper
from bridge.words import english, say

log = logging.getLogger(__name__)

# Of the three seconds that Discord waits for an answer; the rest is for its way there.
ANSWER_WITHIN_SECONDS = 2.0
# For so long, Discord takes more than the first answer.
TOKEN_SECONDS = 900.0
# Far more than people press at once. Whoever is beyond reads that it failed, and presses again.
MOST_AT_ONCE = 500


class Answers(Protocol):
    """How Discord is told."""

    async def respond(self, interaction_id: str, token: str, response: Response) -> None: ...

    async def follow_up(self, application: str, token: str, message: Response) -> None: ...


class Presses:
    """Takes what the gateway tells of, each in a task of its own. To be closed."""

    def __init__(self, answers: Answers, host: Host) -> None:
        self._answers = answers
        self._host = host
        self._kept = KeptForms(asyncio.get_running_loop().time)
        self._running: set[asyncio.Task[None]] = set()

    def take(self, payload: object) -> None:
        """Take an interaction as the gateway tells of it. Never waits, never raises."""
        one = read_interaction(payload)
        if one is None:
            log.debug("Discord: an interaction of a kind that is not known here")
        elif len(self._running) >= MOST_AT_ONCE:
            log.warning("Discord: too much is pressed at once; interaction %s is not taken", one.id)
        else:
            task = asyncio.create_task(self._guarded(one), name=f"press {one.id}")
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def close(self) -> None:
        """Cut off what is still being taken."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _guarded(self, one: Interaction) -> None:
        try:
            async with asyncio.timeout(TOKEN_SECONDS):
                await self._handle(one)
        except TimeoutError:
            log.warning("Discord: interaction %s was never answered by the host", one.id)
        except PlatformError as error:
            log.warning("Discord: interaction %s was not answered: %s", one.id, error)
        except Exception:
            # The one guard of this task: whoever pressed reads that it failed.
            log.exception("Discord: interaction %s could not be taken", one.id)

    async def _handle(self, one: Interaction) -> None:
        page = page_named(one.custom_id)
        if page is not None:
            await self._handle_page(one, page)
            return
        meant = meaning(one.custom_id)
        if meant is None:
            log.debug("Discord: interaction %s is with nothing that is known here", one.id)
            await self._respond(one, TAKEN)
            return
        filled = None if one.entries is None else forms.filled_plainly(one.entries)
        await self._react(one, Press(one.id, PLATFORM, one.person, *meant, one.at, filled))

    async def _handle_page(self, one: Interaction, page: Page) -> None:
        kept = self._kept.find(page, one.person.id)
        if kept is None or page.number >= forms.page_count(kept.form):
            await self._respond(one, with_message(whisper(english.DISCORD_FORM_LOST)))
        elif one.entries is None:
            await self._respond(one, with_modal(forms.modal(kept.form, page.number, page.custom_id)))
        else:
            filled = self._kept.fill(page, forms.filled(kept.form, one.entries))
            await self._go_on(one, page, kept, filled)

    async def _go_on(self, one: Interaction, page: Page, kept: Kept, filled: Filled) -> None:
        """After a page was sent: to the next one, or with the whole form to the host."""
        count, following = forms.page_count(kept.form), Page(page.token, page.number + 1)
        if following.number < count:
            text = say(english.DISCORD_PART_FILLED, number=following.number, count=count)
            await self._respond(one, with_message(_offer(text, following)))
            return
        form = kept.form
        press = Press(one.id, PLATFORM, one.person, form.action, form.value, one.at, filled)
        if await self._react(one, press) is None:
            self._kept.forget(page)

    async def _react(self, one: Interaction, press: Press) -> Reaction:
        """Ask the host, and show what it says, in time. What it said."""
        asking = asyncio.create_task(self._ask(press), name=f"ask the host about {press.id}")
        try:
            done, _ = await asyncio.wait({asking}, timeout=ANSWER_WITHIN_SECONDS)
            if not done:
                await self._say_taken(one)
            reaction = await asking
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        await (self._show(one, reaction) if done else self._show_later(one, reaction))
        return reaction

    async def _say_taken(self, one: Interaction) -> None:
        """What is being asked must not suffer when this fails."""
        try:
            await self._respond(one, TAKEN)
        except PlatformError as error:
            log.warning("Discord: interaction %s was not answered in time: %s", one.id, error)

    async def _ask(self, press: Press) -> Reaction:
        try:
            return await self._host.press(press)
        except BridgeError as error:
            log.info("Discord: press %s was refused: %s", press.id, error)
            return Whisper(error.notice)

    async def _show(self, one: Interaction, reaction: Reaction) -> None:
        match reaction:
            case None:
                await self._respond(one, TAKEN)
            case Whisper(text):
                await self._respond(one, with_message(whisper(text)))
            case Form() if one.entries is None:
                await self._respond(one, with_modal(self._first_page(one, reaction)))
            case Form():
                await self._respond(one, with_message(self._offered(one, reaction)))
            case Begin():
                raise NotImplementedError
            case _:
                assert_never(reaction)

    async def _show_later(self, one: Interaction, reaction: Reaction) -> None:
        """After it was said in time that the press was taken."""
        match reaction:
            case None:
                return
            case Whisper(text):
                message = whisper(text)
            case Form():
                message = self._offered(one, reaction)
            case Begin():
                raise NotImplementedError
            case _:
                assert_never(reaction)
        await self._answers.follow_up(one.application, one.token, message)

    def _first_page(self, one: Interaction, form: Form) -> Response:
        """Only what cannot be read back without it is kept."""
        if forms.is_plain(form):
            return forms.modal(form, 0, custom_id(form.action, form.value))
        return forms.modal(form, 0, self._kept.keep(form, one.person.id).custom_id)

    def _offered(self, one: Interaction, form: Form) -> Response:
        """What the form says above its fields, such as what was wrong, can be read before it is open."""
        intro = shortened(render(Body(form.intro, final=True)), CONTENT_LIMIT)
        text = intro or label(form.title, CONTENT_LIMIT, english.DISCORD_ONE_MORE_FORM)
        return _offer(text, self._kept.keep(form, one.person.id))

    def _respond(self, one: Interaction, response: Response) -> Awaitable[None]:
        return self._answers.respond(one.id, one.token, response)


def _offer(text: str, page: Page) -> Response:
    """A message with the button that opens this page."""
    return whisper(text, row(button(english.CONTINUE, page.custom_id, Style.PRIMARY)))
