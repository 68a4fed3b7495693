"""Markdown as mrkdwn, Slack's older language, for notifications and where blocks are not shown. Pure.

mrkdwn has links in disguise, `<address|words>`; here every link is spelled out instead.
"""

from bridge.markdown import fences, tables
from bridge.markdown.blocks import blocks
from bridge.markdown.inline import Inline, Is, Token, parse
from bridge.markdown.lines import Kind, Line
from bridge.markdown.plain import BREAK, plain, unboxed
from bridge.markdown.reading import read

_MARKS = {"**": "*", "__": "*", "*": "_", "_": "_", "~~": "~"}
_KEPT = frozenset((Is.TEXT, Is.URL, Is.CODE))
_Block = tuple[Line, ...]


def neutralise(text: str) -> str:
    """Text in which nothing can mention anybody or hide a link: without `<`, Slack sees no token.

    Slack shows the entities as the signs they stand for, in code too, and does not read them as tokens. `&`
    is left alone: an entity that a model wrote is shown as a sign and stays just as harmless.
    """
    return text.replace("<", "&lt;").replace(">", "&gt;")


def mrkdwn(text: str) -> str:
    """The whole text. Quotation marks at the beginning of a line stay what they are."""
    lines: list[str] = []
    for block in blocks(read(text)):
        quote = "> " if block[0].quote else ""
        lines.extend(quote + neutralise(line) for line in _lines(block))
    return "\n".join(lines).strip()


def mrkdwn_object(words: str) -> dict[str, object]:
    """Some mrkdwn as a part of a block; Slack looks for no names and channels of its own in it."""
    return {"type": "mrkdwn", "text": words, "verbatim": True}


def _lines(block: _Block) -> list[str]:
    first = block[0]
    match first.kind:
        case Kind.BLANK | Kind.RULE:
            return [""]
        case Kind.FENCE_OPEN | Kind.CODE:
            return fences.read(block).fenced()
        case Kind.TABLE_HEAD:
            return fences.Code("", "", tuple(tables.aligned(tables.read(block)))).fenced()
        case Kind.HEADING:
            words = plain(first.words.rstrip().rstrip("#").rstrip())
            return [f"*{words}*" if words else ""]
        case _:
            more = [line.text[len(line.quote) :] for line in block[1:]]
            return (_before(first) + _inline("\n".join([unboxed(first.words), *more]))).split("\n")


def _before(line: Line) -> str:
    before = line.text[len(line.quote) : line.content - line.start]
    if line.kind is not Kind.ITEM or line.item is None:
        return before
    indent = before[: len(before) - len(before.lstrip(" \t"))]
    return f"{indent}• " if line.item.number is None else f"{indent}{line.item.number}. "


def _inline(text: str) -> str:
    inline = parse(text)
    made, done = [], 0
    for token in inline.tokens:
        if token.kind not in _KEPT:
            made += [text[done : token.start], _token(inline, token)]
            done = token.end
    return "".join([*made, text[done:]])


def _token(inline: Inline, token: Token) -> str:
    raw = inline.raw(token)
    match token.kind:
        case Is.MARK if token.start in inline.pairs:
            return _MARKS[token.label]
        case Is.LINK | Is.IMAGE:
            return plain(raw)
        case Is.ESCAPE:
            return raw[1:]
        case Is.ANGLE:
            return token.target or BREAK.sub("\n", raw)
        case _:
            return raw
