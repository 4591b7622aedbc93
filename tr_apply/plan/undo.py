"""The inverse of a plan: what leads back from the workspace as it is now to the workspace as it was before."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tr_apply.findings import Finding, Severity
from tr_apply.live import Live, Snapshot
from tr_apply.plan.change import Action, Blocked, FieldChange, Operation, Plan, Verb, Write
from tr_apply.plan.checks.guard import PROTECTED, protects
from tr_apply.plan.compare.diff import masked, set_fields
from tr_apply.plan.make import make_plan
from tr_apply.plan.requests.order import in_order
from tr_apply.plan.requests.target import Selection
from tr_apply.plan.saved.relied_on import base_of, everything, reads_of
from tr_apply.resources import (
    ACTIVITY,
    KIND_BY_NAME,
    SECTIONS,
    TASK_CHANNEL,
    THE_WORKSPACE,
    WORKER,
    WORKER_CHANNEL,
    WORKSPACE,
    Kind,
    SidOf,
)
from tr_apply.resources.document import Document, Manage, Safety
from tr_apply.resources.field_path import root_of
from tr_apply.routing.names import name_key, sid_pattern
from tr_apply.wire import Labels, live_labels, model_of

_SID = re.compile(rf"\b{sid_pattern()}\b")
_REMOVES = frozenset({Action.DELETE, Action.REPLACE})
_KEPT = "the workspace {name!r} is protected by `safety.protect`, as it was when the plan was made that this takes back"
_BACK = "takes back what a plan has done"
_CREATED = "the plan that this takes back has created it; everything in it goes as well"


def workers_to_read(plan: Plan) -> list[str]:
    """SIDs of the workers whose channels must be known to take *plan* back: those that go, or lose a setting."""
    touched = {label.name for o in plan.operations for write in o.writes for label in write.needs if _is_worker(label)}
    known = {sid for label, sid in plan.sids.items() if _is_worker(label) and label.name in touched}
    gone = {o.sid for o in plan.operations if o.kind == WORKER.name and o.action is Action.DELETE and o.sid}
    return sorted(known | gone)


def loses_channels(plan: Plan) -> bool:
    """Whether *plan* takes a task channel away from every worker, with the settings of that channel."""
    return any(o.kind == TASK_CHANNEL.name and o.action in _REMOVES for o in plan.operations)


def _is_worker(label: SidOf) -> bool:
    return label.kind == WORKER.name


def inverse(plan: Plan, before: Snapshot | None, after: Snapshot | None, *, protected: Sequence[str] = ()) -> Plan:
    """The plan that undoes *plan*, however much of it was done; its diagnostics name the parts that cannot be undone.

    Args:
        plan: The plan that was carried out, completely or partly.
        before: All kinds of the workspace before that; None if *plan* creates it.
        after: The same now; None if there is no such workspace.
        protected: KIND/pattern of the resources that are never deleted.

    Raises:
        PlanProblemsError: Others have changed too much since then.
    """
    if after is None:
        return Plan(replace(plan.target, workspace_sid=None))
    if before is None:
        return _removal_of_all(plan, after, protected)
    document = _document(plan, before, after, protected)
    targets = _touched(plan, before) | _leading_to_gone(plan, before, after)
    found = make_plan(document, after, selection=Selection.exactly(targets))
    limits = [Finding(Severity.WARNING, "not-undone", text) for text in _limits(plan, before, after, found)]
    return replace(
        found,
        operations=[
            each if each.action is Action.REPLACE else replace(each, reason=_BACK) for each in found.operations
        ],
        target=replace(found.target, region=plan.target.region, host=plan.target.host, database=plan.target.database),
        diagnostics=[*found.diagnostics, *limits],
    )


# Back to what there was


def _document(plan: Plan, before: Snapshot, after: Snapshot, protected: Sequence[str]) -> Document:
    """The configuration of *before*; ``renamed_from`` holds the present names of its resources."""
    labels, now = live_labels(before), _names(after)
    workspace = _model(before.workspace, labels, now)
    if before.workspace.answer.get("multi_task_enabled") is False:
        workspace = workspace.model_copy(update={"multi_task_enabled": None})  # cannot be switched off again
    sections: dict[str, Any] = {
        kind.section: [_with_channels(_model(live, labels, now), live, before) for live in before.by_kind[kind.name]]
        for kind in SECTIONS
    }
    return Document.model_construct(
        {"workspace", *sections},
        workspace=workspace,
        manage=_secrets_of(plan),
        safety=Safety.model_construct(max_deletes="100%", protect=[*protected]),
        **sections,
    )


def _names(snapshot: Snapshot) -> Mapping[str, str]:
    return {live.sid: live.name for _, live in everything(snapshot)}


def _model(live: Live, labels: Labels, now: Mapping[str, str]) -> Any:
    model = model_of(live, labels)
    name = now.get(live.sid, live.name)
    return model if name_key(name) == name_key(live.name) else model.model_copy(update={"renamed_from": [name]})


def _with_channels(model: Any, live: Live, before: Snapshot) -> Any:
    if (channels := before.channels.get(live.sid)) is None:
        return model
    return model.model_copy(update={"channels": {each.name: model_of(each, Labels({})) for each in channels}})


def _touched(plan: Plan, before: Snapshot) -> set[str]:
    """``KIND/NAME`` of everything that *plan* is about, as it was called before and as it is called in the end."""
    names = _names(before)
    targets = {f"{o.kind}/{o.name}" for o in plan.operations}
    for operation in plan.operations:
        sids = {operation.sid} | {write.sid for write in operation.writes}
        kinds = {write.sid: write.target.kind for write in operation.writes} | {operation.sid: operation.kind}
        targets |= {f"{kinds[sid]}/{names[sid]}" for sid in sids if sid is not None and sid in names}
    return targets | {f"{WORKER_CHANNEL.name}/{names[worker]}/{channel}" for worker, channel in _settings(plan, before)}


def _leading_to_gone(plan: Plan, before: Snapshot, after: Snapshot) -> set[str]:
    """Resources that contain a SID of something that *plan* removed, as in attributes; they get the new SID."""
    gone = {o.sid for o in plan.operations if o.sid is not None} - _names(after).keys()
    return {
        f"{live.kind}/{live.name}"
        for live in (before.each() if gone else ())
        if any(not gone.isdisjoint(_SID.findall(value)) for value in live.answer.values() if isinstance(value, str))
    }


def _settings(plan: Plan, before: Snapshot) -> Iterator[tuple[str, str]]:
    """Workers, by SID, and channels of theirs whose settings *plan* may have changed or removed."""
    workers = set(workers_to_read(plan))
    kinds = {o.sid for o in plan.operations if o.kind == TASK_CHANNEL.name and o.action in _REMOVES}
    removed = {live.name for live in before.by_kind[TASK_CHANNEL.name] if live.sid in kinds}
    for worker, channels in before.channels.items():
        yield from ((worker, each.name) for each in channels if worker in workers or each.name in removed)


def _secrets_of(plan: Plan) -> Manage:
    """Hide the fields that *plan* hides; a field is hidden completely if a part of it is sensitive.

    This includes fields declared sensitive of resources outside *plan*: undoing it may rely on them, or update their
    references.
    """
    rules = {}
    for kind in (WORKSPACE, *SECTIONS):
        if paths := sorted({*_hidden(plan, kind), *plan.sensitive.get(kind.section, ())}):
            rule = type(getattr(Manage.model_construct(), kind.section))
            rules[kind.section] = rule.model_construct(sensitive=paths)
    return Manage.model_construct(**rules)


def hidden_fields(plan: Plan, kind: Kind) -> frozenset[str]:
    """The fields of *kind* that must not be shown, as a whole; ``*`` for all of them."""
    return frozenset(root_of(path) for path in (*_hidden(plan, kind), *plan.sensitive.get(kind.section, ())))


def _hidden(plan: Plan, kind: Kind) -> Iterator[str]:
    keys = {spec.form: key for key, spec in kind.fields.items()}
    for operation in plan.operations:
        for write in operation.writes:
            if write.target.kind == kind.name:
                yield from (keys.get(parameter, "*") for parameter in write.secrets)
        for change in operation.changes:
            if change.sensitive and operation.kind == kind.name:
                yield root_of(change.path)
            elif change.sensitive and operation.kind == WORKER_CHANNEL.name and kind.has_channels:
                yield "channels"
        yield from _hidden_before(plan, kind, operation)


def _hidden_before(plan: Plan, kind: Kind, operation: Operation) -> Iterator[str]:
    """The fields of changed resources whose values the plan hides."""
    if operation.kind == kind.name:
        for record in plan.base.values():
            if operation.sid is not None and record.get("sid") == operation.sid:
                yield from (key for key in record["fields"] if key not in record["values"])


# The parts that stay


def _limits(plan: Plan, before: Snapshot, after: Snapshot, undo: Plan) -> Iterator[str]:
    """The parts that cannot be undone, in plain words."""
    there = _names(after)
    for operation in plan.operations:
        title = f"the {KIND_BY_NAME[operation.kind].title} {operation.name!r}"
        if operation.sid is not None and operation.sid not in there:
            yield f"{title} comes back with a new SID; other systems that use {operation.sid} will not find it"
            if operation.moves and operation.kind == ACTIVITY.name and operation.action is Action.DELETE:
                yield f"{_count(operation.moves)} moved out of {title} do not go back by themselves"
    if any(write.secrets for operation in undo.operations for write in operation.writes):
        yield "sensitive values are not in this plan: apply it together with the configuration that has the former ones"
    was_multi_task = before.workspace.answer.get("multi_task_enabled")
    if was_multi_task is False and after.workspace.answer.get("multi_task_enabled"):
        yield "TaskRouter does not switch multi-tasking off again"


def _count(moves: Sequence[Any]) -> str:
    return "1 worker" if len(moves) == 1 else f"{len(moves)} workers"


# Back to nothing


def _removal_of_all(plan: Plan, after: Snapshot, protected: Sequence[str]) -> Plan:
    """A plan that deletes the workspace created by *plan*, with everything in it."""
    live, labels = after.workspace, live_labels(after)
    document = Document.model_construct(
        {"workspace"}, workspace=model_of(live, labels), manage=_secrets_of(plan), safety=Safety.model_construct()
    )
    changes = [FieldChange(key, value, None) for key, value in set_fields(WORKSPACE, document.workspace)]
    removal = Operation(
        Action.DELETE,
        WORKSPACE.name,
        live.name,
        live.sid,
        masked(document, WORKSPACE, live.name, changes),
        (Write(Verb.DELETE, THE_WORKSPACE, live.sid, late=True),),
        reason=_CREATED,
    )
    operations = in_order([removal])
    base = base_of(document, after, operations, [each.sid for each in after.each()])
    return Plan(
        replace(plan.target, workspace=live.name, account_sid=after.account_sid, workspace_sid=live.sid),
        operations,
        [Blocked(PROTECTED, _KEPT.format(name=live.name), each.id) for each in operations if _is_kept(each, protected)],
        sids={THE_WORKSPACE: live.sid},
        base=base,
        reads=reads_of(after, base),
        sensitive=plan.sensitive,
    )


def _is_kept(operation: Operation, protected: Sequence[str]) -> bool:
    return any(protects(pattern, operation.kind, operation.name) for pattern in protected)
