"""What stands inside a paragraph: code, links, marks of emphasis, and what has begun but not ended yet."""

import re
from bisect import bisect_left
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

# How far something that never ends may reach. Beyond that it is taken for plain text.
_MAX_HALF_LABEL = 200
_MAX_HALF_ALT = 1000
_MAX_TARGET = 2000
_MAX_HALF_ANGLE = 300
_MAX_OPEN_MARKS = 32
# Longer paragraphs are rare, and would take too much memory.
_LONGEST_REMEMBERED = 2_500

_SPECIAL = re.compile(r"[\\`!\[<*_~]|https?://", re.IGNORECASE)
_TICKS = re.compile(r"`+")
_ESCAPE = re.compile(r"\\[!-/:-@\[-`{-~]")
_MARKS = re.compile(r"\*+|_+|~+")
_LABEL = r"(?:[^\[\]\\`\n]|\\.|`[^`\n]*`|\[[^\[\]\n]*\](?:\([^()\s]*\))?)"
_TARGET = r"(?:[^\s()\\]|\\.|\((?:[^\s()\\]|\\.)*\))"
_TITLE = r"\"[^\"\n]*\"|'[^'\n]*'"
_LINK = re.compile(
    rf"!?\[({_LABEL}*+)\]\([ \t]*(<[^<>\n]*>|(?!<){_TARGET}{{0,{_MAX_TARGET}}}+)"
    rf"(?:[ \t]+(?:{_TITLE}))?[ \t]*\)"
)
_HALF_LABEL = r"(?:[^\[\]\\\n]|\\.|\[[^\[\]\n]*(?:\]|\Z))"
_HALF_LINK = re.compile(
    rf"(?:!\[{_HALF_LABEL}{{0,{_MAX_HALF_ALT}}}+|\[{_HALF_LABEL}{{0,{_MAX_HALF_LABEL}}}+)\\?"
    rf"(?:\](?:\([ \t]*(?:<[^<>\n]*+>?|[^\s<][^\s]{{0,{_MAX_TARGET}}}+)?+"
    rf"(?:[ \t]+(?:[\"'][^\n]{{0,{_MAX_HALF_LABEL}}}+)?)?)?)?\Z"
)
_ANGLE = re.compile(r"<(?:([A-Za-z/!@#:?][^\s<>]*+)|[A-Za-z/!@#:?][^\s<>\[`\\]*+[ \t][^<>\n\[`\\]*+)>")
_HALF_ANGLE = re.compile(
    rf"<(?:https?://[^\s<>]{{0,{_MAX_TARGET}}}+|[A-Za-z/!@#:?][^\s<>]{{0,{_MAX_HALF_ANGLE}}}+|br[ \t]*/?)?\Z",
    re.IGNORECASE,
)
_URL = re.compile(r"https?://[^\s<>`]+", re.IGNORECASE)
_AFTER_URL = "?!.,:;*_~'\"。，、；：！？）】」』》”’|"


class Is(Enum):
    """What a token is."""

    TEXT = auto()
    ESCAPE = auto()
    MARK = auto()
    CODE = auto()
    LINK = auto()
    IMAGE = auto()
    ANGLE = auto()
    URL = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """`text[start:end]` of the paragraph. `label` and `target` are those of a link, image or autolink; the
    label of a piece of code is what stands between its ticks."""

    kind: Is
    start: int
    end: int
    label: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Inline:
    """A paragraph taken apart.

    `pairs` maps the start of every mark of emphasis that has a partner to the start of that partner. `open`
    holds what had begun but not ended where the text stops: marks, code, half links, half `<...`.
    """

    text: str
    tokens: tuple[Token, ...]
    pairs: dict[int, int]
    open: tuple[Token, ...]

    def raw(self, token: Token) -> str:
        return self.text[token.start : token.end]


def parse(text: str) -> Inline:
    """Take the text of one paragraph apart. The tokens cover it without gaps."""
    return _remembered(text) if len(text) <= _LONGEST_REMEMBERED else _Parser(text).parse()


@lru_cache(maxsize=128)
def _remembered(text: str) -> Inline:
    """A text grows at its end, and is cut and rendered in several ways: its paragraphs are seen often."""
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[Token] = []
        self._pairs: dict[int, int] = {}
        self._marks: list[Token] = []
        self._half: list[Token] = []
        self._ticks: dict[int, list[int]] = {}
        for match in _TICKS.finditer(text) if "`" in text else ():
            self._ticks.setdefault(len(match[0]), []).append(match.start())

    def parse(self) -> Inline:
        if _SPECIAL.search(self._text) is None:
            self._plain(0, len(self._text))
            return Inline(self._text, tuple(self._tokens), {}, ())
        position = plain = 0
        while match := _SPECIAL.search(self._text, position):
            begin = match.start()
            found = self._special(begin)
            if found is None:
                position = begin + (len(match[0]) if match[0] != "`" else self._run(begin))
                continue
            self._plain(plain, begin)
            self._tokens.extend(found)
            position = plain = found[-1].end
        self._plain(plain, len(self._text))
        pending = [*self._marks, *self._half]
        pending.sort(key=lambda token: token.start)
        return Inline(self._text, tuple(self._tokens), self._pairs, tuple(pending))

    def _plain(self, start: int, end: int) -> None:
        if start < end:
            self._tokens.append(Token(Is.TEXT, start, end))

    def _special(self, begin: int) -> list[Token] | None:
        match self._text[begin]:
            case "\\":
                return self._matched(Is.ESCAPE, _ESCAPE.match(self._text, begin))
            case "`":
                return self._code(begin)
            case "!" | "[":
                return self._link(begin)
            case "<":
                return self._angle(begin)
            case "*" | "_" | "~":
                return self._emphasis(begin)
            case _:
                return self._url(begin)

    def _matched(self, kind: Is, match: re.Match[str] | None) -> list[Token] | None:
        return [Token(kind, match.start(), match.end())] if match else None

    def _run(self, begin: int) -> int:
        match = _TICKS.match(self._text, begin)
        return len(match[0]) if match else 1

    def _code(self, begin: int) -> list[Token] | None:
        length = self._run(begin)
        starts = self._ticks.get(length, [])
        following = bisect_left(starts, begin + length)
        if following == len(starts):
            self._half.append(Token(Is.CODE, begin, begin + length))
            return None
        close = starts[following]
        return [Token(Is.CODE, begin, close + length, label=self._text[begin + length : close])]

    def _link(self, begin: int) -> list[Token] | None:
        image = self._text[begin] == "!"
        if image and self._text[begin + 1 : begin + 2] != "[":
            return None
        if match := _LINK.match(self._text, begin):
            kind = Is.IMAGE if image else Is.LINK
            target = match[2][1:-1] if match[2].startswith("<") else match[2]
            return [Token(kind, begin, match.end(), match[1], target)]
        if _HALF_LINK.match(self._text, begin):
            self._half.append(Token(Is.IMAGE if image else Is.LINK, begin, len(self._text)))
        return None

    def _angle(self, begin: int) -> list[Token] | None:
        if match := _ANGLE.match(self._text, begin):
            target = match[1] if match[1] and _URL.match(match[1]) else ""
            return [Token(Is.ANGLE, begin, match.end(), target=target)]
        if _HALF_ANGLE.match(self._text, begin):
            self._half.append(Token(Is.ANGLE, begin, len(self._text)))
        return None

    def _url(self, begin: int) -> list[Token] | None:
        before = self._text[begin - 1 : begin]
        match = _URL.match(self._text, begin)
        if match is None or (before.isascii() and before.isalnum()):
            return None
        url = match[0].rstrip(_AFTER_URL)
        while _unbalanced(url):
            url = url[:-1].rstrip(_AFTER_URL)
        return [Token(Is.URL, begin, begin + len(url), target=url)] if len(url) > len("https://") else None

    def _emphasis(self, begin: int) -> list[Token] | None:
        match = _MARKS.match(self._text, begin)
        run = match[0] if match else ""
        if len(run) > 3 or (run[0] == "~" and len(run) != 2):
            return [Token(Is.TEXT, begin, begin + len(run))]
        before, after = self._text[begin - 1 : begin], self._text[begin + len(run) : begin + len(run) + 1]
        opens = bool(after.strip()) and not (run[0] == "_" and before.isalnum())
        closes = bool(before.strip()) and not (run[0] == "_" and after.isalnum())
        found = []
        for unit in self._units(run):
            mark = Token(Is.MARK, begin, begin + len(unit), label=unit)
            begin = mark.end
            found.append(mark)
            if not (closes and self._close(mark)) and opens:
                self._marks.append(mark)
                del self._marks[:-_MAX_OPEN_MARKS]
        return found

    def _units(self, run: str) -> tuple[str, ...]:
        """`***` is a strong and a weak mark: in the order that closes what is open."""
        if len(run) < 3:
            return (run,)
        weak_first = bool(self._marks) and self._marks[-1].label == run[0]
        return (run[0], run[:2]) if weak_first else (run[:2], run[0])

    def _close(self, mark: Token) -> bool:
        for number in range(len(self._marks) - 1, -1, -1):
            opener = self._marks[number]
            if opener.label == mark.label and opener.end < mark.start:
                self._pairs[opener.start] = mark.start
                self._pairs[mark.start] = opener.start
                del self._marks[number:]
                return True
        return False


def _unbalanced(url: str) -> bool:
    close = url[-1:]
    return close in (")", "]") and url.count(close) > url.count("(" if close == ")" else "[")
