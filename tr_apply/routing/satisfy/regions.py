"""The values of a path that some expressions treat alike, and a value to represent each group."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

from tr_apply.routing.evaluate import Predicate, compiled
from tr_apply.routing.nodes import Comparison, Constant, Expression, ListLiteral, Operand, Path, comparisons, with_paths
from tr_apply.routing.place import Place
from tr_apply.routing.satisfy.candidates import Candidates, candidates, key_of
from tr_apply.routing.satisfy.restriction import paths_of
from tr_apply.routing.satisfy.space import Space

_VALUE: Final = Path(("value",))


class Regions:
    """The scalars of a path, grouped: one region holds all values that *expressions* of targets treat alike."""

    def __init__(self, expressions: Iterable[Expression]) -> None:
        trees = list(expressions)
        found = list(dict.fromkeys(each for tree in trees for each in comparisons(tree)))
        self._groups = Space(trees, Place.TARGET).groups
        self._alone: dict[Path, list[Predicate]] = {}
        self._named: dict[int, set[Hashable]] = {}
        for each in found:
            different = paths_of(each)
            if len(different) == 1:
                alone = compiled(with_paths(each, lambda _: _VALUE))
                self._alone.setdefault(different[0], []).append(alone)
            if different:
                self._named.setdefault(id(self._groups[different[0]]), set()).update(map(key_of, _constants(each)))
        self.together = {each: paths for each in found if len(paths := paths_of(each)) > 1}
        """The comparisons of several paths, which no look at a single one of them decides, and their paths."""

    @property
    def paths(self) -> Iterable[Path]:
        """Every path that the expressions read."""
        return self._groups.keys()

    def names(self, path: Path, value: Any) -> bool:
        """Whether an expression names the scalar *value*, of *path* or of another path that it is compared with."""
        return key_of(value) in self.constants(path)

    def constants(self, path: Path) -> AbstractSet[Hashable]:
        """The constants that the expressions compare with *path*, as `key_of` returns them."""
        return self._named.get(id(self._groups.get(path)), frozenset())

    def stand_ins(self, path: Path, value: str | float, *, in_list: bool = False) -> Iterator[str | float]:
        """The texts, or the numbers, that no expression names and that all treat as they do *value*, in order.

        *in_list* is for an element of a list at *path*. Whether the values of two paths are equal is not considered.
        """
        values = self._groups.get(path) or candidates((), size=1)
        asked = self._alone.get(path, ())
        truth = _answers(asked, value, in_list=in_list)
        for each in _of_its_type(values, value):
            is_new = each in values.parts or not self.names(path, each)
            if is_new and _answers(asked, each, in_list=in_list) == truth:
                yield each


def _answers(asked: Sequence[Predicate], value: Any, *, in_list: bool) -> list[bool]:
    names = {"value": [value] if in_list else value}
    return [each(names) for each in asked]


def _of_its_type(values: Candidates, value: str | float) -> Iterator[str | float]:
    is_text = isinstance(value, str)
    if isinstance(value, str) and (held := [each for each in values.parts if each in value]):
        yield values.wording.holding(held)
    for each in values.values[:-2]:  # the last two are a list and an object
        if isinstance(each, str) is is_text and each is not None and not isinstance(each, bool):
            yield each


def _constants(comparison: Comparison) -> Iterator[Any]:
    for operand in (comparison.left, comparison.right):
        yield from _constants_of(operand)


def _constants_of(operand: Operand) -> Iterator[Any]:
    match operand:
        case Constant(value):
            yield value
        case ListLiteral(items):
            for each in items:
                yield from _constants_of(each)
        case _:
            return
