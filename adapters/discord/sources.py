"""What an answer rests on, as one small line below it. Pure."""

import re

from adapters.discord.labels import label
from bridge.markdown import utf16_length
from bridge.words import english, say

SOURCE_LIMIT = 80
# All sources together, of the 2,000 units that a message has.
LINE_LIMIT = 600

# What would be markup or a mention. Underscores within words are harmless, and belong to addresses.
_SIGNS = re.compile(r"[*~`|\\<>\[\]]|(?<![^\W_])_|_(?![^\W_])")


def source_line(sources: tuple[str, ...], locale: str = "") -> str:
    """The numbered sources, as many as there is room for; empty when there are none."""
    shown: list[str] = []
    length = len(f" · {say(english.AND_MORE, locale, number=99)}")
    unnamed = say(english.UNNAMED, locale)
    for number, source in enumerate(sources, 1):
        one = f"{number}. {_SIGNS.sub(_escaped, label(source, SOURCE_LIMIT, unnamed))}"
        length += utf16_length(one)
        if length > LINE_LIMIT:
            shown.append(say(english.AND_MORE, locale, number=len(sources) - number + 1))
            break
        shown.append(one)
    return f"-# {say(english.SOURCES, locale)} {' · '.join(shown)}" if shown else ""


def _escaped(sign: re.Match[str]) -> str:
    return f"\\{sign[0]}"
