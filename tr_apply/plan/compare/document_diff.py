"""The changes between two JSON documents, key by key, and the paths of their parts; lists are values."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tr_apply.json_text import same_json
from tr_apply.plan.change import FieldChange
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


_MISSING = object()


def document_changes(path: str, before: Any, after: Any) -> Iterator[FieldChange]:
    """Changes from *before* to *after*, each at the deepest mapping that holds it.

    A key that is null on one side and missing on the other cannot be a change by itself, because a ``FieldChange`` has
    None
    for both. Then the change is the mapping around it.
    """
    if same_json(before, after):
        return
    if isinstance(before, dict) and isinstance(after, dict) and not _differ_by_null(before, after):
        for key in sorted(before.keys() | after.keys()):
            yield from document_changes(f"{path}.{key}", before.get(key), after.get(key))
    else:
        yield FieldChange(path, before, after)


def split(change: FieldChange) -> Sequence[FieldChange]:
    """*change* as changes of its parts; empty if it has no parts.

    The parts of a mapping are its keys. The parts of added or removed filters are found by name. Other lists are
    values.
    """
    before, after = (children(change.path, value) for value in (change.before, change.after))
    if before is None or after is None or (before and after and _is_list(change)) or _differ_by_null(before, after):
        return ()
    paths = dict.fromkeys((*before, *after))
    return tuple(FieldChange(path, before.get(path), after.get(path), filter=change.filter) for path in paths)


def _is_list(change: FieldChange) -> bool:
    return isinstance(change.before, list) or isinstance(change.after, list)


def _differ_by_null(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return any(
        before.get(key, _MISSING) is None or after.get(key, _MISSING) is None for key in before.keys() ^ after.keys()
    )
