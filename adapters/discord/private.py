"""What one person is told: in a direct message, or, where they take none, in a short reply."""

import logging
import time

from adapters.discord.events import DIRECT
from adapters.discord.permissions import Act
from adapters.discord.places import Place, Remembered
from adapters.discord.rest import GLOBAL_LANE, OTHERS_PER_WINDOW, DiscordRest
from adapters.discord.scopes import create_scope, direct_scope
from adapters.discord.speaking import Speaking
from bridge.errors import MessageGone, NotAllowed
from bridge.types import Lane, Message

log = logging.getLogger(__name__)

# Who has refused a direct message is not sent another one for so long.
REFUSED_FOR_SECONDS = 3600.0


class Private:
    """The channels of direct messages, and who takes none."""

    def __init__(self, speaking: Speaking) -> None:
        self._speaking = speaking
        self._places = speaking.places
        self._channels = Remembered()
        self._closed = Remembered()

    def lanes(self, rest: DiscordRest, message: Message) -> tuple[Lane, ...]:
        """See `bridge.ports.Whispers`. Until the channel is known, it goes by whose it is."""
        person = message.author.id
        if message.thread.workspace == DIRECT or self._is_closed(person):
            return rest.lane(create_scope(self._places.of_message(message))), GLOBAL_LANE
        if channel := self._channels.word(person):
            return rest.lane(create_scope(channel)), GLOBAL_LANE
        opening = rest.lane(direct_scope(), OTHERS_PER_WINDOW)
        return rest.lane(create_scope(f"@{person}")), opening, GLOBAL_LANE

    async def tell(self, rest: DiscordRest, message: Message, text: str) -> None:
        """Tell whoever wrote `message`. Said again soon after a failure, it does not appear twice."""
        person, nonce = message.author.id, f"{message.id[:20]}.w"
        if message.thread.workspace != DIRECT and not self._is_closed(person):
            try:
                channel = self._channels.word(person) or await rest.open_direct(person)
                self._channels.add(person, channel)
                where = f"{text}\n{_address(message, self._places.of_message(message))}"
                await rest.create_message(Place(channel), where, (), nonce)
            except (NotAllowed, MessageGone) as error:
                log.info("Discord: somebody takes no direct messages: %s", error)
                self._closed.add(person, str(time.monotonic()))
            else:
                return
        replies_to = "" if message.pressed else message.id
        place = Place(self._places.of_message(message), replies_to)
        with self._speaking.heeded(Act.SPEAK, message.thread, place):
            await rest.create_message(place, text, (), nonce)

    def _is_closed(self, person: str) -> bool:
        since = self._closed.word(person)
        return since is not None and time.monotonic() - float(since) < REFUSED_FOR_SECONDS


def _address(message: Message, channel: str) -> str:
    """Where it was asked what this is about."""
    there = f"https://discord.com/channels/{message.thread.workspace}/{channel}"
    return there if message.pressed else f"{there}/{message.id}"
