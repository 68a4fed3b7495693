"""Presses of buttons, sent forms and commands, on their way to the host.

Discord wants the first answer within three seconds, and takes a modal only as that, and never as the answer
to another. A form that comes later, and each further page of one, is therefore offered in a message with a
button.
"""

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import replace

from adapters.discord import forms
from adapters.discord.away import Away
from adapters.discord.beginning import Beginning
from adapters.discord.buttons import meaning
from adapters.discord.commands import Used
from adapters.discord.events import PLATFORM
from adapters.discord.forms import Entry
from adapters.discord.interactions import (
    Interaction,
    Pressed,
    Sent,
    Unknown,
    read_interaction,
    whisper,
    with_message,
    with_modal,
)
from adapters.discord.kept import Kept, KeptForms, Page, page_named
from adapters.discord.places import Places
from adapters.discord.rest import DiscordRest
from adapters.discord.showing import Showing, offer
from adapters.discord.webhooks import Webhooks
from bridge.errors import BridgeError, PlatformError
from bridge.ports import Host
from bridge.types import Begin, Filled, Invocation, Order, Press, Reaction, Whisper
from bridge.words import english, say

log = logging.getLogger(__name__)

# Of the three seconds that Discord waits for an answer; the rest is for its way there.
ANSWER_WITHIN_SECONDS = 2.0
# For so long, Discord takes more than the first answer.
TOKEN_SECONDS = 900.0
# Far more than people press at once. Whoever is beyond reads that it failed, and presses again.
MOST_AT_ONCE = 500


class Presses:
    """Takes what the gateway tells of, each in a task of its own. To be closed."""

    def __init__(self, rest: DiscordRest, away: Away, host: Host, places: Places) -> None:
        self._host = host
        self._webhooks = Webhooks(rest)
        self._away = away
        self._kept = KeptForms(asyncio.get_running_loop().time)
        beginning = Beginning(self._webhooks, rest, away, host, places)
        self._showing = Showing(self._webhooks, self._kept, beginning)
        self._running: set[asyncio.Task[None]] = set()

    def take(self, payload: object) -> None:
        """Take an interaction as the gateway tells of it. Never waits, never raises."""
        one = read_interaction(payload)
        if one is None:
            log.debug("Discord: an interaction of a kind that is not known here")
            return
        one = replace(one, person=replace(one.person, locale=self._host.locale(PLATFORM, one.person)))
        if len(self._running) >= MOST_AT_ONCE:
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
        self._away.renew(one)
        match one.done:
            case Unknown():
                await self._whisper(one, say(english.DISCORD_UNKNOWN_COMMAND, one.person.locale))
            case Used() as used:
                await self._handle_command(one, used)
            case Pressed(custom_id):
                await self._handle_press(one, custom_id, None)
            case Sent(custom_id, entries):
                await self._handle_press(one, custom_id, entries)

    async def _handle_command(self, one: Interaction, used: Used) -> None:
        if one.place is None:
            log.warning("Discord: command %s was used nowhere", one.id)
            return
        invocation = Invocation(one.id, one.place, one.person, used.order, used.text, one.at, used.about)
        openly = used.order in (Order.ASK, Order.ABOUT)
        await self._react(one, self._host.invoke(invocation), openly=openly)

    async def _handle_press(
        self, one: Interaction, custom_id: str, entries: tuple[Entry, ...] | None
    ) -> None:
        page = page_named(custom_id)
        if page is not None:
            await self._handle_page(one, page, entries)
            return
        meant = meaning(custom_id)
        if meant is None:
            log.debug("Discord: interaction %s is with nothing that is known here", one.id)
            await self._showing.at_once(one, None)
            return
        filled = None if entries is None else forms.filled_plainly(entries)
        press = Press(one.id, PLATFORM, one.person, *meant, one.at, filled, one.place)
        await self._react(one, self._host.press(press))

    async def _handle_page(self, one: Interaction, page: Page, entries: tuple[Entry, ...] | None) -> None:
        kept = self._kept.find(page, one.person.id)
        if kept is None or page.number >= forms.page_count(kept.form):
            await self._whisper(one, say(english.DISCORD_FORM_LOST, one.person.locale))
        elif entries is None:
            modal = forms.modal(kept.form, page.number, page.custom_id, one.person.locale)
            await self._webhooks.respond(one, with_modal(modal))
        else:
            filled = self._kept.fill(page, forms.filled(kept.form, entries))
            await self._go_on(one, page, kept, filled)

    async def _go_on(self, one: Interaction, page: Page, kept: Kept, filled: Filled) -> None:
        """After a page was sent: to the next one, or with the whole form to the host."""
        count, following = forms.page_count(kept.form), Page(page.token, page.number + 1)
        if following.number < count:
            filled_in = {"number": following.number, "count": count}
            text = say(english.DISCORD_PART_FILLED, one.person.locale, **filled_in)
            await self._webhooks.respond(one, with_message(offer(one, text, following)))
            return
        form = kept.form
        press = Press(one.id, PLATFORM, one.person, form.action, form.value, one.at, filled, one.place)
        reaction = await self._react(one, self._host.press(press))
        if reaction is None or isinstance(reaction, Begin):
            self._kept.forget(page)

    async def _react(self, one: Interaction, asked: Awaitable[Reaction], *, openly: bool = False) -> Reaction:
        """Ask the host, and show what it says, in time. What it said. Where that comes `openly`, everybody
        may see that something will."""
        asking = asyncio.create_task(self._ask(one, asked), name=f"ask the host about {one.id}")
        try:
            done, _ = await asyncio.wait({asking}, timeout=ANSWER_WITHIN_SECONDS)
            promised = None if done else await self._showing.promise(one, openly=openly)
            reaction = await asking
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        if promised is None:
            await self._showing.at_once(one, reaction)
        else:
            await self._showing.later(one, promised, reaction)
        return reaction

    async def _ask(self, one: Interaction, asked: Awaitable[Reaction]) -> Reaction:
        try:
            return await asked
        except BridgeError as error:
            log.info("Discord: interaction %s was refused: %s", one.id, error)
            return Whisper(error.sentence(one.person.locale))

    async def _whisper(self, one: Interaction, text: str) -> None:
        await self._webhooks.respond(one, with_message(whisper(text)))
