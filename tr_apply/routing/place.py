"""The places of routing text in a configuration, the meaning of names in each, and what a rule on a text is."""

import re
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

from tr_apply.findings import Rule, Severity
from tr_apply.frozen import frozen
from tr_apply.routing.names import CHANNEL_PROPERTIES, sid_pattern
from tr_apply.routing.nodes import Expression, Path, Tree
from tr_apply.routing.tokens import Token
from tr_apply.routing.value_types import INTEGER, TEXT, AttributeTypes, Keys, ValueTypes


class Place(StrEnum):
    """The fields that hold an expression, an order or the name of an attribute."""

    QUEUE = "queue"
    """target_workers, and the same kind of expression elsewhere: attributes of a worker, no prefix."""

    FILTER = "filter"
    """The expression of a workflow filter: attributes of the task, no prefix."""

    TARGET = "target"
    """The expression of a target: ``task.`` and ``worker.`` before every name."""

    ORDER_BY = "order_by"
    """The order_by of a target: ``worker.`` before every name."""

    SKIP_IF = "skip_if"
    """The skip_if of a target: how many workers of its queue are in which activity."""

    KNOWN_WORKER = "known_worker"
    """known_worker_sid and known_worker_friendly_name: ``task.`` and one attribute."""


EXPRESSIONS: Final = frozenset({Place.QUEUE, Place.FILTER, Place.TARGET, Place.SKIP_IF})
UNPREFIXED: Final = frozenset({Place.QUEUE, Place.FILTER})
"""Where no name has a prefix."""

OWN_NAMES: Final = frozenset({"sid", "friendly_name", "activity_sid", "activity_name"})
"""Properties of a worker in TaskRouter, in addition to the attributes."""

_WORKERS_IN_ACTIVITY: Final = re.compile(rf"workers\.(available|unavailable|{sid_pattern('WA')})")

_ATTRIBUTE_ROOTS: Final = {
    Place.TARGET: "worker",
    Place.ORDER_BY: "worker",
    Place.KNOWN_WORKER: "task",
}


def is_prefixed(path: Path) -> bool:
    """Whether *path* begins with a prefix, which only some places know."""
    return len(path.segments) > 1 and path.segments[0] in {"task", "worker", "workers"}


def built_in_types(path: Path, place: Place) -> ValueTypes | None:
    """The types of a name that TaskRouter itself provides in *place*; None for any other name."""
    match place, path.segments:
        case Place.QUEUE, (str() as name,) if name in OWN_NAMES:
            return TEXT
        case Place.TARGET | Place.ORDER_BY, ("worker", str() as name) if name in OWN_NAMES:
            return TEXT
        case Place.TARGET | Place.ORDER_BY, ("worker", "channel", _, str() as name) if name in CHANNEL_PROPERTIES:
            return INTEGER
        case Place.SKIP_IF, _ if _WORKERS_IN_ACTIVITY.fullmatch(str(path)):
            return INTEGER
        case _:
            return None


def attribute_keys(path: Path, place: Place) -> Keys | None:
    """Where *path* looks within the attributes of the workers or, in a filter, of the tasks.

    None when it names something else: the task in a target, a name of TaskRouter's own, a count.
    """
    if place is Place.SKIP_IF or built_in_types(path, place) or channel_of(path) is not None:
        return None
    root = _ATTRIBUTE_ROOTS.get(place)
    if root is None:
        return None if is_prefixed(path) else path.segments
    return path.segments[1:] or None if path.segments[0] == root else None


def channel_of(path: Path) -> str | None:
    """The unique name of the task channel that *path* asks about in a target; None where it asks for something else."""
    match path.segments:
        case ("worker", "channel", channel, *_):
            return str(channel)
        case _:
            return None


# Rules on one text


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


@frozen
class TextRule(Rule):
    """A rule on the text alone, in the *places* where it applies."""

    places: frozenset[Place]
    find: _Find


@frozen
class AttributeRule(Rule):
    """A rule that must know the attributes that exist."""

    find: _FindAmong


def text_rule(code: str, says: str, *places: Place) -> Callable[[_Find], TextRule]:
    """Make the rule that the decorated function carries out: a warning, as everything but a syntax error is."""
    return lambda find: TextRule(code, Severity.WARNING, says, frozenset(places), find)


def attribute_rule(code: str, says: str) -> Callable[[_FindAmong], AttributeRule]:
    """Make the rule that the decorated function carries out."""
    return lambda find: AttributeRule(code, Severity.WARNING, says, find)
