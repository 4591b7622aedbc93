"""Which values make a comparison true. The evaluator is asked about each; its rules are not written again here.

All others make it false.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, Literal, NamedTuple, TypeAlias, assert_never

from tr_apply.routing.evaluate import COMPARE
from tr_apply.routing.nodes import Comparator, Comparison, Constant, ListLiteral, Operand, Path, paths
from tr_apply.routing.satisfy.candidates import Candidates, ScalarKey, key_of
from tr_apply.routing.satisfy.formula import Mask, Related

Groups: TypeAlias = Mapping[Path, Candidates]


class Detail(NamedTuple):
    """Something about the value of a path: that its list holds a scalar, or its text a part."""

    path: Path
    of: Literal["list", "text"]
    key: ScalarKey
    """The scalar or the part, as `key_of` has it."""

    @property
    def value(self) -> Any:
        """The scalar or the part itself."""
        return self.key[1]


class Condition(NamedTuple):
    """A value that represents many, and a detail that has to hold of the one it is, or must not."""

    mask: Mask
    detail: Detail
    holds: bool


class Restriction(NamedTuple):
    """The values of a path that satisfy a comparison, and perhaps one that does on a condition."""

    mask: Mask
    condition: Condition | None

    def negated(self, anything: Mask) -> "Restriction":
        """The values, of *anything*, that do not satisfy it."""
        if self.condition is None:
            return Restriction(anything & ~self.mask, None)
        mask, detail, holds = self.condition
        return Restriction(anything & ~(self.mask | mask), Condition(mask, detail, not holds))


def restriction(related: Related, groups: Groups) -> Restriction:
    """The restriction on the last path of *related* for being true, with all other paths bound."""
    comparison, path = related.comparison, related.paths[-1]
    known = {each: groups[each].values[n] for each, n in zip(related.paths, related.bound, strict=False)}
    values = groups[path].values
    left, right = (_column(each, path, values, known) for each in (comparison.left, comparison.right))
    mask = 0
    for n, answer in enumerate(map(COMPARE[comparison.comparator], left, right)):
        if answer:
            mask |= 1 << n
    condition = _condition(comparison, path, groups[path], known)
    return Restriction(mask if condition is None else mask & ~condition.mask, condition)


def list_operand(comparison: Comparison) -> Operand | None:
    """The side of *comparison* that has to be a list."""
    match comparison.comparator:
        case Comparator.HAS:
            return comparison.left
        case Comparator.IN | Comparator.NOT_IN:
            return comparison.right
        case _:
            return None


def paths_of(comparison: Comparison) -> tuple[Path, ...]:
    """The different paths of *comparison*, that of a list last."""
    match comparison.left, comparison.right:
        case (Path() as only, Constant()) | (Constant(), Path() as only):  # nearly every comparison
            return (only,)
    found = dict.fromkeys([*paths(comparison.left), *paths(comparison.right)])
    listed = list_operand(comparison)
    return tuple(sorted(found, key=lambda path: path == listed))


def _condition(comparison: Comparison, path: Path, values: Candidates, known: Mapping[Path, Any]) -> Condition | None:
    compare = COMPARE[comparison.comparator]
    if path == list_operand(comparison):
        return _holding(comparison, path, values, known)
    free, part = values.free_text, comparison.right
    if comparison.comparator is not Comparator.CONTAINS or free is None or not isinstance(part, Constant):
        return None
    if not isinstance(part.value, str) or compare(values.values[free], part.value):
        return None  # the empty text is a part of every text
    return Condition(1 << free, Detail(path, "text", key_of(part.value)), holds=True)


def _holding(comparison: Comparison, path: Path, values: Candidates, known: Mapping[Path, Any]) -> Condition | None:
    """Whether the list has to hold the element; None where its answer does not depend on that."""
    compare, listed_left = COMPARE[comparison.comparator], comparison.comparator is Comparator.HAS
    element = comparison.right if listed_left else comparison.left
    if path in paths(element):
        return None
    [value] = _column(element, path, (None,), known)
    answers = [compare(each, value) if listed_left else compare(value, each) for each in ([value], [])]
    if answers[0] is answers[1]:
        return None
    return Condition(values.a_list, Detail(path, "list", key_of(value)), answers[0])


def _column(operand: Operand, path: Path, values: Sequence[Any], known: Mapping[Path, Any]) -> Iterable[Any]:
    """The value of *operand* for each of the *values* of *path*, the others being *known*."""
    match operand:
        case Path():
            return values if operand == path else repeat(known.get(operand), len(values))
        case Constant(value):
            return repeat(value, len(values))
        case ListLiteral(items) if path in paths(operand):
            return map(list, zip(*(_column(item, path, values, known) for item in items), strict=True))
        case ListLiteral(items):
            one = [value for item in items for value in _column(item, path, (None,), known)]
            return repeat(one, len(values))
        case _:
            assert_never(operand)
