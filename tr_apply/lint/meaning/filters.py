"""The meaning of filters, one after the other: which can match, which tasks come to each, and which parts count."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from tr_apply.findings import KeyPath, Rule
from tr_apply.lint import meaning_rules as rules
from tr_apply.lint.declarations import constant, repeats_attribute
from tr_apply.lint.meaning.finding import MeaningFinding, labels, listed
from tr_apply.lint.meaning.judged import JudgedWorkflow, Judgement, names_attribute
from tr_apply.routing.nodes import And, Comparator, Comparison, Constant, Expression, Or, expressions
from tr_apply.routing.place import Place
from tr_apply.routing.satisfy import (
    Budget,
    Filters,
    Satisfiable,
    Taker,
    Unsatisfiable,
    example,
    idle_parts,
    never_true,
)

Written: TypeAlias = Callable[[Expression], str]
"""How a message has an expression."""

_WHOLE: Final = "expression"


def filter_findings(judged: JudgedWorkflow, index: int, tree: Expression) -> Iterator[MeaningFinding]:
    """The findings about the filter at *index*; if no task reaches it, only that one."""
    at = ("filters", index, _WHOLE)
    if never_true(tree, Place.FILTER, judged.budget):
        if constant(tree) is not False:  # else it is switched off by 1==0
            why = never_true_because(tree, Place.FILTER, judged.words.expression, judged.budget)
            yield MeaningFinding(rules.NEVER_TRUE, f"never true: {why}", at)
        return
    comes = judged.ask(lambda filters: filters.reach(index))
    if comes.is_never:
        yield _blaming(judged, rules.UNREACHABLE_FILTER, at, comes, f"never reached: {_takes_all(judged, comes)}")
        return
    is_last = index + 1 == len(judged.filters)
    if not is_last and names_attribute(tree) and (always := judged.is_always_true(index)).is_never:
        message = f"always true: every task matches, and those below get none that stays here{always.assumed}"
        yield MeaningFinding(rules.ALWAYS_TRUE, message, at)
        return
    yield from _after_timeout(judged, index, comes)
    yield from _idle(judged, index, tree)


def default_findings(judged: JudgedWorkflow) -> Iterator[MeaningFinding]:
    """The finding that no task reaches the default filter; silent after ``1==1``, where it is obvious."""
    comes = judged.ask(Filters.reach_default)
    if comes.is_never:
        blamed = [taker.filter.expression for taker in comes.reach.takers]
        if all(each is not None and names_attribute(each) for each in blamed):
            message = f"never reached: {_takes_all(judged, comes, 'every task')}"
            yield _blaming(judged, rules.UNREACHABLE_DEFAULT, ("default_filter",), comes, message)


def _after_timeout(judged: JudgedWorkflow, index: int, comes: Judgement) -> Iterator[MeaningFinding]:
    if all(each.way_out == "none" for each in judged.filters[:index]):
        return  # every task that comes here comes here first
    first = judged.ask(lambda filters: filters.reach_first(index))
    if isinstance(comes.reach.answer, Satisfiable) and first.is_never:
        what = _takes_all(judged, first)
        message = f"no task comes here first: {what}; this one gets what leaves it by timeout or skip_if"
        yield _blaming(judged, rules.ONLY_AFTER_TIMEOUT, ("filters", index, _WHOLE), first, message)


def _blaming(judged: JudgedWorkflow, rule: Rule, at: KeyPath, asked: Judgement, message: str) -> MeaningFinding:
    takers = _in_order(asked)
    return MeaningFinding(rule, message, at, judged.words.task(takers[0].task), tuple(each.filter for each in takers))


def _takes_all(judged: JudgedWorkflow, asked: Judgement, what: str = "every task of this one") -> str:
    """The filters that take what does not come, with tasks that each of them takes."""
    takers = _in_order(asked)
    take = "takes" if len(takers) == 1 else "together take"
    who = labels([taker.filter for taker in takers])
    return f"{who} {take} {what}, {judged.words.examples(takers)}{asked.assumed}"


def _in_order(asked: Judgement) -> Sequence[Taker]:
    return sorted(asked.reach.takers, key=lambda taker: taker.filter.number)


# Expressions that nothing satisfies


def never_true_because(tree: Expression, place: Place, text: Written, budget: Budget) -> str:
    """The fewest conditions of *tree* that exclude each other, or that nothing satisfies."""
    blamed = list(tree.operands) if isinstance(tree, And) else [tree]
    for operand in list(blamed):
        fewer = [each for each in blamed if each is not operand]
        if fewer and isinstance(example([(each, True) for each in fewer], place, budget), Unsatisfiable):
            blamed = fewer
    if len(blamed) == 1:
        return f"nothing satisfies {text(blamed[0])}"
    return f"nothing satisfies {listed(map(text, blamed))} together"


# Parts that make no difference


def _idle(judged: JudgedWorkflow, index: int, tree: Expression) -> Iterator[MeaningFinding]:
    found: list[Expression] = []
    if isinstance(tree, Or):
        for operand in tree.operands:
            others = [each for each in tree.operands if each is not operand and each not in found]
            if (finding := _idle_alternative(judged, index, operand, others)) is not None:
                found.append(operand)
                yield finding
    for part in idle_parts(tree, Place.FILTER, judged.budget) if repeats_attribute(tree) else ():
        if part not in found and not is_deliberate(part, tree):
            message = f"{judged.words.expression(part)} adds nothing: the rest means the same without it"
            yield MeaningFinding(rules.IDLE_PART, message, ("filters", index, _WHOLE))


def _idle_alternative(
    judged: JudgedWorkflow, index: int, operand: Expression, others: Sequence[Expression]
) -> MeaningFinding | None:
    """That filters above leave nothing for an alternative, or nothing but what the *others* match as well."""
    if not names_attribute(operand):
        return None
    written = judged.words.expression(operand)
    alone = judged.ask(lambda filters: filters.reach_alternative(index, operand))
    if alone.is_never:
        return _about_part(judged, index, alone, f"{written} brings no task here")
    rest = judged.ask(lambda filters: filters.reach_alternative(index, operand, others))
    if rest.is_never:
        return _about_part(judged, index, rest, f"{written} brings no further task here, by itself")
    return None


def _about_part(judged: JudgedWorkflow, index: int, asked: Judgement, head: str) -> MeaningFinding | None:
    """The finding, if filters above are to blame."""
    if not asked.reach.takers:
        return None
    message = f"{head}: {_takes_all(judged, asked, 'each one')}"
    return _blaming(judged, rules.IDLE_PART, ("filters", index, _WHOLE), asked, message)


def is_deliberate(part: Expression, tree: Expression) -> bool:
    """Whether people write *part* although it adds nothing: a test for null, ``1==1``, or a repeated condition."""
    match part:
        case Comparison(_, Comparator.NOT_EQUAL | Comparator.EQUAL, Constant(None)):
            return True
        case _ if not names_attribute(part):
            return True
        case _:
            return sum(each == part for each in expressions(tree)) > 1
