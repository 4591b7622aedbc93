"""Writes trees as canonical text: one blank around operators, upper-case keywords, single quotes.

Parentheses are written where AND and OR meet, so the text does not depend on their precedence. Parsing the text gives
an equal tree.
"""

import re
from decimal import Decimal
from typing import Final, assert_never

from tr_apply.routing.nodes import (
    And,
    Comparison,
    Constant,
    Expression,
    ListLiteral,
    Operand,
    Or,
    Path,
)

# Only such a backslash is read as the beginning of an escape; others stay as they are.
_ESCAPING_BACKSLASH: Final = re.compile(r"""\\(?=['"\\]|\Z)""")


def format_expression(expression: Expression) -> str:
    """*expression* as canonical text."""
    match expression:
        case Comparison(left, comparator, right):
            values = ", ".join(map(format_operand, (right, *expression.unread)))
            text = f"{format_operand(left)} {comparator} {values}"
        case And(operands):
            text = " AND ".join(_inner(operand) for operand in operands)
        case Or(operands):
            text = " OR ".join(_inner(operand) for operand in operands)
        case _:
            assert_never(expression)
    return f"*({text})" if expression.starred else text


def _inner(expression: Expression) -> str:
    text = format_expression(expression)
    return text if isinstance(expression, Comparison) or expression.starred else f"({text})"


def format_operand(operand: Operand) -> str:
    """*operand* as canonical text."""
    match operand:
        case Path():
            return str(operand)
        case Constant():
            return _constant(operand)
        case ListLiteral(items):
            return f"[{', '.join(format_operand(item) for item in items)}]"
        case _:
            assert_never(operand)


def _constant(constant: Constant) -> str:
    match constant.value:
        case None:
            return "null"
        case bool(value):
            return "true" if value else "false"
        case str(value):
            return _string(value)
        case int(value):
            return str(value)
        case float(value):
            return _positional(value)
        case _:
            assert_never(constant.value)


def _string(value: str) -> str:
    """*value* in the quotes that need no escape, if there are such."""
    escaped = _ESCAPING_BACKSLASH.sub(r"\\\\", value)
    if "'" not in value:
        return f"'{escaped}'"
    if '"' not in value:
        return f'"{escaped}"'
    return "'" + escaped.replace("'", r"\'") + "'"


def _positional(value: float) -> str:
    """*value* without an exponent, which the language does not have."""
    text = format(Decimal(repr(value)), "f")
    return text if "." in text else f"{text}.0"
