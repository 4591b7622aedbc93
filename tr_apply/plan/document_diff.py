"""What changed between two JSON documents, key by key; lists are values."""

from collections.abc import Iterator
from typing import Any

from tr_apply.plan.change import FieldChange
from tr_apply.plan.equality import same_json

_MISSING = object()


def document_changes(path: str, before: Any, after: Any) -> Iterator[FieldChange]:
    """Changes from *before* to *after*, each at the deepest mapping that holds it.

    A key that is null on one side and missing on the other cannot be told by itself, as a ``FieldChange`` has None for
    both; then the mapping around it is told whole.
    """
    if same_json(before, after):
        return
    if isinstance(before, dict) and isinstance(after, dict) and not _differ_by_null(before, after):
        for key in sorted(before.keys() | after.keys()):
            yield from document_changes(f"{path}.{key}", before.get(key), after.get(key))
    else:
        yield FieldChange(path, before, after)


def _differ_by_null(before: dict[str, Any], after: dict[str, Any]) -> bool:
    return any(
        before.get(key, _MISSING) is None or after.get(key, _MISSING) is None for key in before.keys() ^ after.keys()
    )
