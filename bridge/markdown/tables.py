"""Tables for places that know none: an aligned grid, or one group of lines for every row."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest

from bridge.markdown.blocks import cells
from bridge.markdown.letters import display_width
from bridge.markdown.lines import Kind, Line
from bridge.markdown.plain import plain

_GAP = "  "


@dataclass(frozen=True, slots=True)
class Grid:
    """A table taken apart. Every row has as many cells as the header, or more if the source has."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[bool, ...]


def read(lines: Iterable[Line]) -> Grid:
    """The table that a block of lines holds."""
    header: tuple[str, ...] = ()
    right: tuple[bool, ...] = ()
    rows = []
    for line in lines:
        found = cells(line.words)
        if line.kind is Kind.TABLE_HEAD:
            header = tuple(found)
        elif line.kind is Kind.TABLE_DELIMITER:
            right = tuple(cell.endswith(":") and not cell.startswith(":") for cell in found)
        else:
            rows.append((*found, *("" for _ in range(len(header) - len(found)))))
    return Grid(header, tuple(rows), right)


def aligned(grid: Grid) -> list[str]:
    """The table as lines of equal columns in a fixed-width font, without markup in the cells."""
    rows = [[plain(cell) for cell in row] for row in (grid.header, *grid.rows)]
    columns = list(zip_longest(*rows, fillvalue=""))
    widths = [max(1, *map(display_width, column)) for column in columns]
    ruled = [rows[0], ["-" * width for width in widths], *rows[1:]]
    return [_row(row, widths, grid.right) for row in ruled]


def width(lines: Iterable[str]) -> int:
    """The columns that the widest of these lines takes."""
    return max(map(display_width, lines), default=0)


def groups(grid: Grid) -> list[list[str]]:
    """The table as one group of Markdown lines for every row: its first cell, then the others by name."""
    if not grid.rows:
        return [[f"- {name}" for name in grid.header]]
    return [_group(grid.header, row) for row in grid.rows]


def _row(row: list[str], widths: list[int], right: tuple[bool, ...]) -> str:
    padded = []
    for number, (cell, width) in enumerate(zip_longest(row, widths, fillvalue="")):
        space = " " * (int(width) - display_width(str(cell)))
        padded.append(f"{space}{cell}" if number < len(right) and right[number] else f"{cell}{space}")
    return _GAP.join(padded).rstrip()


def _group(header: tuple[str, ...], row: tuple[str, ...]) -> list[str]:
    title = f"**{plain(row[0])}**" if row and row[0] else ""
    named = zip_longest(header[1:], row[1:], fillvalue="")
    lines = [f"- {name}: {cell}" if name else f"- {cell}" for name, cell in named if cell]
    return [title, *lines] if title else lines
