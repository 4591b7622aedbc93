"""Where in a file a character of a scalar's value stands: the way back from an expression to its line and column.

Events give only where a scalar begins. Quotes, escapes and folded lines are walked again here, for one scalar, when a
message needs it.
"""

import re
from collections.abc import Iterator
from itertools import islice

_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)+")
_ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\r?\n[ \t]*|.)", re.DOTALL)
_FOLD = re.compile(r"[ \t]*((?:\r?\n[ \t]*)+)")
_BLOCK_HEADER = re.compile(r"[|>][^\n]*\n")
_BLANK_LINES = re.compile(r"(?:[ \t]*\r?\n)*")


def character_index(text: str, start: int, offset: int) -> int:
    """The index in *text* of character *offset* of the value of the scalar that begins at *start*."""
    if (properties := _PROPERTIES.match(text, start)) is not None:
        start = properties.end()
    return next(islice(_characters(text, start), offset, None), start)


def _characters(text: str, start: int) -> Iterator[int]:
    """The index in *text* of each character of the value, and of the place after the last one."""
    match text[start : start + 1]:
        case "'":
            return _single_quoted(text, start + 1)
        case '"':
            return _double_quoted(text, start + 1)
        case "|" | ">":
            return _block(text, start)
        case _:
            return _flowing(text, start)


def _flowing(text: str, index: int) -> Iterator[int]:
    while index <= len(text):
        fold = _FOLD.match(text, index)
        if fold is None:
            yield index
            index += 1
        else:
            yield from _folded(fold)
            index = fold.end()


def _folded(fold: re.Match[str]) -> Iterator[int]:
    """One line break is a blank; each one more is a line break."""
    breaks = fold[1].count("\n")
    yield from [fold.start(1)] * max(1, breaks - 1)


def _single_quoted(text: str, index: int) -> Iterator[int]:
    while index <= len(text):
        fold = _FOLD.match(text, index)
        if fold is not None:
            yield from _folded(fold)
            index = fold.end()
        else:
            yield index
            index += 2 if text[index : index + 2] == "''" else 1


def _double_quoted(text: str, index: int) -> Iterator[int]:
    while index <= len(text):
        fold = _FOLD.match(text, index)
        escape = _ESCAPE.match(text, index)
        if fold is not None:
            yield from _folded(fold)
            index = fold.end()
        elif escape is not None:
            if "\n" not in escape[0]:  # an escaped line break stands for nothing
                yield index
            index = escape.end()
        else:
            yield index
            index += 1


def _block(text: str, start: int) -> Iterator[int]:
    header = _BLOCK_HEADER.match(text, start)
    index = header.end() if header else start
    first = _BLANK_LINES.match(text, index)
    begin = first.end() if first else index
    indent = len(text[begin:]) - len(text[begin:].lstrip(" "))
    for line in text[index:].splitlines(keepends=True):
        yield from range(index + min(indent, len(line) - 1), index + len(line))
        index += len(line)
    yield index
