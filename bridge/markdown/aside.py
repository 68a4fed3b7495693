"""A model's thought, shown quietly beside its answer."""

import re

from bridge.markdown.letters import breaks_at
from bridge.markdown.plain import plain

# Signs that would end the emphasis, or begin code or a spoiler. Underscores within words are harmless.
_SIGNS = re.compile(r"[*~`|\\]+|(?<![^\W_])_+|_+(?![^\W_])")
_AROUND = "> **"
# Markup is taken out of this much per character that is shown.
_SOURCE_PER_CHARACTER = 4


def aside(thought: str, limit: int) -> str:
    """The last words of `thought` as one quoted line of emphasis, at most `limit` characters long.

    Empty if there are none, or no room for any. Nothing of the thought's own markup is left in it.
    """
    source = thought.strip()
    words = _SIGNS.sub("", plain(" ".join(source[-limit * _SOURCE_PER_CHARACTER :].split())))
    words = " ".join(words.split())
    room = limit - len(_AROUND)
    if len(words) > room or len(source) > limit * _SOURCE_PER_CHARACTER:
        words = _last(words, room - len("…"))
        words = f"…{words}" if words else ""
    return f"> *{words}*" if words else ""


def _last(words: str, room: int) -> str:
    """The end of `words`, from the beginning of a word on where one is near."""
    if room <= 0:
        return ""
    begin = max(0, len(words) - room)
    while begin < len(words) and not breaks_at(words, begin):
        begin += 1
    space = words.find(" ", begin, begin + 40)
    if begin and space >= 0 and space + 1 < len(words) and words[begin - 1] != " ":
        begin = space + 1
    return words[begin:].strip()
