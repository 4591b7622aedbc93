"""A routing text as the rules see it, and what a rule on one is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from tr_apply.findings import Rule, Severity
from tr_apply.routing.nodes import Expression, Tree
from tr_apply.routing.place import Place
from tr_apply.routing.tokens import Token
from tr_apply.routing.value_types import AttributeTypes


class RoutingText(NamedTuple):
    """A text that parses, with the known facts about it."""

    place: Place
    tokens: Sequence[Token]
    tree: Tree
    given: Expression | None = None
    """The expression of the filter above a target, which is true of every task that reaches it."""


Remarks: TypeAlias = Iterator[tuple[int, str]]
"""0-based character offsets, each with its message."""

_Find: TypeAlias = Callable[[RoutingText], Remarks]
_FindAmong: TypeAlias = Callable[[Tree, Place, AttributeTypes], Remarks]


@dataclass(frozen=True, slots=True)
class TextRule(Rule):
    """A rule on the text alone, in the *places* where it applies."""

    places: frozenset[Place]
    find: _Find


@dataclass(frozen=True, slots=True)
class AttributeRule(Rule):
    """A rule that must know the attributes that exist."""

    find: _FindAmong


def text_rule(code: str, says: str, *places: Place) -> Callable[[_Find], TextRule]:
    """Make the rule that the decorated function carries out: a warning, as everything but a syntax error is."""
    return lambda find: TextRule(code, Severity.WARNING, says, frozenset(places), find)


def attribute_rule(code: str, says: str) -> Callable[[_FindAmong], AttributeRule]:
    """Make the rule that the decorated function carries out."""
    return lambda find: AttributeRule(code, Severity.WARNING, says, find)
