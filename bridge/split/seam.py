"""What a message ends with and the next begins with, where a text is cut between them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridge.markdown.blocks import cells
from bridge.markdown.lines import Fence, Item, Kind, Line, Table

# Four columns make code of a line that begins a message, so that deeper lines of a list begin with two.
_CODE_INDENT = 4
_LIST_INDENT = "  "
# Quoted lines without code, and then the end of the quotation, which ends a fence in it too.
_QUOTE_OVER = re.compile(r"(?:[ \t]*>[ \t>]*\n)+(?=[ \t]*(?:[^\s>]|\n))")


@dataclass(frozen=True, slots=True)
class Seam:
    """A cut: the head is `text[:end]` and `closer`, the rest is `prologue` and the text from `begin` on."""

    end: int
    closer: str
    prologue: str
    begin: int
    in_code: bool = False

    def head(self, text: str) -> str:
        head = text[: self.end]
        return (head.removesuffix("\n") if self.in_code else head.rstrip()) + self.closer

    def rest(self, text: str) -> str:
        rest = text[self.begin :]
        return self.prologue + (rest if self.in_code and self.prologue else rest.lstrip("\n"))


def seam(text: str, lines: Sequence[Line], position: int, fits: Callable[[str], bool]) -> Seam:
    """The seam for a cut at `position`. `lines` reach at least that far.

    A prologue that would fill half of a message is given up for a smaller one.
    """
    number = max(number for number, line in enumerate(lines) if line.start <= position)
    line = lines[number]
    if line.fence is not None and (line.kind is not Kind.FENCE_OPEN or position > line.start):
        return _inside_fence(text, line, line.fence, position, fits)
    if line.table is not None and line.kind is Kind.TABLE_ROW:
        prologue = _table_prologue(text, line, line.table, position)
        return Seam(position, "", _bearable([prologue], position, fits), position)
    if position > line.start:
        prologue = _outer_numbers(line) + line.quote + _number(line.item)
        return Seam(position, "", _bearable([prologue, line.quote], position, fits), position)
    before = next((before for before in reversed(lines[:number]) if before.kind is not Kind.BLANK), None)
    abandoned = before.fence if before is not None and before.kind is not Kind.FENCE_CLOSE else None
    begin, prologue = _line_prologue(line, lines[number - 1] if number else None)
    closer = f"\n{abandoned.closer}" if abandoned is not None else ""
    return Seam(position, closer, _bearable([prologue, line.quote], position, fits), begin)


def _inside_fence(text: str, line: Line, fence: Fence, position: int, fits: Callable[[str], bool]) -> Seam:
    closer = f"\n{fence.closer}"
    at_line_end = text[position : position + 1] == "\n" and position > line.start
    begin = position + 1 if at_line_end else position
    if (after := _after_closer(text, fence, begin, begin == line.start or at_line_end)) is not None:
        return Seam(position, closer, "", after, in_code=True)
    numbers = _outer_numbers(line) + (f"{line.quote}{number}\n" if (number := _number(line.item)) else "")
    broken = fence.quote if line.start < begin <= line.end else ""
    full, short = f"{fence.closer}{fence.language}\n{broken}", f"{fence.closer}\n{broken}"
    prologue = _bearable([numbers + full, full, short], position, fits)
    return Seam(position, closer, prologue, begin, in_code=True)


def _bearable(prologues: list[str], position: int, fits: Callable[[str], bool]) -> str:
    """The first prologue that is shorter than what it follows and takes at most half of a message."""
    for prologue in prologues:
        if not prologue or (len(prologue) < position and fits(prologue * 2)):
            return prologue
    return ""


def _after_closer(text: str, fence: Fence, begin: int, line_start: bool) -> int | None:
    """Where the text goes on if nothing but the end of the fence is left of it; the seam closes it anyway."""
    if not line_start:
        return None
    blank = "[ \t>]*" if fence.quote else "[ \t]*"
    closer = rf"(?:{blank}\n)*{blank}{re.escape(fence.marker[0])}{{{len(fence.marker)},}}[ \t]*(?:\n|\Z)"
    match = re.compile(closer).match(text, begin)
    if match is None and fence.quote:
        match = _QUOTE_OVER.match(text, begin)
    return match.end() if match else None


def _table_prologue(text: str, line: Line, table: Table, position: int) -> str:
    if position == line.start:
        return table.head
    before = text[line.content : position]
    finished = len(cells(f"{before}.")) - 1
    return f"{table.head}{line.quote}{'| ' * (finished + 1)}"


def _line_prologue(line: Line, before: Line | None) -> tuple[int, str]:
    """Where the rest of the text begins at this line, and with what instead of the line's own beginning."""
    outer, number = _outer_numbers(line), _number(line.item)
    if line.kind not in (Kind.ITEM, Kind.TEXT) or line.words.startswith("|"):
        return line.start, outer + (f"{line.quote}{number}\n" if number else "")
    body = line.text[len(line.quote) :]
    words = line.end - len(body.lstrip(" \t"))
    indent = body[: len(body) - (line.end - words)]
    in_paragraph = before is not None and before.kind in (Kind.TEXT, Kind.ITEM) and line.kind is Kind.TEXT
    if (line.item is not None or in_paragraph) and len(indent.expandtabs(4)) >= _CODE_INDENT:
        indent = _LIST_INDENT
    if number:
        begin = line.content if line.kind is Kind.ITEM else words
        return begin, f"{outer}{line.quote}{indent if line.kind is Kind.ITEM else ''}{number}"
    return words, f"{outer}{line.quote}{indent}"


def _number(item: Item | None) -> str:
    """The number that the next message has to repeat, because the source does not say it."""
    return f"{item.number}{item.mark} " if item is not None and item.renumbered else ""


def _outer_numbers(line: Line) -> str:
    """The same for the items around the innermost one, each on a line of its own."""
    numbers = []
    item = line.item.parent if line.item is not None else None
    while item is not None:
        if item.renumbered:
            numbers.append(f"{line.quote}{' ' * item.indent}{item.number}{item.mark}\n")
        item = item.parent
    return "".join(reversed(numbers))
