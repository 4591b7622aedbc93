"""Rewrites the paths of an expression."""

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from tr_apply.routing.nodes import And, Comparison, Constant, Expression, ListLiteral, Operand, Or, Path


def with_paths(expression: Expression, rewritten: Callable[[Path], Path]) -> Expression:
    """*expression* with every path replaced by the result of *rewritten* for it."""
    match expression:
        case Comparison(left, _, right):
            return replace(expression, left=_operand(left, rewritten), right=_operand(right, rewritten))
        case And(operands) | Or(operands):
            return replace(expression, operands=tuple(with_paths(each, rewritten) for each in operands))
        case _:
            assert_never(expression)


def _operand(operand: Operand, rewritten: Callable[[Path], Path]) -> Operand:
    match operand:
        case Path():
            return rewritten(operand)
        case Constant():
            return operand
        case ListLiteral(items):
            return replace(operand, items=tuple(_operand(item, rewritten) for item in items))
        case _:
            assert_never(operand)
