"""Operations with their requests, made of a draft; not yet in order."""

import re
from collections.abc import Iterator, Sequence

from tr_apply.live import Live
from tr_apply.plan.change import Action, FieldChange, Move, NameOf, Operation, Verb, Write
from tr_apply.plan.diff import changed_fields, masked, set_fields, written_fields
from tr_apply.plan.draft import Desired, Draft
from tr_apply.plan.match import Match
from tr_apply.plan.ownership import rule_of
from tr_apply.plan.people import People, moving
from tr_apply.resources import ACTIVITY, KIND_BY_NAME, WORKER, WORKFLOW, WORKSPACE
from tr_apply.resources.kind import Kind, Resource, name_key, temporary_name
from tr_apply.resources.template import SidOf, escaped
from tr_apply.resources.workflow import Workflow
from tr_apply.wire import form_of, model_of

_QUEUE_SID = re.compile(r"\bWQ[0-9a-fA-F]{32}\b")


def operations_of(draft: Draft, people: People) -> list[Operation]:
    """Every operation that *draft* needs, worker channels left out."""
    workspace = draft.workspace
    operations = [*_workspace_operations(draft)]
    operations += [_create(draft, match) for match in draft.new]
    operations += [_update(draft, each) for each in draft.kept if each.changes and not each.only_follows]
    followers = [each for each in (workspace, *draft.kept) if each.only_follows and not _is_new(draft, each)]
    operations += [_replace(draft, match, people, followers) for match in draft.replaced]
    operations += [_delete(draft, live, people) for live in draft.deleted]
    return operations


def _is_new(draft: Draft, desired: Desired) -> bool:
    return desired.kind is WORKSPACE and draft.snapshot.predicted


def _workspace_operations(draft: Draft) -> Iterator[Operation]:
    workspace = draft.workspace
    if draft.snapshot.predicted:
        yield _create_workspace(draft)
    elif workspace.changes and not workspace.only_follows:
        yield _update(draft, workspace)


def _create_workspace(draft: Draft) -> Operation:
    """A new workspace cannot be told its default and timeout activity before it exists: that takes a second request."""
    declared = draft.document.workspace
    writes = [_creation(WORKSPACE, declared)]
    if draft.workspace.changes:
        writes.append(_updating(draft, draft.workspace))
    changes = [FieldChange(key, None, value) for key, value in set_fields(WORKSPACE, declared)]
    return Operation(Action.CREATE, WORKSPACE.name, declared.name, None, _masked(draft, WORKSPACE, changes), writes)


def _create(draft: Draft, match: Match) -> Operation:
    kind, declared = match.kind, match.declared
    changes = [FieldChange(key, None, value) for key, value in set_fields(kind, declared)]
    writes = (_creation(kind, declared),)
    return Operation(Action.CREATE, kind.name, match.name, None, _masked(draft, kind, changes), writes)


def _creation(kind: Kind, resource: Resource) -> Write:
    """The request that creates *resource*; what equals TaskRouter's own default is not sent."""
    name = kind.name_of(resource)
    wanted = {kind.identity, "name"} | {key for key, _ in set_fields(kind, resource)}
    fields = [key for key, spec in kind.fields.items() if spec.create and key in wanted]
    if isinstance(resource, Workflow):
        fields.append("filters")  # TaskRouter wants a document, even an empty one
    form = form_of(kind, resource, fields)
    target = SidOf(kind.name, "" if kind is WORKSPACE else name)
    return Write(Verb.CREATE, target, None, form, takes=_name_of(kind, name))


def _name_of(kind: Kind, name: str) -> NameOf | None:
    return None if kind is WORKSPACE else NameOf(kind.name, name_key(name))


def _update(draft: Draft, desired: Desired) -> Operation:
    return Operation(
        Action.UPDATE,
        desired.kind.name,
        desired.name,
        draft.sid(desired.live),
        _masked(draft, desired.kind, desired.changes),
        (_updating(draft, desired),),
    )


def _updating(draft: Draft, desired: Desired) -> Write:
    """The request that carries the changes of *desired*, and nothing else."""
    kind, after = desired.kind, desired.after
    form = form_of(kind, after, written_fields(kind, desired.changes))
    if isinstance(after, Workflow) and after.re_evaluate_tasks:
        form["ReEvaluateTasks"] = "true"
    renames = name_key(desired.name) != name_key(desired.live.name)
    return Write(
        Verb.UPDATE,
        SidOf(kind.name, "" if kind is WORKSPACE else desired.name),
        draft.sid(desired.live),
        form,
        takes=_name_of(kind, desired.name) if renames else None,
        vacates=_name_of(kind, desired.live.name) if renames else None,
    )


def _replace(draft: Draft, match: Match, people: People, followers: Sequence[Desired]) -> Operation:
    """TaskRouter cannot change it: a new one takes its place, and everything that led to the old one follows."""
    old, kind = match.old, match.kind
    assert old is not None
    label = SidOf(kind.name, temporary_name(match.name))
    moves = people.by_activity.get(old.sid, [])
    following = [each for each in followers if label in _leads_to(each, [label])]
    writes = [*_making_way(draft, match, old, label)]
    if match.live is None:
        writes.append(_creation(kind, match.declared))
    writes += [_updating(draft, each) for each in following]
    writes += [moving(move, old.sid, late=False) for move in moves]
    writes.append(_removal(draft, old, label))
    before = model_of(old, draft.world.labels).model_copy(update={"name": match.declared.name})
    return Operation(
        Action.REPLACE,
        kind.name,
        match.name,
        draft.sid(old),
        _masked(draft, kind, changed_fields(kind, before, match.declared)),
        writes,
        moves,
        tuple(_repointed_paths(draft, label)),
        _replace_reason(match),
    )


def _making_way(draft: Draft, match: Match, old: Live, label: SidOf) -> Iterator[Write]:
    """The old one gives up its name, if the new one needs it and it has not done so in a run before."""
    if match.live is None and name_key(old.name) == match.key:
        yield Write(
            Verb.UPDATE,
            label,
            draft.sid(old),
            {"FriendlyName": escaped(label.name)},
            takes=_name_of(match.kind, label.name),
            vacates=_name_of(match.kind, old.name),
        )


def _replace_reason(match: Match) -> str:
    field = next(iter(match.kind.replaced_on))
    if match.live is not None:
        return "finishes a replacement that was interrupted"
    return f"TaskRouter cannot change `{field}`: a new {match.kind.title} with a new SID takes its place"


def _leads_to(desired: Desired, labels: Sequence[SidOf]) -> Iterator[SidOf]:
    """Those of *labels* that the references of *desired* leave."""
    for change in desired.repoints:
        for label in labels:
            if _mentions(change, label):
                yield label


def _mentions(change: FieldChange, label: SidOf) -> bool:
    return change.before == label.name or f"${{sid:{label}}}" in repr(change.before)


def _repointed_paths(draft: Draft, label: SidOf) -> Iterator[str]:
    for each in (draft.workspace, *draft.kept):
        owner = each.kind.name if each.kind is WORKSPACE else f"{each.kind.name}/{each.name}"
        for change in each.repoints:
            if _mentions(change, label):
                yield f"{owner}.{change.path}"


def _delete(draft: Draft, live: Live, people: People) -> Operation:
    kind = KIND_BY_NAME[live.kind]
    model = model_of(live, draft.world.labels)
    label = draft.world.label(live)
    moves = _moves_before(live, people)
    writes = [
        moving(move, str(live.answer.get("activity_sid") if kind is WORKER else live.sid), late=True) for move in moves
    ]
    changes = [FieldChange(key, value, None) for key, value in set_fields(kind, model)]
    return Operation(
        Action.DELETE,
        kind.name,
        live.name,
        draft.sid(live),
        _masked(draft, kind, changes),
        (*writes, _removal(draft, live, label)),
        moves,
        reason=f"not declared in `{kind.section}`",
    )


def _moves_before(live: Live, people: People) -> list[Move]:
    if live.kind == ACTIVITY.name:
        return people.by_activity.get(live.sid, [])
    own = people.by_worker.get(live.sid)
    return [own] if own is not None else []


def _removal(draft: Draft, live: Live, label: SidOf) -> Write:
    """The request that deletes *live*, after everything else."""
    return Write(Verb.DELETE, label, draft.sid(live), releases=frozenset(_referred_sids(live)), late=True)


def _referred_sids(live: Live) -> Iterator[str]:
    """SIDs that *live* leads to now, and that TaskRouter keeps from being deleted meanwhile."""
    for key, value in live.answer.items():
        if key.endswith("activity_sid") and isinstance(value, str):
            yield value
    configuration = live.answer.get("configuration")
    if live.kind == WORKFLOW.name and isinstance(configuration, str):
        yield from _QUEUE_SID.findall(configuration)


def _masked(draft: Draft, kind: Kind, changes: Sequence[FieldChange]) -> Sequence[FieldChange]:
    return tuple(masked(changes, rule_of(draft.document, kind).sensitive))
