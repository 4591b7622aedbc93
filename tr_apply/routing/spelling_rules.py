"""Rules on how things are written: spellings that are undocumented or read as something else."""

import re
from itertools import pairwise
from typing import Final

from tr_apply.routing.format import format_operand
from tr_apply.routing.nodes import And, ListLiteral, Or, Path, comparisons, expressions
from tr_apply.routing.place import EXPRESSIONS, Place, Remarks, RoutingText, text_rule
from tr_apply.routing.tokens import shown

_LITERALS: Final = frozenset({"TRUE", "FALSE", "NULL"})
_ESCAPE: Final = re.compile(r"""\\['"\\]""")


@text_rule(
    "keyword-case",
    "A keyword is written neither in upper nor in lower case, or true, false or null in upper.",
    *EXPRESSIONS,
    Place.ORDER_BY,
)
def keyword_case(text: RoutingText) -> Remarks:
    """``And`` works here; whether it does in TaskRouter is not documented."""
    for token in text.tokens:
        direction = text.place is Place.ORDER_BY and token.text.upper() in {"ASC", "DESC"}
        if not token.keyword and not direction:
            continue
        lower = token.text.lower()
        if token.keyword in _LITERALS and token.text != lower:
            yield token.offset, f"only {lower} is documented, not {token.text}"
        elif token.text not in {lower, lower.upper()}:
            yield token.offset, f"only {lower.upper()} is documented, not {token.text}"


@text_rule("string-escape", "A text has an escape such as \\', which TaskRouter does not document.", *EXPRESSIONS)
def string_escape(text: RoutingText) -> Remarks:
    r"""``'O\'Brien'``: TaskRouter documents no escapes."""
    for token in text.tokens:
        if token.kind == "STRING" and (found := _ESCAPE.search(token.text)):
            yield (
                token.offset + found.start(),
                f"{found[0]} is not documented; write a text that contains one kind of quote in the other kind",
            )


@text_rule("negative-number", "A number is negative, which TaskRouter does not document.", *EXPRESSIONS)
def negative_number(text: RoutingText) -> Remarks:
    """``-1`` works here; whether it does in TaskRouter is not documented."""
    for token in text.tokens:
        if token.kind == "NUMBER" and token.text.startswith("-"):
            yield token.offset, f"negative numbers such as {shown(token.text)} are not documented"


@text_rule(
    "operator-and-minus", "What looks like a comparison with a negative number is the operator >- or <-.", *EXPRESSIONS
)
def operator_and_minus(text: RoutingText) -> Remarks:
    """``score >-1`` reads as ``score HAS 1``."""
    for operator, number in pairwise(text.tokens):
        touches = operator.end == number.offset and number.kind == "NUMBER"
        if operator.text in {">-", "<-"} and touches:
            meaning = "HAS" if operator.text == ">-" else "IN"
            value = shown(number.text)
            message = (
                f"{operator.text}{value} reads as {meaning} {value}; "
                f"write {operator.text[0]} -{value} for a negative number"
            )
            yield operator.offset, message


@text_rule(
    "unread-syntax",
    "TaskRouter has accepted this form; its effect is not known.",
    *EXPRESSIONS,
    Place.ORDER_BY,
)
def unread_syntax(text: RoutingText) -> Remarks:
    """Deployed workflows contain ``x == 'a', 'b'``, ``*(…)``, ``flag! = true`` and a hyphen in an order_by."""
    for comparison in comparisons(text.tree):
        if comparison.unread:
            meant = ListLiteral((comparison.right, *comparison.unread))
            hint = f"did you mean {format_operand(comparison.left)} IN {format_operand(meant)}?"
            yield comparison.unread[0].offset, f"{_TAKEN}, and only the first value counts here; {hint}"
        if (name := format_operand(comparison.left)).endswith("!") and isinstance(comparison.left, Path):
            hint = f"did you mean {name.removesuffix('!')} != {format_operand(comparison.right)}?"
            yield comparison.offset, f"{_TAKEN}, and nobody has {name} here; {hint}"
    for token in text.tokens:
        if token.text == "*":
            yield token.offset, f"{_TAKEN}, and * counts for nothing here; remove it"
        elif token.kind == "PATH" and "-" in token.text:
            yield token.offset, f"{_TAKEN}: a key elsewhere cannot contain a hyphen; rename the attribute"


_TAKEN: Final = "TaskRouter has accepted this, but its effect is not known"


@text_rule("mixed-and-or", "AND and OR are mixed without parentheses.", *EXPRESSIONS)
def mixed_and_or(text: RoutingText) -> Remarks:
    """Which of AND and OR binds tighter is not documented."""
    for junction in expressions(text.tree):
        if not isinstance(junction, Or):
            continue
        for operand in junction.operands:
            if isinstance(operand, And) and not operand.grouped:
                message = (
                    "AND and OR without parentheses: this is read as OR between what AND joins, "
                    "which TaskRouter does not document; write the parentheses"
                )
                yield operand.offset, message
                break
