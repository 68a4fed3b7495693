"""What a half-written answer needs to look whole.

While text streams in, its end is a moving edge: a link without its target, a table row without its last cell,
a mark of emphasis without its partner. `complete` holds such an end back, or closes it, so that nothing on
screen flickers from one meaning to another. Everything before the edge stays as it is.
"""

import re
from collections.abc import Sequence

from bridge.markdown.blocks import cells, has_pipe, last_block
from bridge.markdown.inline import Is, Token, parse
from bridge.markdown.lines import Kind, Line
from bridge.markdown.reading import read

# An opening tick or mark without a partner is taken for plain text when this much has come after it.
MAX_OPEN_CODE = 300
_MAX_OPEN_EMPHASIS = 1000
# So many half-written things at one edge are nonsense, and may be shown.
_MAX_HELD_BACK = 6

_BEGINNING = re.compile(r"[-=]{1,2}|[*_~`+]{1,3}|#{1,6}|\d{1,9}[.)]?")
PARTIAL_DELIMITER = re.compile(r"[ \t|:-]*")
_HIGH_SURROGATE = re.compile("[\ud800-\udbff]$")
_MARK_CHARACTERS = "*_~`"


def complete(text: str) -> str:
    """`text` without the tail that cannot be shown yet, and with what is open at its end closed."""
    text = _HIGH_SURROGATE.sub("", text)
    lines = read(text)
    if not lines:
        return text
    last = lines[-1]
    if last.fence is not None and last.kind is not Kind.FENCE_CLOSE:
        return _close_fence(text, lines)
    if (position := _half_table(text, lines)) is not None:
        return text[:position]
    if text.endswith("\n") or last.fence is not None or last.table is not None:
        return text
    if only_begun(last):
        return text[: last.start]
    return _complete_paragraph(text, last_block(lines))


def _close_fence(text: str, lines: Sequence[Line]) -> str:
    """The code so far in a closed fence; nothing of the fence as long as there is no code."""
    last = lines[-1]
    fence = last.fence
    if fence is None:
        return text
    words = last.words.strip()
    half_closer = not text.endswith("\n") and words and not words.strip(fence.marker[0])
    shown = text[: last.start] if half_closer else text
    code = "".join(line.words for line in lines if line.fence is fence and line.kind is Kind.CODE)
    if not code.removesuffix(last.words if half_closer else "").strip():
        return text[: fence.start]
    return f"{shown.rstrip()}\n{fence.closer}"


def _half_table(text: str, lines: Sequence[Line]) -> int | None:
    """Where a row, or a head that still lacks its delimiter row, begins that is not complete yet."""
    last = lines[-1]
    before = lines[-2] if len(lines) > 1 else None
    ended = text.endswith("\n")
    if last.kind is Kind.TABLE_ROW and last.table is not None:
        whole = last.words.rstrip().endswith("|") and len(cells(last.words)) >= last.table.columns
        return None if ended or whole else last.start
    if last.kind not in (Kind.TEXT, Kind.RULE, Kind.ITEM):
        return None
    if before is not None and before.table is not None and not ended and last.kind is Kind.TEXT:
        return None if before.table.head.lstrip(" \t>").startswith("|") else last.start
    if before is not None and before.kind is Kind.TEXT and PARTIAL_DELIMITER.fullmatch(last.words):
        if before.words.startswith("|"):
            return before.start
        if has_pipe(before.words) and not ended:
            return last.start
    return last.start if last.kind is Kind.TEXT and last.words.startswith("|") else None


def only_begun(line: Line) -> bool:
    """Whether the line has no words yet, but only what may become a marker or a rule."""
    words = line.words.strip()
    if line.kind in (Kind.ITEM, Kind.HEADING) or line.quote:
        return not words or (line.kind is not Kind.HEADING and _BEGINNING.fullmatch(words) is not None)
    return line.kind is Kind.RULE or _BEGINNING.fullmatch(words) is not None


def _complete_paragraph(text: str, lines: Sequence[Line]) -> str:
    first, last = lines[0], lines[-1]
    edge = _Edge(text[first.content :])
    edge.settle()
    if not edge.shown.strip():
        return text[: first.start]
    shown = text[: first.content] + edge.shown
    if len(shown) <= last.content and len(shown) > last.start:
        return text[: last.start]
    closers = edge.closers()
    return shown.rstrip() + closers if closers else shown


class _Edge:
    """The moving edge of one paragraph."""

    def __init__(self, paragraph: str) -> None:
        self.shown = paragraph
        self._inline = parse(paragraph)

    def settle(self) -> None:
        """Hold back from the end until nothing half written is left there."""
        for _ in range(_MAX_HELD_BACK):
            if (end := self._held_back()) is None:
                return
            self.shown = self.shown[:end]
            self._inline = parse(self.shown)

    def closers(self) -> str:
        """What closes the code and the emphasis that are open at the edge."""
        opened = [token for token in self._inline.open if self._deserves_closing(token)]
        code = next((number for number, token in enumerate(opened) if token.kind is Is.CODE), len(opened))
        return "".join(self._inline.raw(token) for token in reversed(opened[: code + 1]))

    def _held_back(self) -> int | None:
        code = self._open_code()
        for token in self._inline.open:
            if code is not None and token.start > code.start:
                break
            if token.kind in (Is.LINK, Is.IMAGE, Is.ANGLE) and self._may_become(token):
                return token.start
        if code is not None and not self.shown[code.end :].strip(" \n`"):
            return code.start
        if code is not None and self.shown.endswith("`") and code.end < len(self.shown):
            return len(self.shown.rstrip("`"))
        return self._trailing_mark() if code is None else None

    def _trailing_mark(self) -> int | None:
        """Where a mark begins that ends the text without closing anything."""
        if not self._inline.tokens:
            return None
        last = self._inline.tokens[-1]
        if last.kind is Is.MARK and last.start not in self._inline.pairs:
            return last.start
        raw = self._inline.raw(last)
        if last.kind is Is.TEXT and raw[-1] in _MARK_CHARACTERS:
            return last.start + len(raw.rstrip(_MARK_CHARACTERS))
        return last.end - 1 if last.kind is Is.TEXT and raw.endswith("\\") else None

    def _open_code(self) -> Token | None:
        for token in self._inline.open:
            if token.kind is Is.CODE and len(self.shown) - token.end <= MAX_OPEN_CODE:
                return token
        return None

    def _may_become(self, token: Token) -> bool:
        """`array[0` is hardly a link, unless a target follows."""
        before = self.shown[token.start - 1 : token.start] if token.start else ""
        in_word = token.kind is Is.LINK and before.isascii() and before.isalnum()
        return not in_word or "](" in self._inline.raw(token)

    def _deserves_closing(self, token: Token) -> bool:
        after = self.shown[token.end :]
        if token.kind is Is.CODE:
            return len(after) <= MAX_OPEN_CODE
        if token.kind is not Is.MARK or len(after) > _MAX_OPEN_EMPHASIS:
            return False
        around = self.shown[max(token.start - 1, 0) : token.start] + after[:1]
        return not (len(around) == 2 and around.isascii() and around.isalnum())
