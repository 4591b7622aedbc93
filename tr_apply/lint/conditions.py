"""What can be told of an expression by its shape alone: always true, never true, or already said by another."""

from collections.abc import Iterator
from typing import assert_never

from tr_apply.config.values.marks import REFERENCE
from tr_apply.errors import ExpressionSyntaxError
from tr_apply.resources import KINDS
from tr_apply.resources.template import sample
from tr_apply.routing.evaluate import evaluate
from tr_apply.routing.nodes import And, Comparison, Expression, Or, paths
from tr_apply.routing.parser import parse

_SID_PREFIXES = {kind.name: kind.sid_prefix for kind in KINDS}


def routing_text(template: str) -> str | None:
    """*template* as an expression is read; None where a variable could not be replaced, which has its own error."""
    if "${" not in template:
        return template
    marks = (match for match in REFERENCE.finditer(template) if match[0] != "$${")
    if all((match[1] or "").startswith("sid:") for match in marks):
        return sample(template, _SID_PREFIXES)
    return None


def condition(template: str | None) -> Expression | None:
    """The tree of an expression; None where there is none or where it has a mistake, which has its own error."""
    text = None if template is None else routing_text(template)
    return None if text is None else parsed(text)


def parsed(text: str) -> Expression | None:
    """The tree of *text*; None where it has a mistake."""
    try:
        return parse(text)
    except ExpressionSyntaxError:
        return None


def constant(tree: Expression | None) -> bool | None:
    """The answer of *tree* if it is the same for everybody, as in ``1==1``; None where it depends."""
    match tree:
        case None:
            return None
        case Comparison():
            return None if any(paths(tree)) else evaluate(tree, {})
        case And(operands):
            answers = set(map(constant, operands))
            return False if False in answers else None if None in answers else True
        case Or(operands):
            answers = set(map(constant, operands))
            return True if True in answers else None if None in answers else False
        case _:
            assert_never(tree)


class Taken:
    """Filters, and for an expression those of them that match whatever it matches.

    What it finds is certain; what only a closer look at the values would show (``a > 5`` within ``a > 3``) it does
    not find. However many filters there are, it looks each expression up instead of comparing it with theirs.
    """

    def __init__(self) -> None:
        self._filters: dict[frozenset[Expression], int] = {}

    def add(self, tree: Expression, index: int) -> None:
        """Keep the filter at *index*."""
        for alternative in _alternatives(tree):
            self._filters.setdefault(alternative, index)

    def by(self, tree: Expression) -> list[int]:
        """The filters that together match all that *tree* does, in their order; none where they may not."""
        found = [self._first(alternative) for alternative in _alternatives(tree)]
        return [] if None in found else sorted({each for each in found if each is not None})

    def _first(self, conditions: frozenset[Expression]) -> int | None:
        weaker = (frozenset[Expression](), conditions, *(frozenset({each}) for each in conditions))
        return min((self._filters[each] for each in weaker if each in self._filters), default=None)


def _alternatives(tree: Expression) -> Iterator[frozenset[Expression]]:
    """The conditions that must hold together, for each way in which *tree* can be true."""
    for alternative in tree.operands if isinstance(tree, Or) else (tree,):
        if constant(alternative) is not False:
            conditions = alternative.operands if isinstance(alternative, And) else (alternative,)
            yield frozenset(each for each in conditions if constant(each) is not True)
