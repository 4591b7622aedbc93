"""Paths of fields with ``*`` in them, as ``manage`` writes them: ``attributes.phone``, ``filters[Gold].targets[0]``."""

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from tr_apply.resources.kind import Resource

_PART = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")
_NUMBERED = re.compile(r"\[#\d+\]")


def path_parts(path: str) -> tuple[str, ...]:
    """A pattern part by part, without dots and brackets."""
    return tuple(match[1] if match[1] is not None else match[2] for match in _PART.finditer(path))


def matches(text: str, pattern: str) -> bool:
    """Whether *text* fits *pattern*, in which ``*`` and ``?`` stand for anything, and a bracket for itself."""
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def parts_of(value: Any) -> Iterator[tuple[str, Any]]:
    """What *value* is made of, by the part of a path that leads there: keys, numbers, and the names of filters."""
    if isinstance(value, Resource):
        yield from ((key, getattr(value, key)) for key in type(value).model_fields)
    elif isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list):
        yield from ((_item_part(index, item), item) for index, item in enumerate(value))


def _item_part(index: int, item: Any) -> str:
    if isinstance(item, Mapping):
        is_filter, name = "targets" in item, item.get("name")
    else:
        is_filter, name = hasattr(item, "targets"), getattr(item, "name", None)
    return str(name or f"#{index + 1}") if is_filter else str(index)


def covers(pattern: str, path: str, values: Iterable[Any]) -> bool:
    """Whether *path* lies in what *pattern* names, or one of its *values* holds something that does."""
    if _NUMBERED.search(path):
        pattern = re.sub(r"\[[^\]]*\]", "[*]", pattern, count=1)  # a filter that is known by its number may have a name
    names = (path, *(below for value in values for below in _paths_below(path, value)))
    return any(matches(name, end) for name in names for end in (pattern, f"{pattern}.*", f"{pattern}[*"))


def _paths_below(path: str, value: Any) -> Iterator[str]:
    for part, child in parts_of(value):
        below = f"{path}[{part}]" if isinstance(value, list) else f"{path}.{part}"
        yield below
        yield from _paths_below(below, child)
