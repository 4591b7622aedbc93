"""Rules on names and types that need to know what the workers, or the tasks, really have."""

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Final

from tr_apply.routing.comparison_rules import foregone, types_of
from tr_apply.routing.nodes import (
    Comparison,
    Constant,
    Operand,
    OrderBy,
    Path,
    Tree,
    comparisons,
    paths,
)
from tr_apply.routing.place import Place, attribute_keys, built_in_types
from tr_apply.routing.subject import Remarks
from tr_apply.routing.value_types import (
    ANYTHING,
    NULL,
    SOMETHING,
    AttributeTypes,
    JsonType,
    Keys,
    ValueTypes,
    outcomes,
)

_WRITTEN_AT_LOGIN: Final = frozenset({"contact_uri", "email", "full_name", "image_url", "roles"})
"""Attributes that Flex writes when a worker logs in; they are rarely in a configuration."""


def attribute_type(tree: Tree, place: Place, types: AttributeTypes) -> Remarks:
    """``level HAS 'support'`` where level is always a number."""

    def own_types(path: Path) -> ValueTypes:
        return built_in_types(path, place) or ANYTHING

    def all_types(path: Path) -> ValueTypes:
        keys = attribute_keys(path, place)
        return (keys and types.at(keys)) or own_types(path)

    if isinstance(tree, OrderBy):
        yield from _not_ordered(tree, all_types)
    for comparison in comparisons(tree):
        # Any attribute may be null; and what the expression alone shows is said without samples.
        if not _with_null(comparison) and not foregone(comparison, own_types):
            reason = foregone(comparison, all_types)
            if reason:
                yield comparison.offset, reason


def _with_null(comparison: Comparison) -> bool:
    return any(
        isinstance(operand, Constant) and operand.value is None for operand in (comparison.left, comparison.right)
    )


def _not_ordered(order_by: OrderBy, types_at: Callable[[Path], ValueTypes]) -> Remarks:
    for path in paths(order_by):
        types = types_at(path)
        if JsonType.INTEGER not in types.own:
            yield path.offset, f"order_by compares integers, and {path} is {types}"


def attribute_never_set(tree: Tree, place: Place, types: AttributeTypes) -> Remarks:
    """``skill HAS 'support'`` where every worker has skills instead.

    Comparisons that a missing attribute satisfies, such as ``blocked != true``, are meant that way.
    """
    seen: set[Path] = set()
    for path in _needed(tree):
        keys = attribute_keys(path, place)
        if keys is None or path in seen or types.at(keys) is not None:
            continue
        seen.add(path)
        whose = "task" if place in {Place.FILTER, Place.KNOWN_WORKER} else "worker"
        if whose == "worker" and keys[0] in _WRITTEN_AT_LOGIN:
            continue
        yield path.offset, f"no {whose} has {path}{_suggestion(keys, types)}"


def _needed(tree: Tree) -> Iterator[Path]:
    """The paths that must lead somewhere for their comparison to hold, or their clause to count."""
    if isinstance(tree, OrderBy | Path):
        yield from paths(tree)
    for comparison in comparisons(tree):
        left, comparator, right = comparison.left, comparison.comparator, comparison.right
        if isinstance(left, Path) and outcomes(comparator, NULL, _present(right)) == {False}:
            yield left
        if isinstance(right, Path) and outcomes(comparator, _present(left), NULL) == {False}:
            yield right


def _present(operand: Operand) -> ValueTypes:
    return types_of(operand, lambda _: SOMETHING)


def _suggestion(keys: Keys, types: AttributeTypes) -> str:
    written = str(Path(keys))
    close = get_close_matches(written, types.names(), n=1, cutoff=0.75)
    return f"; is {close[0]} meant?" if close else ""
