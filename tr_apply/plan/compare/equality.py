"""When two values mean the same to TaskRouter, although they are not the same text."""

from collections.abc import Hashable, Sequence

from tr_apply.errors import ExpressionSyntaxError
from tr_apply.resources import KINDS, sample
from tr_apply.routing.nodes import flattened
from tr_apply.routing.parser import parse, parse_order_by

_PREFIXES = {kind.name: kind.sid_prefix for kind in KINDS}


def same_expression(one: str | None, other: str | None, *, order_by: bool = False) -> bool:
    """Whether two expressions are one tree, whatever their blanks, case and needless parentheses; none is empty."""
    if (one or "") == (other or ""):
        return True
    return bool(one and other) and expression_key(one, order_by=order_by) == expression_key(other, order_by=order_by)


def expression_key(text: str | None, *, order_by: bool = False) -> Hashable:
    """A key that is equal for two expressions with the same tree; the text itself if it cannot be parsed."""
    if not text:
        return ""
    try:
        sampled = sample(text, _PREFIXES)
        return parse_order_by(sampled) if order_by else flattened(parse(sampled))
    except ExpressionSyntaxError:
        return text.strip()


def same_set(one: Sequence[str] | None, other: Sequence[str] | None) -> bool:
    """Whether two lists hold the same, in any order; no list is an empty one."""
    return set(one or ()) == set(other or ())
