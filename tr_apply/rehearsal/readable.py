"""A configuration without the expressions that do not parse and that it accepts as they are."""

from collections.abc import Sequence
from typing import Any, Final

from tr_apply.lint.declarations import Declarations
from tr_apply.lint.expressions import is_unreadable, placed_texts
from tr_apply.resources.document import Document
from tr_apply.routing.check import EXPRESSION_SYNTAX
from tr_apply.routing.place import EXPRESSIONS

_NOBODY: Final = "1==0"


def readable(document: Document) -> Document:
    """*document* as the routing engine can read it: what cannot be read matches nothing and gives no order."""
    if not any(each.code == EXPRESSION_SYNTAX.code for each in document.lint.accept):
        return document
    for each in placed_texts(Declarations(document)):
        if is_unreadable(each):
            document = _with(document, each.path, _NOBODY if each.place in EXPRESSIONS else None)
    return document


def _with(value: Any, path: Sequence[str | int], new: Any) -> Any:
    """*value* with *new* at *path*; what is there is left as it is."""
    if not path:
        return new
    first, rest = path[0], path[1:]
    if isinstance(first, int):
        return [_with(each, rest, new) if index == first else each for index, each in enumerate(value)]
    return value.model_copy(update={first: _with(getattr(value, first), rest, new)})
