"""Values as text: as YAML would say them on one line, and without anything that could steer a terminal."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tr_apply.printable import printable
from tr_apply.resources.scalar import core_scalar

_DEEPEST = 50  # levels, after which nobody reads on, and which Python's own depth must suffice for
_SEPARATES = re.compile(r"[,\[\]{}\"'#]|:(\s|$)|^[-?&*!|>%@`]")


def shown(value: Any) -> str:
    """A value as YAML would say it on one line."""
    match value:
        case None:
            return "(none)"
        case str():
            plain = _is_plain(value) and value[0] not in '[{"'  # which a list, a mapping or a quoted text begins with
            return printable(value if plain else json.dumps(value, ensure_ascii=False))
        case dict() if "queue" in value and not is_filter(value):
            return target_line(value)
        case _:
            return _flow(value)


def _flow(value: Any, depth: int = 0) -> str:
    """A value inside brackets, where more must be quoted."""
    if depth > _DEEPEST:
        return printable(json.dumps(value, ensure_ascii=False))
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            quoted = _SEPARATES.search(value) or not _is_plain(value)
            return printable(json.dumps(value, ensure_ascii=False) if quoted else value)
        case list():
            return f"[{', '.join(_flow(item, depth + 1) for item in value)}]"
        case dict():
            return f"{{{', '.join(f'{_flow(key)}: {_flow(item, depth + 1)}' for key, item in value.items())}}}"
        case _:
            return str(value)


def _is_plain(text: str) -> bool:
    """Whether it reads as the text that it is, and not as a number, a flag or nothing."""
    try:
        return core_scalar(text) == text and text == text.strip() and bool(text)
    except ValueError:
        return False


def is_filter(value: Any) -> bool:
    """Whether *value* is a filter of a workflow."""
    return isinstance(value, dict) and "targets" in value and "expression" in value


def targets_line(targets: Sequence[Mapping[str, Any]]) -> str:
    """The steps of a filter in a few words, in their order."""
    return ", then ".join(map(target_line, targets))


def target_line(target: Mapping[str, Any]) -> str:
    """A step in a few words: its queue, and its other settings."""
    words = [f"{key} {_flow(value)}" for key, value in target.items() if key != "queue"]
    queue = printable(str(target.get("queue", "same queue")))
    return f"{queue} ({', '.join(words)})" if words else queue
