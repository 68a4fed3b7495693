"""What a code block holds, apart from how it is fenced."""

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.markdown.lines import Kind, Line

# Looks like a tick in a fixed-width font. Only for code that itself contains a fence, in places that know
# fences of exactly three ticks: a real tick would end the block there.
_LOOK_ALIKE = "\u02cb\u02cb\u02cb"


@dataclass(frozen=True, slots=True)
class Code:
    """`before` is what stands in front of the fence on its first line, such as the marker of a list item."""

    before: str
    language: str
    lines: tuple[str, ...]

    def fenced(self, language: str = "") -> list[str]:
        """The block as lines, fenced with three ticks at the left edge; never empty between them."""
        lines = [line.replace("```", _LOOK_ALIKE) for line in self.lines]
        if not any(line.strip() for line in lines):
            lines = [" "]
        return [f"{self.before}```{language}", *lines, "```"]


def read(block: Sequence[Line]) -> Code:
    """The code of a block of lines, without the indentation of its fence."""
    first = block[0]
    fence = first.fence
    if fence is None:
        return Code("", "", tuple(line.words for line in block))
    before = first.text[len(first.quote) : first.content - first.start]
    lines = [_dedent(line.words, fence.indent) for line in block if line.kind is Kind.CODE]
    return Code(before if before.strip() else "", fence.language, tuple(lines))


def _dedent(line: str, columns: int) -> str:
    return line[min(columns, len(line) - len(line.lstrip(" "))) :]
