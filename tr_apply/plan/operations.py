"""Operations with their requests, made of a draft; not yet in order."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from tr_apply.live import Live
from tr_apply.plan.change import Action, FieldChange, Move, NameOf, Operation, ParameterOf, Verb, Write
from tr_apply.plan.diff import changed_fields, set_fields, written_fields
from tr_apply.plan.draft import Desired, Draft
from tr_apply.plan.match import Match
from tr_apply.plan.people import People, moving
from tr_apply.plan.secrets import masked, secret_parameters
from tr_apply.resources import ACTIVITY, KIND_BY_NAME, TASK_QUEUE, WORKER, WORKFLOW, WORKSPACE
from tr_apply.resources.kind import Kind, Resource, name_key, temporary_name
from tr_apply.resources.template import SidOf, escaped
from tr_apply.resources.workflow import DOCUMENT_FIELDS, Workflow
from tr_apply.wire import DOCUMENT_FORM, Form, FormValue, form_of, model_of, references_in

# Where TaskRouter puts a new worker that nobody puts anywhere.
_DEFAULT_ACTIVITY = frozenset({ParameterOf(SidOf(WORKSPACE.name, ""), "DefaultActivitySid")})

# Whether TaskRouter takes a queue without activities.
_MULTI_TASKING = frozenset({ParameterOf(SidOf(WORKSPACE.name, ""), "MultiTaskEnabled")})

_QUEUE_SID = re.compile(r"\bWQ[0-9a-fA-F]{32}\b")


def operations_of(draft: Draft, people: People) -> list[Operation]:
    """Every operation that *draft* needs, worker channels left out."""
    stays = draft.kept if draft.snapshot.predicted else (draft.workspace, *draft.kept)
    following = _followers_of(draft)
    return [
        *([_create_workspace(draft)] if draft.snapshot.predicted else []),
        *(_create(draft, match) for match in draft.new),
        *(_update(draft, each) for each in stays if each.told),
        *(_replace(draft, match, people, following.get(_old_label(match), ())) for match in draft.replaced),
        *(_delete(draft, live, people) for live in draft.deleted),
    ]


# New ones


def _create_workspace(draft: Draft) -> Operation:
    """A new workspace cannot be told of what is in it before it exists: that takes a second request."""
    declared = draft.document.workspace
    first = _creation(draft, WORKSPACE, declared)
    writes = [replace(first, form={name: value for name, value in first.form.items() if not references_in(value)})]
    if draft.workspace.told:
        writes.append(_updating(draft, draft.workspace))
    changes = [FieldChange(key, None, value) for key, value in set_fields(WORKSPACE, declared)]
    return Operation(
        Action.CREATE,
        WORKSPACE.name,
        declared.name,
        None,
        masked(draft.document, WORKSPACE, declared.name, changes),
        writes,
    )


def _create(draft: Draft, match: Match) -> Operation:
    kind, declared = match.kind, match.declared
    changes = [FieldChange(key, None, value) for key, value in set_fields(kind, declared)]
    return Operation(
        Action.CREATE,
        kind.name,
        match.name,
        None,
        masked(draft.document, kind, match.name, changes),
        tuple(_creations(draft, kind, declared)),
    )


def _creations(draft: Draft, kind: Kind, resource: Resource) -> Iterator[Write]:
    """One request; a second one where the resource asks for its own SID, which is not known before it exists."""
    whole = _creation(draft, kind, resource)
    own = {parameter: value for parameter, value in whole.form.items() if _asks_for(whole.target, value)}
    if not own:
        yield whole
        return
    needed = form_of(kind, Workflow(name=whole.target.name), DOCUMENT_FIELDS) if kind is WORKFLOW else {}
    first = {parameter: value for parameter, value in whole.form.items() if parameter not in own}
    yield replace(whole, form=needed | first)
    yield Write(Verb.UPDATE, whole.target, None, own, secrets=whole.secrets)


def _asks_for(target: SidOf, value: FormValue) -> bool:
    return any(sid.kind == target.kind and name_key(sid.name) == name_key(target.name) for sid in references_in(value))


def _sent_fields(kind: Kind, resource: Resource) -> list[str]:
    """What a new resource is made of; what equals TaskRouter's own default is not sent."""
    wanted = {kind.identity, "name"} | {key for key, _ in set_fields(kind, resource)}
    fields = [key for key, spec in kind.fields.items() if spec.create and key in wanted]
    return [*fields, "filters"] if kind is WORKFLOW else fields  # TaskRouter wants a document, even an empty one


def _creation(draft: Draft, kind: Kind, resource: Resource) -> Write:
    name, fields = kind.name_of(resource), _sent_fields(kind, resource)
    form = form_of(kind, resource, fields)
    return Write(
        Verb.CREATE,
        SidOf(kind.name, "" if kind is WORKSPACE else name),
        None,
        form,
        relies_on=_relied_on(draft, kind, form, left_out=""),
        takes=_name_of(kind, name),
        secrets=secret_parameters(draft.document, kind, resource, fields),
    )


def _relied_on(draft: Draft, kind: Kind, form: Form, *, left_out: str | None) -> frozenset[ParameterOf]:
    """What TaskRouter looks up in the workspace; a parameter that *form* does not have counts as *left_out*."""
    if kind is WORKER and left_out is not None and "ActivitySid" not in form:
        return _DEFAULT_ACTIVITY
    if kind is TASK_QUEUE and draft.workspace.live.answer.get("multi_task_enabled") is False:
        activities = [form.get(kind.fields[key].form, left_out) for key in kind.references]
        return _MULTI_TASKING if "" in activities else frozenset()
    return frozenset()


def _name_of(kind: Kind, name: str) -> NameOf | None:
    return None if kind is WORKSPACE else NameOf(kind.name, name_key(name))


# Those that stay


def _update(draft: Draft, desired: Desired) -> Operation:
    return Operation(
        Action.UPDATE,
        desired.kind.name,
        desired.name,
        draft.sid(desired.live),
        masked(draft.document, desired.kind, desired.name, desired.told),
        (_updating(draft, desired),),
    )


def _updating(draft: Draft, desired: Desired) -> Write:
    """The request that carries the changes of *desired*, and nothing else."""
    kind, after = desired.kind, desired.after
    fields = written_fields(kind, desired.changes)
    renames = name_key(desired.name) != name_key(desired.live.name)
    form = _with_re_evaluation(after, form_of(kind, after, fields))
    return Write(
        Verb.UPDATE,
        SidOf(kind.name, "" if kind is WORKSPACE else desired.name),
        draft.sid(desired.live),
        form,
        relies_on=_relied_on(draft, kind, form, left_out=None),
        takes=_name_of(kind, desired.name) if renames else None,
        vacates=_name_of(kind, desired.live.name) if renames else None,
        releases=_released(draft, desired, form),
        secrets=secret_parameters(draft.document, kind, after, fields),
    )


def _released(draft: Draft, desired: Desired, form: Form) -> frozenset[SidOf]:
    """What the live resource leads to by a parameter that *form* sets to something else."""
    labels = draft.world.labels.by_sid
    written = {spec.answer for spec in desired.kind.fields.values() if spec.form in form}
    written |= {"configuration"} if DOCUMENT_FORM in form else set()
    before = {labels[sid] for sid in _referred_sids(desired.live, written) if sid in labels}
    return frozenset(before - {sid for value in form.values() for sid in references_in(value)})


def _with_re_evaluation(after: Resource, form: Form) -> Form:
    return {**form, "ReEvaluateTasks": "true"} if isinstance(after, Workflow) and after.re_evaluate_tasks else form


# Those that TaskRouter cannot change


def _old_label(match: Match) -> SidOf:
    return SidOf(match.kind.name, temporary_name(match.name))


def _followers_of(draft: Draft) -> Mapping[SidOf, Sequence[Desired]]:
    """What changes only because it leads to a replaced resource, under the first of those that it leads to."""
    followers: dict[SidOf, list[Desired]] = {}
    for each in (draft.workspace, *draft.kept):
        if each.changes and not each.told:
            first = next(label for match in draft.replaced if _leads_to(each, label := _old_label(match)))
            followers.setdefault(first, []).append(each)
    return followers


def _leads_to(desired: Desired, label: SidOf) -> bool:
    return any(_mentions(change, label) for change in desired.follows)


def _mentions(change: FieldChange, label: SidOf) -> bool:
    return change.before == label.name or f"${{sid:{label}}}" in repr(change.before)


def _replace(draft: Draft, match: Match, people: People, followers: Sequence[Desired]) -> Operation:
    """A new one takes its place, and everything that led to the old one follows."""
    old, kind, label = match.old, match.kind, _old_label(match)
    assert old is not None
    moves = people.by_activity.get(old.sid, [])
    writes = [*_making_way(draft, match, old, label)]
    if match.live is None:
        writes.append(_creation(draft, kind, match.declared))
    writes += [_updating(draft, each) for each in followers]
    writes += [moving(move, label, late=False) for move in moves]
    writes.append(_removal(draft, old, label))
    return Operation(
        Action.REPLACE,
        kind.name,
        match.name,
        draft.sid(old),
        masked(draft.document, kind, match.name, _replaced_fields(draft, match, old)),
        writes,
        moves,
        tuple(sorted(_repointed_paths(draft, label))),
        _replace_reason(match),
    )


def _making_way(draft: Draft, match: Match, old: Live, label: SidOf) -> Iterator[Write]:
    """The old one gives up its name, if it can and has not done so in a run before.

    Even where nobody needs the name: from the temporary one the next run knows that this one was killed.
    """
    if match.kind.identity not in match.kind.replaced_on and name_key(old.name) != name_key(label.name):
        yield Write(
            Verb.UPDATE,
            label,
            draft.sid(old),
            {"FriendlyName": escaped(label.name)},
            takes=_name_of(match.kind, label.name),
            vacates=_name_of(match.kind, old.name),
        )


def _replaced_fields(draft: Draft, match: Match, old: Live) -> Sequence[FieldChange]:
    """What differs; that the old one waits under another name is nobody's concern."""
    before = model_of(old, draft.world.labels)
    if name_key(old.name) == name_key(temporary_name(match.name)):
        before = before.model_copy(update={match.kind.identity: match.name})
    return changed_fields(match.kind, before, match.declared)


def _replace_reason(match: Match) -> str:
    if match.live is not None:
        return "finishes a replacement that was interrupted"
    [field] = match.kind.replaced_on
    return f"TaskRouter cannot change `{field}`: a new {match.kind.title} with a new SID takes its place"


def _repointed_paths(draft: Draft, label: SidOf) -> Iterator[str]:
    for each in (draft.workspace, *draft.kept):
        owner = each.kind.name if each.kind is WORKSPACE else f"{each.kind.name}/{each.name}"
        for change in each.follows:
            if _mentions(change, label):
                yield f"{owner}.{change.path}"


# Those that go


def _delete(draft: Draft, live: Live, people: People) -> Operation:
    kind = KIND_BY_NAME[live.kind]
    changes = [FieldChange(key, value, None) for key, value in set_fields(kind, model_of(live, draft.world.labels))]
    moves = _moves_before(live, people)
    left = live.answer.get("activity_sid") if kind is WORKER else live.sid
    left_label = draft.world.labels.by_sid.get(str(left))
    return Operation(
        Action.DELETE,
        kind.name,
        live.name,
        draft.sid(live),
        masked(draft.document, kind, None, changes),
        (*(moving(move, left_label, late=True) for move in moves), _removal(draft, live, draft.world.label(live))),
        moves,
        reason=f"not declared in `{kind.section}`",
    )


def _moves_before(live: Live, people: People) -> Sequence[Move]:
    if live.kind == ACTIVITY.name:
        return people.by_activity.get(live.sid, [])
    own = people.by_worker.get(live.sid)
    return [own] if own is not None else []


def _removal(draft: Draft, live: Live, label: SidOf) -> Write:
    """The request that deletes *live*, after everything else."""
    labels = draft.world.labels.by_sid
    releases = frozenset(labels[sid] for sid in _referred_sids(live, live.answer) if sid in labels)
    return Write(Verb.DELETE, label, draft.sid(live), releases=releases, late=True)


def _referred_sids(live: Live, keys: Collection[str]) -> Iterator[str]:
    """SIDs that *live* leads to now by one of *keys*, and that TaskRouter keeps from being deleted meanwhile."""
    for key in keys:
        if key.endswith("activity_sid") and isinstance(value := live.answer.get(key), str):
            yield value
    configuration = live.answer.get("configuration")
    if live.kind == WORKFLOW.name and "configuration" in keys and isinstance(configuration, str):
        yield from _QUEUE_SID.findall(configuration)
