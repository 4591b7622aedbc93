"""What changed between two JSON documents, key by key; lists are values."""

from collections.abc import Iterator
from typing import Any

from tr_apply.plan.change import FieldChange
from tr_apply.plan.equality import same_json

_NOTHING = object()


def document_changes(path: str, before: Any, after: Any) -> Iterator[FieldChange]:
    """Changes from *before* to *after*, each at the deepest mapping that holds it."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from _entry_changes(f"{path}.{key}", before.get(key, _NOTHING), after.get(key, _NOTHING))
    elif not same_json(before, after):
        yield FieldChange(path, before, after)


def _entry_changes(path: str, before: Any, after: Any) -> Iterator[FieldChange]:
    if before is _NOTHING:
        yield FieldChange(path, None, after)
    elif after is _NOTHING:
        yield FieldChange(path, before, None)
    else:
        yield from document_changes(path, before, after)
