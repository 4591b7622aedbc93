"""Small tables as plain text."""

import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest

_GAP = "  "
_NARROWEST = 12  # characters of a column that had to give way


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, width: int = 100) -> str:
    """*rows* below *header*, in columns; what does not fit into *width* characters is wrapped in its cell."""
    widths = _widths([header, *rows], width)
    lines = [line for row in [header, *rows] for line in _lines(row, widths)]
    return "\n".join(lines) + "\n"


def _widths(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """The width of each column: that of its longest cell, with the widest columns cut down until all fit."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    room = width - len(_GAP) * (len(widths) - 1)
    while sum(widths) > room and max(widths) > _NARROWEST:
        widest = widths.index(max(widths))
        widths[widest] -= 1
    return widths


def _lines(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    cells = [textwrap.wrap(cell, width) or [""] for cell, width in zip(row, widths, strict=True)]
    for parts in zip_longest(*cells, fillvalue=""):
        yield _GAP.join(part.ljust(width) for part, width in zip(parts, widths, strict=True)).rstrip()
