"""When two values mean the same to TaskRouter, although they are not the same text."""

from collections.abc import Hashable, Sequence
from typing import Any

from tr_apply.errors import ExpressionSyntaxError
from tr_apply.resources import KINDS
from tr_apply.resources.template import sample
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


def same_json(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal: key order aside, 1 is 1.0 and is not true."""
    return bool(one == other) and _same_types(one, other)


def _same_types(one: Any, other: Any) -> bool:
    """Whether equal values are equal in JSON too: Python treats True as 1 at any depth."""
    kind = type(one)
    if kind is dict:
        for key, value in one.items():  # noqa: SIM110  # a generator costs as much as all that it does
            if type(value) is not str and not _same_types(value, other[key]):
                return False
        return True
    if kind is list:
        return all(map(_same_types, one, other))
    return (kind is bool) is (type(other) is bool)


def same_set(one: Sequence[str] | None, other: Sequence[str] | None) -> bool:
    """Whether two lists hold the same, in any order; no list is an empty one."""
    return set(one or ()) == set(other or ())
