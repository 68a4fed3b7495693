"""The messages that a reply consists of."""

from dataclasses import dataclass

from bridge.budget import Ticket
from bridge.types import Body, MessageRef


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
