"""Markdown as models write it, as the Markdown that Slack shows. Pure.

Slack reads most Markdown by itself. What it also reads is `<!channel>`, `<@U1>` and `<https://...|words>`,
anywhere: those have to be taken apart. A `>` that quotes a line stays a `>`. It can do no harm where every
`<` is gone, and as an entity Slack would show it instead of quoting.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from adapters.slack.mrkdwn import neutralise
from bridge.markdown import fences, tables
from bridge.markdown.blocks import blocks, cells
from bridge.markdown.inline import Inline, Is, Token, parse
from bridge.markdown.lines import Kind, Line
from bridge.markdown.links import disguised, is_target, is_web, unlinked
from bridge.markdown.plain import BREAK, plain
from bridge.markdown.reading import read

# A table larger than this makes Slack refuse all blocks of the message.
TABLE_ROWS = 100
TABLE_COLUMNS = 20
TABLE_CHARACTERS = 10_000

# `[words]: https://...` would make a link of the words wherever they stand.
_DEFINITION = re.compile(r"(?m)^([ \t]*\[[^\]\n]*\]):(?=[ \t]*<?[A-Za-z]*://)")
# What was rendered is remembered, since a reply asks for the same text several times: a few whole messages,
# and many paragraphs, as long as they are not extraordinarily long. At most 15 MB, usually less than one.
_KEPT = frozenset((Is.TEXT, Is.MARK, Is.URL))
_LONGEST_REMEMBERED = 2000
_Block = tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What Slack is to show; `tables_fit` says that it takes the tables in it."""

    markdown: str
    tables_fit: bool


@lru_cache(maxsize=32)
def shown(text: str) -> Shown:
    """The whole of `text`."""
    found = list(blocks(read(text)))
    return Shown(_joined(_lines_of(found)), _tables_fit(found))


def growing(text: str) -> str:
    """`text` as a beginning of what is shown of any longer text that begins alike, if `text` is settled."""
    found = list(blocks(read(text)))
    if len(found) > 1 and _is_aligned(found[-2]) and _may_become_row(found[-1], text):
        found.pop()
    if found and _is_aligned(found[-1]):
        found.pop()
    lines = _lines_of(found)
    if found and found[-1][0].kind is Kind.FENCE_OPEN and found[-1][-1].kind is not Kind.FENCE_CLOSE:
        lines.pop()
    return _joined(lines)


def _may_become_row(block: _Block, text: str) -> bool:
    return block[0].kind is Kind.TEXT and len(block) == 1 and not text.endswith("\n")


def _lines_of(found: list[_Block]) -> list[str]:
    return [line for block in found for line in _lines(block)]


def _joined(lines: list[str]) -> str:
    return "\n".join(lines).strip("\n").rstrip()


def _tables_fit(found: list[_Block]) -> bool:
    rows = [line for block in found if _is_slack_table(block) for line in block]
    rows = [line for line in rows if line.kind is not Kind.TABLE_DELIMITER]
    if len(rows) > TABLE_ROWS:
        return False
    if sum(len(line.text) for line in rows) <= TABLE_CHARACTERS:
        return True
    return sum(len(cell) for line in rows for cell in cells(line.words)) <= TABLE_CHARACTERS


def _is_aligned(block: _Block) -> bool:
    """Whether it is a table that Slack would not take, and that is shown as an aligned block of code."""
    return block[0].table is not None and not _is_slack_table(block)


def _is_slack_table(block: _Block) -> bool:
    table = block[0].table
    return table is not None and table.columns <= TABLE_COLUMNS


def _lines(block: _Block) -> list[str]:
    first = block[0]
    match first.kind:
        case Kind.BLANK:
            return [first.quote.rstrip()]
        case Kind.FENCE_OPEN | Kind.CODE:
            return _fence(block)
        case Kind.TABLE_HEAD if _is_slack_table(block):
            return [line.quote + _row(line) for line in block]
        case Kind.TABLE_HEAD:
            lines = fences.Code("", "", tuple(tables.aligned(tables.read(block)))).fenced()
            return [first.quote + neutralise(line) for line in lines]
        case _:
            return _paragraph(block)


def _fence(block: _Block) -> list[str]:
    """The code as it is, in a fence whose end is indented as its beginning is, and is never missing."""
    first, last = block[0], block[-1]
    if first.fence is None or first.kind is not Kind.FENCE_OPEN:
        return [line.quote + neutralise(line.words) for line in block]
    code = [line.quote + neutralise(line.words) for line in block[1:] if line.kind is Kind.CODE]
    opener = first.quote + neutralise(first.text[len(first.quote) :].rstrip())
    longest = last.text.strip(" \t>\r") if last.kind is Kind.FENCE_CLOSE else first.fence.marker
    return [opener, *code, f"{first.fence.quote}{' ' * first.fence.indent}{longest}"]


def _row(line: Line) -> str:
    """A row that begins without a pipe looks like a paragraph until its table is known: so it stays."""
    indent = "" if line.words.startswith("|") else line.text[len(line.quote) : line.content - line.start]
    return indent + _inline(_undefined(line.words), in_cell=True)


def _paragraph(block: _Block) -> list[str]:
    first = block[0]
    before = first.text[len(first.quote) : first.content - first.start]
    if first.kind is Kind.ITEM and first.item is not None and first.item.renumbered:
        indent = before[: len(before) - len(before.lstrip(" \t"))]
        before = f"{indent}{first.item.number}{first.item.mark} "
    if len(block) == 1 and "<" not in first.text:
        return [f"{first.quote}{before}{_inline(_undefined(first.words))}"]
    more = [line.text[len(line.quote) :] for line in block[1:]]
    made = (before + _inline(_undefined("\n".join([first.words, *more])))).split("\n")
    # A line break that a model wrote as <br> makes more lines than there were: all are quoted alike.
    return [first.quote + line for line in made]


def _undefined(words: str) -> str:
    return _DEFINITION.sub(r"\1 :", words) if "]:" in words else words


def _inline(text: str, *, in_cell: bool = False, in_label: bool = False) -> str:
    # Without any of these a paragraph is shown as it is. A `>` needs no parsing to be neutralised.
    if "<" not in text and "](" not in text and "\\>" not in text:
        return neutralise(text)
    render_it = _remembered if len(text) <= _LONGEST_REMEMBERED else _parsed
    return render_it(text, in_cell, in_label)


def _parsed(text: str, in_cell: bool, in_label: bool) -> str:
    inline = parse(text)
    made, done = [], 0
    for token in inline.tokens:
        if token.kind not in _KEPT:
            made += [neutralise(unlinked(text[done : token.start])), _token(inline, token, in_cell, in_label)]
            done = token.end
    return "".join([*made, neutralise(unlinked(text[done:]))])


_remembered = lru_cache(maxsize=2048)(_parsed)


def _token(inline: Inline, token: Token, in_cell: bool, in_label: bool) -> str:
    raw = inline.raw(token)
    match token.kind:
        case Is.LINK | Is.IMAGE if in_label:
            return neutralise(unlinked(plain(raw, targets=False)))
        case Is.LINK | Is.IMAGE:
            return _link(token, raw)
        case Is.ANGLE if token.target:
            return (
                _address(token.target)
                if in_label
                else f"[{_address(token.target)}]({_address(token.target)})"
            )
        case Is.ANGLE if "@" in raw[2:] and len(raw.split()) == 1:
            return unlinked(raw[1:-1])
        case Is.ANGLE:
            return neutralise(unlinked(BREAK.sub(" " if in_cell else "\n", raw)))
        case Is.ESCAPE if raw[1] in "<>":
            return neutralise(raw[1])
        case _:
            return neutralise(raw)


def _link(token: Token, raw: str) -> str:
    """A link that says where it leads: with its target in plain sight if the label would say another."""
    label, target = token.label, token.target
    if token.kind is Is.IMAGE and target.startswith("data:"):
        return _inline(label) or "image"
    address = _address(target)
    words = plain(label, targets=False)
    if not is_web(target) and not target.startswith("mailto:"):
        return f"{_inline(label)} ({address})" if is_target(target) else neutralise(unlinked(raw))
    if not words:
        return f"[{address}]({address})"
    if disguised(words, target):
        return f"{_inline(label)} ({address})"
    return f"[{_inline(label, in_label=True)}]({address})"


def _address(target: str) -> str:
    """The target with everything encoded that could end a link or begin a token."""
    for sign, encoded in (("<", "%3C"), (">", "%3E"), (" ", "%20"), ("(", "%28"), (")", "%29"), ("|", "%7C")):
        target = target.replace(sign, encoded)
    return target
