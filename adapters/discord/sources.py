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
_MORE_ROOM = len(f" · {say(english.AND_MORE, number=99)}")


def source_line(sources: tuple[str, ...]) -> str:
    """The numbered sources, as many as there is room for; empty when there are none."""
    shown: list[str] = []
    length = 0
    for number, source in enumerate(sources, 1):
        one = f"{number}. {_SIGNS.sub(_escaped, label(source, SOURCE_LIMIT, english.UNNAMED))}"
        length += utf16_length(one)
        if length > LINE_LIMIT - _MORE_ROOM:
            shown.append(say(english.AND_MORE, number=len(sources) - number + 1))
            break
        shown.append(one)
    return f"-# {english.SOURCES} {' · '.join(shown)}" if shown else ""


def _escaped(sign: re.Match[str]) -> str:
    return f"\\{sign[0]}"
