"""Numbers as TaskRouter takes them in a workflow."""

import re
from typing import Any, Final

_DIGITS: Final = re.compile(r"[0-9]{1,10}")


def as_whole_number(value: Any) -> int | None:
    """The number that *value* is or, being a text, holds; None for anything else.

    ``5``, ``5.0`` and ``"5"`` are the same priority or time-out to TaskRouter.
    """
    match value:
        case bool():
            return None
        case float() if value.is_integer():
            return int(value)
        case str() if _DIGITS.fullmatch(value):
            return int(value)
        case int():
            return value
        case _:
            return None
