"""Forms that somebody is still filling in, page by page. They do not outlive the process."""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from bridge.types import Filled, Form

# As long as Discord takes further messages to who pressed, after each press.
KEPT_SECONDS = 900.0
# So many people at once; beyond them, who began first begins anew.
MOST_KEPT = 1_000

_TOKEN_BYTES = 12
_OURS = "page"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a kept form, as a custom id names it."""

    token: str
    number: int

    @property
    def custom_id(self) -> str:
        return f"{_OURS}:{self.token}:{self.number}"


@dataclass(frozen=True, slots=True)
class Kept:
    """A form, who fills it in, and what is filled in so far. `until` is on the clock of the forms."""

    form: Form
    person: str
    until: float
    filled: Filled = ()


class KeptForms:
    """`clock` tells seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def keep(self, form: Form, person: str) -> Page:
        """Its first page."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._kept[token] = Kept(form, person, self._clock() + KEPT_SECONDS)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return Page(token, 0)

    def find(self, page: Page, person: str) -> Kept | None:
        """None where it is lost, or somebody else's."""
        kept = self._kept.get(page.token)
        if kept is None or kept.person != person:
            return None
        if kept.until <= self._clock():
            del self._kept[page.token]
            return None
        return kept

    def fill(self, page: Page, filled: Filled) -> Filled:
        """Add what was filled in on a page of a form that is kept; all of it so far. A page that is sent
        again replaces what it said before."""
        kept = self._kept[page.token]
        together = tuple((dict(kept.filled) | dict(filled)).items())
        self._kept[page.token] = replace(kept, filled=together, until=self._clock() + KEPT_SECONDS)
        self._kept.move_to_end(page.token)
        return together

    def forget(self, page: Page) -> None:
        self._kept.pop(page.token, None)


def page_named(custom_id: str) -> Page | None:
    """None where this is not the custom id of a page."""
    match custom_id.split(":"):
        case [ours, token, number] if ours == _OURS and number.isascii() and number.isdecimal():
            return Page(token, int(number[:4]))
    return None
