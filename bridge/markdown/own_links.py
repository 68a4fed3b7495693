"""Links to files that the bridge fetches itself, so that no reader has to follow them: taken out of a text
that still grows, each leaving its label. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass

# Nobody gives a file a longer name, or address.
MOST_LABEL, MOST_TARGET = 300, 3_000

_LINK = re.compile(
    rf"(!?)\[([^\[\]\n]{{0,{MOST_LABEL}}})\]\(\s*<?([^()<>\s]{{1,{MOST_TARGET}}})>?(?:\s+\"[^\"\n]*\")?\s*\)"
)
# A link that has begun and may become one of ours.
_BEGUN = re.compile(rf"!?\[[^\[\]\n]{{0,{MOST_LABEL}}}(?:\](?:\([^()\n]{{0,{MOST_TARGET}}})?)?$|!$")


@dataclass(frozen=True, slots=True)
class Linked:
    """A file that a text links to, and what the text calls it."""

    label: str
    target: str


def without_own_links(text: str, is_own: Callable[[str], bool]) -> tuple[str, tuple[Linked, ...]]:
    """The text with the labels of our links instead of them, and the links, each target once."""
    if "](" not in text:
        return text, ()
    found: dict[str, Linked] = {}

    def label_of(link: re.Match[str]) -> str:
        _, label, target = link.groups()
        if not is_own(target):
            return link[0]
        found.setdefault(target, Linked(label, target))
        return label

    return _LINK.sub(label_of, text), tuple(found.values())


def settled_links(text: str) -> str:
    """A text that grows, without a link at its end that has only begun."""
    begun = _BEGUN.search(text, max(0, len(text) - MOST_LABEL - MOST_TARGET))
    return text[: begun.start()] if begun is not None else text
