"""How long text is, how wide it looks, and where one visible character ends."""

import re
import unicodedata
from functools import cache

_SURROGATE = re.compile("[\ud800-\udfff]")
_JOINER = "\u200d"
_EMOJI_LOOK = "\ufe0f"  # variation selector 16 turns the sign before it into a picture, two columns wide


def utf16_length(text: str) -> int:
    """The length in UTF-16 units, as JavaScript counts: an emoji is two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def display_width(text: str) -> int:
    """The columns that text takes in a fixed-width font: East Asian wide characters two, combining none."""
    if text.isascii():
        return len(text)
    width = previous = 0
    after_joiner = False
    for character in text:
        if character == _EMOJI_LOOK and previous == 1:
            width += 1
        previous = 0 if after_joiner else _width(character)
        width += previous
        after_joiner = character == _JOINER
    return width


def whole(text: str) -> str:
    """Text that can be encoded: halves of a surrogate pair are put together, a lone half becomes U+FFFD."""
    if _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def breaks_at(text: str, position: int) -> bool:
    """Whether a visible character ends before `position`, so that text may be cut there.

    The rules of UAX #29 that occur in chat: marks, joined emoji, flags, Hangul syllables, CR LF. Looks at
    nothing beyond `text[position]`.
    """
    if not 0 < position < len(text):
        return True
    before, after = text[position - 1], text[position]
    if before < "\u0300" and after < "\u0300":
        return not (before == "\r" and after == "\n")
    if before == _JOINER or _extends(after):
        return False
    if _is_flag_half(before) and _is_flag_half(after):
        return _flag_halves_before(text, position) % 2 == 0
    return not (_is_hangul(before) and "\u1160" <= after <= "\u11ff")


@cache
def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf") or "\u1160" <= character <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


@cache
def _extends(character: str) -> bool:
    """Belongs to the character before it: marks, joiners, variation selectors, skin tones, low surrogates."""
    return (
        unicodedata.category(character) in ("Mn", "Me", "Mc")
        or character in (_JOINER, "\u200c")
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or "\udc00" <= character <= "\udfff"
    )


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flag_halves_before(text: str, position: int) -> int:
    start = position
    while start > 0 and _is_flag_half(text[start - 1]):
        start -= 1
    return position - start


def _is_hangul(character: str) -> bool:
    return "\u1100" <= character <= "\u11ff" or "\uac00" <= character <= "\ud7a3"
