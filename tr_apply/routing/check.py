"""Checks routing text: syntax errors, and valid expressions that cannot mean what was intended.

TaskRouter refuses expressions that are an error here. Everything else is a warning, so every live configuration can be
read; each
warning is one of `RULES`. The spot of a finding is its 0-based character offset in the text.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tr_apply.errors import ExpressionSyntaxError
from tr_apply.findings import Finding, Rule, Severity, Spot, found_by
from tr_apply.routing import attribute_rules, comparison_rules, name_rules, spelling_rules
from tr_apply.routing.nodes import Expression, Tree
from tr_apply.routing.parser import parse, parse_known_worker, parse_order_by
from tr_apply.routing.place import Place, RoutingText
from tr_apply.routing.tokens import tokenize
from tr_apply.routing.value_types import AttributeTypes

EXPRESSION_SYNTAX: Final = Rule(
    ExpressionSyntaxError.code, Severity.ERROR, "The text is not an expression, an order or an attribute's name."
)

RULES: Final = (
    name_rules.wrong_prefix,
    name_rules.missing_prefix,
    name_rules.skip_if_name,
    name_rules.channel_property,
    name_rules.own_name_in_queue,
    name_rules.unquoted_text,
    name_rules.repeated_order,
    name_rules.order_of_texts,
    comparison_rules.constant_comparison,
    comparison_rules.operand_type,
    comparison_rules.contradiction,
    comparison_rules.repeated_condition,
    comparison_rules.ordered_text,
    comparison_rules.several_types,
    comparison_rules.both_missing,
    spelling_rules.unread_syntax,
    spelling_rules.mixed_and_or,
    spelling_rules.operator_and_minus,
    spelling_rules.keyword_case,
    spelling_rules.string_escape,
    spelling_rules.negative_number,
)
"""The rules of `check` that give warnings."""

ATTRIBUTE_RULES: Final = (attribute_rules.attribute_type, attribute_rules.attribute_never_set)
"""The rules of `check_against` that give warnings."""

TEXT_RULES: Final[Sequence[Rule]] = (EXPRESSION_SYNTAX, *RULES, *ATTRIBUTE_RULES)
"""Everything that can be found in a routing text."""


def check(source: str, place: Place, *, given: str | None = None) -> tuple[Finding, ...]:
    """The findings about *source*, from left to right; after a syntax error there are no others.

    *given* is the expression of the filter above a target: conditions in it are not reported again.
    """
    try:
        tree = _TREES[place](source)
    except ExpressionSyntaxError as error:
        return (_finding(EXPRESSION_SYNTAX, error.offset, error.message),)
    text = RoutingText(place, tokenize(source, order_by=place is Place.ORDER_BY), tree, _parsed(given))
    found = (
        _finding(rule, offset, message) for rule in RULES if place in rule.places for offset, message in rule.find(text)
    )
    return tuple(sorted(found, key=_offset))


def check_against(source: str, place: Place, types: AttributeTypes) -> tuple[Finding, ...]:
    """Further findings about *source* if the existing attributes are known.

    *types* is the result of `summarize` for the attributes of the tasks for a filter or a known worker, and for those
    of the workers everywhere else. Empty *types*, or a syntax error, give no findings.
    """
    if not types.types:
        return ()
    try:
        tree = _TREES[place](source)
    except ExpressionSyntaxError:
        return ()
    found = (
        _finding(rule, offset, message) for rule in ATTRIBUTE_RULES for offset, message in rule.find(tree, place, types)
    )
    return tuple(sorted(found, key=_offset))


_TREES: Final[Mapping[Place, Callable[[str], Tree]]] = {
    Place.QUEUE: parse,
    Place.FILTER: parse,
    Place.TARGET: parse,
    Place.ORDER_BY: parse_order_by,
    Place.SKIP_IF: parse,
    Place.KNOWN_WORKER: parse_known_worker,
}


def _parsed(given: str | None) -> Expression | None:
    try:
        return None if given is None else parse(given)
    except ExpressionSyntaxError:
        return None  # an error of the filter, found when the filter is checked


def _finding(rule: Rule, offset: int, message: str) -> Finding:
    return found_by(rule, message, Spot(offset=offset))


def _offset(finding: Finding) -> int:
    return finding.spot.offset or 0
