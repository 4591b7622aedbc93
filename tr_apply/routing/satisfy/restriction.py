"""Which values make a comparison true. The evaluator is asked about each; its rules are not written again here."""

from collections.abc import Callable, Mapping
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


def restriction(related: Related, groups: Groups) -> Restriction:
    """The restriction of *related* on its last path, with all other paths bound."""
    path = related.paths[-1]
    known = {each: groups[each].values[n] for each, n in zip(related.paths, related.bound, strict=False)}
    compare = COMPARE[related.comparison.comparator]
    left, right = (_reader(each, path, known) for each in (related.comparison.left, related.comparison.right))
    mask = 0
    for n, value in enumerate(groups[path].values):
        if compare(left(value), right(value)) is related.wanted:
            mask |= 1 << n
    condition = _condition(related, groups[path], known)
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
    found = dict.fromkeys([*paths(comparison.left), *paths(comparison.right)])
    listed = list_operand(comparison)
    return tuple(sorted(found, key=lambda path: path == listed))


def _condition(related: Related, values: Candidates, known: Mapping[Path, Any]) -> Condition | None:
    comparison, path = related.comparison, related.paths[-1]
    compare = COMPARE[comparison.comparator]
    if path == list_operand(comparison):
        return _holding(comparison, path, values, known, wanted=related.wanted)
    free, part = values.free_text, comparison.right
    if comparison.comparator is not Comparator.CONTAINS or free is None or not isinstance(part, Constant):
        return None
    if not isinstance(part.value, str) or compare(values.values[free], part.value):
        return None  # the empty text is a part of every text
    return Condition(1 << free, Detail(path, "text", key_of(part.value)), related.wanted)


def _holding(
    comparison: Comparison, path: Path, values: Candidates, known: Mapping[Path, Any], *, wanted: bool
) -> Condition | None:
    """Whether the list has to hold the element; None where its answer does not depend on that."""
    compare, listed_left = COMPARE[comparison.comparator], comparison.comparator is Comparator.HAS
    element = comparison.right if listed_left else comparison.left
    if path in paths(element):
        return None
    value = _reader(element, path, known)(None)
    answers = [compare(each, value) if listed_left else compare(value, each) for each in ([value], [])]
    if answers[0] is answers[1]:
        return None
    return Condition(values.a_list, Detail(path, "list", key_of(value)), answers[0] is wanted)


def _reader(operand: Operand, path: Path, known: Mapping[Path, Any]) -> Callable[[Any], Any]:
    """The value of *operand* as a function of that of *path*, the others being *known*."""
    match operand:
        case Path():
            return (lambda value: value) if operand == path else _always(known.get(operand))
        case Constant(value):
            return _always(value)
        case ListLiteral(items):
            readers = [_reader(item, path, known) for item in items]
            if path not in paths(operand):
                return _always([read(None) for read in readers])
            return lambda value: [read(value) for read in readers]
        case _:
            assert_never(operand)


def _always(value: Any) -> Callable[[Any], Any]:
    return lambda _: value
