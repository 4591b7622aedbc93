"""Checks routing text: what is no expression, and what is one but cannot mean what was meant.

An error is what TaskRouter refuses. Everything else is a warning, so that what is live today can
always be read, and each warning is one rule of the table `RULES`.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from tr_apply.diagnostics import Severity
from tr_apply.errors import ExpressionSyntaxError
from tr_apply.routing import attribute_rules, comparison_rules, name_rules, spelling_rules
from tr_apply.routing.nodes import Expression, Tree
from tr_apply.routing.parser import parse, parse_known_worker, parse_order_by
from tr_apply.routing.place import EXPRESSIONS, Place
from tr_apply.routing.subject import Rule, Subject
from tr_apply.routing.tokens import tokenize
from tr_apply.routing.value_types import AttributeTypes


class Finding(NamedTuple):
    """One thing to say about a routing text; ``offset`` is a 0-based character offset in it."""

    severity: Severity
    code: str
    message: str
    offset: int


_UNPREFIXED: Final = frozenset({Place.QUEUE, Place.FILTER})
_TARGET: Final = frozenset({Place.TARGET})
_ORDER_BY: Final = frozenset({Place.ORDER_BY})

RULES: Final = (
    Rule(
        "wrong-prefix",
        "A name in a queue or a filter has a prefix, which only targets know.",
        _UNPREFIXED,
        name_rules.wrong_prefix,
    ),
    Rule(
        "missing-prefix",
        "A name in a target begins neither with task. nor with worker.",
        _TARGET,
        name_rules.missing_prefix,
    ),
    Rule(
        "skip-if-name",
        "A name in a skip_if is none of the numbers of workers that it knows.",
        frozenset({Place.SKIP_IF}),
        name_rules.skip_if_name,
    ),
    Rule(
        "channel-property",
        "A name under worker.channel is none of the numbers that TaskRouter keeps there.",
        _TARGET | _ORDER_BY,
        name_rules.channel_property,
    ),
    Rule(
        "own-name-in-queue",
        "A queue uses a name, such as sid, that is documented for other places only.",
        frozenset({Place.QUEUE}),
        name_rules.own_name_in_queue,
    ),
    Rule(
        "unquoted-text",
        "A word that is probably meant as a text stands without quotes, as an attribute.",
        _UNPREFIXED,
        name_rules.unquoted_text,
    ),
    Rule(
        "repeated-order",
        "An order_by names one attribute twice.",
        _ORDER_BY,
        name_rules.repeated_order,
    ),
    Rule(
        "order-of-texts",
        "An order_by names something of TaskRouter's own that is not a number.",
        _ORDER_BY,
        name_rules.order_of_texts,
    ),
    Rule(
        "constant-comparison",
        "A comparison has no attribute in it and is no way of saying everybody or nobody.",
        EXPRESSIONS,
        comparison_rules.constant_comparison,
    ),
    Rule(
        "operand-type",
        "The operator has the same answer for all operands of these types.",
        EXPRESSIONS,
        comparison_rules.operand_type,
    ),
    Rule(
        "contradiction",
        "Two comparisons of one attribute make an AND never true or an OR always true.",
        EXPRESSIONS,
        comparison_rules.contradiction,
    ),
    Rule(
        "repeated-condition",
        "The same condition stands twice in one AND or OR.",
        EXPRESSIONS,
        comparison_rules.repeated_condition,
    ),
    Rule(
        "ordered-text",
        "An attribute is ordered against a text.",
        EXPRESSIONS,
        comparison_rules.ordered_text,
    ),
    Rule(
        "several-types",
        "One attribute is used as values of several types.",
        EXPRESSIONS,
        comparison_rules.several_types,
    ),
    Rule(
        "both-missing",
        "A target matches every worker without the attribute when the task lacks its own, too.",
        _TARGET,
        comparison_rules.both_missing,
    ),
    Rule(
        "mixed-and-or",
        "AND and OR stand side by side without parentheses.",
        EXPRESSIONS,
        spelling_rules.mixed_and_or,
    ),
    Rule(
        "operator-and-minus",
        "What looks like a comparison with a negative number is the operator >- or <-.",
        EXPRESSIONS,
        spelling_rules.operator_and_minus,
    ),
    Rule(
        "keyword-case",
        "A keyword is written neither in upper nor in lower case, or true, false or null in upper.",
        EXPRESSIONS | _ORDER_BY,
        spelling_rules.keyword_case,
    ),
    Rule(
        "string-escape",
        "A text has an escape such as \\', which TaskRouter does not document.",
        EXPRESSIONS,
        spelling_rules.string_escape,
    ),
    Rule(
        "negative-number",
        "A number is negative, which TaskRouter does not document.",
        EXPRESSIONS,
        spelling_rules.negative_number,
    ),
)
"""One row for each thing that `check` warns of."""

CODES: Final[Mapping[str, str]] = {
    ExpressionSyntaxError.code: "The text is not an expression, an order or an attribute's name.",
    **{rule.code: rule.says for rule in RULES},
    "attribute-type": "The attribute never has a type with which the comparison makes sense.",
    "attribute-never-set": "No worker, or no task, has the attribute.",
}
"""Every code that a finding can have, and what it stands for; the last two by `check_against`."""


def check(source: str, place: Place, *, given: str | None = None) -> tuple[Finding, ...]:
    """What is to be said about *source*, from left to right; a syntax error is all there is.

    *given* is the expression of the filter that leads to a target: what it says about the task need
    not be said again.
    """
    try:
        tree = _TREES[place](source)
    except ExpressionSyntaxError as error:
        return (Finding(Severity.ERROR, error.code, error.message, error.offset),)
    subject = Subject(place, tokenize(source), tree, _parsed(given))
    found = (
        Finding(Severity.WARNING, rule.code, message, offset)
        for rule in RULES
        if place in rule.places
        for offset, message in rule.find(subject)
    )
    return tuple(sorted(found, key=_offset))


def check_against(source: str, place: Place, types: AttributeTypes) -> tuple[Finding, ...]:
    """What is to be said about *source* beyond `check` when the attributes that exist are known.

    *types* is what `summarize` makes of the attributes of the tasks for a filter or a known worker,
    and of the workers everywhere else. Without any there is nothing to say, nor is there of a text
    with a syntax error.
    """
    if not types.types:
        return ()
    try:
        tree = _TREES[place](source)
    except ExpressionSyntaxError:
        return ()
    found = (
        Finding(Severity.WARNING, code, message, offset)
        for code, find in _ATTRIBUTE_RULES
        for offset, message in find(tree, place, types)
    )
    return tuple(sorted(found, key=_offset))


_ATTRIBUTE_RULES: Final = (
    ("attribute-type", attribute_rules.attribute_type),
    ("attribute-never-set", attribute_rules.attribute_never_set),
)

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


def _offset(finding: Finding) -> int:
    return finding.offset
