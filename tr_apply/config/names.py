"""Names that TaskRouter would take for the same, and former names that cannot be meant."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from tr_apply.config.notes import Notes
from tr_apply.config.references import declared_of, written_names
from tr_apply.findings import KeyPath, Rule, Severity
from tr_apply.resources import SECTIONS, WORKER, WORKSPACE, Kind
from tr_apply.resources.document import Document
from tr_apply.routing.names import name_key

DUPLICATE_NAME: Final = Rule("duplicate-name", Severity.ERROR, "Two resources have the same name.")
RENAMED_FROM: Final = Rule("renamed-from", Severity.ERROR, "A former name is claimed twice, or is the present one.")


def note_names(document: Document, raw: Mapping[str, Any], notes: Notes) -> None:
    """Note names that two resources share."""
    for kind in SECTIONS:
        names = (((kind.section, index, kind.identity), name) for index, name in written_names(raw, kind))
        note_repeated(names, f"the {kind.title} {{name!r}} is declared twice", notes)
        _note_former_names(document, kind, notes)
    _note_own_name(WORKSPACE, document.workspace, (WORKSPACE.section,), notes)
    for index, worker in declared_of(document, WORKER):
        if len(channels := worker.channels or {}) > 1:
            at: KeyPath = (WORKER.section, index, "channels")
            note_repeated((((*at, name), name) for name in channels), "the channel {name!r} is written twice", notes)


def note_repeated(names: Iterable[tuple[KeyPath, str]], message: str, notes: Notes) -> None:
    """Note each of *names* that is the same as one before it."""
    first: dict[str, KeyPath] = {}
    for path, name in names:
        if (before := first.setdefault(name_key(name), path)) != path:
            text = f"{message.format(name=name)}; the first is at {notes.where(before)}"
            notes.add(DUPLICATE_NAME, text, path, key="channels" in path)


def _note_former_names(document: Document, kind: Kind, notes: Notes) -> None:
    """One live resource cannot become two. A former name that is declared again is a chain or a swap."""
    claimed: dict[str, KeyPath] = {}
    for index, resource in declared_of(document, kind):
        if not resource.renamed_from:
            continue
        _note_own_name(kind, resource, (kind.section, index), notes)
        for path, name in _former_names(resource, (kind.section, index)):
            if (before := claimed.setdefault(name_key(name), path)) != path:
                message = f"{name!r} is claimed twice; the first is at {notes.where(before)}"
                notes.add(RENAMED_FROM, message, path)


def _note_own_name(kind: Kind, resource: Any, path: KeyPath, notes: Notes) -> None:
    own = name_key(kind.name_of(resource))
    for at, name in _former_names(resource, path):
        if name_key(name) == own:
            notes.add(RENAMED_FROM, f"{name!r} is the name that it has; names are compared without case", at)


def _former_names(resource: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    for index, name in enumerate(resource.renamed_from):
        yield (*path, "renamed_from", index), name
