"""Plain scalars by YAML's 1.2 core schema: what ``no``, ``012`` or ``12:30`` are (two strings and a number)."""

import re
from typing import Final

NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS: Final = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
# Any scalar that is not a string begins with one of these; most need no further check.
_BEGINNINGS: Final = frozenset("0123456789+-.tTfFnN~")
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_COUNT = re.compile(r"[0-9]{1,15}\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NOT_A_JSON_NUMBER = re.compile(r"([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z")
_PHONE_NUMBER: Final = re.compile(r"\+[0-9]{7,15}\Z|[-+]?0[0-9]")
_DIGITS_LIMIT = 4096  # characters of the longest attributes, which may hold any number; Python converts as many


def whole_number(text: object) -> int | None:
    """The number that *text* writes in digits alone, as programs and options write counts; None for anything else."""
    return int(text) if isinstance(text, str) and _COUNT.match(text) else None


def core_scalar(text: str) -> str | int | float | bool | None:
    """The value of the plain scalar *text*.

    Raises:
        ValueError: for a number that JSON cannot say: infinite, not a number, or too long to be kept.
    """
    if text and text[0] not in _BEGINNINGS:
        return text
    if text in NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    return _number(text)


def loses_signs(text: str) -> bool:
    """Whether the number *text* would lose the plus sign of a phone number, or leading zeros."""
    return _PHONE_NUMBER.match(text) is not None


def _number(text: str) -> str | int | float:
    if _INTEGER.match(text):
        return _integer(text, 10)
    if _FLOAT.match(text):
        value = float(_bounded(text))
        if value in (float("inf"), float("-inf")):
            raise ValueError(f"the number {text} is too large")
        return value
    if _OCTAL.match(text):
        return _integer(text, 0)
    if _HEXADECIMAL.match(text):
        return _integer(text, 0)
    if _NOT_A_JSON_NUMBER.match(text):
        raise ValueError(f"{text} is not a number in JSON; quote it if it is meant as text")
    return text


def _integer(text: str, base: int) -> int:
    return int(_bounded(text), base)


def _bounded(text: str) -> str:
    if len(text) > _DIGITS_LIMIT:
        raise ValueError(f"a number of {len(text)} digits; quote it if it is meant as text")
    return text
