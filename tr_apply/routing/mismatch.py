"""Why an expression is false: the first comparison that is, with the values it found."""

from dataclasses import dataclass
from typing import Any, assert_never

from tr_apply.routing.evaluate import Names, evaluate, resolve
from tr_apply.routing.format import format_expression
from tr_apply.routing.nodes import And, Comparison, Expression, Or, Path, paths


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A comparison that is false."""

    comparison: Comparison
    found: tuple[tuple[Path, Any], ...]
    """Its paths, and the value of each; None is null, or nothing at all."""

    def __str__(self) -> str:
        """The comparison as canonical text."""
        return format_expression(self.comparison)


def first_mismatch(expression: Expression, names: Names) -> Mismatch | None:
    """The first comparison, from the left, for which *expression* is false; None if it is true."""
    if evaluate(expression, names):
        return None
    match expression:
        case Comparison():
            found = dict.fromkeys(paths(expression))
            return Mismatch(expression, tuple((path, resolve(path, names)) for path in found))
        case And(operands) | Or(operands):
            return next(filter(None, (first_mismatch(operand, names) for operand in operands)))
        case _:
            assert_never(expression)
