"""What should not be cut: links, code, tokens, and short emphasis."""

from bisect import bisect_right
from collections.abc import Sequence

from bridge.markdown.blocks import blocks
from bridge.markdown.inline import Is, parse
from bridge.markdown.lines import Kind, Line

# A mark of emphasis or a tick without a partner protects this much text after it, then it is just a sign.
_MAX_EMPHASIS = 200
_MAX_OPEN_CODE = 300

_Span = tuple[int, int]


class Atoms:
    """What should not be cut in a text, given its lines. Only paragraphs and rows that are asked about are
    looked into."""

    def __init__(self, text: str, lines: Sequence[Line]) -> None:
        self._text = text
        self._pieces = _pieces(lines)
        self._starts = [start for start, _ in self._pieces]
        self._spans: dict[int, list[_Span]] = {}

    def around(self, position: int) -> _Span | None:
        """The link, code, token or emphasis that `position` is in the middle of."""
        piece = bisect_right(self._starts, position - 1) - 1
        if piece < 0 or position >= self._pieces[piece][1]:
            return None
        if piece not in self._spans:
            self._spans[piece] = _spans(self._text, *self._pieces[piece])
        spans = self._spans[piece]
        number = bisect_right(spans, (position - 1, len(self._text))) - 1
        return spans[number] if number >= 0 and position < spans[number][1] else None


def _pieces(lines: Sequence[Line]) -> list[_Span]:
    """From where to where the paragraphs and the rows of tables reach, without what precedes their words."""
    pieces: list[_Span] = []
    for block in blocks(lines):
        if block[0].table is not None:
            pieces.extend((line.content, line.end) for line in block)
        elif block[0].fence is None and block[0].kind is not Kind.BLANK:
            pieces.append((block[0].content, block[-1].end))
    return pieces


def _spans(text: str, start: int, end: int) -> list[_Span]:
    inline = parse(text[start:end])
    found = [(token.start, token.end) for token in inline.tokens if token.kind not in (Is.TEXT, Is.MARK)]
    found += [(here, there) for here, there in inline.pairs.items() if 0 < there - here <= _MAX_EMPHASIS]
    for token in inline.open:
        reach = {Is.CODE: _MAX_OPEN_CODE, Is.MARK: _MAX_EMPHASIS}.get(token.kind, end)
        if end - start - token.start <= reach:
            found.append((token.start, end - start))
    merged: list[_Span] = []
    for here, there in sorted(found):
        if merged and start + here < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], start + there))
        else:
            merged.append((start + here, start + there))
    return merged
