"""Where the bot cannot speak, whoever asks is told so in private, and the app is not asked in vain."""

import logging

from bridge.budget import Budget
from bridge.ports import Adapter, KnowsObstacles
from bridge.types import Message
from bridge.whispering import whispered
from bridge.words import english, say

log = logging.getLogger(__name__)


async def hindered(adapter: Adapter, budget: Budget, message: Message) -> bool:
    """Whether it is known that no answer to `message` could be shown. Then its author has been told, if they
    meant the bot."""
    sentence = _obstacle(adapter, message)
    if not sentence:
        return False
    log.info("%s: nothing can be said there just now", message.thread.key)
    if message.addressed:
        await whispered(adapter, budget, message, sentence)
    return True


async def tell_lost(adapter: Adapter, budget: Budget, message: Message) -> None:
    """Tell its author that an answer was refused by the platform."""
    sentence = _obstacle(adapter, message) or say(english.NOT_SHOWN, message.author.locale)
    await whispered(adapter, budget, message, sentence)


def _obstacle(adapter: Adapter, message: Message) -> str:
    return adapter.obstacle(message) if isinstance(adapter, KnowsObstacles) else ""
