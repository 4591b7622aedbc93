"""A routing text as the rules see it, and the shape of what they say about it."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from tr_apply.routing.nodes import Expression, Tree
from tr_apply.routing.place import Place
from tr_apply.routing.tokens import Token


class Subject(NamedTuple):
    """A text that parses, and what is known about it."""

    place: Place
    tokens: Sequence[Token]
    tree: Tree
    given: Expression | None = None
    """What holds of the task when a target is reached: the expression of its filter."""


Remarks: TypeAlias = Iterator[tuple[int, str]]
"""0-based character offsets, and what is to be said about them."""


class Rule(NamedTuple):
    """A code that stays the same, what it stands for in one line, and where it applies."""

    code: str
    says: str
    places: frozenset[Place]
    find: Callable[[Subject], Remarks]
