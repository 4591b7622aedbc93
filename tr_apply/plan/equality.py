"""When two values mean the same to TaskRouter, although they are not the same text."""

import json
from collections.abc import Sequence
from typing import Any

from tr_apply.errors import ExpressionSyntaxError
from tr_apply.resources import KINDS
from tr_apply.resources.template import sample, sids_in
from tr_apply.routing.parser import parse, parse_order_by

_PREFIXES = {kind.name: kind.sid_prefix for kind in KINDS}


def same_expression(one: str | None, other: str | None, *, order_by: bool = False) -> bool:
    """Whether two expressions are one tree, however they are written."""
    if one == other:
        return True
    if not one or not other or list(sids_in(one)) != list(sids_in(other)):
        return False
    read = parse_order_by if order_by else parse
    try:
        return read(sample(one, _PREFIXES)) == read(sample(other, _PREFIXES))
    except ExpressionSyntaxError:
        return False


def same_json(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal: key order aside, 1 is 1.0 and is not true."""
    if one != other:
        return False
    # Python takes True for 1 wherever it stands, so that equality alone is not enough.
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True) or _same_types(one, other)


def _same_types(one: Any, other: Any) -> bool:
    match one:
        case dict():
            return all(_same_types(value, other[key]) for key, value in one.items())
        case list():
            return all(_same_types(a, b) for a, b in zip(one, other, strict=True))
        case _:
            return isinstance(one, bool) is isinstance(other, bool)


def same_set(one: Sequence[str] | None, other: Sequence[str] | None) -> bool:
    """Whether two lists hold the same, in any order; no list is an empty one."""
    return set(one or ()) == set(other or ())
