"""The beginning of a half-written text that will look tomorrow as it looks today.

`complete` makes a moving edge look whole, and may take back tomorrow what it shows today. `settled` never
does: it is for places where text can only be appended. What is settled only grows while the text grows, and
whatever is read in it (a link, a row, code) is still read so when more has come.
"""

import re

from bridge.markdown.blocks import has_pipe, last_block, opens_fence
from bridge.markdown.inline import Inline, Is, Token, parse
from bridge.markdown.lines import Kind, Line
from bridge.markdown.pending import MAX_OPEN_CODE, PARTIAL_DELIMITER, only_begun
from bridge.markdown.reading import read

_HIGH_SURROGATE = re.compile("[\ud800-\udbff]$")
_MARKS = frozenset("*_~")
_LONGEST_MARK = 3
# More half-written things at one edge are nonsense, and may be shown.
_MAX_HELD_BACK = 20
# `[words]: https://...` would define a link; whether it does is seen at the second slash.
_HALF_DEFINITION = re.compile(r"[ \t>]*\[[^\]\n]*\](:[ \t]*<?[A-Za-z]*(?::/?)?)\Z")


def settled(text: str) -> str:
    """`text` without the tail of which more text could make something else. Nothing is added.

    Held back are half links, rows, tokens and code between ticks, a table's head until its delimiter row has
    ended, a fence until it holds code, and marks at the end. A paragraph is never held back as a whole:
    what does not end within a few hundred characters is taken for plain text.
    """
    text = _HIGH_SURROGATE.sub("", text)
    lines = list(read(text))
    if lines and not text.endswith("\n") and _undecided(lines):
        lines = list(read(text[: lines[-1].start]))
    _drop_half_table(lines, text)
    _drop_empty_fence(lines)
    if not lines:
        return ""
    return text[: _edge(text, lines)]


def _undecided(lines: list[Line]) -> bool:
    """Whether the last line, which has not ended, can still become a line of another kind."""
    last = lines[-1]
    words = last.text[len(last.quote) :].strip(" \t\r")
    if not words.strip(" \t>"):
        return True
    if last.fence is not None:
        return not words.strip(last.fence.marker[0])
    if last.kind is Kind.TABLE_DELIMITER or words.startswith("|"):
        return True
    before = lines[-2] if len(lines) > 1 else None
    may_have_delimiter = before is not None and before.kind is Kind.TEXT and has_pipe(before.words)
    if may_have_delimiter and PARTIAL_DELIMITER.fullmatch(words):
        return True
    return last.kind is Kind.RULE or only_begun(last)


def _drop_half_table(lines: list[Line], text: str) -> None:
    """Drop the head of a table while it may still lack its delimiter row."""
    last = lines[-1] if lines else None
    ended = last is not None and text[last.end : last.end + 1] == "\n"
    if last is not None and ended and last.kind is Kind.TEXT and last.words.startswith("|"):
        lines.pop()


def _drop_empty_fence(lines: list[Line]) -> None:
    """Drop the fence that the text ends in as long as it holds no code."""
    last = lines[-1] if lines else None
    if last is None or last.fence is None or last.kind is Kind.FENCE_CLOSE:
        return
    begin = len(lines)
    while begin and lines[begin - 1].fence is last.fence:
        begin -= 1
    if not any(line.words.strip() for line in lines[begin:] if line.kind is Kind.CODE):
        del lines[begin:]


def _edge(text: str, lines: list[Line]) -> int:
    """Where the settled text ends, if it does not go beyond `lines`."""
    last = lines[-1]
    end = min(last.end + 1, len(text))
    half_row = last.kind is Kind.TABLE_ROW and end == last.end
    if last.kind not in (Kind.TEXT, Kind.ITEM, Kind.HEADING) and not half_row:
        return end
    paragraph = lines[-1:] if half_row else last_block(lines)
    begin = paragraph[0].content
    inline = parse(text[begin:end])
    settled_end = begin + len(_settled_words(inline.text[: _over_lines(inline, last.start - begin)]))
    for line in paragraph:
        cut = settled_end < end and line.start <= settled_end <= line.end
        # A tick further on had kept the line from opening a fence.
        if cut and (settled_end <= line.content or opens_fence(text[line.content : settled_end])):
            return line.start
    return settled_end


def _over_lines(inline: Inline, last_line: int) -> int:
    """Where code begins that reaches into the last line: a table may begin there, and tear the code."""
    for token in inline.tokens:
        if token.kind is Is.CODE and token.start < last_line < token.end >= len(inline.text) - MAX_OPEN_CODE:
            return token.start
    return len(inline.text)


def _settled_words(words: str) -> str:
    """The same for the words of a paragraph, whose last line may go on or be followed by another."""
    for _ in range(_MAX_HELD_BACK):
        end = _held_back(parse(words))
        if end is None:
            break
        words = words[:end]
    return words


def _held_back(inline: Inline) -> int | None:
    """Where the first thing begins that is half written at the end; None if there is none."""
    for token in inline.open:
        if token.kind in (Is.LINK, Is.IMAGE, Is.ANGLE):
            return token.start
        if token.kind is Is.CODE and len(inline.text) - token.end <= MAX_OPEN_CODE:
            return token.start
    if not inline.tokens:
        return None
    last, raw = inline.tokens[-1], inline.raw(inline.tokens[-1])
    if last.kind is Is.CODE:
        return last.start
    if last.kind is Is.MARK or (last.kind is Is.TEXT and raw[-1] in _MARKS):
        return _before_marks(inline)
    if last.kind is Is.TEXT and raw[-1] in "\\!":
        return last.end - 1
    half = _HALF_DEFINITION.match(inline.text, inline.text.rfind("\n") + 1)
    return half.start(1) if half else None


def _before_marks(inline: Inline) -> int | None:
    """Where the marks at the end begin, except for those that close something."""
    begin = next(
        (token.end for token in reversed(inline.tokens) if not _is_marks(inline, token)),
        0,
    )
    length = len(inline.text) - begin
    if length <= _LONGEST_MARK and _all_close(inline, begin):
        return None
    for kept in range(min(_LONGEST_MARK, length - 1), 0, -1):
        if _all_close(parse(inline.text[: begin + kept]), begin):
            return begin + kept
    return begin


def _is_marks(inline: Inline, token: Token) -> bool:
    return token.kind is Is.MARK or (token.kind is Is.TEXT and not inline.raw(token).strip("*_~"))


def _all_close(inline: Inline, begin: int) -> bool:
    marks = [token for token in inline.tokens if token.start >= begin]
    return all(inline.pairs.get(token.start, token.start) < token.start for token in marks)
