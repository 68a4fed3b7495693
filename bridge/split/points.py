"""Where a text may be cut, best places first.

Everything here looks only at the part of the text that it is given, so that a text that grows is cut where
it would have been cut before.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from itertools import pairwise

from bridge.markdown import breaks_at
from bridge.markdown.blocks import has_pipe
from bridge.markdown.lines import Kind, Line
from bridge.split.atoms import Atoms

_UNDERLINE = re.compile(r"[ \t|:]*[-=][ \t|:=-]*|[|:]+")
_SPACE = re.compile(r"[ \t]+(?=[^ \t\n])")
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)\]*_~]*\Z")
_FULL_WIDTH_END = re.compile(r"[。！？]+[”’」』）]*(?=[^\s。！？”’」』）])")
_LOOKS_LIKE_BLOCK = re.compile(
    r"[-+*](?:\s|\Z)|\d{1,9}(?:[.)](?:\s|\Z)|\Z)|#{1,6}(?:\s|\Z)|[>|]|`{1,2}\Z|~{1,2}\Z|```|~~~"
    r"|[-*_=](?:[ \t]*[-*_=])*[ \t]*(?:\n|\Z)"
)
_MAY_BECOME_A_MARKER = re.compile(r"(?:[-+*]|\d{1,9}[.)]?|`{1,2}|~{1,2}|#{1,6}|[>|])[ \t]*")
# A message that ended after such a line would seem to hold nothing but a fence.
_NO_CODE = re.compile(r"[ \t>]*(?:(?:`{3,}|~{3,})\w*)?\s*")
_CELL_WORD = re.compile(r"[^\s|]")


class Rank(IntEnum):
    """How good a place is; lower is better."""

    PARAGRAPH = 0
    LINE = 1
    SENTENCE = 2
    WORD = 3
    CELL = 4


class Points:
    """The places where `text` may be cut, given its lines. The last character of `text` is only looked at."""

    def __init__(self, text: str, lines: Sequence[Line]) -> None:
        self._text = text
        self._lines = lines
        self._atoms = Atoms(text, lines)
        self._first = len(text) - len(text.lstrip())

    def best(self, limit: int, earliest: int = 0) -> int:
        """The best place at or before `limit`, and not before `earliest` if there is one. Less than half a
        message is wasted, if that can be helped."""
        enough = max(1, limit // 2, earliest)
        found: dict[Rank, int] = {}
        self._note(found, self._between_lines(), limit)
        if not any(found.get(rank, 0) >= enough for rank in (Rank.PARAGRAPH, Rank.LINE)):
            self._look_within_lines(found, limit, enough)
        for rank in Rank:
            if found.get(rank, 0) >= enough:
                return found[rank]
        found.pop(Rank.CELL, None)
        return max(found.values(), default=0) or self._hard(limit)

    def last_block(self) -> int | None:
        """Where the last block of the text begins, if anything stands before it."""
        found = [at for at, rank in self._between_lines() if rank is Rank.PARAGRAPH and at > self._first]
        return max(found, default=None)

    def _note(self, found: dict[Rank, int], places: Iterable[tuple[int, Rank]], limit: int) -> None:
        for position, rank in places:
            if self._first < position <= limit:
                found[rank] = max(position, found.get(rank, 0))

    def _look_within_lines(self, found: dict[Rank, int], limit: int, enough: int) -> None:
        """From the last line backwards, until what is found is as good as it gets."""
        for line in reversed(self._lines):
            if line.end < enough and any(position >= enough for position in found.values()):
                return
            self._note(found, self._within_line(line), limit)
            if found.get(Rank.SENTENCE, 0) >= enough:
                return

    def _between_lines(self) -> Iterator[tuple[int, Rank]]:
        heading = coded = False
        for before, line in pairwise(self._lines):
            heading = before.kind is Kind.HEADING or (heading and before.kind is Kind.BLANK)
            coded = before.kind is Kind.CODE and (coded or _NO_CODE.fullmatch(before.words) is None)
            if line.kind is Kind.CODE and not coded:
                continue
            rank = self._between(before, line)
            if rank is not None and self._outside(line.start):
                yield line.start, Rank.WORD if heading else rank

    def _between(self, before: Line, line: Line) -> Rank | None:
        """How good it is to cut between two lines; None where it must not be."""
        last = line is self._lines[-1]
        match line.kind:
            case Kind.BLANK | Kind.FENCE_CLOSE | Kind.TABLE_DELIMITER:
                return None
            case Kind.CODE:
                half_closer = last and line.fence and not line.words.strip().strip(line.fence.marker[0])
                return None if half_closer else Rank.LINE
            case Kind.TABLE_ROW:
                return Rank.LINE if before.kind is Kind.TABLE_ROW else None
        if (
            before.kind is Kind.TEXT
            and _UNDERLINE.fullmatch(line.words)
            and (last or not has_pipe(line.words))
        ):
            return None
        if last and _MAY_BECOME_A_MARKER.fullmatch(line.text.lstrip(" \t>")):
            return None
        begins = line.kind in (Kind.FENCE_OPEN, Kind.TABLE_HEAD, Kind.HEADING)
        return Rank.PARAGRAPH if begins or before.kind is Kind.BLANK else Rank.LINE

    def _within_line(self, line: Line) -> Iterator[tuple[int, Rank]]:
        match line.kind:
            case Kind.TEXT | Kind.ITEM | Kind.HEADING:
                yield from self._within_text(line)
            case Kind.CODE:
                begin = line.end - len(line.words.lstrip())
                for match in _SPACE.finditer(self._text, begin, line.end):
                    yield match.end(), Rank.CELL
            case Kind.TABLE_ROW:
                for match in _SPACE.finditer(self._text, line.content, line.end):
                    worded = _CELL_WORD.search(self._text, line.content, match.end())
                    if worded and self._outside(match.end()):
                        yield match.end(), Rank.CELL

    def _within_text(self, line: Line) -> Iterator[tuple[int, Rank]]:
        for match in _SPACE.finditer(self._text, line.content + 1, line.end):
            if self._may_begin_a_message(match.end()):
                before = self._text[max(line.content, match.start() - 12) : match.start()]
                yield match.end(), Rank.SENTENCE if _SENTENCE_END.search(before) else Rank.WORD
        for match in _FULL_WIDTH_END.finditer(self._text, line.content + 1, line.end):
            if self._may_begin_a_message(match.end()):
                yield match.end(), Rank.SENTENCE

    def _may_begin_a_message(self, position: int) -> bool:
        return self._outside(position) and _LOOKS_LIKE_BLOCK.match(self._text, position) is None

    def _outside(self, position: int) -> bool:
        return self._atoms.around(position) is None

    def _hard(self, limit: int) -> int:
        """Somewhere between two visible characters, for text that has no better place."""
        position = limit
        while position > 0 and (earlier := self._earlier(position)) is not None:
            position = earlier
        if position > self._first:
            return position
        for position in range(limit, self._first, -1):
            if breaks_at(self._text, position):
                return position
        return limit

    def _earlier(self, position: int) -> int | None:
        """A place before `position` to try instead, if it should not be cut there."""
        if (atom := self._atoms.around(position)) is not None:
            return atom[0]
        line = next(line for line in reversed(self._lines) if line.start <= position)
        if (
            line.start
            < position
            <= (line.fence.inside if line.kind is Kind.FENCE_OPEN and line.fence else line.content)
        ):
            return line.start
        if line.table is not None:
            return self._earlier_in_table(line, line.table.start, position)
        if line.fence is not None and position > line.fence.start:
            if line.kind is Kind.FENCE_CLOSE and position > line.start:
                return line.start
            if line.kind is not Kind.FENCE_OPEN and not self._has_code(line.fence.inside, position):
                return line.fence.start
        return None if breaks_at(self._text, position) else position - 1

    def _earlier_in_table(self, line: Line, start: int, position: int) -> int | None:
        """A table needs its head and some words of a row, or it is better not begun."""
        first = self._lines[self._lines.index(line) - 1].kind is Kind.TABLE_DELIMITER
        if line.kind is Kind.TABLE_ROW and _CELL_WORD.search(self._text, line.start, position):
            return None if breaks_at(self._text, position) else position - 1
        if line.kind is Kind.TABLE_ROW and (position > line.start or not first):
            return line.start if position > line.start else None
        return start if start < position else None

    def _has_code(self, inside: int, position: int) -> bool:
        return bool(self._text[inside:position].partition("\n")[2].strip(" \t\n>"))
