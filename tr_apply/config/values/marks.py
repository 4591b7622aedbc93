"""``${…}`` in a text: finding them, and text that is put together from literal parts and those that stay for later."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from tr_apply.resources.template import MARK, escaped

VARIABLE_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

# An escape, or a reference: a name with an optional default, each.… or sid:…, whose name may hold an each.….
REFERENCE = re.compile(r"\$\$\{|\$\{(sid:(?:\$\{each\.[^}]*\}|[^}])*|[^}]*)\}|\$\{")
EACH = re.compile(r"\$\$\{|\$\{each\.([^}]*)\}")


class Mark(str):
    """A ``${sid:…}`` or ``${each.…}``, which stays for later."""

    __slots__ = ()


Pieces = tuple[str, ...]
"""Literal text and marks, in order."""


class GluedMarkError(Exception):
    """A ``$`` would come directly before a mark, and the two would read as an escape."""


def only_name(text: str) -> str | None:
    """The variable that *text* is exactly one reference to."""
    exact = REFERENCE.fullmatch(text)
    if exact is None or exact[1] is None or exact[1].startswith(("sid:", "each.")):
        return None
    return exact[1].partition(":-")[0]


def variables_in(text: str) -> Iterator[str]:
    """The names of the variables that *text* refers to."""
    yield from (name for name, _ in names_in(text) if VARIABLE_NAME.match(name))


def pieces_of(template: str) -> Pieces:
    """*template* as literal text and marks, in order."""
    pieces: list[str] = []
    end = 0
    for match in MARK.finditer(template):
        pieces += (template[end : match.start()], "${" if match[1] is None else Mark(match[0]))
        end = match.end()
    return tuple(united([*pieces, template[end:]]))


def names_in(text: str) -> Iterator[tuple[str, int]]:
    """The name in each reference in *text*, with its offset."""
    for match in REFERENCE.finditer(text):
        yield (match[1] or "").partition(":-")[0], match.start()


def united(pieces: Iterable[str]) -> Iterator[str]:
    """*pieces* with adjacent literal texts joined."""
    literal: list[str] = []
    for piece in pieces:
        if isinstance(piece, Mark):
            yield from filter(None, ["".join(literal)])
            yield piece
            literal = []
        else:
            literal.append(piece)
    yield from filter(None, ["".join(literal)])


def template_of(pieces: Pieces) -> str:
    """*pieces* as one text, with its literal parts escaped."""
    return "".join(_joined(pieces))


def _joined(pieces: Pieces) -> Iterator[str]:
    literal = ""
    for piece in pieces:
        if not isinstance(piece, Mark):
            literal += piece
            continue
        if literal.endswith("$"):  # the two would read as an escape
            raise GluedMarkError(piece)
        yield escaped(literal)
        yield piece
        literal = ""
    yield escaped(literal)
