"""The messages that a reply consists of, and how often they show something new."""

from dataclasses import dataclass

from bridge.budget import Ticket
from bridge.types import Body, MessageRef

# Seconds between intermediate states once an answer has gone on for so many seconds: nobody still follows
# every word, and others may want the calls.
WIDENING = ((600.0, 4.0), (120.0, 2.0))


@dataclass(slots=True)
class Page:
    """One message of a reply: the number it is begun under, where it stands, what the platform has accepted
    as its content, and the ticket that it was begun with, for as long as its last words are owed. `outdated`
    says that it shows an answer that is given anew."""

    number: int
    ref: MessageRef | None = None
    shown: Body | None = None
    debt: Ticket | None = None
    outdated: bool = False


def pause_at_age(seconds: float) -> float:
    """How long to wait between two intermediate states of a reply that has been growing for so long."""
    return next((wait for age, wait in WIDENING if seconds > age), 0.0)
