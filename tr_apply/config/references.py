"""Names that refer to other resources: each must exist, as far as the file alone can show."""

from collections.abc import Container, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from tr_apply.config.common_rules import UNKNOWN_KIND, UNKNOWN_REFERENCE
from tr_apply.config.notes import Notes
from tr_apply.config.places import find, shown
from tr_apply.config.suggestions import Suggestions
from tr_apply.findings import KeyPath, Rule, Severity
from tr_apply.resources import (
    KIND_BY_NAME,
    SECTIONS,
    SEEDED_CHANNELS,
    TASK_QUEUE,
    WORKER,
    WORKER_CHANNEL,
    WORKFLOW,
    Filter,
    Kind,
    Resource,
    Workflow,
)
from tr_apply.resources.document import Document
from tr_apply.resources.fields import literal_fields
from tr_apply.resources.seeds import DEFAULT_ACTIVITY, SEEDED_ACTIVITIES
from tr_apply.resources.template import MARK, SID, WORKSPACE, SidOf, plain, sid_of, sids_in
from tr_apply.routing.names import SID_LENGTH, name_key

DANGLING_SID: Final = Rule(
    "dangling-sid", Severity.WARNING, "A target names its queue by a SID that no declared queue has."
)

_NO_SUCH_QUEUE = (
    "this is a SID; write the name of the queue: TaskRouter rejects a workflow that names a missing queue, and in a "
    "live workflow such a target reaches no worker"
)
_MOST_IN_ONE_STRING = 100  # findings; each takes a walk over the string


class Reference(NamedTuple):
    """A place that names a resource."""

    kind: str
    name: str
    path: KeyPath
    key: bool = False
    """Whether the name is the last key of *path* rather than its value."""


def placed(document: Document, kind: Kind) -> Iterator[tuple[KeyPath, Any]]:
    """The resources of *kind* in *document* with their paths, the workspace too; not those that could not be read."""
    found = getattr(document, kind.section)
    for index, resource in enumerate([found] if kind.parent is None else found):
        if resource is not None:
            yield kind.place(index), resource


def declared_of(document: Document, kind: Kind) -> Iterator[tuple[int, Any]]:
    """The resources of *kind* in *document* with their index; those that could not be read are left out."""
    for index, resource in enumerate(getattr(document, kind.section)):
        if resource is not None:
            yield index, resource


def filters_of(workflow: Workflow) -> Iterator[tuple[int, Filter]]:
    """The filters of *workflow* with their index; those that could not be read are left out."""
    for index, each in enumerate(workflow.filters):
        if each is not None:
            yield index, each


def references(document: Document, certain: Container[tuple[str, str]] = ()) -> Iterator[Reference]:
    """Every name in *document* that must lead to a resource.

    Those of *certain*, a kind and a name each, are left out: many workers have few activities and channels.
    """
    for kind in (KIND_BY_NAME[WORKSPACE], *SECTIONS):
        for path, resource in placed(document, kind) if kind.references else ():
            for field, referred in kind.references.items():
                if (name := getattr(resource, field)) is not None and (referred, name) not in certain:
                    yield Reference(referred, name, (*path, field))
    for index, workflow in declared_of(document, WORKFLOW):
        yield from _of_queues(workflow, ("workflows", index))
    yield from _of_channels(document, certain)


def referred_names(document: Document, kind: Kind) -> list[str]:
    """The names of *kind* that *document* refers to, as often as it does."""
    return [each.name for each in references(document) if each.kind == kind.name]


def _of_channels(document: Document, certain: Container[tuple[str, str]]) -> Iterator[Reference]:
    for index, worker in declared_of(document, WORKER):
        for channel in worker.channels or ():
            if ("task_channel", channel) not in certain:
                yield Reference("task_channel", channel, ("workers", index, "channels", channel), key=True)


def _of_queues(workflow: Workflow, path: KeyPath) -> Iterator[Reference]:
    for filter_index, each in filters_of(workflow):
        for index, target in enumerate(each.targets):
            if target.queue is not None:
                at = (*path, "filters", filter_index, "targets", index, "queue")
                yield Reference("task_queue", target.queue, at)
    if workflow.default_filter is not None and workflow.default_filter.queue is not None:
        yield Reference("task_queue", workflow.default_filter.queue, (*path, "default_filter", "queue"))


def sid_references(document: Document) -> Iterator[tuple[SidOf, KeyPath]]:
    """Every ``${sid:…}`` in *document*, with the path of the string that holds it."""
    for template, path in _templates(document):
        for reference in sids_in(template):
            yield reference, path


def _templates(document: Document) -> Iterator[tuple[str, KeyPath]]:
    """Every string in *document* that may hold SIDs."""
    for kind in (KIND_BY_NAME[WORKSPACE], *SECTIONS):
        for path, resource in placed(document, kind):
            yield from _in_value(resource, path)
    for name, value in document.outputs.items():
        yield value, ("outputs", name)
    if document.manage.workers.where is not None:
        yield document.manage.workers.where, ("manage", "workers", "where")


def _in_value(value: Any, path: KeyPath) -> Iterator[tuple[str, KeyPath]]:
    match value:
        case str():
            if "${" in value:
                yield value, path
        case Resource():
            model = type(value)
            for field in model.model_fields:
                if field in value.model_fields_set and field not in literal_fields(model):
                    yield from _in_value(getattr(value, field), (*path, field))
        case dict():
            for key, child in value.items():
                yield from _in_value(child, (*path, key))
        case list():
            for index, child in enumerate(value):
                yield from _in_value(child, (*path, index))
        case _:
            pass


class Declared(NamedTuple):
    """The resources that a file declares: their names by kind and key, and whether there may be others."""

    names: Mapping[str, Mapping[str, str]]
    closed: frozenset[str]
    """Kinds that are complete: after apply, no others exist."""

    renamed: Mapping[tuple[str, str], str] = MappingProxyType({})
    """Names by kind and key of a former name."""

    def has(self, kind: str, name: str) -> bool:
        """Whether *name* is certain, or at least possible."""
        return kind not in self.closed or name_key(name) in self.names[kind]


def declared(document: Document, raw: Mapping[str, Any]) -> Declared:
    """The resources that *document* declares, and those in *raw* that could not be read."""
    names: dict[str, dict[str, str]] = {"task_channel": {name_key(n): n for n in SEEDED_CHANNELS}}
    closed = set()
    for kind in SECTIONS:
        held = names.setdefault(kind.name, {})
        held |= {name_key(name): name for _, name in written_names(raw, kind)}
        rule = getattr(document.manage, kind.section)
        if document.declares(kind.section) and rule.mode == "exact" and not getattr(rule, "where", None):
            closed.add(kind.name)
    names["activity"] |= {name_key(name): name for name in _kept_activities(document)}
    return Declared(names, frozenset(closed), dict(_former_names(document)))


def _former_names(document: Document) -> Iterator[tuple[tuple[str, str], str]]:
    for kind in SECTIONS:
        for _, each in declared_of(document, kind):
            for name in each.renamed_from:
                yield (kind.name, name_key(name)), kind.name_of(each)


def written_names(raw: Mapping[str, Any], kind: Kind) -> Iterator[tuple[int, str]]:
    """Index and name of each resource of *kind* in the data, whatever else is wrong with it."""
    items = raw.get(kind.section)
    for index, item in enumerate(items if isinstance(items, list) else ()):
        name = item.get(kind.identity) if isinstance(item, dict) else None
        if isinstance(name, str):
            yield index, plain(name) if "${" in name else name


def _kept_activities(document: Document) -> Iterator[str]:
    """The default and the timeout activity are never deleted, listed or not; a new workspace seeds them."""
    workspace = document.workspace
    seeded = {name_key(name) for name in SEEDED_ACTIVITIES}
    for name in (workspace.default_activity, workspace.timeout_activity):
        if name is None:
            yield DEFAULT_ACTIVITY
        elif name_key(name) in seeded:
            yield name


def note_broken_references(document: Document, raw: Mapping[str, Any], notes: Notes, *, has_sids: bool) -> None:
    """Note every name that cannot lead anywhere; *has_sids* spares a walk over every string there is."""
    known = declared(document, raw)
    known = known._replace(closed=known.closed - set(_of_unreadable_names(raw, notes)))
    suggestions = Suggestions()
    certain = set[tuple[str, str]]()
    for reference in references(document, certain):
        if known.has(reference.kind, reference.name):
            certain.add((reference.kind, reference.name))
            continue
        if _is_queue_sid(reference):
            notes.add(DANGLING_SID, _NO_SUCH_QUEUE, reference.path)
        else:
            message = _unknown(reference.kind, reference.name, known, suggestions)
            notes.add(UNKNOWN_REFERENCE, message, reference.path, key=reference.key)
    for template, path in _templates(document) if has_sids else ():
        wrong = ((problem, at) for at, mark in _marks(template) if (problem := _problem_of(mark, known, suggestions)))
        for problem, offset in islice(wrong, _MOST_IN_ONE_STRING):
            notes.add(*problem, path, offset=offset)


def _is_queue_sid(reference: Reference) -> bool:
    """Whether a target names its queue by SID, as the export of a workflow must whose queue is gone."""
    row = KIND_BY_NAME[reference.kind]
    return row is TASK_QUEUE and SID.match(reference.name) is not None and reference.name.startswith(row.sid_prefix)


def _of_unreadable_names(raw: Mapping[str, Any], notes: Notes) -> Iterator[str]:
    """The kinds with a name that could not be read; a reference to such a kind may be valid."""
    for kind in SECTIONS:
        items = raw.get(kind.section)
        names = dict(written_names(raw, kind))
        paths = ((kind.section, index, kind.identity) for index in names)
        is_mistaken = bool(notes.mistaken) and any(find(notes.root.node, p) in notes.mistaken for p in paths)
        if is_mistaken or len(names) < len(items if isinstance(items, list) else ()):
            yield kind.name


def _marks(template: str) -> Iterator[tuple[int, str]]:
    """The text of each ``${sid:…}``, with its offset in the text as an expression is read."""
    offset = end = 0
    for mark in MARK.finditer(template):
        offset += mark.start() - end
        end = mark.end()
        if mark[1] is None:
            offset += len("${")
        else:
            yield offset, mark[1]
            offset += SID_LENGTH


def _problem_of(mark: str, known: Declared, suggestions: Suggestions) -> tuple[Rule, str] | None:
    """Rule and message for a wrong ``${sid:…}``."""
    sid = sid_of(mark)
    if sid.kind == WORKSPACE:
        return (UNKNOWN_REFERENCE, "the workspace's own SID is ${sid:workspace}") if sid.name else None
    if sid.kind == WORKER_CHANNEL.name:
        return UNKNOWN_KIND, "`${sid:…}` has no channels of workers, which TaskRouter makes itself; name the worker"
    if sid.kind not in known.names:
        kinds = ", ".join((WORKSPACE, *(kind.name for kind in SECTIONS)))
        return UNKNOWN_KIND, f"`${{sid:{shown(mark)}}}` does not name a kind of resource; the kinds are {kinds}"
    if not sid.name:
        return UNKNOWN_REFERENCE, f"expected a name, as in ${{sid:{sid.kind}/NAME}}"
    if not known.has(sid.kind, sid.name):
        return UNKNOWN_REFERENCE, _unknown(sid.kind, sid.name, known, suggestions)
    return None


def _unknown(kind: str, name: str, known: Declared, suggestions: Suggestions) -> str:
    row = KIND_BY_NAME[kind]
    if row is TASK_QUEUE and (name.startswith("task.") or "{{" in name):
        return "TaskRouter takes no queue from a task; write one filter for each queue, with its name here"
    if (now := known.renamed.get((kind, name_key(name)))) is not None:
        return f"the {row.title} '{shown(name)}' is now {now!r}, which has it in its `renamed_from`"
    near = suggestions.nearest(name, known.names[kind].values())
    hint = f"did you mean {near!r}?" if near else f"add it to `{row.section}`"
    return f"there is no {row.title} '{shown(name)}'; {hint}"
