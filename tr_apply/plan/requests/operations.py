"""Operations with their requests, made from decisions; not yet in order."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from tr_apply.live import Live
from tr_apply.plan.change import Action, FieldChange, Operation, ParameterOf, Verb, Write
from tr_apply.plan.compare.diff import changed_fields, masked, secret_parameters, set_fields, written_fields
from tr_apply.plan.matching.decisions import Decisions, Kept
from tr_apply.plan.matching.declared_before import with_remark
from tr_apply.plan.matching.match import Match, Replacement
from tr_apply.plan.requests.order import by_key, without_sids
from tr_apply.plan.requests.people import People, moving
from tr_apply.resources import (
    KIND_BY_NAME,
    TASK_QUEUE,
    THE_WORKSPACE,
    WORKER,
    WORKSPACE,
    Kind,
    Resource,
    SidOf,
    escaped,
    sids_in,
    temporary_name,
)
from tr_apply.resources.workflow import RE_EVALUATE, Workflow
from tr_apply.routing.names import name_key, sid_pattern
from tr_apply.wire import Form, form_of, model_of, references_in

# Where TaskRouter puts a new worker that nobody puts anywhere.
_DEFAULT_ACTIVITY = frozenset({ParameterOf(THE_WORKSPACE, "DefaultActivitySid")})

# Whether TaskRouter takes a queue without activities.
_MULTI_TASKING = frozenset({ParameterOf(THE_WORKSPACE, "MultiTaskEnabled")})

_QUEUE_SID = re.compile(rf"\b{sid_pattern('WQ')}\b")


def operations_of(decisions: Decisions, people: People) -> list[Operation]:
    """Every operation that *decisions* needs, worker channels left out."""
    stays = decisions.kept if decisions.snapshot.predicted else (decisions.workspace, *decisions.kept)
    following = _followers_of(decisions)
    return [
        *([_create_workspace(decisions)] if decisions.snapshot.predicted else []),
        *(_create(decisions, match) for match in decisions.new),
        *(_update(decisions, each) for each in stays if each.shown),
        *(_replace(decisions, match, people, following.get(_old_label(match), ())) for match in decisions.replaced),
        *(_delete(decisions, live, people) for live in decisions.deleted),
    ]


# New ones


def _create_workspace(decisions: Decisions) -> Operation:
    """Create the workspace; settings that name resources in it need a second request, after those exist."""
    declared = decisions.document.workspace
    values = dict(set_fields(WORKSPACE, declared))
    first = _creation(decisions, WORKSPACE, declared, values)
    writes = [replace(first, form={name: value for name, value in first.form.items() if not references_in(value)})]
    if decisions.workspace.shown:
        writes.append(_updating(decisions, decisions.workspace))
    changes = [FieldChange(key, None, value) for key, value in values.items()]
    return Operation(
        Action.CREATE,
        WORKSPACE.name,
        declared.name,
        None,
        masked(decisions.document, WORKSPACE, declared.name, changes),
        writes,
        reason="there is no such workspace",
    )


def _create(decisions: Decisions, match: Match) -> Operation:
    kind, declared = match.kind, match.declared
    values = dict(set_fields(kind, declared))
    changes = [FieldChange(key, None, value) for key, value in values.items()]
    return Operation(
        Action.CREATE,
        kind.name,
        match.name,
        None,
        masked(decisions.document, kind, match.name, changes),
        _creations(decisions, kind, declared, values),
        reason=f"declared in `{kind.section}` and not live",
    )


def _creations(decisions: Decisions, kind: Kind, resource: Resource, values: Collection[str]) -> Sequence[Write]:
    """One request; a second one where the resource asks for its own SID, which is not known before it exists."""
    whole = _creation(decisions, kind, resource, values)
    return without_sids(whole, {by_key(whole.target)}) or [whole]


def _sent_fields(kind: Kind, values: Collection[str]) -> list[str]:
    """The parameters of a new resource with these *values*; TaskRouter's own defaults are not sent."""
    always = (kind.identity, "name")
    fields = [key for key, spec in kind.fields.items() if spec.create and (key in values or key in always)]
    return [*fields, *kind.document_keys[:1]]  # TaskRouter wants a document, even an empty one


def _creation(decisions: Decisions, kind: Kind, resource: Resource, values: Collection[str]) -> Write:
    """The request for *resource*, whose fields in *values* are not TaskRouter's defaults."""
    name, fields = kind.name_of(resource), _sent_fields(kind, values)
    form = form_of(kind, resource, fields)
    return Write(
        Verb.CREATE,
        kind.label(name),
        None,
        form,
        relies_on=_relied_on(decisions, kind, form, left_out=""),
        takes=_key_of(kind, name),
        secrets=secret_parameters(decisions.document, kind, resource, fields),
    )


def _relied_on(decisions: Decisions, kind: Kind, form: Form, *, left_out: str | None) -> frozenset[ParameterOf]:
    """The resources that TaskRouter looks up for the request; a parameter missing in *form* counts as *left_out*."""
    if kind is WORKER and left_out is not None and "ActivitySid" not in form:
        return _DEFAULT_ACTIVITY
    if kind is TASK_QUEUE and decisions.workspace.live.answer.get("multi_task_enabled") is False:
        activities = [form.get(kind.fields[key].form, left_out) for key in kind.references]
        return _MULTI_TASKING if "" in activities else frozenset()
    return frozenset()


def _key_of(kind: Kind, name: str) -> str | None:
    """The key of the name that the request takes or frees; where names may be alike, no request waits for another."""
    return None if kind.namesake == "allowed" else name_key(name)


# Those that stay


def _update(decisions: Decisions, kept: Kept) -> Operation:
    return Operation(
        Action.UPDATE,
        kept.kind.name,
        kept.name,
        decisions.sid(kept.live),
        masked(decisions.document, kept.kind, kept.name, kept.shown),
        (_updating(decisions, kept),),
        reason=_update_reason(kept),
    )


def _update_reason(kept: Kept) -> str:
    if not kept.declared:
        return "refers to something that changes"
    if name_key(kept.name) != name_key(kept.live.name):
        return f"renamed from {kept.live.name!r}"
    return f"live values differ from `{kept.kind.section}`"


def _updating(decisions: Decisions, kept: Kept) -> Write:
    """The request that carries the changes of *kept*, and nothing else."""
    kind, after = kept.kind, kept.after
    fields = written_fields(kind, kept.changes)
    renames = name_key(kept.name) != name_key(kept.live.name)
    form = _with_re_evaluation(after, form_of(kind, after, fields))
    return Write(
        Verb.UPDATE,
        kind.label(kept.name),
        decisions.sid(kept.live),
        form,
        relies_on=_relied_on(decisions, kind, form, left_out=None),
        takes=_key_of(kind, kept.name) if renames else None,
        vacates=_key_of(kind, kept.live.name) if renames else None,
        releases=_released(decisions, kept, form),
        secrets=secret_parameters(decisions.document, kind, after, fields),
    )


def _released(decisions: Decisions, kept: Kept, form: Form) -> frozenset[SidOf]:
    """The references of the live resource that *form* changes."""
    labels = decisions.matched.labels.by_sid
    written = {spec.answer for spec in kept.kind.fields.values() if spec.form in form}
    document = kept.kind.document
    written |= {document.answer} if document is not None and document.form in form else set()
    before = {labels[sid] for sid in _referred_sids(kept.live, written) if sid in labels}
    return frozenset(before - {sid for value in form.values() for sid in references_in(value)})


def _with_re_evaluation(after: Resource, form: Form) -> Form:
    return {**form, RE_EVALUATE: "true"} if isinstance(after, Workflow) and after.re_evaluate_tasks else form


# Those that TaskRouter cannot change


def _old_label(match: Match) -> SidOf:
    return SidOf(match.kind.name, temporary_name(match.name))


def _followers_of(decisions: Decisions) -> Mapping[SidOf, Sequence[Kept]]:
    """Resources that change only because they refer to a replaced one, under the first such reference."""
    followers: dict[SidOf, list[Kept]] = {}
    for each in (decisions.workspace, *decisions.kept):
        if each.changes and not each.shown:
            first = next(label for match in decisions.replaced if _leads_to(each, label := _old_label(match)))
            followers.setdefault(first, []).append(each)
    return followers


def _leads_to(kept: Kept, label: SidOf) -> bool:
    return any(_mentions(change, label) for change in kept.follows)


def _mentions(change: FieldChange, label: SidOf) -> bool:
    return change.before == label.name or f"${{sid:{label}}}" in repr(change.before)


def _replace(decisions: Decisions, match: Replacement, people: People, followers: Sequence[Kept]) -> Operation:
    """A new one takes its place, and everything that led to the old one follows."""
    old, kind, label = match.old, match.kind, _old_label(match)
    moves = people.by_activity.get(old.sid, [])
    writes = [*_making_way(decisions, match, old, label)]
    if match.live is None:
        values = dict(set_fields(kind, match.declared))
        writes.append(_creation(decisions, kind, match.declared, values))
    writes += [_updating(decisions, each) for each in followers]
    writes += [moving(move, label, late=False) for move in moves]
    writes.append(_removal(decisions, old, label))
    return Operation(
        Action.REPLACE,
        kind.name,
        match.name,
        decisions.sid(old),
        masked(decisions.document, kind, match.name, _replaced_fields(decisions, match, old)),
        writes,
        moves,
        tuple(sorted(_repointed_paths(decisions, label))),
        reason=_replace_reason(match),
        outputs=tuple(_changed_outputs(decisions, match)),
    )


def _changed_outputs(decisions: Decisions, match: Match) -> Iterator[str]:
    """Names of the outputs that lead to the new resource."""
    key = (match.kind.name, name_key(match.name))
    for name, template in decisions.document.outputs.items():
        if any((sid.kind, name_key(sid.name)) == key for sid in sids_in(template)):
            yield name


def _making_way(decisions: Decisions, match: Match, old: Live, label: SidOf) -> Iterator[Write]:
    """Give the old resource a temporary name, if it can have one and an earlier run has not done so.

    This happens even if nothing takes its name: from the temporary one, the next run recognises an interruption.
    """
    if match.kind.identity not in match.kind.replaced_on and name_key(old.name) != name_key(label.name):
        yield Write(
            Verb.UPDATE,
            label,
            decisions.sid(old),
            {"FriendlyName": escaped(label.name)},
            takes=_key_of(match.kind, label.name),
            vacates=_key_of(match.kind, old.name),
        )


def _replaced_fields(decisions: Decisions, match: Match, old: Live) -> Sequence[FieldChange]:
    """The fields that differ, without the temporary name of the old resource."""
    before = model_of(old, decisions.matched.labels)
    if name_key(old.name) == name_key(temporary_name(match.name)):
        before = before.model_copy(update={match.kind.identity: match.name})
    return changed_fields(match.kind, before, match.declared)


def _replace_reason(match: Match) -> str:
    if match.live is not None:
        return "finishes a replacement that was interrupted"
    [field] = match.kind.replaced_on
    return f"TaskRouter cannot change `{field}`: a new {match.kind.title} with a new SID takes its place"


def _repointed_paths(decisions: Decisions, label: SidOf) -> Iterator[str]:
    for each in (decisions.workspace, *decisions.kept):
        owner = each.kind.label(each.name)
        for change in each.follows:
            if _mentions(change, label):
                yield f"{owner}.{change.path}"


# Those that go


def _delete(decisions: Decisions, live: Live, people: People) -> Operation:
    kind, labels = KIND_BY_NAME[live.kind], decisions.matched.labels
    changes = [FieldChange(key, value, None) for key, value in set_fields(kind, model_of(live, labels))]
    moves = people.before(live)
    left_label = labels.by_sid.get(people.left_before(live))
    leaving = (moving(move, left_label, late=True) for move in moves)
    return Operation(
        Action.DELETE,
        kind.name,
        live.name,
        decisions.sid(live),
        masked(decisions.document, kind, None, changes),
        (*leaving, _removal(decisions, live, decisions.matched.label(live))),
        moves,
        reason=_why_deleted(decisions, kind, live),
    )


def _why_deleted(decisions: Decisions, kind: Kind, live: Live) -> str:
    reason = f"not declared in `{kind.section}`"
    return reason if decisions.before is None else with_remark(reason, decisions.before.said(kind, live.name))


def _removal(decisions: Decisions, live: Live, label: SidOf) -> Write:
    """The request that deletes *live*, after everything else."""
    labels = decisions.matched.labels.by_sid
    releases = frozenset(labels[sid] for sid in _referred_sids(live, live.answer) if sid in labels)
    return Write(Verb.DELETE, label, decisions.sid(live), releases=releases, late=True)


def _referred_sids(live: Live, keys: Collection[str]) -> Iterator[str]:
    """SIDs that *live* refers to by one of *keys*; TaskRouter refuses to delete these resources until it is changed."""
    for key in keys:
        if key.endswith("activity_sid") and isinstance(value := live.answer.get(key), str):
            yield value
    document = KIND_BY_NAME[live.kind].document
    if document is not None and document.answer in keys and isinstance(text := live.answer.get(document.answer), str):
        yield from _QUEUE_SID.findall(text)
