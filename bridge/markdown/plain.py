"""Markdown reduced to its words, for places that show no markup or less of it."""

import re

from bridge.markdown.inline import Inline, Is, Token, parse

BREAK = re.compile(r"<br[ \t]*/?>", re.IGNORECASE)
_BOX = re.compile(r"\A\[([ xX])\][ \t]+")
_PLAIN = re.compile(r"[^\W_ ]*(?: [^\W_]+)*[,.]?")
_SPACES = re.compile(r"[ \t]*\n[ \t]*")


def plain(text: str, *, targets: bool = True) -> str:
    """The words of one paragraph or cell. A link keeps its target in parentheses, unless told otherwise."""
    if _PLAIN.fullmatch(text):
        return text
    inline = parse(text)
    return _SPACES.sub(" ", "".join(_words(inline, token, targets) for token in inline.tokens))


def unboxed(words: str) -> str:
    """The words of a list item with the box of a task drawn as a sign."""
    return _BOX.sub(lambda match: "☐ " if match[1] == " " else "☑ ", words, count=1)


def _words(inline: Inline, token: Token, targets: bool) -> str:
    match token.kind:
        case Is.MARK if token.start in inline.pairs:
            return ""
        case Is.CODE:
            return token.label.strip()
        case Is.LINK | Is.IMAGE:
            label = plain(token.label, targets=targets)
            if not targets:
                return label
            return f"{label} ({token.target})" if label and label != token.target else token.target
        case Is.ESCAPE:
            return inline.raw(token)[1:]
        case Is.ANGLE:
            return token.target or BREAK.sub(" ", inline.raw(token))
        case _:
            return inline.raw(token)
