"""The changes between two JSON documents, key by key; lists are values."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tr_apply.plan.change import FieldChange
from tr_apply.plan.compare.equality import same_json
from tr_apply.plan.compare.paths import children

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
