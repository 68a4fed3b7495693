"""Links to files that the bridge fetches itself, so that no reader has to follow them: taken out of a text
that still grows, each leaving its label, or the file's name where it has none. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

# Nobody gives a file a longer name, or address.
MOST_LABEL, MOST_TARGET = 300, 4_096
# What every address of a file of Dify has in it.
KEPT_AT = "/files/"

_LETTERS = rf"(?:[^\[\]\\\n]|\\.){{0,{MOST_LABEL}}}"
# Within a label, brackets come in pairs: a picture may be a link.
_LABEL = rf"{_LETTERS}(?:\[{_LETTERS}\]{_LETTERS}){{0,2}}"
_TITLE = r"\s+(?:\"[^\"\n]*\"|'[^'\n]*')"
_LINK = re.compile(rf"!?\[({_LABEL})\]\(\s*<?([^()<>\s]{{1,{MOST_TARGET}}})>?(?:{_TITLE})?\s*\)")
# A link that has begun and may become one of ours.
_BEGUN = re.compile(rf"!?\[{_LABEL}(?:\[{_LETTERS}\\?|\\|\](?:\([^()\n]{{0,{MOST_TARGET}}})?)?$|!$")
# An address by itself, without the stops behind it; and one that may have begun at the end of a text.
_SIGN = r"[^\s<>()\[\]\"'`]"
_ADDRESS = re.compile(rf"<?((?:https?://|{KEPT_AT}){_SIGN}{{1,{MOST_TARGET}}}?)>?(?=[.,;:!?]*(?!{_SIGN}))")
_ADDRESS_BEGUN = re.compile(
    rf"<?(?:h|ht|htt|https?|https?:|https?:/|https?://{_SIGN}{{0,{MOST_TARGET}}}"
    rf"|/|/f|/fi|/fil|/file|/files|{KEPT_AT}{_SIGN}{{0,{MOST_TARGET}}})$|<$"
)


@dataclass(frozen=True, slots=True)
class Linked:
    """A file that a text links to, and what the text calls it."""

    label: str
    target: str


def without_own_links(text: str, is_own: Callable[[str], bool]) -> tuple[str, tuple[Linked, ...]]:
    """The text with the labels of our links instead of them, and the links, each target once."""
    if KEPT_AT not in text:
        return text, ()
    found: dict[str, Linked] = {}
    linked = _LINK.sub(partial(_label_of, found, is_own), text)
    return _ADDRESS.sub(partial(_name_of, found, is_own), linked), tuple(found.values())


def settled_links(text: str) -> str:
    """A text that grows, without a link at its end that has only begun."""
    for begun in (_ADDRESS_BEGUN, _BEGUN):
        found = begun.search(text, max(0, len(text) - MOST_LABEL - MOST_TARGET))
        text = text[: found.start()] if found is not None else text
    return text


def _label_of(found: dict[str, Linked], is_own: Callable[[str], bool], link: re.Match[str]) -> str:
    label = _LINK.sub(partial(_label_of, found, is_own), link[1])
    if not is_own(link[2]):
        at, start, end = link.start(), link.start(1), link.end(1)
        return link[0][: start - at] + label + link[0][end - at :]
    found.setdefault(link[2], Linked(label, link[2]))
    return label


def _name_of(found: dict[str, Linked], is_own: Callable[[str], bool], address: re.Match[str]) -> str:
    if not is_own(address[1]):
        return address[0]
    name = address[1].partition("?")[0].rpartition("/")[2]
    found.setdefault(address[1], Linked(name, address[1]))
    return name
