"""Answers whose every word can be recognised, whatever a renderer makes of the markup around it. Pure.

A word is letters, three digits that name the answer and four that count the words: `girder0070042` is word 42
of answer 7. What a renderer may repeat or drop (table heads, languages of code) carries no number.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

WORD = re.compile(r"[a-z]+(\d{3})(\d{4})(?![0-9a-z])")

_NAMES = ("span", "pier", "arch", "cable", "deck", "truss", "tower", "girder", "anchor", "bridge", "footing")
_DIGITS = 7
# The last stretch is filled up with words of just the right length.
_LAST_STRETCH = 40
# A part longer than any block below is left for plain paragraphs.
_ROOM_FOR_A_BLOCK = 900
_PARAGRAPH = 480


class Kind(Enum):
    """How long an answer is, in characters. All but `SHORT` and `PARA` have code and tables."""

    SHORT = 200
    MIXED = 1688
    PARA = 2232
    LONG = 6552
    SLOW = 9600
    HUGE = 15288

    @property
    def label(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Word:
    """A word of an answer, and where it stands in the text."""

    text: str
    number: int
    start: int
    end: int


def words(text: str) -> list[Word]:
    """The numbered words of a text, in order, of whichever answer."""
    return [Word(found[0], int(found[2]), found.start(), found.end()) for found in WORD.finditer(text)]


def answer_of(text: str) -> int | None:
    """The number of the answer that the first numbered word belongs to."""
    found = WORD.search(text)
    return None if found is None else int(found[1])


def answer_text(kind: Kind, answer: int, seed: int) -> str:
    """The text of answer number `answer` (0 to 999): exactly as long as its kind says."""
    return _Author(answer, seed).write(kind)


class _Author:
    """Writes one answer."""

    def __init__(self, answer: int, seed: int) -> None:
        self._answer = answer
        self._random = random.Random(f"{seed}/{answer}")
        self._count = 0

    def write(self, kind: Kind) -> str:
        if kind is Kind.PARA:
            return self._prose(kind.value)
        text = ""
        blocks = self._blocks(kind)
        while kind.value - len(text) > _ROOM_FOR_A_BLOCK:
            text += next(blocks)() + "\n\n"
        while kind.value - len(text) > _PARAGRAPH + _LAST_STRETCH:
            text += self._prose(_PARAGRAPH) + "\n\n"
        return text + self._prose(kind.value - len(text))

    def _blocks(self, kind: Kind) -> Iterator[Callable[[], str]]:
        while True:
            yield from (self._paragraph, self._code)
            yield self._table
            if kind is not Kind.MIXED:
                yield from (self._paragraph, self._list)

    def _paragraph(self) -> str:
        return self._prose(self._random.randint(320, 460))

    def _list(self) -> str:
        return "\n".join(f"- **{self._word()}** {self._word()} {self._word()}" for _ in range(6))

    def _code(self) -> str:
        lines = (f"    {self._word()} = {self._word()}({self._word()})" for _ in range(6))
        return "```python\n" + "\n".join(lines) + "\n```"

    def _table(self) -> str:
        rows = (f"| {self._word()} | {self._word()} |" for _ in range(5))
        return "| part | load |\n|---|---|\n" + "\n".join(rows)

    def _prose(self, characters: int) -> str:
        """Sentences in one line, of exactly so many characters."""
        text = ""
        while characters - len(text) > _LAST_STRETCH:
            text += self._dressed() + self._random.choice((" ", " ", " ", " ", ", ", ". "))
        return text + self._filling(characters - len(text) - 1) + "."

    def _dressed(self) -> str:
        sign = self._random.choice(("", "", "", "", "", "", "**", "`"))
        return f"{sign}{self._word()}{sign}"

    def _word(self) -> str:
        return self._numbered(self._random.choice(_NAMES))

    def _filling(self, characters: int) -> str:
        if characters > _LAST_STRETCH // 2:
            first = self._numbered("span")
            return f"{first} {self._filling(characters - len(first) - 1)}"
        return self._numbered(("o" * characters)[: characters - _DIGITS])

    def _numbered(self, name: str) -> str:
        self._count += 1
        return f"{name}{self._answer:03d}{self._count - 1:04d}"
