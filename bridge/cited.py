"""What an answer rests on, as lines that people can look up, and as a list to read. Pure."""

import re
from collections.abc import Sequence

from bridge.dify import Source
from bridge.markdown import plain
from bridge.words import english, say

# A list to glance at, not to read.
MOST_SOURCES = 5
# So much of a line is shown whole on every platform, with what is left out named behind it.
LINE_CHARACTERS = 60
# Of a list to read: of the name of a document, and of the words that were found in it.
NAME_CHARACTERS = 120
EXCERPT_CHARACTERS = 240
# Less of an excerpt says nothing.
SHORTEST_EXCERPT_CHARACTERS = 40

_FENCE = re.compile(r"`{3,}|~{3,}")


def source_lines(sources: Sequence[Source], locale: str = "") -> tuple[str, ...]:
    """Where the answer was found, one line each, to be numbered; the last one tells of any more."""
    lines = [_line(source, locale) for source in sources[:MOST_SOURCES]]
    if len(sources) > MOST_SOURCES:
        lines[-1] += say(english.MORE_SOURCES, locale, number=len(sources) - MOST_SOURCES)
    return tuple(lines)


def source_list(sources: Sequence[Source], most: int, locale: str = "") -> str:
    """All of it, numbered, with the words that were found, in Markdown of at most so many characters. Where
    there is little room for each, the words are shorter or left out, and then whole sources."""
    heads = [_head(number, source, locale) for number, source in enumerate(sources, start=1)]
    shown = _fitting(heads, most, locale)
    if shown < len(heads):
        return "\n".join([*heads[:shown], say(english.AND_MORE, locale, number=len(heads) - shown)])
    if not heads:
        return ""
    room = (most - sum(map(len, heads))) // len(heads) - len("\n>  …\n\n")
    room = min(room, EXCERPT_CHARACTERS)
    if room < SHORTEST_EXCERPT_CHARACTERS:
        return "\n".join(heads)
    excerpts = (_shortened(_words(source.excerpt), room) for source in sources)
    return "\n\n".join(
        f"{head}\n> {excerpt}" if excerpt else head for head, excerpt in zip(heads, excerpts, strict=True)
    )


def _fitting(heads: Sequence[str], most: int, locale: str) -> int:
    """How many of these lines there is room for, with a last one that tells of the others."""
    if sum(len(head) + 1 for head in heads) <= most:
        return len(heads)
    left = most - len(say(english.AND_MORE, locale, number=len(heads)))
    for number, head in enumerate(heads):
        left -= len(head) + 1
        if left < 0:
            return number
    return len(heads)


def _head(number: int, source: Source, locale: str) -> str:
    name = _shortened(_words(source.document), NAME_CHARACTERS)
    page = say(english.PAGE, locale, page=_words(source.page)) if source.page else ""
    dataset = _shortened(_words(source.dataset), NAME_CHARACTERS)
    return f"{number}. {name}{page}" + (f" ({dataset})" if dataset else "")


def _words(text: str) -> str:
    """In one line that no code, table or link goes on beyond."""
    return " ".join(_FENCE.sub("", plain(" ".join(text.split()), targets=False)).split())


def _line(source: Source, locale: str) -> str:
    page = say(english.PAGE, locale, page=source.page) if source.page else ""
    dataset = f" ({source.dataset})" if source.dataset else ""
    name = _shortened(source.document, LINE_CHARACTERS - len(page))
    line = name + page
    # Where there is no room for both, the document says more.
    return line + dataset if len(line) + len(dataset) <= LINE_CHARACTERS else line


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
