"""The lines of a text that is read again and again while it grows, or is cut, without beginning anew."""

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass

from bridge.markdown.blocks import scan
from bridge.markdown.lines import Line

# A few, since one reply asks many times in a row before the next one does. Of the longest texts not even one
# is kept, so that memory is bounded.
_REMEMBERED = 4
_LONGEST_REMEMBERED = 40_000
# Texts that differ before this are not the same answer.
_A_GLANCE = 64
# Lines in common that are worth more than a place among the remembered.
_MUCH = 0.5


@dataclass(frozen=True, slots=True)
class _Read:
    text: str
    lines: tuple[Line, ...]
    ends: tuple[int, ...]


_recent: deque[_Read] = deque(maxlen=_REMEMBERED)


def read(text: str) -> tuple[Line, ...]:
    """What `scan` says of the whole text. The lines that it shares with one read lately are taken over."""
    best, common = _most_alike(text)
    if best is None:
        return _remember(_Read(text, lines := tuple(scan(text)), tuple(line.end for line in lines))).lines
    if common == len(text) == len(best.text):
        return best.lines
    # A line depends on the one after it, and is known only if that one has ended.
    known = max(0, bisect_right(best.ends, common - 1) - 1)
    start, after = (best.ends[known - 1] + 1, best.lines[known - 1]) if known else (0, None)
    more = tuple(scan(text, start, after))
    found = _Read(text, best.lines[:known] + more, best.ends[:known] + tuple(line.end for line in more))
    if len(text) > len(best.text) and common > _MUCH * len(best.text):
        _recent.remove(best)
        _remember(found)
    elif common < _MUCH * len(text):
        _remember(found)
    return found.lines


def _remember(found: _Read) -> _Read:
    if len(found.text) <= _LONGEST_REMEMBERED:
        _recent.appendleft(found)
    return found


def _most_alike(text: str) -> tuple[_Read | None, int]:
    best, length = None, 0
    for known in _recent:
        common = _common(known.text, text)
        if common > length:
            best, length = known, common
    return best, length


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    glance = min(_A_GLANCE, len(one), len(other))
    if one[:glance] != other[:glance]:
        return 0
    low, high = 0, min(len(one), len(other))
    if one[:high] == other[:high]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if one.startswith(other[low:middle], low):
            low = middle
        else:
            high = middle
    return low
