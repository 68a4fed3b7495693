"""`bench/RESULTS.md`: one file, and in it one part for each command that measures."""

from enum import Enum
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
TITLE = "# What was measured"


class Part(Enum):
    """The parts, as they stand in the file, and what fills each."""

    ANSWERS = "make bench"
    DURABILITY = "make bench-durability"
    CHAOS = "make chaos"


def keep(part: Part, content: str, path: Path = RESULTS) -> None:
    """Put what was measured in the place of what the same command measured last."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(replaced(text, part, content), encoding="utf-8")


def replaced(text: str, part: Part, content: str) -> str:
    """The whole file with this part new. Pure. What stands outside of all parts is not kept."""
    contents = {one: _found(text, one) for one in Part} | {part: content.strip()}
    marked = (f"{_mark(one)}\n\n{held}\n\n{_end(one)}" for one, held in contents.items() if held)
    return "\n\n".join([TITLE, *marked]) + "\n"


def _found(text: str, part: Part) -> str:
    _, _, behind = text.partition(_mark(part))
    held, end, _ = behind.partition(_end(part))
    return held.strip() if end else ""


def _mark(part: Part) -> str:
    return f"<!-- {part.value} -->"


def _end(part: Part) -> str:
    return f"<!-- end of {part.value} -->"
