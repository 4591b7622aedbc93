"""Looks for values that satisfy a formula: cut down what each variable may be, and where that decides nothing, try.

A failed search is a proof: it has covered every candidate of every variable that it split, and no comparison
distinguishes a value from its candidate. The proof has a hole, and the answer is unknown, where a variable with
incomplete candidates ran out of them, and where an example failed the evaluator's judgement.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from tr_apply.routing.satisfy.formula import Every, Formula, In, Mask, Related, Some
from tr_apply.routing.satisfy.space import Space
from tr_apply.routing.satisfy.witness import witness

SEARCH_NODES: Final = 20_000
"""Maximum number of nodes of a search before it stops; real workflows need fewer than 100."""

PLAN_NODES: Final = 2_000_000
"""How many nodes all searches for one plan may visit together."""

Reason: TypeAlias = Literal["budget", "values", "unreadable"]
"""Why there is no answer: the nodes ran out, the candidate values do not suffice, or an expression cannot be read."""


@dataclass(frozen=True, slots=True)
class Satisfiable:
    """Something makes it true."""

    names: Mapping[str, Any]
    """One example, judged by the evaluator: the shortest values that the search found, not values that occur."""


@dataclass(frozen=True, slots=True)
class Unsatisfiable:
    """Nothing makes it true."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may be either."""

    reason: Reason


Answer: TypeAlias = Satisfiable | Unsatisfiable | Unknown


class Budget:
    """Nodes that several searches share; the same searches always spend the same."""

    __slots__ = ("left",)

    def __init__(self, nodes: int = PLAN_NODES) -> None:
        self.left = nodes

    def spend(self, nodes: int = 1) -> bool:
        """Take one node, or what costs as much as *nodes*; False when there is none left."""
        self.left -= nodes
        return self.left >= 0


Domains: TypeAlias = dict[int, Mask]
"""The remaining values of the variables; a variable that is missing may still have all its values."""

Judge: TypeAlias = Callable[[Mapping[str, Any]], bool]

_UNSPLIT: Final = 1 << 30


def solve(space: Space, parts: Iterable[Formula], judge: Judge, budget: Budget) -> Answer:
    """Names that satisfy all of *parts* and please *judge*, who asks the evaluator."""
    return _Search(space).run(space.with_rules(parts), judge, budget)


class _Search:
    """One search; ``unsure`` once it has left something out."""

    __slots__ = ("_space", "_unsure")

    def __init__(self, space: Space) -> None:
        self._space = space
        self._unsure = False

    def run(self, parts: list[Formula], judge: Judge, budget: Budget) -> Answer:
        waiting: list[tuple[list[Formula], Domains]] = [(parts, {})]
        for _ in range(SEARCH_NODES):
            if not waiting:
                return Unknown("values") if self._unsure else Unsatisfiable()
            if not budget.spend():
                break
            formulas, domains = waiting.pop()
            rest = self._reduce(formulas, domains)
            if rest is None:
                continue
            if rest:
                waiting.extend(self._branches(rest, domains))
                continue
            names = witness(self._space, domains)
            if judge(names):
                return Satisfiable(names)
            self._unsure = True
        return Unknown("budget")

    def _reduce(self, formulas: list[Formula], domains: Domains) -> list[Formula] | None:
        """The undecided part of *formulas*, after narrowing *domains*; None if one is false."""
        narrowed = True
        while narrowed:
            narrowed, kept = False, list[Formula]()
            for formula in formulas:
                reduced = self._reduced(formula, domains)
                if reduced is False:
                    return None
                if isinstance(reduced, In):
                    domains[reduced.variable] = reduced.mask
                    narrowed = True
                elif isinstance(reduced, Every):
                    kept.extend(reduced.parts)
                    narrowed = True
                elif reduced is not True:
                    kept.append(reduced)
            formulas = kept
        return formulas

    def _reduced(self, formula: Formula, domains: Domains) -> Formula:
        """*formula*, less what *domains* decide."""
        if isinstance(formula, In):
            return self._in(formula, domains)
        if isinstance(formula, Some):
            return self._some(formula, domains)
        if isinstance(formula, Every):
            return self._every(formula, domains)
        if isinstance(formula, Related):
            return self._related(formula, domains)
        return formula

    def _domain(self, variable: int, domains: Domains) -> Mask:
        found = domains.get(variable)
        return self._space.variables[variable].domain if found is None else found

    def _in(self, formula: In, domains: Domains) -> Formula:
        domain = self._domain(formula.variable, domains)
        common = domain & formula.mask
        if not common:
            self._unsure |= not self._space.variables[formula.variable].complete
            return False
        return common == domain or (formula if common == formula.mask else In(formula.variable, common))

    def _some(self, formula: Some, domains: Domains) -> Formula:
        kept = []
        for part in formula.parts:
            reduced = self._reduced(part, domains)
            if reduced is True:
                return True
            if reduced is not False:
                kept.append(reduced)
        if len(kept) > 1:
            return Some(tuple(kept))
        return kept[0] if kept else False

    def _every(self, formula: Every, domains: Domains) -> Formula:
        kept = []
        for part in formula.parts:
            reduced = self._reduced(part, domains)
            if reduced is False:
                return False
            if reduced is not True:
                kept.append(reduced)
        if len(kept) > 1:
            return Every(tuple(kept))
        return kept[0] if kept else True

    def _related(self, formula: Related, domains: Domains) -> Formula:
        """Bind the paths whose value is known; what that means for the last one."""
        while len(formula.bound) + 1 < len(formula.paths):
            domain = self._next_domain(formula, domains)
            if domain & (domain - 1):
                return formula
            formula = formula._replace(bound=(*formula.bound, domain.bit_length() - 1))
        return self._reduced(self._space.restricted(formula), domains)

    def _next_domain(self, formula: Related, domains: Domains) -> Mask:
        return self._domain(self._space.number(formula.paths[len(formula.bound)]), domains)

    def _branches(self, rest: list[Formula], domains: Domains) -> list[tuple[list[Formula], Domains]]:
        """The ways to go on, the first of them last: the formula with the fewest alternatives, one by one."""
        chosen = min(rest, key=lambda formula: self._width(formula, domains))
        others = [each for each in rest if each is not chosen]
        branches, excluded = [], list[Formula]()
        for each in self._alternatives(chosen, domains):
            branches.append(([each, *excluded, *others], dict(domains)))
            if isinstance(each, In):
                excluded.append(In(each.variable, self._space.variables[each.variable].domain & ~each.mask))
        return branches[::-1]

    def _width(self, formula: Formula, domains: Domains) -> int:
        if isinstance(formula, Related):
            return self._next_domain(formula, domains).bit_count()
        return len(formula.parts) if isinstance(formula, Some) else _UNSPLIT

    def _alternatives(self, formula: Formula, domains: Domains) -> Iterable[Formula]:
        if not isinstance(formula, Related):
            return formula.parts if isinstance(formula, Some) else [formula]
        path = formula.paths[len(formula.bound)]
        self._unsure |= not self._space.variables[self._space.number(path)].complete
        return self._space.split(formula, self._next_domain(formula, domains))
