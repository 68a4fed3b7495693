"""A body as the blocks that Slack shows, and as what its native streams show. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from adapters.slack.buttons import button_blocks, label, source_blocks
from adapters.slack.markdown import TABLE_ROWS, growing, shown
from adapters.slack.mrkdwn import mrkdwn, mrkdwn_object, neutralise
from bridge.markdown import breaks_at, complete, settled, utf16_length, whole
from bridge.types import Body

__all__ = [
    "MESSAGE_LIMIT",
    "NOTICE_LIMIT",
    "STREAM_LIMIT_BYTES",
    "TABLE_ROWS",
    "TEXT_LIMIT",
    "Rendered",
    "blocks_below",
    "fits",
    "fits_stream",
    "render",
    "shorten",
    "streamed",
]

# Slack takes 12,000 characters over all Markdown blocks of a message. Less is kinder to readers, and leaves
# room for what Slack may count differently.
MESSAGE_LIMIT = 11_000
# A native stream is said to die of more than 10.6 to 11.6 kB in all, counted in UTF-8.
STREAM_LIMIT_BYTES = 9_000
# `chat.update` refuses a `text` of more than 4,000 characters, even where blocks stand for it.
TEXT_LIMIT = 3_900
# Of a context block. Our own sentences are far shorter.
NOTICE_LIMIT = 1_000
# The title that somebody gave to a step of their app.
STEP_LIMIT = 100
# Where only buttons stand, a notification names so many of them.
MAX_LABELS = 5

# A little more Markdown than fills the fallback text, so that a long answer costs no more than a short one.
_TEXT_SOURCE = 5_000
# What is still growing is only read in blocks; where it is only notified of, its beginning will do.
_PREVIEW_SOURCE = 300


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a message shows, and `text` for notifications and for clients that do not show the blocks. Both
    are empty when there is nothing to show yet."""

    blocks: tuple[Mapping[str, object], ...]
    text: str


@lru_cache(maxsize=32)
def render(body: Body, *, thumbs: bool = True) -> Rendered:
    """The message that shows `body`; without `thumbs`, with nothing that only newer Slacks take. Remembered
    for a moment: whether it has changed and is empty is asked before it is sent."""
    text = _text(body)
    markdown = shown(text).markdown
    block = ({"type": "markdown", "text": markdown},) if markdown else ()
    words = _fallback(text, _notice(body), final=body.final) or " · ".join(
        label(button.label) for button in body.buttons[:MAX_LABELS]
    )
    return Rendered((*block, *blocks_below(body, has_text=bool(markdown), thumbs=thumbs)), words)


def blocks_below(body: Body, *, has_text: bool, thumbs: bool = True) -> tuple[Mapping[str, object], ...]:
    """The blocks that stand below the text of `body`: its notice, or what the app is busy with; its sources,
    where there is a text to which they belong; its buttons."""
    notice = _notice(body)
    return (
        *(({"type": "context", "elements": [mrkdwn_object(notice)]},) if notice else ()),
        *(source_blocks(body.sources, body.locale) if has_text else ()),
        *button_blocks(body.buttons, final=body.final, thumbs=thumbs),
    )


def streamed(body: Body) -> str:
    """The Markdown that a native stream shows of `body.text`, where text can only be appended.

    What it is for a text begins what it is for every longer text that begins alike; of a final body it is
    the whole. White space at the end, and the end of a fence that is still open, come with later text.
    """
    return shown(whole(body.text)).markdown if body.final else growing(whole(settled(body.text)))


def fits(body: Body) -> bool:
    """Whether Slack takes the rendered body as one message of a bearable length."""
    found = shown(_text(body))
    return utf16_length(found.markdown) <= MESSAGE_LIMIT and found.tables_fit


def fits_stream(body: Body) -> bool:
    """Whether `body.text` may be shown in one native stream, final or not: what it shows before is the
    beginning of what it shows when it is final."""
    found = shown(whole(body.text))
    return len(found.markdown.encode()) <= STREAM_LIMIT_BYTES and found.tables_fit


def shorten(words: str, room: int) -> str:
    """The beginning of some mrkdwn, about `room` characters: to the end of a word where one is near, with no
    entity torn and no code left open."""
    end = min(room, len(words))
    while end > 0 and not breaks_at(words, end):
        end -= 1
    entity = words.rfind("&", max(0, end - len("&lt")), end)
    if entity >= 0 and ";" not in words[entity:end]:
        end = entity
    space = max(words.rfind(" ", end - 100, end), words.rfind("\n", end - 100, end)) if end > 100 else -1
    words = words[: space if space > 0 else end].rstrip()
    return f"{words}\n```\n…" if words.count("```") % 2 else f"{words} …"


def _notice(body: Body) -> str:
    step = f"{body.step[:STEP_LIMIT]} …" if body.step else ""
    return neutralise(" ".join(whole(f"{body.notice[:NOTICE_LIMIT]} {step}").split()))


def _text(body: Body) -> str:
    text = whole(body.text)
    return text if body.final else complete(text)


def _fallback(text: str, notice: str, *, final: bool) -> str:
    source = text[: _TEXT_SOURCE if final else _PREVIEW_SOURCE]
    words = mrkdwn(source)
    room = TEXT_LIMIT - len(notice) - len("\n…\n```\n")
    if len(words) > room or len(source) < len(text):
        words = shorten(words, room)
    return "\n".join(part for part in (words, notice) if part)
