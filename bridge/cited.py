"""What an answer rests on, as lines that people can look up. Pure."""

from collections.abc import Sequence

from bridge.dify import Source
from bridge.words import english, say

# A list to glance at, not to read.
MOST_SOURCES = 5
# So much of a line is shown whole on every platform, with what is left out named behind it.
LINE_CHARACTERS = 60


def source_lines(sources: Sequence[Source]) -> tuple[str, ...]:
    """Where the answer was found, one line each, to be numbered; the last one tells of any more."""
    lines = [_line(source) for source in sources[:MOST_SOURCES]]
    if len(sources) > MOST_SOURCES:
        lines[-1] += say(english.MORE_SOURCES, number=len(sources) - MOST_SOURCES)
    return tuple(lines)


def _line(source: Source) -> str:
    page = say(english.PAGE, page=source.page) if source.page else ""
    dataset = f" ({source.dataset})" if source.dataset else ""
    name = _shortened(source.document, LINE_CHARACTERS - len(page))
    line = name + page
    # Where there is no room for both, the document says more.
    return line + dataset if len(line) + len(dataset) <= LINE_CHARACTERS else line


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
