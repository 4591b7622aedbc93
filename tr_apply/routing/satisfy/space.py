"""The variables of some expressions, and each expression as a formula over them.

A path is a variable, whose values are its `Candidates`. What its list holds and which parts its text has are variables
of two values: 40 skills are 40 variables instead of 2**40 lists.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Final, NamedTuple, TypeAlias, assert_never

from tr_apply.routing.evaluate import evaluate
from tr_apply.routing.nodes import And, Comparison, Expression, Or, Path, comparisons
from tr_apply.routing.place import Place
from tr_apply.routing.satisfy.candidates import NULL, Candidates, bounds_of, candidates, is_own, key_of, possible
from tr_apply.routing.satisfy.formula import Every, Formula, In, Mask, Related, every, leaves, some
from tr_apply.routing.satisfy.restriction import Detail, Restriction, paths_of, restriction

NO: Final = 0b01
YES: Final = 0b10
_EITHER: Final = 0b11

Meaning: TypeAlias = Path | Detail
"""A path, or a detail of one, which is true or false."""

_Both: TypeAlias = tuple[Formula, Formula]
"""The formulas for a comparison being false, and for it being true."""


class SearchVariable(NamedTuple):
    """One variable."""

    meaning: Meaning
    domain: Mask
    """The values it may have at all."""

    complete: bool
    """Whether it has every value that could make a difference."""


class Space:
    """The variables of *expressions*, all of *place*; *singles* never hold a list or an object."""

    def __init__(self, expressions: Iterable[Expression], place: Place, singles: Collection[Path] = ()) -> None:
        self._singles = frozenset(singles)
        self.variables: list[SearchVariable] = []
        self.groups: dict[Path, Candidates] = {}
        self._rules: dict[int, tuple[Formula, ...]] = {}
        """By variable, what holds whenever it matters, of itself and of others."""
        self._numbers: dict[Meaning, int] = {}
        self._lifted: dict[Comparison, _Both] = {}
        self._restricted: dict[tuple[Comparison, tuple[int, ...]], _Both] = {}
        """By comparison, and the values of all its paths but the last."""
        for group, about in _groups(dict.fromkeys(each for tree in expressions for each in comparisons(tree))):
            self._add_group(group, about, place)
        for path in self.groups:
            self._rules[self.number(path)] = tuple(self._nesting(path, place))

    def _add_group(self, group: Iterable[Path], about: list[Comparison], place: Place) -> None:
        bounds = {bound for path in group for bound in bounds_of(path, place)}
        values = candidates(about, size=len(list(group)), bounds=bounds)
        for path in group:
            containers = values.a_list | values.an_object if path in self._singles else 0
            self.groups[path] = values
            self._new(path, possible(values, path, place) & ~containers, complete=values.complete)
            self._add_parts(path, values.parts)

    def _add_parts(self, path: Path, parts: tuple[str, ...]) -> None:
        """One variable a part; what a part of the text has as a part, the text has."""
        numbers = {part: self._new(Detail(path, "text", key_of(part)), _EITHER) for part in parts}
        for part, number in numbers.items():
            within = [numbers[other] for other in parts if other != part and other in part]
            self._rules[number] = tuple(some((In(number, NO), In(each, YES))) for each in within)

    def _nesting(self, path: Path, place: Place) -> Iterator[Formula]:
        """A path leads nowhere unless each path before it is an object or, before an index, a list."""
        if len(path.segments) == 1 or is_own(path, place):
            return
        for length in range(1, len(path.segments)):
            parent = Path(path.segments[:length])
            if (values := self.groups.get(parent)) is not None:
                holder = values.a_list if isinstance(path.segments[length], int) else values.an_object
                yield some((In(self.number(path), NULL), In(self.number(parent), holder)))

    def _new(self, meaning: Meaning, domain: Mask, *, complete: bool = True) -> int:
        self._numbers[meaning] = len(self.variables)
        self.variables.append(SearchVariable(meaning, domain, complete))
        return self._numbers[meaning]

    def number(self, meaning: Meaning) -> int:
        """The index of a variable; that of a new one for a detail that was not asked for before."""
        found = self._numbers.get(meaning)
        return self._new(meaning, _EITHER) if found is None else found

    def with_rules(self, parts: Iterable[Formula]) -> list[Formula]:
        """*parts*, and the rules of every variable in them."""
        formulas, seen = list(parts), set[int]()
        for formula in formulas:  # grows while it is read: a rule may bring in further variables
            for number in self._variables(formula):
                if number not in seen:
                    seen.add(number)
                    formulas.extend(self._rules.get(number, ()))
        return formulas

    def _variables(self, formula: Formula) -> Iterator[int]:
        for leaf in leaves(formula):
            if isinstance(leaf, In):
                yield leaf.variable
            else:
                yield from map(self.number, leaf.paths)

    # From expressions to formulas

    def lift(self, expression: Expression, *, wanted: bool = True) -> Formula:
        """The formula for *expression* being true or, if not *wanted*, false."""
        match expression:
            case Comparison():
                return self._comparison(expression)[wanted]
            case And(operands) | Or(operands):
                join = every if isinstance(expression, And) is wanted else some
                return join(self.lift(operand, wanted=wanted) for operand in operands)
            case _:
                assert_never(expression)

    def _comparison(self, comparison: Comparison) -> _Both:
        found = self._lifted.get(comparison)
        if found is None:
            found = self._lifted[comparison] = self._lift(comparison)
        return found

    def _lift(self, comparison: Comparison) -> _Both:
        different = paths_of(comparison)
        if not different:
            truth = evaluate(comparison, {})
            return not truth, truth
        false, true = (Related(comparison, wanted, different) for wanted in (False, True))
        return (false, true) if len(different) > 1 else self._restrict(true)

    def restricted(self, related: Related) -> Formula:
        """The formula for *related*, of whose paths all but the last are bound."""
        key = related.comparison, related.bound
        found = self._restricted.get(key)
        if found is None:
            found = self._restricted[key] = self._restrict(related)
        return found[related.wanted]

    def _restrict(self, related: Related) -> _Both:
        path, true = related.paths[-1], restriction(related, self.groups)
        false = true.negated(self.groups[path].anything)
        return self._restricting(path, false), self._restricting(path, true)

    def _restricting(self, path: Path, values: Restriction) -> Formula:
        number, (mask, condition) = self.number(path), values
        if condition is None:
            return In(number, mask)
        detail: Formula = In(self.number(condition.detail), YES if condition.holds else NO)
        if mask | condition.mask != self.groups[path].anything:
            detail = every((In(number, condition.mask), detail))
        return some((In(number, mask), detail))

    def split(self, related: Related, domain: Mask) -> list[Formula]:
        """*related* for each value in *domain* of its first unbound path; null, and so two missing values, last."""
        number = self.number(related.paths[len(related.bound)])
        values = [n for n in range(domain.bit_length()) if domain >> n & 1]
        values.sort(key=lambda n: 1 << n == NULL)
        return [Every((In(number, 1 << n), related._replace(bound=(*related.bound, n)))) for n in values]


def _groups(found: Iterable[Comparison]) -> Iterator[tuple[list[Path], list[Comparison]]]:
    """The paths that comparisons connect, directly or through others, with those comparisons."""
    groups: dict[Path, tuple[list[Path], list[Comparison]]] = {}
    for comparison in found:
        different = paths_of(comparison)
        joined = {id(group): group for path in different if (group := groups.get(path)) is not None}
        first, *others = joined.values() or [([], [])]
        added = [path for group in others for path in group[0]] + [path for path in different if path not in groups]
        first[0].extend(added)
        first[1].extend(each for group in others for each in group[1])
        first[1].append(comparison)
        groups.update(dict.fromkeys(added, first))
    return iter({id(each): each for each in groups.values()}.values())
