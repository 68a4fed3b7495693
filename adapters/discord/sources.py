"""What an answer rests on, as one small line below it. Pure."""

import re

from adapters.discord.labels import label
from bridge.markdown import utf16_length

SOURCE_LIMIT = 80
# All sources together, of the 2,000 units that a message has.
LINE_LIMIT = 600

# What would be markup or a mention. Underscores within words are harmless, and belong to addresses.
_SIGNS = re.compile(r"[*~`|\\<>\[\]]|(?<![^\W_])_|_(?![^\W_])")
_MORE_ROOM = len(" · and 99 more")


def source_line(sources: tuple[str, ...]) -> str:
    """The numbered sources, as many as there is room for; empty when there are none."""
    shown: list[str] = []
    length = 0
    for number, source in enumerate(sources, 1):
        one = f"{number}. {_SIGNS.sub(_escaped, label(source, SOURCE_LIMIT, 'unnamed'))}"
        length += utf16_length(one)
        if length > LINE_LIMIT - _MORE_ROOM:
            shown.append(f"and {len(sources) - number + 1} more")
            break
        shown.append(one)
    return f"-# Sources: {' · '.join(shown)}" if shown else ""


def _escaped(sign: re.Match[str]) -> str:
    return f"\\{sign[0]}"
