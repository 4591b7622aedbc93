"""Rules on names and types that need to know what the workers, or the tasks, really have."""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from tr_apply.routing.comparison_rules import foregone, is_null, own_types, types_of
from tr_apply.routing.nodes import (
    Operand,
    OrderBy,
    Path,
    Tree,
    comparisons,
    paths,
)
from tr_apply.routing.place import Place, Remarks, attribute_keys, attribute_rule
from tr_apply.routing.value_types import (
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


_TypesAt: TypeAlias = Callable[[Path], ValueTypes | None]


@attribute_rule("attribute-type", "The attribute never has a type with which the comparison makes sense.")
def attribute_type(tree: Tree, place: Place, types: AttributeTypes) -> Remarks:
    """``level HAS 'support'`` where level is always a number."""

    def types_at(path: Path) -> ValueTypes | None:
        keys = attribute_keys(path, place)
        return types.at(keys) if keys else None

    return _never_ordered(tree, types_at) if isinstance(tree, OrderBy) else _foregone(tree, place, types_at)


def _foregone(tree: Tree, place: Place, types_at: _TypesAt) -> Remarks:
    for comparison in comparisons(tree):
        own = own_types(comparison, place)
        # Any attribute may be null, and findings that follow from the expression alone need no samples.
        if is_null(comparison.left) or is_null(comparison.right) or foregone(comparison, own):
            continue
        reason = foregone(comparison, _either(types_at, own))
        if reason:
            yield comparison.offset, reason


def _either(first: _TypesAt, second: Callable[[Path], ValueTypes]) -> Callable[[Path], ValueTypes]:
    return lambda path: first(path) or second(path)


def _never_ordered(order_by: OrderBy, types_at: _TypesAt) -> Remarks:
    for path in paths(order_by):
        types = types_at(path)
        if types and JsonType.INTEGER not in types.own:
            yield path.offset, f"order_by compares integers, and {path} is {types}"


@attribute_rule("attribute-never-set", "No worker, or no task, has the attribute.")
def attribute_never_set(tree: Tree, place: Place, types: AttributeTypes) -> Remarks:
    """``skill HAS 'support'`` where every worker has skills instead.

    Comparisons that a missing attribute satisfies, such as ``blocked != true``, are meant that way.
    """
    seen: set[Path] = set()
    for path in _needed(tree):
        keys = attribute_keys(path, place)
        if keys is None or path in seen or types.at(keys) is not None or str(path).endswith("!"):
            continue
        seen.add(path)
        whose = "task" if place in {Place.FILTER, Place.KNOWN_WORKER} else "worker"
        if whose == "worker" and keys[0] in _WRITTEN_AT_LOGIN:
            continue
        yield path.offset, f"no {whose} here has {path}{_suggestion(path, keys, types)}"


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


def _suggestion(path: Path, keys: Keys, types: AttributeTypes) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  # seldom needed

    name = str(Path(keys))
    prefix = str(path).removesuffix(name)
    close = get_close_matches(name, types.names(), n=1, cutoff=0.75)
    return f"; is {prefix}{close[0]} meant?" if close else ""
