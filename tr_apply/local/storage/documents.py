"""JSON that arrives as the text of a form field.

It is checked strictly and stored as text. Only the white space between its parts is removed, so key order, unknown
keys, numbers written as strings, escapes and the digits of numbers are returned as they were sent.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable
from typing import Any, NoReturn

from pydantic_core import from_json, to_json

from tr_apply.local.storage.refusals import InvalidParameterError

DEPTH_LIMIT = 100  # far below the depth that could exhaust the stack of a later reader

_TOO_LARGE = 2**63
_LONGEST_INTEGER = len("-9223372036854775808")
_STRING_OR_REST = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[^" \t\r\n]+')


def parse_object(name: str, text: str, *, any_integer: bool = False) -> dict[str, Any]:
    """The object in *text*; with *any_integer* its whole numbers may exceed 64 bits.

    Raises:
        InvalidParameterError: Not JSON, or JSON that readers disagree about: a repeated key, a number that is not valid
            (``NaN``) or too large, or extreme nesting; or not an object.
    """
    try:
        value = (_DECODER_OF_ANY if any_integer else _DECODER).decode(text)
    except RecursionError:
        raise InvalidParameterError(f"{name} is nested too deeply") from None
    except ValueError as error:
        raise InvalidParameterError(f"{name} is not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise InvalidParameterError(f"{name} must be a JSON object")
    # A document with fewer brackets than that cannot be nested more deeply; most documents need no walk.
    if text.count("{") + text.count("[") > DEPTH_LIMIT and _depth(value) > DEPTH_LIMIT:
        raise InvalidParameterError(f"{name} is nested too deeply")
    return value


def read_usual(text: str) -> tuple[str, dict[str, Any]] | None:
    """The results of `compact` and `parse_object`, sooner, for an object as most programs write it; None for others.

    Its values are written again and compared with *text*, which may have a space after a comma or a colon. If both are
    the same, no key is repeated and every number has its usual form. A space that is part of a string is in the values,
    so *text* without it is not the same.
    """
    if text.count("{") + text.count("[") > DEPTH_LIMIT:
        return None
    try:
        value = from_json(text, allow_inf_nan=False)
        written = to_json(value).decode()
    except (TypeError, ValueError):  # the first for half of a surrogate pair
        return None
    is_usual = written == text or written == text.replace(", ", ",").replace(": ", ":")
    return (written, value) if is_usual and isinstance(value, dict) else None


def compact(text: str) -> str:
    """Valid JSON without the white space between its parts."""
    return "".join(_STRING_OR_REST.findall(text))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        repeated = next(key for key, count in counts.items() if count > 1)
        raise ValueError(f"the key {json.dumps(repeated)} is repeated")
    return value


def _no_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


def _integer(digits: str) -> int:
    number = int(digits) if len(digits) <= _LONGEST_INTEGER else _TOO_LARGE
    if not -_TOO_LARGE <= number < _TOO_LARGE:
        raise ValueError("a number does not fit into 64 bits")
    return number


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [child for each in level for child in _children(each)]
    return depth


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _decoder(parse_int: Callable[[str], int]) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=_object,
        parse_constant=_no_constant,
        parse_int=parse_int,
        parse_float=_float,
    )


_DECODER = _decoder(_integer)
_DECODER_OF_ANY = _decoder(int)
