"""Questions that nobody has written into the chat: put where they were asked, and delivered.

In a channel, the first answer to whoever asked is a message that everybody can read, and the thread grows
from it. It is the question's message from then on: it has that id, can be marked, and is a question no more
when somebody removes it. A question about a message is answered in the thread of that message instead, and
where the bot is not itself, in the interaction; only the answer can then say what was asked.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from adapters.discord.away import Away
from adapters.discord.buttons import Component
from adapters.discord.events import DIRECT
from adapters.discord.interactions import Interaction, Response, whisper, with_message, with_promise
from adapters.discord.labels import shortened
from adapters.discord.places import Place, Places
from adapters.discord.render import CONTENT_LIMIT
from adapters.discord.rest import DiscordRest
from adapters.discord.webhooks import ORIGINAL, Webhooks, shown, ticket_of
from bridge.errors import BridgeError, MessageGone, PlatformDown, PlatformError
from bridge.ports import Host
from bridge.types import Begin, Message, Thread
from bridge.words import english, say

log = logging.getLogger(__name__)

TakeBack: TypeAlias = Callable[[], Awaitable[None]]


class Beginning:
    def __init__(self, webhooks: Webhooks, rest: DiscordRest, away: Away, host: Host, places: Places) -> None:
        self._webhooks = webhooks
        self._rest = rest
        self._away = away
        self._host = host
        self._places = places

    async def at_once(self, one: Interaction, begin: Begin) -> None:
        """As the first answer."""
        place = one.place
        if place is None:
            await self._webhooks.respond(
                one, with_message(whisper(BridgeError().sentence(one.person.locale)))
            )
        elif one.away:
            await self._webhooks.respond(one, with_promise(private=one.hidden))
            message = _unseen(one, begin, self._away.begin(one, place, promised=True))
            await self._deliver(one, message, self._take_back(one))
        elif _grows_elsewhere(begin, place):
            await self._webhooks.respond(one, with_message(_there(one, begin, place)))
            await self._deliver(one, _about(one, begin, place), self._take_back(one))
        else:
            id_ = await self._quote(one, with_message(_quoted(one, begin)))
            await self._deliver(one, _seen(one, begin, place, id_), self._take_back(one))

    async def later(self, one: Interaction, begin: Begin, *, promised: bool) -> None:
        """After it was answered already; `promised` says that it is seen that something will follow."""
        place = one.place
        if place is None:
            await self._webhooks.follow_up(ticket_of(one), whisper(BridgeError().sentence(one.person.locale)))
        elif one.away:
            message = _unseen(one, begin, self._away.begin(one, place, promised=promised))
            await self._deliver(one, message, self._take_back(one) if promised else None)
        elif _grows_elsewhere(begin, place):
            said = await self._webhooks.follow_up(ticket_of(one), _there(one, begin, place))
            await self._deliver(one, _about(one, begin, place), self._take_back(one, said))
        else:
            await self._put(one, begin, place, promised=promised)

    async def _quote(self, one: Interaction, response: Response) -> str:
        """As the first answer. Where nothing was heard of it, it may stand there all the same."""
        try:
            return await self._webhooks.respond(one, response)
        except PlatformDown as error:
            log.info("Discord: whether interaction %s was answered is not known: %s", one.id, error)
        try:
            return await self._webhooks.original(ticket_of(one))
        except MessageGone:
            return await self._webhooks.respond(one, response)

    async def _put(self, one: Interaction, begin: Begin, place: Thread, *, promised: bool) -> None:
        """What was promised in private cannot become a message for everybody: the bot writes it itself."""
        quoted = str(_quoted(one, begin)["content"])
        try:
            id_ = await self._rest.create_message(Place(place.id), quoted, (), one.id)
        except PlatformError as error:
            log.warning("Discord: what was asked by %s was not put there: %s", one.id, error)
            await self._webhooks.follow_up(ticket_of(one), whisper(error.sentence(one.person.locale)))
            return
        if promised:
            await self._webhooks.delete(ticket_of(one), ORIGINAL)
        take_back = partial(self._rest.delete_message, place.id, id_)
        await self._deliver(one, _seen(one, begin, place, id_), take_back)

    def _take_back(self, one: Interaction, message: str = ORIGINAL) -> TakeBack:
        """Only for what was said in answer: of a button that was taken, the original is its message."""
        return partial(self._webhooks.delete, ticket_of(one), message)

    async def _deliver(self, one: Interaction, message: Message, take_back: TakeBack | None) -> None:
        """What the host does not take is taken back, and whoever asked is told."""
        self._places.heard(message)
        try:
            await self._host.deliver(message)
        except BridgeError as error:
            log.info("Discord: what was asked by %s was not taken: %s", one.id, error)
            if take_back is not None:
                await take_back()
            await self._webhooks.follow_up(ticket_of(one), whisper(error.sentence(one.person.locale)))


def _grows_elsewhere(begin: Begin, place: Thread) -> bool:
    """Whether it is about a message in a channel, which can have a thread."""
    return bool(begin.about) and place.workspace != DIRECT and place.id == place.channel


def _quoted(one: Interaction, begin: Begin) -> Component:
    """Who asks what, for everybody. Nobody is notified."""
    person = f"<@{one.person.id}>"
    if not begin.text.strip():
        return shown(say(english.DISCORD_FILLED_IN, one.person.locale, person=person), ())
    head = say(english.DISCORD_ASKED, one.person.locale, person=person)
    lines = "\n".join(f"> {line}" for line in begin.text.strip().splitlines())
    return shown(shortened(f"{head}\n{lines}", CONTENT_LIMIT), ())


def _there(one: Interaction, begin: Begin, place: Thread) -> Component:
    link = f"https://discord.com/channels/{place.workspace}/{place.channel}/{begin.about}"
    return whisper(say(english.DISCORD_ANSWER_THERE, one.person.locale, link=link))


def _seen(one: Interaction, begin: Begin, place: Thread, id_: str) -> Message:
    """The message that everybody can read now, as something that was said."""
    in_channel = place.workspace != DIRECT and place.id == place.channel
    thread = replace(place, id=id_) if in_channel else place
    return replace(_unseen(one, begin, thread), id=id_, pressed=False)


def _about(one: Interaction, begin: Begin, place: Thread) -> Message:
    thread = replace(place, id=begin.about)
    return replace(_unseen(one, begin, thread), replies_to=begin.about)


def _unseen(one: Interaction, begin: Begin, thread: Thread) -> Message:
    """What nobody can read but in its answer."""
    return Message(
        id=one.id,
        thread=thread,
        author=one.person,
        text=begin.text,
        sent_at=one.at,
        addressed=True,
        pressed=True,
        filled=begin.filled,
    )
