"""Paths of sensitive values, as ``manage.….sensitive`` writes them; ``*`` matches anything."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tr_apply.resources.field_path import lies_in, with_any_item

_NUMBERED = re.compile(r"\[#\d+\]")


def covers(pattern: str, path: str, values: Iterable[Any]) -> bool:
    """Whether *path* is inside *pattern*, or one of its *values* holds a part that is."""
    if _NUMBERED.search(path):
        pattern = with_any_item(pattern)  # a filter that goes by its number may have a name
    paths = (path, *(below for value in values for below in _paths_below(path, value)))
    return any(lies_in(each, pattern) for each in paths)


def children(path: str, value: Any) -> Mapping[str, Any] | None:
    """The parts of the plain *value* at *path*, by path; None for a scalar, or a list of anything but filters.

    Filters that share a name have no parts either, as no path identifies them.
    """
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return {f"{path}.{key}": value[key] for key in sorted(value)}
    if not isinstance(value, list) or not all(map(_is_filter, value)):
        return None
    by_path = {f"{path}[{called(index, child)}]": child for index, child in enumerate(value)}
    return by_path if len(by_path) == len(value) else None


def _paths_below(path: str, value: Any) -> Iterator[str]:
    """The paths of all parts of the plain *value* at *path*."""
    if isinstance(value, Mapping):
        below = [(f"{path}.{key}", child) for key, child in value.items()]
    elif isinstance(value, list):
        below = [(f"{path}[{called(index, child)}]", child) for index, child in enumerate(value)]
    else:
        return
    for each, child in below:
        yield each
        yield from _paths_below(each, child)


def called(index: int, item: Any) -> str:
    """Filters go by their names, everything else by its number."""
    return str(item.get("name") or f"#{index + 1}") if _is_filter(item) else str(index)


def _is_filter(item: Any) -> bool:
    return isinstance(item, Mapping) and "targets" in item
