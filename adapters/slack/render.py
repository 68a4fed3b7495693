"""Markdown as models write it, as the blocks that Slack shows. Pure.

Slack reads most Markdown by itself, in a `markdown` block. What it also reads is `<!channel>`, `<@U1>` and
`<https://...|words>`, anywhere: those have to be taken apart. A `>` that quotes a line stays a `>`. It can
do no harm where every `<` is gone, and as an entity Slack would show it instead of quoting.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from adapters.slack.mrkdwn import mrkdwn, neutralise
from bridge.markdown import breaks_at, complete, fences, settled, tables, utf16_length, whole
from bridge.markdown.blocks import blocks, cells, scan
from bridge.markdown.inline import Inline, Is, Token, parse
from bridge.markdown.lines import Kind, Line
from bridge.markdown.links import disguised, is_target, is_web, unlinked
from bridge.markdown.plain import BREAK, plain
from bridge.types import Body

# Slack takes 12,000 characters over all Markdown blocks of a message. Less is kinder to readers, and leaves
# room for what Slack may count differently.
MESSAGE_LIMIT = 11_000
# A native stream is said to die of more than 10.6 to 11.6 kB in all, counted in UTF-8.
STREAM_LIMIT_BYTES = 9_000
# `chat.update` refuses a `text` of more than 4,000 characters, even where blocks stand for it.
TEXT_LIMIT = 3_900
# A table larger than this makes Slack refuse all blocks of the message.
TABLE_ROWS = 100
TABLE_COLUMNS = 20
TABLE_CHARACTERS = 10_000
# Of a context block. Our own sentences are far shorter.
NOTICE_LIMIT = 1_000
# The title that somebody gave to a step of their app.
STEP_LIMIT = 100

# A little more Markdown than fills the fallback text, so that a long answer costs no more than a short one.
_TEXT_SOURCE = 5_000
# `[words]: https://...` would make a link of the words wherever they stand.
_DEFINITION = re.compile(r"\A([ \t]*\[[^\]\n]*\]):(?=[ \t]*<?[A-Za-z]*://)")
_Block = tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a message shows, and `text` for notifications and for clients that do not show the blocks. Both
    are empty when there is nothing to show yet."""

    blocks: tuple[Mapping[str, object], ...]
    text: str


def render(body: Body) -> Rendered:
    """The message that shows `body`."""
    text = _shown(body)
    markdown = _markdown(_read(text))
    shown = ({"type": "markdown", "text": markdown},) if markdown else ()
    return Rendered((*shown, *notice_blocks(body)), _fallback(text, _notice(body)))


def notice_blocks(body: Body) -> tuple[Mapping[str, object], ...]:
    """The block that shows the notice of `body`, or what the app is busy with, if there is either."""
    notice = _notice(body)
    return ({"type": "context", "elements": [{"type": "mrkdwn", "text": notice}]},) if notice else ()


def streamed(body: Body) -> str:
    """The Markdown that a native stream shows of `body.text`, where text can only be appended.

    What it is for a text begins what it is for every longer text that begins alike; of a final body it is
    the whole. White space at the end, and the end of a fence that is still open, come with later text.
    """
    if body.final:
        return _markdown(_read(whole(body.text)))
    text = whole(settled(body.text))
    read = _read(text)
    if read and _may_grow_wider(read, text):
        read.pop()
    if read and read[-1][0].table is not None and not _is_slack_table(read[-1]):
        read.pop()
    return _markdown(read, end_open=True)


def fits(body: Body) -> bool:
    """Whether Slack takes the rendered body as one message of a bearable length."""
    read = _read(_shown(body))
    return utf16_length(_markdown(read)) <= MESSAGE_LIMIT and _tables_fit(read)


def fits_stream(body: Body) -> bool:
    """Whether `body.text` may be shown in one native stream, now and when it is final."""
    states = [streamed(Body(body.text, final=final)) for final in (False, True)]
    within = all(len(state.encode()) <= STREAM_LIMIT_BYTES for state in states)
    return within and _tables_fit(_read(whole(body.text)))


def _may_grow_wider(read: list[_Block], text: str) -> bool:
    """Whether the line after a table that is shown aligned may become another row of it."""
    before = read[-2] if len(read) > 1 else ()
    return (
        before != ()
        and before[0].table is not None
        and not _is_slack_table(before)
        and read[-1][0].kind is Kind.TEXT
        and len(read[-1]) == 1
        and not text.endswith("\n")
    )


def _notice(body: Body) -> str:
    step = f"{body.step[:STEP_LIMIT]} …" if body.step else ""
    return neutralise(" ".join(whole(f"{body.notice[:NOTICE_LIMIT]} {step}").split()))


def _shown(body: Body) -> str:
    text = whole(body.text)
    return text if body.final else complete(text)


def _read(text: str) -> list[_Block]:
    return list(blocks(scan(text)))


def _tables_fit(read: list[_Block]) -> bool:
    rows = [line for block in read if _is_slack_table(block) for line in block]
    counted = [cells(line.words) for line in rows if line.kind is not Kind.TABLE_DELIMITER]
    return (
        len(counted) <= TABLE_ROWS and sum(len(cell) for row in counted for cell in row) <= TABLE_CHARACTERS
    )


def _is_slack_table(block: _Block) -> bool:
    table = block[0].table
    return table is not None and table.columns <= TABLE_COLUMNS


def _markdown(read: list[_Block], *, end_open: bool = False) -> str:
    lines = [line for block in read for line in _lines(block)]
    if end_open and read and _is_open_fence(read[-1]):
        lines.pop()
    return "\n".join(lines).strip("\n").rstrip()


def _is_open_fence(block: _Block) -> bool:
    return block[0].kind is Kind.FENCE_OPEN and block[-1].kind is not Kind.FENCE_CLOSE


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
    return indent + _inline(_DEFINITION.sub(r"\1 :", line.words), in_cell=True)


def _paragraph(block: _Block) -> list[str]:
    first = block[0]
    before = first.text[len(first.quote) : first.content - first.start]
    if first.kind is Kind.ITEM and first.item is not None and first.item.renumbered:
        indent = before[: len(before) - len(before.lstrip(" \t"))]
        before = f"{indent}{first.item.number}{first.item.mark} "
    more = [_DEFINITION.sub(r"\1 :", line.text[len(line.quote) :]) for line in block[1:]]
    quotes = [line.quote for line in block]
    shown = (before + _inline("\n".join([_DEFINITION.sub(r"\1 :", first.words), *more]))).split("\n")
    # A line break that a model wrote as <br> makes more lines than there were.
    quotes += [quotes[-1]] * (len(shown) - len(quotes))
    return [quote + line for quote, line in zip(quotes, shown, strict=False)]


def _inline(text: str, *, in_cell: bool = False, in_label: bool = False) -> str:
    inline = parse(text)
    return "".join(_token(inline, token, in_cell, in_label) for token in inline.tokens)


def _token(inline: Inline, token: Token, in_cell: bool, in_label: bool) -> str:
    raw = inline.raw(token)
    match token.kind:
        case Is.TEXT | Is.URL:
            return neutralise(unlinked(raw))
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


def _fallback(text: str, notice: str) -> str:
    source = text[:_TEXT_SOURCE]
    shown = mrkdwn(source)
    room = TEXT_LIMIT - len(notice) - len("\n…\n```\n")
    if len(shown) > room or len(source) < len(text):
        shown = _shortened(shown, room)
    return "\n".join(part for part in (shown, notice) if part)


def _shortened(shown: str, room: int) -> str:
    """The beginning, to the end of a word where one is near, with no entity torn and no code left open."""
    end = min(room, len(shown))
    while end > 0 and not breaks_at(shown, end):
        end -= 1
    entity = shown.rfind("&", max(0, end - len("&lt")), end)
    if entity >= 0 and ";" not in shown[entity:end]:
        end = entity
    space = max(shown.rfind(" ", end - 100, end), shown.rfind("\n", end - 100, end)) if end > 100 else -1
    shown = shown[: space if space > 0 else end].rstrip()
    return f"{shown}\n```\n…" if shown.count("```") % 2 else f"{shown} …"
