"""The line and column of a character of a scalar's value: the way back from an expression to its place in the file.

Events give only where a scalar begins. Quotes, escapes and folded lines are walked again here, for one scalar, when a
message needs it; the rules are those of libyaml's scanner.
"""

import re
from array import array
from collections.abc import Generator, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Final, NamedTuple

_BREAK: Final = r"(?:\r\n|[\n\r\x85\u2028\u2029])"
_PROPERTIES: Final = re.compile(rf"(?:(?:&[0-9A-Za-z_-]+|![^\s,\[\]{{}}]*)(?:[ \t]+(?:#[^\n]*)?|{_BREAK})*)+")
_ESCAPE: Final = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[^\n\r\x85\u2028\u2029])")
_CONTINUATION: Final = re.compile(rf"\\{_BREAK}[ \t]*")
_FOLD: Final = re.compile(rf"[ \t]*({_BREAK})[ \t]*")
_NEXT_BREAK: Final = re.compile(rf"({_BREAK})[ \t]*")
_BLOCK_HEADER: Final = re.compile(rf"[|>][^\n\r\x85\u2028\u2029]*{_BREAK}")
_LINE: Final = re.compile(rf"([^\n\r\x85\u2028\u2029]*)({_BREAK}|\Z)")
_DEEPEST: Final = 200  # columns; further in no block can begin, given how deep a file may nest


class Span(NamedTuple):
    """The source text of one character of the value."""

    begin: int
    end: int


class _Made(NamedTuple):
    """A character of a value, and what it was made of."""

    character: str
    span: Span


def character_index(text: str, start: int, value: str, offset: int) -> int:
    """The index in *text* of character *offset* of *value*, the scalar that begins at *start*.

    The offset ``len(value)`` gives the end of the last character. An alias gives its own start.
    """
    if (properties := _PROPERTIES.match(text, start)) is not None:
        start = properties.end()
    if not value or text[start : start + 1] == "*":
        return start
    at = min(offset, len(value) - 1)
    span = _walk(text, start, value).span(at)
    return span.end if offset > at else span.begin


class _Walk:
    """The way through one scalar, as far as anybody has asked: many findings about one text walk it once."""

    def __init__(self, text: str, start: int, value: str) -> None:
        self._start = start
        self._spans = iter(_spans(text, start, value))
        self._begins, self._ends = array("q"), array("q")

    def span(self, at: int) -> Span:
        """The source of character *at* of the value."""
        for each in islice(self._spans, max(0, at + 1 - len(self._begins))):
            self._begins.append(each.begin)
            self._ends.append(each.end)
        return Span(self._begins[at], self._ends[at]) if at < len(self._begins) else Span(self._start, self._start)


_walk = lru_cache(maxsize=1)(_Walk)


def _spans(text: str, start: int, value: str) -> Iterable[Span]:
    match text[start : start + 1]:
        case "'":
            return _flowing(text, start + 1, quote="'")
        case '"':
            return _flowing(text, start + 1, quote='"')
        case "|" | ">":
            return _block(text, start, value)
        case _:
            return _flowing(text, start, quote="")


def _flowing(text: str, index: int, *, quote: str) -> Iterator[Span]:
    """Plain and quoted text: blanks around the end of a line vanish, one end of a line is a blank."""
    while index < len(text):
        if (fold := _FOLD.match(text, index)) is not None:
            index = yield from _folded(text, fold)
        elif quote == '"' and (escape := _CONTINUATION.match(text, index)) is not None:
            index = yield from _breaks(text, escape.end())
        else:
            end = _end_of_character(text, index, quote)
            yield Span(index, end)
            index = end


def _folded(text: str, fold: re.Match[str]) -> Generator[Span, None, int]:
    first = Span(*fold.span(1))
    index = fold.end()
    more = _NEXT_BREAK.match(text, index)
    if more is None or _as_character(fold[1]) != "\n":
        yield first
    return (yield from _breaks(text, index))


def _breaks(text: str, index: int) -> Generator[Span, None, int]:
    while (more := _NEXT_BREAK.match(text, index)) is not None:
        yield Span(*more.span(1))
        index = more.end()
    return index


def _end_of_character(text: str, index: int, quote: str) -> int:
    if quote == "'" and text.startswith("''", index):
        return index + 2
    if quote == '"' and (escape := _ESCAPE.match(text, index)) is not None:
        return escape.end()
    return index + 1


def _block(text: str, start: int, value: str) -> list[Span]:
    """Literal and folded text. The indentation is the one that gives *value*; the first line may be indented more."""
    header = _BLOCK_HEADER.match(text, start)
    begin = start if header is None else header.end()
    for indent in range(1, _DEEPEST):
        made = list(islice(_block_characters(text, begin, indent, folded=text[start] == ">"), len(value)))
        if "".join(each.character for each in made) == value:
            return [each.span for each in made]
    return []


def _block_characters(text: str, index: int, indent: int, *, folded: bool) -> Iterator[_Made]:
    breaks: list[_Made] = []  # the ends of the lines since the last one with text
    foldable = False  # whether that line may be joined with the next one
    for line in _LINE.finditer(text, index):
        spaces = _leading_spaces(line[1], indent)
        begin, end = line.start(1) + spaces, line.end(1)
        if begin < end:
            if spaces < indent:
                break
            joinable = folded and text[begin] not in " \t"
            yield from _joined(breaks) if foldable and joinable else breaks
            yield from (_Made(text[at], Span(at, at + 1)) for at in range(begin, end))
            breaks, foldable = [], joinable
        if line[2]:
            breaks.append(_Made(_as_character(line[2]), Span(*line.span(2))))
    yield from breaks


def _leading_spaces(line: str, limit: int) -> int:
    return min(len(line) - len(line.lstrip(" ")), limit)


def _joined(breaks: list[_Made]) -> Iterator[_Made]:
    """One end of a line is a blank; each one more is itself."""
    first, *more = breaks
    if first.character != "\n":
        yield first
    elif not more:
        yield _Made(" ", first.span)
    yield from more


def _as_character(line_break: str) -> str:
    return line_break if line_break in "\u2028\u2029" else "\n"
