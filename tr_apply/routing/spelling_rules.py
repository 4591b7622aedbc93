"""Rules on how things are written: spellings that are undocumented or read as something else."""

import re
from itertools import pairwise
from typing import Final

from tr_apply.routing.nodes import And, Or, expressions
from tr_apply.routing.place import Place
from tr_apply.routing.subject import Remarks, Subject
from tr_apply.routing.tokens import shown

_LITERALS: Final = frozenset({"TRUE", "FALSE", "NULL"})
_ESCAPE: Final = re.compile(r"""\\['"\\]""")


def keyword_case(subject: Subject) -> Remarks:
    """``And`` works here; whether it does in TaskRouter is not documented."""
    for token in subject.tokens:
        direction = subject.place is Place.ORDER_BY and token.text.upper() in {"ASC", "DESC"}
        if not token.keyword and not direction:
            continue
        lower = token.text.lower()
        if token.keyword in _LITERALS and token.text != lower:
            yield token.offset, f"only {lower} is documented, not {token.text}"
        elif token.text not in {lower, lower.upper()}:
            yield token.offset, f"only {lower.upper()} is documented, not {token.text}"


def string_escape(subject: Subject) -> Remarks:
    r"""``'O\'Brien'``: TaskRouter documents no escapes."""
    for token in subject.tokens:
        if token.kind == "STRING" and (found := _ESCAPE.search(token.text)):
            yield (
                token.offset + found.start(),
                f"{found[0]} is not documented; a text with one kind of quote in it can stand in the other",
            )


def negative_number(subject: Subject) -> Remarks:
    """``-1`` works here; whether it does in TaskRouter is not documented."""
    for token in subject.tokens:
        if token.kind == "NUMBER" and token.text.startswith("-"):
            yield token.offset, f"negative numbers such as {shown(token.text)} are not documented"


def operator_and_minus(subject: Subject) -> Remarks:
    """``score >-1`` reads as ``score HAS 1``."""
    for operator, number in pairwise(subject.tokens):
        touches = operator.end == number.offset and number.kind == "NUMBER"
        if operator.text in {">-", "<-"} and touches:
            meaning = "HAS" if operator.text == ">-" else "IN"
            value = shown(number.text)
            message = (
                f"{operator.text}{value} reads as {meaning} {value}; "
                f"write {operator.text[0]} -{value} for a negative number"
            )
            yield operator.offset, message


def mixed_and_or(subject: Subject) -> Remarks:
    """Which of AND and OR binds tighter is not documented."""
    for junction in expressions(subject.tree):
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
