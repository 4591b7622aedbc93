"""Rules on comparisons: those that always have the same result, and those with a surprising one."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, assert_never

from tr_apply.routing.evaluate import as_number, evaluate
from tr_apply.routing.format import format_expression, format_operand
from tr_apply.routing.nodes import (
    ORDERINGS,
    And,
    Comparator,
    Comparison,
    Constant,
    Expression,
    ListLiteral,
    Operand,
    Or,
    Path,
    Tree,
    comparisons,
    expressions,
    paths,
)
from tr_apply.routing.place import EXPRESSIONS, Place, Remarks, RoutingText, built_in_types, is_prefixed, text_rule
from tr_apply.routing.tokens import shown
from tr_apply.routing.value_types import (
    ANYTHING,
    NULL,
    SOMETHING,
    JsonType,
    ValueTypes,
    json_type,
    outcomes,
)


@text_rule(
    "constant-comparison",
    "The comparison uses no attribute and is not an idiom such as 1==1 (everyone) or 1==0 (nobody).",
    *EXPRESSIONS,
)
def constant_comparison(text: RoutingText) -> Remarks:
    """``"language" == "spanish"`` has no attribute in it."""
    for comparison in _counting(text):
        if any(paths(comparison)) or _is_idiom(comparison):
            continue
        answer = "true" if evaluate(comparison, {}) else "false"
        message = f"no attribute is compared, so this is always {answer}"
        if isinstance(comparison.left, Constant) and isinstance(comparison.left.value, str):
            message += "; the name of an attribute has no quotes"
        yield comparison.offset, message


def _counting(text: RoutingText) -> Iterator[Comparison]:
    return (each for each in _counted(text) if isinstance(each, Comparison))


def _counted(text: RoutingText) -> Iterator[Tree]:
    """The trees within a text whose answers count: in a target, alternatives may be those of a template."""
    return _conjunctive(text.tree) if text.place is Place.TARGET else expressions(text.tree)


def _conjunctive(tree: Tree) -> Iterator[Tree]:
    yield tree
    for operand in tree.operands if isinstance(tree, And) else ():
        yield from _conjunctive(operand)


def _is_idiom(comparison: Comparison) -> bool:
    """Whether it says everybody or nobody as people do: ``1==1``, ``1=0``, ``true == true``."""
    match comparison:
        case Comparison(Constant(left), Comparator.EQUAL | Comparator.NOT_EQUAL, Constant(right)):
            return isinstance(left, (int, float)) and isinstance(right, (int, float))
        case _:
            return False


@text_rule("operand-type", "The operator has the same answer for all operands of these types.", *EXPRESSIONS)
def operand_type(text: RoutingText) -> Remarks:
    """``language IN 'en'`` is false for every language."""
    for comparison in _counting(text):
        if any(paths(comparison)):
            reason = foregone(comparison, own_types(comparison, text.place))
            if reason:
                yield comparison.offset, reason


def own_types(comparison: Comparison, place: Place) -> Callable[[Path], ValueTypes]:
    """The types in *comparison* as far as the expression alone shows them.

    A missing attribute counts only in a comparison with null. Elsewhere the rule still applies: ``skills !=
    ['support']`` is reported although the attribute may be missing.
    """
    unknown = ANYTHING if is_null(comparison.left) or is_null(comparison.right) else SOMETHING
    return lambda path: built_in_types(path, place) or unknown


def is_null(operand: Operand) -> bool:
    """Whether *operand* is the word null."""
    return isinstance(operand, Constant) and operand.value is None


def foregone(comparison: Comparison, types_at: Callable[[Path], ValueTypes]) -> str | None:
    """Why the types alone decide the answer of *comparison*; None where they do not."""
    left, right = types_of(comparison.left, types_at), types_of(comparison.right, types_at)
    answers = outcomes(comparison.comparator, left, right)
    if len(answers) > 1:
        return None
    known = " and ".join(
        f"{shown(format_operand(operand))} is {types}"
        for operand, types in ((comparison.left, left), (comparison.right, right))
        if types not in {ANYTHING, SOMETHING}
    )
    answer = "always true" if True in answers else _never(comparison.comparator)
    needs = _NEEDS[comparison.comparator]
    return f"{answer}: {comparison.comparator} {needs}, but {known}{_instead(comparison, left)}"


def _instead(comparison: Comparison, left: ValueTypes) -> str:
    """The replacement for CONTAINS on a list."""
    if comparison.comparator is not Comparator.CONTAINS or left.own != {JsonType.LIST}:
        return ""
    return f"; write {format_operand(comparison.left)} HAS {format_operand(comparison.right)}"


def _never(comparator: Comparator) -> str:
    negative = comparator in {Comparator.NOT_EQUAL, Comparator.NOT_IN}
    return "never true where the attribute is set" if negative else "never true"


def types_of(operand: Operand, types_at: Callable[[Path], ValueTypes]) -> ValueTypes:
    """The types that *operand* may have; those of a path are what *types_at* says."""
    match operand:
        case Path():
            return types_at(operand)
        case Constant(value):
            return _ALONE[json_type(value)]
        case ListLiteral(items):
            each = (types_of(item, types_at).own for item in items)
            return ValueTypes(frozenset({JsonType.LIST}), frozenset[JsonType]().union(*each))
        case _:
            assert_never(operand)


_ALONE: Final = {each: ValueTypes(frozenset({each})) for each in JsonType}

_NEEDS: Final = {
    **dict.fromkeys(ORDERINGS, "orders two numbers or two texts"),
    Comparator.EQUAL: "compares two single values of one type",
    Comparator.NOT_EQUAL: "compares two single values of one type",
    Comparator.CONTAINS: "finds a text in a text",
    Comparator.HAS: "looks for one value in a list, as in list HAS 'x'",
    Comparator.IN: "looks for one value in a list, as in 'x' IN list",
    Comparator.NOT_IN: "looks for one value in a list, as in 'x' NOT IN list",
}


@text_rule(
    "contradiction", "Two comparisons of one attribute make an AND never true or an OR always true.", *EXPRESSIONS
)
def contradiction(text: RoutingText) -> Remarks:
    """``a == 1 AND a == 2`` is never true, ``a != 1 OR a != 2`` always."""
    for junction in _counted(text):
        match junction:
            case And(operands):
                for path, first, second in _differing(operands, Comparator.EQUAL):
                    both = f"{format_operand(first)} and {format_operand(second)}"
                    yield second.offset, f"never true: {path} cannot be both {both}; is OR meant?"
            case Or(operands):
                for path, first, second in _differing(operands, Comparator.NOT_EQUAL):
                    both = f"{format_operand(first)} and {format_operand(second)}"
                    yield second.offset, f"always true: {path} cannot be both {both}; is AND meant?"


def _differing(operands: Sequence[Expression], comparator: Comparator) -> Iterator[tuple[Path, Constant, Constant]]:
    """Each attribute that *comparator* compares with a second constant, and both constants."""
    firsts: dict[Path, Constant] = {}
    for operand in operands:
        match operand:
            case Comparison(Path() as path, found, Constant() as constant) if found is comparator:
                first = firsts.setdefault(path, constant)
                if first != constant:
                    yield path, first, constant


@text_rule("repeated-condition", "The same condition is written twice in one AND or OR.", *EXPRESSIONS)
def repeated_condition(text: RoutingText) -> Remarks:
    """``a == 1 OR a == 1``: one of both was perhaps meant to be something else."""
    for junction in _counted(text):
        match junction:
            case Or() if text.place is Place.TARGET:
                pass
            case And(operands) | Or(operands):
                seen: set[Expression] = set()
                for operand in operands:
                    if operand in seen:
                        written = shown(format_expression(operand))
                        yield operand.offset, f"{written} is written here a second time"
                    seen.add(operand)


@text_rule("ordered-text", "An attribute is ordered against a text.", *EXPRESSIONS)
def ordered_text(text: RoutingText) -> Remarks:
    """``level > '5'``: how texts are ordered is not documented."""
    for comparison in comparisons(text.tree):
        if comparison.comparator not in ORDERINGS or not any(paths(comparison)):
            continue
        for operand in (comparison.left, comparison.right):
            match operand:
                case Constant(str(value)):
                    yield operand.offset, _about_ordered(value)


def _about_ordered(value: str) -> str:
    text = shown(format_operand(Constant(value)))
    if as_number(value) is not None:
        return f"{text} is a text; write {shown(value)} without quotes to compare numbers"
    return f"how TaskRouter orders a text such as {text} is not documented"


@text_rule("several-types", "One attribute is used as values of several types.", *EXPRESSIONS)
def several_types(text: RoutingText) -> Remarks:
    """``level == 3 OR level == '3'``: an attribute should have one type everywhere."""
    before: dict[Path, str] = {}
    for comparison in comparisons(text.tree):
        for path, kind in _uses(comparison):
            earlier = before.setdefault(path, kind)
            if earlier != kind:
                yield path.offset, f"{path} is used as {kind} here and as {earlier} before"


def _uses(comparison: Comparison) -> Iterator[tuple[Path, str]]:
    """The attributes that *comparison* compares, and as what; null fits anything."""
    match comparison:
        case Comparison(Path() as path, Comparator.HAS, _) | Comparison(
            _, Comparator.IN | Comparator.NOT_IN, Path() as path
        ):
            yield path, "a list"
        case Comparison(Path() as path, _, other) | Comparison(other, _, Path() as path):
            items = other.items if isinstance(other, ListLiteral) else (other,)
            values = (item.value for item in items if isinstance(item, Constant))
            yield from ((path, _KINDS[type(value)]) for value in values if value is not None)


_KINDS: Final = {bool: "a boolean", int: "a number", float: "a number", str: "a text"}


@text_rule(
    "both-missing",
    "A target matches every worker without the attribute when the task lacks its own.",
    Place.TARGET,
)
def both_missing(text: RoutingText) -> Remarks:
    """``task.a == worker.b`` is true of a worker without b when the task has no a."""
    given = () if text.given is None else _required(text.given)
    present = frozenset(Path(("task", *path.segments)) for path in given)

    def attribute_of(path: Path) -> bool:
        return is_prefixed(path) and not built_in_types(path, text.place)

    for comparison in _unguarded(text.tree, present):
        if all(attribute_of(path) for path in paths(comparison)):
            left, right = format_operand(comparison.left), format_operand(comparison.right)
            yield (
                comparison.offset,
                f"true also when {left} and {right} are both missing; add AND {left} != null",
            )


def _unguarded(tree: Tree, present: frozenset[Path]) -> Iterator[Comparison]:
    """Each equality of two attributes if neither is sure to be *present*."""
    match tree:
        case Comparison(Path() as left, Comparator.EQUAL, Path() as right):
            if present.isdisjoint({left, right}):
                yield tree
        case And(operands):
            for operand in operands:
                yield from _unguarded(operand, present.union(_required(tree)))
        case Or(operands):
            for operand in operands:
                yield from _unguarded(operand, present)


def _required(expression: Expression) -> Iterator[Path]:
    """The attributes without which *expression* is false."""
    match expression:
        case And(operands):
            for operand in operands:
                yield from _required(operand)
        case Comparison(left, comparator, right):
            if isinstance(left, Path) and _is_false(comparator, NULL, _any_types(right)):
                yield left
            if isinstance(right, Path) and _is_false(comparator, _any_types(left), NULL):
                yield right


def _any_types(operand: Operand) -> ValueTypes:
    return types_of(operand, lambda _: ANYTHING)


def _is_false(comparator: Comparator, left: ValueTypes, right: ValueTypes) -> bool:
    return outcomes(comparator, left, right) == {False}
