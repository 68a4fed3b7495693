"""Threads that a command begins: the bot writes down who asked what, so that others can read it, and what
grows below that is a conversation like any other."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from adapters.slack.asides import Asides
from adapters.slack.commands import Invoked
from adapters.slack.events import PLATFORM
from adapters.slack.mrkdwn import mrkdwn, mrkdwn_object, neutralise
from adapters.slack.pressed import Pressed
from adapters.slack.render import NOTICE_LIMIT, Rendered, shorten
from adapters.slack.web import SlackWeb
from bridge.errors import BridgeError, MessageGone, NotAllowed, PlatformError
from bridge.types import Begin, Message, Thread
from bridge.words import english, say

log = logging.getLogger(__name__)

# Of a section; what is longer than that is shown with its beginning.
QUESTION_LIMIT = 2_800


class MayNotWrite(NotAllowed):
    notice = english.SLACK_MAY_NOT_WRITE


Deliver: TypeAlias = Callable[[Message], Awaitable[None]]


async def begin(
    web: SlackWeb, asides: Asides, deliver: Deliver, used: Invoked | Pressed, what: Begin, locale: str
) -> None:
    """Put the question where it was asked, and deliver it; what is said with it is said in the language of
    `locale`. Raises what the host does; `MayNotWrite` where the bot cannot write there."""
    origin = used.origin
    try:
        ref = await asides.post(
            origin.channel, origin.thread or what.about, head(used.person.id, what, locale)
        )
    except (NotAllowed, MessageGone) as error:
        raise MayNotWrite(str(error)) from error
    thread = Thread(PLATFORM, web.team_id, origin.channel, origin.thread or what.about or ref.id)
    message = Message(
        id=used.id,
        thread=thread,
        author=used.person,
        text=what.text,
        sent_at=used.at,
        addressed=True,
        # Where the words can be read.
        replies_to=f"{web.team_id}:{origin.channel}:{ref.id}",
        pressed=True,
        filled=what.filled,
    )
    try:
        await deliver(message)
    except BridgeError:
        try:
            await web.delete(ref)
        except PlatformError as error:
            log.info("Slack: what nobody answers still stands in a channel: %s", error)
        raise


def head(person: str, what: Begin, locale: str = "") -> Rendered:
    """The message that says who asked what. It names whoever asked, and calls nobody else."""
    asked = english.SLACK_ASKED if what.text.strip() else english.SLACK_FILLED
    first = say(asked, locale, person=f"<@{person}>")
    words = mrkdwn(what.text)
    if len(words) > QUESTION_LIMIT:
        words = shorten(words, QUESTION_LIMIT)
    quoted = "\n".join(f"> {line}".rstrip() for line in words.splitlines())
    said = f"{first}\n{quoted}" if quoted else first
    blocks = ({"type": "section", "text": mrkdwn_object(said)},)
    return Rendered(blocks, neutralise(what.text)[:NOTICE_LIMIT] or first)
