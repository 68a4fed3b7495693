"""What somebody sees at once of what they have pressed, sent or commanded.

Where the host takes its time, something has to be said before it is known what will be shown: who will see
it, is then decided already. What is private in the end must never have been public, and no form can follow.
"""

import logging
from enum import Enum, auto
from typing import assert_never

from adapters.discord import forms
from adapters.discord.beginning import Beginning
from adapters.discord.buttons import Component, button, custom_id, is_custom_id, row
from adapters.discord.interactions import (
    TAKEN,
    Interaction,
    Response,
    Sent,
    whisper,
    with_message,
    with_modal,
    with_promise,
)
from adapters.discord.kept import KeptForms, Page
from adapters.discord.labels import label, shortened
from adapters.discord.render import CONTENT_LIMIT, render
from adapters.discord.webhooks import ORIGINAL, Webhooks, ticket_of
from bridge.errors import PlatformError
from bridge.types import Begin, Body, Form, Reaction, Style, Whisper
from bridge.words import english, say

log = logging.getLogger(__name__)


class Promise(Enum):
    """What has been answered before it was known what to show."""

    NOTHING_TO_SEE = auto()
    PRIVATE = auto()
    PUBLIC = auto()


class Showing:
    def __init__(self, webhooks: Webhooks, kept: KeptForms, beginning: Beginning) -> None:
        self._webhooks = webhooks
        self._kept = kept
        self._beginning = beginning

    async def at_once(self, one: Interaction, reaction: Reaction) -> None:
        """Show it as the first answer."""
        match reaction:
            case None:
                await self._webhooks.respond(one, TAKEN if one.below is not None else _noted(one))
            case Whisper(text):
                await self._webhooks.respond(one, with_message(whisper(text)))
            case Form() if not isinstance(one.done, Sent):
                await self._webhooks.respond(one, with_modal(self._first_page(one, reaction)))
            case Form():
                await self._webhooks.respond(one, with_message(self._offered(one, reaction)))
            case Begin():
                await self._beginning.at_once(one, reaction)
            case _:
                assert_never(reaction)

    async def promise(self, one: Interaction, *, openly: bool) -> Promise:
        """Say in time that it was heard. What is being asked must not suffer when this fails.

        Where the bot is itself, a question is put there by the bot itself, so that nothing has to be promised
        to everybody."""
        if one.below is not None:
            promise, response = Promise.NOTHING_TO_SEE, TAKEN
        elif one.away and openly and not one.hidden:
            promise, response = Promise.PUBLIC, with_promise(private=False)
        else:
            promise, response = Promise.PRIVATE, with_promise(private=True)
        try:
            await self._webhooks.respond(one, response)
        except PlatformError as error:
            log.warning("Discord: interaction %s was not answered in time: %s", one.id, error)
        return promise

    async def later(self, one: Interaction, promise: Promise, reaction: Reaction) -> None:
        """Show it after that."""
        match reaction:
            case None:
                if promise is not Promise.NOTHING_TO_SEE:
                    await self._tell(one, promise, whisper(say(english.DISCORD_NOTED, one.person.locale)))
            case Whisper(text):
                await self._tell(one, promise, whisper(text))
            case Form():
                await self._tell(one, promise, self._offered(one, reaction))
            case Begin():
                await self._beginning.later(one, reaction, promised=promise is not Promise.NOTHING_TO_SEE)
            case _:
                assert_never(reaction)

    async def _tell(self, one: Interaction, promise: Promise, message: Component) -> None:
        """A private message, in the place of a private promise; a public one is taken back."""
        ticket = ticket_of(one)
        if promise is Promise.PUBLIC:
            await self._webhooks.delete(ticket, ORIGINAL)
        await self._webhooks.follow_up(ticket, message)

    def _first_page(self, one: Interaction, form: Form) -> Response:
        """Only what cannot be read back without it is kept."""
        name = custom_id(form.action, form.value)
        if forms.is_plain(form) and is_custom_id(name):
            return forms.modal(form, 0, name, one.person.locale)
        kept = self._kept.keep(form, one.person.id)
        return forms.modal(form, 0, kept.custom_id, one.person.locale)

    def _offered(self, one: Interaction, form: Form) -> Response:
        """What the form says above its fields, such as what was wrong, can be read before it is open."""
        intro = shortened(render(Body(form.intro, final=True)), CONTENT_LIMIT)
        otherwise = say(english.DISCORD_ONE_MORE_FORM, one.person.locale)
        text = intro or label(form.title, CONTENT_LIMIT, otherwise)
        return offer(one, text, self._kept.keep(form, one.person.id))


def offer(one: Interaction, text: str, page: Page) -> Component:
    """A message with the button that opens this page."""
    words = say(english.CONTINUE, one.person.locale)
    return whisper(text, row(button(words, page.custom_id, Style.PRIMARY)))


def _noted(one: Interaction) -> Response:
    return with_message(whisper(say(english.DISCORD_NOTED, one.person.locale)))
