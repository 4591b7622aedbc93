"""The differences between two workspaces, live or in files.

Two of the same sort are compared directly: live with live, or the new workspaces that two files would create. A file
and a live workspace are compared as a plan compares them, so a file with an empty plan has no differences. SIDs, and
the names of the two workspaces themselves, are ignored.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from tr_apply.errors import TrApplyError
from tr_apply.live import Live, Snapshot, predicted
from tr_apply.plan.change import Action, FieldChange, Operation, Plan
from tr_apply.plan.compare.diff import changed_fields, masked, set_fields
from tr_apply.plan.compare.ownership import deletes_rest, is_managed
from tr_apply.plan.matching.match import ambiguity
from tr_apply.plan.matching.matched import Matched
from tr_apply.plan.matching.references import canonical
from tr_apply.resources import (
    KIND_BY_NAME,
    SECTIONS,
    TASK_CHANNEL,
    WORKER,
    WORKER_CHANNEL,
    WORKSPACE,
    Holds,
    Kind,
    WorkerChannel,
)
from tr_apply.resources.document import Document
from tr_apply.resources.seeds import DEFAULT_ACTIVITY
from tr_apply.routing.names import name_key
from tr_apply.wire import Labels, live_labels, model_of

_RANK = {kind.name: index for index, kind in enumerate((WORKSPACE, *SECTIONS, WORKER_CHANNEL))}
_AS_TASKROUTER_MAKES_IT = WorkerChannel.model_construct()


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a workspace holds, with names for SIDs.

    Attributes:
        workspace: The workspace itself.
        by_kind: The resources of each section, by what their names are compared by.
        document: What the file says about secrets; None where it is live.
    """

    workspace: Any
    by_kind: Mapping[str, Mapping[str, Any]]
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """The differences of the second of two workspaces from the first.

    Attributes:
        operations: ``CREATE`` if only the second has the resource, ``DELETE`` if only the first has it, ``UPDATE`` if
        both
            have it; without requests, as nothing is carried out. Sorted by kind and name.
        equal: The number of compared resources that are the same.
    """

    operations: Sequence[Operation]
    equal: int

    def count(self, action: Action) -> int:
        """How many are of this sort."""
        return sum(operation.action is action for operation in self.operations)


def contents_of_live(snapshot: Snapshot) -> Contents:
    """The whole of *snapshot*.

    Raises:
        TrApplyError: when two resources of a kind have one name.
    """
    labels = live_labels(snapshot)
    by_kind: dict[str, Mapping[str, Any]] = {}
    for kind in SECTIONS:
        lives = snapshot.by_kind[kind.name]
        _require_names(kind, lives)
        by_kind[kind.name] = {name_key(live.name): _live_model(live, labels, snapshot) for live in lives}
    return Contents(model_of(snapshot.workspace, labels), by_kind)


def _require_names(kind: Kind, lives: Sequence[Live]) -> None:
    same: dict[str, list[Live]] = {}
    for live in lives:
        same.setdefault(name_key(live.name), []).append(live)
    if several := [ambiguity(kind, each) for each in same.values() if len(each) > 1]:
        raise TrApplyError("; ".join(several))


def _live_model(live: Live, labels: Labels, snapshot: Snapshot) -> Any:
    model = model_of(live, labels)
    if KIND_BY_NAME[live.kind].has_channels:
        channels = {each.name: model_of(each, labels) for each in snapshot.channels.get(live.sid, ())}
        return model.model_copy(update={"channels": channels})
    return model


def contents_of_file(document: Document) -> Contents:
    """The content of a new workspace from *document*: TaskRouter's seeds and the declared resources."""
    new = contents_of_live(predicted(None, document.workspace))
    written = {key: getattr(document.workspace, key) for key in WORKSPACE.fields}
    renamed = {name_key(old): each.name for each in document.activities for old in each.renamed_from}
    own = {key: renamed.get(name_key(getattr(new.workspace, key)), DEFAULT_ACTIVITY) for key in WORKSPACE.references}
    own |= {key: value for key, value in written.items() if value is not None}
    workspace = new.workspace.model_copy(update=own)
    by_kind = {
        kind.name: _held(document, kind, new.by_kind[kind.name], workspace)
        if is_managed(document, kind)
        else new.by_kind[kind.name]
        for kind in SECTIONS
    }
    return Contents(workspace, by_kind, document)


def _held(document: Document, kind: Kind, seeds: Mapping[str, Any], workspace: Any) -> Mapping[str, Any]:
    """The declared resources of *kind*, and the seeds that stay."""
    declared = getattr(document, kind.section)
    taken = {name_key(name) for each in declared for name in each.renamed_from}
    kept = {} if deletes_rest(document, kind) else dict(seeds)
    used = {name_key(getattr(workspace, key)) for key in WORKSPACE.keys_to(kind.name)}
    kept |= {key: seed for key, seed in seeds.items() if key in used or kind.name_of(seed) in kind.built_in}
    stays = {key: seed for key, seed in kept.items() if key not in taken}
    return stays | {name_key(kind.name_of(each)): _as_new(kind, each) for each in declared}


def _as_new(kind: Kind, resource: Any) -> Any:
    """Fill the documents that a resource leaves out with TaskRouter's default, an empty one."""
    documents = (key for key, spec in kind.fields.items() if spec.holds is Holds.JSON)
    missing: dict[str, Any] = {key: {} for key in documents if getattr(resource, key) is None}
    return resource.model_copy(update=missing) if missing else resource


# Wholes


def difference(before: Contents, after: Contents) -> Difference:
    """The differences of *after* from *before*."""
    return _Wholes(before, after).difference()


class _Wholes:
    """Two wholes, and which resource of one is which of the other."""

    def __init__(self, before: Contents, after: Contents) -> None:
        self._documents = [each.document for each in (before, after) if each.document is not None]
        self._before, self._after = before, after
        self._pairs = {kind.name: dict(_renamed(kind, before, after)) for kind in SECTIONS}
        self._has_renames = any(self._pairs.values())
        self._matched = (Matched(), Matched())
        for kind in SECTIONS:
            self._name(kind)

    def _name(self, kind: Kind) -> None:
        """Use the later name of each resource that both have, so references to it compare as equal."""
        old, new = self._before.by_kind[kind.name], self._after.by_kind[kind.name]
        after = {key: kind.name_of(each) for key, each in new.items()}
        pairs = self._pairs[kind.name]
        before = {key: after.get(pairs.get(key, key), kind.name_of(each)) for key, each in old.items()}
        self._matched[0].names[kind.name] = {**after, **before}
        self._matched[1].names[kind.name] = {**before, **after}

    def difference(self) -> Difference:
        found = [*self._of_workspace(), *(each for kind in SECTIONS for each in self._of_kind(kind))]
        differing = {(each.kind, each.name) for each in found if each.action is Action.UPDATE}
        both = 1 + sum(len(self._partners(kind)) for kind in SECTIONS)
        channels = sum(kind == WORKER_CHANNEL.name for kind, _ in differing)
        return Difference(tuple(sorted(found, key=_place)), both - len(differing) + channels)

    def _partners(self, kind: Kind) -> Mapping[str, str]:
        """The key afterwards, by the key before, of each resource that both have."""
        old, new = self._before.by_kind[kind.name], self._after.by_kind[kind.name]
        pairs = self._pairs[kind.name]
        return {key: pairs.get(key, key) for key in old if pairs.get(key, key) in new}

    def _of_workspace(self) -> Iterator[Operation]:
        old, new = (
            self._spelled(WORKSPACE, self._before.workspace, 0),
            self._spelled(WORKSPACE, self._after.workspace, 1),
        )
        changes = [change for change in changed_fields(WORKSPACE, old, new) if change.path != WORKSPACE.identity]
        if changes:
            yield self._operation(Action.UPDATE, WORKSPACE, new.name, changes, former=old.name)

    def _of_kind(self, kind: Kind) -> Iterator[Operation]:
        old, new = self._before.by_kind[kind.name], self._after.by_kind[kind.name]
        partners = self._partners(kind)
        for key, each in old.items():
            if key not in partners:
                changes = [replace(c, before=c.after, after=None) for c in _set(kind, self._spelled(kind, each, 0))]
                yield self._operation(Action.DELETE, kind, kind.name_of(each), changes)
        for key, other in partners.items():
            if self._has_renames or _differ(kind, old[key], new[other]):  # the same words mean the same where names do
                yield from self._of_both(kind, self._spelled(kind, old[key], 0), self._spelled(kind, new[other], 1))
        for key in new.keys() - set(partners.values()):
            each = self._spelled(kind, new[key], 1)
            yield self._operation(Action.CREATE, kind, kind.name_of(each), _set(kind, each))
            if kind.has_channels:
                yield from self._of_channels(each.name, {}, each.channels or {})

    def _of_both(self, kind: Kind, old: Any, new: Any) -> Iterator[Operation]:
        if changes := changed_fields(kind, old, new):
            yield self._operation(Action.UPDATE, kind, kind.name_of(new), changes, former=kind.name_of(old))
        if kind.has_channels:
            yield from self._of_channels(new.name, old.channels or {}, new.channels or {})

    def _of_channels(self, worker: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Operation]:
        """By channel; one that nobody mentions is as TaskRouter makes it."""
        before = {self._matched[0].name(TASK_CHANNEL.name, name): each for name, each in old.items()}
        after = {self._matched[1].name(TASK_CHANNEL.name, name): each for name, each in new.items()}
        for name in before.keys() | after.keys():
            now, then = before.get(name, _AS_TASKROUTER_MAKES_IT), after.get(name, _AS_TASKROUTER_MAKES_IT)
            if changes := changed_fields(WORKER_CHANNEL, now, then):
                told = [replace(change, path=f"channels.{name}.{change.path}") for change in changes]
                secret = [change.sensitive for change in self._masked(WORKER, {worker}, told)]
                marked = [replace(change, sensitive=s) for change, s in zip(changes, secret, strict=True)]
                yield Operation(Action.UPDATE, WORKER_CHANNEL.name, f"{worker}/{name}", None, tuple(marked))

    def _spelled(self, kind: Kind, resource: Any, side: int) -> Any:
        """*resource* with whatever leads to another spelled as that one is called."""
        world = self._matched[side]
        return world.spelled(kind, canonical(kind, resource, world.name))

    def _operation(
        self, action: Action, kind: Kind, name: str, changes: Iterable[FieldChange], *, former: str = ""
    ) -> Operation:
        names = {None} if action is Action.DELETE else {name, former or name}
        return Operation(action, kind.name, name, None, tuple(self._masked(kind, names, list(changes))))

    def _masked(self, kind: Kind, names: Iterable[str | None], changes: Sequence[FieldChange]) -> Sequence[FieldChange]:
        """Mark fields that either file declares secret, under either of the resource's *names*."""
        for document, name in product(self._documents, names):
            changes = masked(document, kind, name, changes)
        return changes


def _renamed(kind: Kind, before: Contents, after: Contents) -> Iterator[tuple[str, str]]:
    """Keys before and after of resources that ``renamed_from`` on either side connects."""
    old, new = before.by_kind[kind.name], after.by_kind[kind.name]
    for key in new.keys() - old.keys():
        former = (name_key(name) for name in new[key].renamed_from)
        yield from ((name, key) for name in former if name in old and name not in new)
    for key in old.keys() - new.keys():
        former = (name_key(name) for name in old[key].renamed_from)
        yield from ((key, name) for name in former if name in new and name not in old)


def _differ(kind: Kind, old: Any, new: Any) -> bool:
    """Whether two resources may differ; 1 and true are equal to Python alone."""
    return old != new or bool(changed_fields(kind, old, new))


def _set(kind: Kind, resource: Any) -> list[FieldChange]:
    """The fields that differ from TaskRouter's defaults, except the current activity of a worker."""
    fields = set_fields(kind, resource)
    return [FieldChange(key, None, value) for key, value in fields if key not in kind.runtime and value != {}]


def _place(operation: Operation) -> tuple[int, str]:
    return _RANK[operation.kind], name_key(operation.name)


# A file and a live workspace


def planned_difference(plan: Plan, snapshot: Snapshot, document: Document, *, to_live: bool) -> Difference:
    """The differences between a file and a live workspace, from the *plan* of *document* made for *snapshot*.

    The file is the second one, or with *to_live* the first.
    """
    labels = live_labels(snapshot)
    gone = {operation.sid for operation in plan.operations if operation.action is Action.DELETE}
    models = {live.sid: model_of(live, labels) for live in snapshot.each() if live.sid in gone}
    found = [_told(operation, models, document) for operation in plan.operations]
    operations = [each for each in found if each.changes or each.action is not Action.UPDATE]
    if to_live:
        operations = [_turned(each) for each in operations]
    return Difference(tuple(sorted(operations, key=_place)), plan.unchanged + len(found) - len(operations))


def _told(operation: Operation, models: Mapping[str, Any], document: Document) -> Operation:
    """*operation* as a difference: nothing of how it would be done."""
    kind, action, changes = KIND_BY_NAME[operation.kind], operation.action, operation.changes
    if action is Action.DELETE:
        gone = _set(kind, models[operation.sid or ""])
        changes = masked(document, kind, None, [replace(change, before=change.after, after=None) for change in gone])
    if action is Action.CREATE:
        changes = [change for change in changes if change.after != {}]
    own_name = kind.identity if kind.parent is None else None
    kept = tuple(each for each in changes if each.path != own_name and each.path not in kind.runtime)
    return Operation(Action.UPDATE if action is Action.REPLACE else action, kind.name, operation.name, None, kept)


def _turned(operation: Operation) -> Operation:
    action = {Action.CREATE: Action.DELETE, Action.DELETE: Action.CREATE}.get(operation.action, operation.action)
    changes = tuple(replace(change, before=change.after, after=change.before) for change in operation.changes)
    return replace(operation, action=action, changes=changes)
