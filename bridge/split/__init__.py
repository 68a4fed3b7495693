"""Where a message ends and the next begins.

An answer that is longer than a message goes on in the next one. Nothing is lost, doubled or reordered, and
both halves read well on their own: a fence is closed and opened again, a table repeats its head, a list goes
on counting.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bridge.markdown.reading import read
from bridge.split.points import Points
from bridge.split.seam import Seam, seam

# Short texts are tried whole first; long ones from their beginning, so that the work follows the size of a
# message and not that of the answer.
_TRY_WHOLE_LENGTH = 12_288
_FIRST_STEP = 512
# The last few characters of a message are not worth asking for: where it ends is for its words to say.
_PRECISION = 64


@dataclass(frozen=True, slots=True)
class Cut:
    """`head` fits in a message and is finished; `rest` is the text of the messages after it, so far."""

    head: str
    rest: str


def cut(text: str, fits: Callable[[str], bool], earliest: int = 0) -> Cut | None:
    """The first message of a text that does not fit in one; None when it does (or when nothing ever would).

    `fits` says whether a text fits in one message; of a text that fits, every beginning should fit too. It is
    asked O(log n) times, never about trailing white space. Text that is appended later does not change
    `head`, and belongs at the end of `rest`. So much of the text as `earliest` stays in the first message, if
    it can.
    """
    reach = _reach(text, fits)
    if reach in (0, len(text)):
        return None
    limit, step = reach, 1
    while limit > 0:
        found = _best(text, limit, fits, earliest)
        head = found.head(text)
        if fits(head):
            return Cut(head, found.rest(text))
        step = max(2 * step, len(found.closer))
        limit = min(found.end - 1, limit - step)
    return Cut(text[:reach], text[reach:])


def cut_at_block(text: str, earliest: int) -> Cut | None:
    """The text cut where its last complete paragraph, list item or block ends, if that is at or behind
    `earliest`; for messages that have to end although there is room in them. `rest` is never empty."""
    lines = read(text)
    position = Points(text, lines).last_block()
    if position is None or position < earliest:
        return None
    found = seam(text, lines, position, lambda _: True)
    return Cut(found.head(text), found.rest(text))


def _best(text: str, limit: int, fits: Callable[[str], bool], earliest: int) -> Seam:
    known = text[: limit + 1]
    position = Points(known, read(known)).best(limit, earliest)
    line_end = _line_end(text, position)
    return seam(text, read(text[: _line_end(text, line_end + 1)]), position, fits)


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _reach(text: str, fits: Callable[[str], bool]) -> int:
    """How much of the beginning of `text` fits in one message, to within a hundredth or two.

    The lengths tried are the same for every text that begins alike, so that the answer is, too.
    """

    def fit(length: int) -> bool:
        return fits(text[:length].rstrip())

    if len(text) <= _TRY_WHOLE_LENGTH and fit(len(text)):
        return len(text)
    low, high = 0, _FIRST_STEP
    while high < len(text) and fit(high):
        low, high = high, high * 2
    may_be_whole = len(text) > _TRY_WHOLE_LENGTH and high >= len(text)
    while high - low > max(1, low // _PRECISION):
        middle = (low + high) // 2
        if middle >= len(text):
            high = middle
        elif fit(middle):
            low = middle
        else:
            high, may_be_whole = middle, False
    return len(text) if may_be_whole and fit(len(text)) else low
