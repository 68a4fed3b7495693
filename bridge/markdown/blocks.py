"""The block structure of Markdown as models write it, line by line, also when its end is still missing.

A line's role depends only on the lines before it, and on the next line where a table may begin. The scanner
is more lenient than CommonMark where models are: a fence may be indented as deeply as its list, and two
columns are enough to nest a list item.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from bridge.markdown.lines import Fence, Item, Kind, Line, Table

# Longer runs are ornaments or attacks, and would have to be repeated in every message.
_MAX_QUOTE_DEPTH = 8
_MAX_FENCE_MARKER = 16
_MAX_LANGUAGE = 32

_QUOTE = re.compile(rf"(?: {{0,3}}>){{1,{_MAX_QUOTE_DEPTH}}} ?")
_FENCE = re.compile(rf"(`{{3,{_MAX_FENCE_MARKER}}}(?=[^`]*$)|~{{3,{_MAX_FENCE_MARKER}}}(?!~))(.*)")
_ITEM = re.compile(r"([-+*]|\d{1,9}[.)])([ \t]+(?=\S)|[ \t]*$)")
_HEADING = re.compile(r"#{1,6}(?:[ \t]+|$)")
_RULE = re.compile(r"(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$")
_DELIMITER = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_WHITE = frozenset(" \t")
_ITEM_SIGNS = frozenset("-+*0123456789")
_FENCE_SIGNS = frozenset("`~")
_PIPE = re.compile(r"(?<!\\)\|")


def scan(text: str, start: int = 0, after: Line | None = None) -> Iterator[Line]:
    """The lines of `text` in order, from `start` on, where the line `after` ended. Work is done only as far
    as lines are asked for."""
    scanner = _Scanner(after)
    while start < len(text):
        line, end = _line(text, start)
        following = _line(text, end + 1)[0] if end < len(text) else ""
        yield scanner.read(start, line, following)
        start = end + 1


def blocks(lines: Iterable[Line]) -> Iterator[tuple[Line, ...]]:
    """Lines that belong together: a fence, a table, a paragraph, a list item with its text."""
    group: list[Line] = []
    for line in lines:
        if group and not continues(group[-1], line):
            yield tuple(group)
            group = []
        group.append(line)
    if group:
        yield tuple(group)


def continues(before: Line, line: Line) -> bool:
    """Whether `line` belongs to the same block as the line before it."""
    if line.fence is not None:
        return before.fence is line.fence
    if line.table is not None:
        return before.table is line.table
    return (
        line.kind is Kind.TEXT
        and before.kind in (Kind.TEXT, Kind.ITEM)
        and before.quote.count(">") == line.quote.count(">")
    )


def last_block(lines: Sequence[Line]) -> Sequence[Line]:
    """The last of the `blocks` of `lines`, of which there is at least one."""
    first = len(lines) - 1
    while first and continues(lines[first - 1], lines[first]):
        first -= 1
    return lines[first:]


def cells(row: str) -> list[str]:
    """The cells of a table row, without the white space around them and with their pipes as written."""
    row = row.strip()
    parts = _PIPE.split(row)
    if parts and not parts[0]:
        parts = parts[1:]
    if len(parts) > 1 and not parts[-1].strip():
        parts = parts[:-1]
    return [part.strip().replace("\\|", "|") for part in parts]


def has_pipe(text: str) -> bool:
    """Whether `text` could be a row of a table."""
    return "|" in text and _PIPE.search(text) is not None


def opens_fence(words: str) -> bool:
    """Whether a line with these words opens a fence."""
    return _FENCE.match(words) is not None


def is_delimiter(text: str) -> bool:
    """Whether `text` is a row like `|---|:-:|`."""
    return "|" in text and _DELIMITER.match(text) is not None


class _Scanner:
    """What has to be remembered from line to line. All of it can be told from the line before."""

    def __init__(self, after: Line | None) -> None:
        self._fence = after.fence if after and after.kind is not Kind.FENCE_CLOSE else None
        self._table = after.table if after else None
        self._items: list[Item] = []
        item = after.item if after else None
        while item is not None:
            self._items.insert(0, item)
            item = item.parent
        self._quote_depth = (after.fence.quote if after.fence else after.quote).count(">") if after else 0
        self._after_blank = after is not None and after.kind is Kind.BLANK
        self._delimiter_due = after is not None and after.kind is Kind.TABLE_HEAD

    def read(self, start: int, text: str, following: str) -> Line:
        line = self._in_fence(self._fence, start, text) if self._fence else None
        if line is None:
            line = self._outside(start, text, following)
        self._after_blank = line.kind is Kind.BLANK
        return line

    def _in_fence(self, fence: Fence, start: int, text: str) -> Line | None:
        """A line of code; None when the quotation that holds the fence is over, and the fence with it."""
        quote = ""
        if fence.quote:
            quote = _quote(text, fence.quote.count(">"))
            if quote.count(">") < fence.quote.count(">"):
                self._fence = None
                return None
        body = text[len(quote) :] if quote else text
        indent = _columns(body)
        closes = False
        if fence.marker in body:
            closes = not body.strip(" \t\r").strip(fence.marker[0]) and indent <= fence.indent + 3
        if closes:
            self._fence = None
        kind = Kind.FENCE_CLOSE if closes else Kind.CODE
        return Line(start, text, kind, quote, indent, start + len(quote), self._item(), fence)

    def _outside(self, start: int, text: str, following: str) -> Line:
        quote = _quote(text, _MAX_QUOTE_DEPTH)
        body = text[len(quote) :] if quote else text
        words = body.lstrip(" \t")
        indent = _columns(body)
        content = start + len(text) - len(words)
        stripped = words.strip(" \t\r")
        self._enter_quote(quote.count(">"))
        if not stripped:
            self._table = None
            return Line(start, text, Kind.BLANK, quote, indent, start + len(text), self._item())
        if self._table and (kind := self._table_kind(stripped)):
            return Line(start, text, kind, quote, indent, content, self._item(), table=self._table)
        self._table = None
        return self._new_block(Line(start, text, Kind.TEXT, quote, indent, content), stripped, following)

    def _new_block(self, line: Line, stripped: str, following: str) -> Line:
        start, text, quote, indent, content = line.start, line.text, line.quote, line.indent, line.content
        sign = stripped[0]
        if sign in "-*_" and _RULE.match(stripped):
            self._leave_items(indent)
            return Line(start, text, Kind.RULE, quote, indent, content, self._item())
        if sign == "#" and (match := _HEADING.match(stripped)):
            self._leave_items(indent)
            return Line(start, text, Kind.HEADING, quote, indent, content + match.end(), self._item())
        if sign in _ITEM_SIGNS and (match := _ITEM.match(stripped)):
            self._enter_item(match[1], indent)
            inner = stripped[match.end() :]
            content += match.end()
            indent += len(match[0].expandtabs(4))
            return self._open_fence(line, inner, indent, content) or Line(
                start, text, Kind.ITEM, quote, line.indent, content, self._item()
            )
        if fence := self._open_fence(line, stripped, indent, content):
            return fence
        if self._after_blank:
            self._leave_items(indent)
        if has_pipe(stripped) and (table := _table(line, following)):
            self._table = table
            self._delimiter_due = True
            return Line(start, text, Kind.TABLE_HEAD, quote, indent, content, self._item(), table=table)
        return Line(start, text, Kind.TEXT, quote, indent, content, self._item())

    def _open_fence(self, line: Line, words: str, indent: int, content: int) -> Line | None:
        match = _FENCE.match(words) if words[:1] in _FENCE_SIGNS else None
        if match is None:
            return None
        self._leave_items(indent)
        info = match[2].split()
        language = info[0] if info and len(info[0]) <= _MAX_LANGUAGE else ""
        inside = content + len(match[1])
        self._fence = Fence(line.start, line.quote, indent, match[1], language, inside)
        return Line(
            line.start, line.text, Kind.FENCE_OPEN, line.quote, indent, content, self._item(), self._fence
        )

    def _table_kind(self, stripped: str) -> Kind | None:
        if self._delimiter_due:
            self._delimiter_due = False
            return Kind.TABLE_DELIMITER
        begins_block = _ITEM.match(stripped) or _HEADING.match(stripped) or _FENCE.match(stripped)
        return Kind.TABLE_ROW if has_pipe(stripped) and not begins_block else None

    def _enter_quote(self, depth: int) -> None:
        if depth != self._quote_depth:
            self._quote_depth = depth
            self._table = None
            self._items.clear()

    def _enter_item(self, marker: str, indent: int) -> None:
        sibling = self._leave_items(indent)
        mark = marker[-1]
        literal = int(marker[:-1]) if marker[:-1] else None
        parent = self._item()
        if sibling is None or sibling.mark != mark:
            self._items.append(Item(indent, mark, literal, literal, True, parent))
            return
        number = literal
        if literal is not None and sibling.number is not None and _is_lazy(literal, sibling):
            number = sibling.number + 1
        self._items.append(Item(indent, mark, number, literal, False, parent))

    def _leave_items(self, indent: int) -> Item | None:
        """Leave the items that something at this column is not part of; the outermost of them."""
        left = None
        while self._items and indent < self._items[-1].indent + 2:
            left = self._items.pop()
        return left

    def _item(self) -> Item | None:
        return self._items[-1] if self._items else None


def _line(text: str, start: int) -> tuple[str, int]:
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    return text[start:end], end


def _quote(text: str, depth: int) -> str:
    """The marks of quotation that `text` begins with, at most `depth` of them."""
    match = _QUOTE.match(text) if depth and ">" in text else None
    if match is None:
        return ""
    if match[0].count(">") <= depth:
        return match[0]
    positions = [position for position, character in enumerate(match[0]) if character == ">"]
    return match[0][: positions[depth - 1] + 1]


def _columns(text: str) -> int:
    if text[:1] not in _WHITE:
        return 0
    return len(text[: len(text) - len(text.lstrip(" \t"))].expandtabs(4))


def _table(line: Line, following: str) -> Table | None:
    """The table that `line` is the header row of, if the line after it is its delimiter row."""
    delimiter = following[len(_quote(following, _MAX_QUOTE_DEPTH)) :].strip()
    columns = len(cells(line.words))
    if not is_delimiter(delimiter) or len(cells(delimiter)) != columns:
        return None
    if _quote(following, _MAX_QUOTE_DEPTH).count(">") != line.quote.count(">"):
        return None
    return Table(line.start, f"{line.text}\n{following}\n", columns)


def _is_lazy(literal: int, sibling: Item) -> bool:
    """Lists may be numbered 1. 1. 1.; one that was continued in a new message goes 3. 1. 1. there."""
    return literal == sibling.literal or (sibling.first and literal <= 1 < (sibling.literal or 0))
