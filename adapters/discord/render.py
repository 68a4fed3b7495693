"""Markdown as models write it, as the Markdown that Discord shows. Pure.

Discord knows neither tables nor images, rules, task boxes, HTML or headings below the third level, and shows
a preview of every bare address. All of that is put into what it does know; code is left as it is. Mentions
need no care here: `allowed_mentions` keeps them from notifying anybody.
"""

from functools import lru_cache

from adapters.discord.sources import source_line
from bridge.markdown import complete, fences, tables, utf16_length, whole
from bridge.markdown.blocks import blocks
from bridge.markdown.inline import Inline, Is, Token, parse
from bridge.markdown.lines import Kind, Line
from bridge.markdown.links import disguised, is_address, is_target, is_web, unlinked_web
from bridge.markdown.plain import BREAK, plain, unboxed
from bridge.markdown.reading import read
from bridge.types import Body

# Discord's own limit. Whether it counts code points or UTF-16 units is not documented; there are never fewer
# of the latter, so that counting those is safe and needs no margin.
CONTENT_LIMIT = 2000
# The title that somebody gave to a step of their app.
STEP_LIMIT = 100
# The columns of a code block that a phone shows without wrapping a line are fewer, those of a desktop more.
GRID_WIDTH = 56

_DEEPEST_HEADING = 3
_LANGUAGE_SIGNS = frozenset("_+-.#")
_Block = tuple[Line, ...]


@lru_cache(maxsize=32)
def render(body: Body) -> str:
    """The content of the message; empty when there is nothing to show yet. Remembered for a moment: whether a
    body fits, has changed and is empty is asked before it is sent."""
    text = whole(body.text)
    lines: list[str] = []
    for block in blocks(read(text if body.final else complete(text))):
        rendered = _block(block)
        if rendered != [""] or (lines and lines[-1]):
            lines.extend(rendered)
    content = "\n".join(lines).strip("\n").rstrip()
    step = f"{body.step[:STEP_LIMIT]} …" if body.step else ""
    notice = " ".join(whole(f"{body.notice} {step}").split())
    parts = (content, source_line(body.sources, body.locale), f"-# {notice}" if notice else "")
    return "\n\n".join(part for part in parts if part)


def fits(body: Body) -> bool:
    """Whether Discord takes the rendered body as one message."""
    return utf16_length(render(body)) <= CONTENT_LIMIT


def _block(block: _Block) -> list[str]:
    """The lines that show a block. Discord has one level of quotation, line by line."""
    lines = _unquoted(block)
    return [f"> {line}" for line in lines] if block[0].quote else lines


def _unquoted(block: _Block) -> list[str]:
    first = block[0]
    match first.kind:
        case Kind.BLANK | Kind.RULE:
            return [""]
        case Kind.FENCE_OPEN | Kind.CODE:
            code = fences.read(block)
            return code.fenced(code.language if _is_language(code.language) else "")
        case Kind.TABLE_HEAD:
            return _table(tables.read(block))
        case Kind.HEADING:
            return [_heading(first)]
        case _:
            return _paragraph(block)


def _paragraph(block: _Block) -> list[str]:
    first = block[0]
    words = first.words
    before = first.text[len(first.quote) : first.content - first.start]
    if first.kind is Kind.ITEM:
        words = unboxed(words)
        before = _marker(first, before)
    more = [line.text[len(line.quote) :] for line in block[1:]]
    return (before + _inline("\n".join([words, *more]))).split("\n")


def _marker(line: Line, before: str) -> str:
    """The marker of a list item, with the number that a reader should see."""
    if line.item is None:
        return before
    indent = before[: len(before) - len(before.lstrip(" \t"))]
    if line.item.number is not None:
        return f"{indent}{line.item.number}{line.item.mark} "
    return f"{indent}- " if line.item.mark == "+" else before


def _heading(line: Line) -> str:
    signs = line.text[len(line.quote) : line.content - line.start].strip()
    words = _inline(line.words.rstrip().rstrip("#").rstrip(), marks=len(signs) <= _DEEPEST_HEADING)
    if not words:
        return ""
    return f"{signs} {words}" if len(signs) <= _DEEPEST_HEADING else f"**{words}**"


def _table(grid: tables.Grid) -> list[str]:
    """An aligned code block, or one group of lines for every row where that would be too wide."""
    lines = tables.aligned(grid)
    if tables.width(lines) <= GRID_WIDTH:
        return fences.Code("", "", tuple(lines)).fenced()
    shown: list[str] = []
    for group in tables.groups(grid):
        shown += [*([""] if shown else []), *_inline("\n".join(group)).split("\n")]
    return shown


def _is_language(name: str) -> bool:
    """What Discord takes for the name of a language. Anything else it would show as code."""
    return name.isascii() and all(sign.isalnum() or sign in _LANGUAGE_SIGNS for sign in name)


def _inline(text: str, *, marks: bool = True, in_label: bool = False) -> str:
    inline = parse(text)
    return "".join(_token(inline, token, marks, in_label) for token in inline.tokens)


def _token(inline: Inline, token: Token, marks: bool, in_label: bool) -> str:
    raw = inline.raw(token)
    match token.kind:
        case Is.TEXT:
            # Two bars are a spoiler for Discord, and an "or" for everybody else.
            return unlinked_web(raw).replace("||", "\\|\\|")
        case Is.MARK if token.start in inline.pairs:
            return raw.replace("__", "**") if marks else ""  # two underscores would underline
        case Is.LINK | Is.IMAGE if in_label:
            return plain(raw, targets=False)
        case Is.LINK | Is.IMAGE:
            return _link(token, raw)
        case Is.URL if not in_label:
            return f"<{raw}>"
        case Is.ANGLE:
            return BREAK.sub("\n", raw)
        case _:
            return raw


def _link(token: Token, raw: str) -> str:
    """A masked link without preview; both parts in plain sight where the label would say something else."""
    label, target = token.label, token.target.replace(" ", "%20")
    if token.kind is Is.IMAGE and target.startswith("data:"):
        return _inline(label) or "image"
    words = plain(label, targets=False)
    if not is_web(target):
        return f"{_inline(label)} ({target})" if is_target(target) else unlinked_web(raw)
    if not words or is_address(words, target):
        return f"<{target}>"
    if disguised(words, target) or "://" in words:
        return f"{_inline(label)} (<{target}>)"
    return f"[{_inline(label, in_label=True)}](<{target}>)"
