"""A table of comma-separated values -> rows of cells, each with its place.

Python's own reader gives only the line. Here a cell has a place, as everything else of a file does.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

_DELIMITERS: Final = ",;\t"  # the first where the header has none; Excel takes `;` where the comma is a decimal point
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_QUOTED: Final = re.compile(r'"([^"]*(?:""[^"]*)*)" *')
_SEPARATOR_LINE: Final = re.compile(r"sep=([,;\t])(?:\r\n|\n|\r|\Z)", re.IGNORECASE)


class Cell(NamedTuple):
    """The text of a cell, and the 0-based index where it begins in the table."""

    text: str
    at: int


class TableError(Exception):
    """A table cannot be read any further.

    Attributes:
        message: Why.
        at: The 0-based index in the text.
    """

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


def rows(text: str) -> Iterator[Sequence[Cell]]:
    """The non-empty rows of a table, as in RFC 4180; blanks around a cell count only inside quotes.

    The delimiter is the most frequent of comma, semicolon and tab in the header.

    Raises:
        TableError: A quote is never closed, or text follows a closed one.
    """
    index, delimiter = _beginning(text)
    unquoted = re.compile(rf"[^{delimiter}\r\n]*")
    row: list[Cell] = []
    while index < len(text) or row:
        cell, index = _cell(text, index, unquoted)
        row.append(cell)
        if text[index : index + 1] == delimiter:
            index += 1
            continue
        end = _LINE_END.match(text, index)
        if end is None and index < len(text):
            raise TableError("text after a closing quote; write a quote inside of quotes twice", index)
        if any(each.text for each in row):
            yield row
        row = []
        index = len(text) if end is None else end.end()


def _beginning(text: str) -> tuple[int, str]:
    """Where the header begins, and the delimiter."""
    if (declared := _SEPARATOR_LINE.match(text)) is not None:  # a line that is meant for Excel alone
        return declared.end(), declared[1]
    header = _QUOTED.sub("", next(filter(str.strip, text.splitlines()), ""))
    return 0, max(_DELIMITERS, key=header.count)


def _cell(text: str, index: int, unquoted: re.Pattern[str]) -> tuple[Cell, int]:
    """The cell at *index*, and the index after it."""
    match = unquoted.match(text, index)
    assert match is not None
    begin = index + len(match[0]) - len(match[0].lstrip(" "))
    if text[begin : begin + 1] != '"':
        return Cell(match[0].strip(" "), begin), match.end()
    quoted = _QUOTED.match(text, begin)
    if quoted is None:
        raise TableError("this quote is never closed", begin)
    return Cell(quoted[1].replace('""', '"'), begin), quoted.end()


def cell_index(text: str, start: int, value: str, offset: int) -> int:
    """The index in *text* of character *offset* of *value*, which is the cell that begins at *start*, or in it."""
    quoted = _QUOTED.match(text, start)
    if quoted is None:
        return start + offset if text.startswith(value, start) else start
    if quoted[1].replace('""', '"') != value:
        return start
    characters = (match.start() for match in re.finditer(r'""|[^"]', quoted[1]))
    return start + 1 + next(islice(characters, offset, None), len(quoted[1]))
