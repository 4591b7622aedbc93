"""Names that refer to other resources: each must lead somewhere, as far as the file alone can tell."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tr_apply.config.notes import Notes
from tr_apply.config.places import KeyPath
from tr_apply.resources import KIND_BY_NAME, SECTIONS, WORKER, WORKFLOW
from tr_apply.resources.document import Document
from tr_apply.resources.kind import Kind, Resource, name_key
from tr_apply.resources.seeds import SEEDED_ACTIVITIES, SEEDED_CHANNELS
from tr_apply.resources.template import SidOf, sids_in


@dataclass(frozen=True, slots=True)
class Reference:
    """A place that names a resource."""

    kind: str
    name: str
    path: KeyPath
    key: bool = False
    """Whether the name is the last key of *path* rather than its value."""


def declared_of(document: Document, kind: Kind) -> Iterator[tuple[int, Any]]:
    """The resources of *kind* in *document* with their index; those that could not be read are left out."""
    for index, resource in enumerate(getattr(document, kind.section)):
        if resource is not None:
            yield index, resource


def references(document: Document) -> Iterator[Reference]:
    """Every name in *document* that must lead to a resource."""
    yield from _of_fields(KIND_BY_NAME["workspace"], document.workspace, ("workspace",))
    for kind in SECTIONS:
        for index, resource in declared_of(document, kind):
            yield from _of_fields(kind, resource, (kind.section, index))
    for index, workflow in declared_of(document, WORKFLOW):
        yield from _of_queues(workflow, ("workflows", index))
    for index, worker in declared_of(document, WORKER):
        for channel in worker.channels or ():
            yield Reference("task_channel", channel, ("workers", index, "channels", channel), key=True)


def _of_fields(kind: Kind, resource: Resource, path: KeyPath) -> Iterator[Reference]:
    for field, referred in kind.references.items():
        if (name := getattr(resource, field)) is not None:
            yield Reference(referred, name, (*path, field))


def _of_queues(workflow: Any, path: KeyPath) -> Iterator[Reference]:
    for filter_index, each in enumerate(workflow.filters):
        for index, target in enumerate(each.targets):
            if target.queue is not None:
                at = (*path, "filters", filter_index, "targets", index, "queue")
                yield Reference("task_queue", target.queue, at)
    if workflow.default_filter is not None and workflow.default_filter.queue is not None:
        yield Reference("task_queue", workflow.default_filter.queue, (*path, "default_filter", "queue"))


def sid_references(document: Document) -> Iterator[tuple[SidOf, KeyPath]]:
    """Every ``${sid:…}`` in *document*, with the path of the string that holds it."""
    yield from _in_value(document.workspace, ("workspace",))
    for kind in SECTIONS:
        for index, resource in declared_of(document, kind):
            yield from _in_value(resource, (kind.section, index))


def _in_value(value: Any, path: KeyPath) -> Iterator[tuple[SidOf, KeyPath]]:
    match value:
        case str():
            for reference in sids_in(value):
                yield reference, path
        case Resource():
            for field in value.model_fields_set:
                yield from _in_value(getattr(value, field), (*path, field))
        case dict():
            for key, child in value.items():
                yield from _in_value(child, (*path, key))
        case list():
            for index, child in enumerate(value):
                yield from _in_value(child, (*path, index))
        case _:
            pass


@dataclass(frozen=True, slots=True)
class Declared:
    """What a file says to exist, kind by kind: names by key, and whether there may be others."""

    names: Mapping[str, Mapping[str, str]]
    closed: frozenset[str]
    """Kinds of which nothing else can exist once the file is applied."""

    def has(self, kind: str, name: str) -> bool:
        """Whether *name* is certain, or at least possible."""
        return kind not in self.closed or name_key(name) in self.names[kind]


def declared(document: Document, raw: Mapping[str, Any]) -> Declared:
    """What *document* and what could not be read of it (*raw*) say to exist."""
    names: dict[str, dict[str, str]] = {"task_channel": {name_key(n): n for n in SEEDED_CHANNELS}}
    closed = set()
    for kind in SECTIONS:
        held = names.setdefault(kind.name, {})
        for item in _list(raw.get(kind.section)):
            name = item.get(kind.identity) if isinstance(item, dict) else None
            if isinstance(name, str):
                held[name_key(name)] = name
        rule = getattr(document.manage, kind.section)
        if document.declares(kind.section) and rule.mode == "exact" and not getattr(rule, "where", None):
            closed.add(kind.name)
    names["activity"] |= {name_key(name): name for name in _kept_activities(document)}
    return Declared(names, frozenset(closed))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _kept_activities(document: Document) -> Iterator[str]:
    """The default and the timeout activity are never deleted, listed or not; a new workspace seeds them."""
    workspace = document.workspace
    for name in (workspace.default_activity, workspace.timeout_activity):
        if name is None:
            yield "Offline"
        elif name in SEEDED_ACTIVITIES:
            yield name


def note_broken_references(document: Document, raw: Mapping[str, Any], notes: Notes, *, has_sids: bool) -> None:
    """Note every name that cannot lead anywhere; *has_sids* spares a walk over every string there is."""
    known = declared(document, raw)
    for reference in references(document):
        if not known.has(reference.kind, reference.name):
            _note_unknown(reference.kind, reference.name, known, notes, reference.path, key=reference.key)
    for sid, path in sid_references(document) if has_sids else ():
        if sid.kind == "workspace":
            if sid.name:
                notes.error("unknown-reference", "the workspace's own SID is ${sid:workspace}", path)
        elif sid.kind not in known.names:
            kinds = ", ".join(known.names)
            notes.error("unknown-kind", f"${{sid:{sid}}} names no kind of resource; kinds are {kinds}", path)
        elif not known.has(sid.kind, sid.name):
            _note_unknown(sid.kind, sid.name, known, notes, path, key=False)


def _note_unknown(kind: str, name: str, known: Declared, notes: Notes, path: KeyPath, *, key: bool) -> None:
    names = known.names[kind]
    near = difflib.get_close_matches(name_key(name), names, 1, cutoff=0.6)
    row = KIND_BY_NAME[kind]
    hint = f"did you mean {names[near[0]]!r}?" if near else f"add it to `{row.section}`"
    notes.error("unknown-reference", f"there is no {row.title} {name!r}; {hint}", path, key=key)


def note_duplicates(document: Document, notes: Notes) -> None:
    """Note resources of one kind whose names TaskRouter takes for the same."""
    for kind in SECTIONS:
        first: dict[str, int] = {}
        for index, resource in declared_of(document, kind):
            name = kind.name_of(resource)
            before = first.setdefault(name_key(name), index)
            if before != index:
                where = notes.where((kind.section, before))
                notes.error(
                    "duplicate-name",
                    f"the {kind.title} {name!r} is declared twice; the first is at {where}",
                    (kind.section, index, kind.identity),
                )
