"""Rules on ``extra``: TaskRouter keeps keys that it does not know, and never says so."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import chain
from typing import Any, Final

from tr_apply.findings import KeyPath, Severity, Spot
from tr_apply.lint.declarations import Declarations, Remarks, document_rule
from tr_apply.routing.names import FILTER_NAMES

_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "the document": ("task_routing",),
    "task_routing": ("filters", "default_filter"),
    "a filter": (FILTER_NAMES[0], "expression", "targets"),
    "a target": (
        "queue",
        "expression",
        "priority",
        "timeout",
        "order_by",
        "skip_if",
        "known_worker_sid",
        "known_worker_friendly_name",
    ),
}
"""The keys that TaskRouter reads, by place."""

# Labels in their several spellings, and a queue as old helper libraries write it. They do no harm anywhere.
_HARMLESS: Final = frozenset({*FILTER_NAMES, "task_queue_sid"})
_CLOSE: Final = 0.8  # of 1, which is equal: `prority` is 0.93 from `priority`


@document_rule(
    "inert-key", Severity.WARNING, "A key under extra is a misspelt or misplaced one of TaskRouter's, which ignores it."
)
def inert_key(declarations: Declarations) -> Remarks:
    """``Timeout`` and ``prority`` are kept and do nothing, and so does a timeout of a filter."""
    for place, path, extra in _extras(declarations):
        for key in extra:
            if key not in _KEYS[place] and key not in _HARMLESS and (instead := _instead(key, place)):
                yield Spot((*path, key), key=True), f"TaskRouter keeps `{key}` here and ignores it; {instead}"


def _extras(declarations: Declarations) -> Iterator[tuple[str, KeyPath, Mapping[str, Any]]]:
    for path, workflow in declarations.workflows:
        yield "the document", (*path, "document_extra"), workflow.document_extra
        yield "task_routing", (*path, "extra"), workflow.extra
    for path, each in declarations.filters:
        yield "a filter", (*path, "extra"), each.extra
    for path, target in chain(declarations.targets, declarations.default_filters):
        yield "a target", (*path, "extra"), target.extra


@lru_cache(maxsize=1024)
def _instead(key: str, place: str) -> str | None:
    """The key that was probably intended; None if there is none."""
    from difflib import get_close_matches  # noqa: PLC0415  # seldom needed

    known = {_folded(each): each for each in _KEYS[place]}
    if near := get_close_matches(_folded(key), known, n=1, cutoff=_CLOSE):
        return f"did you mean `{known[near[0]]}`?"
    return next((f"it is a key of {other}" for other, keys in _KEYS.items() if key in keys), None)


def _folded(key: str) -> str:
    return key.casefold().replace("_", "").replace("-", "")
