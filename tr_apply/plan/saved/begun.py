"""Plans that were begun with their workspace: the one that creates it, and the one that deletes it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tr_apply.live import Live, Snapshot, predicted
from tr_apply.plan.change import Plan, Verb, Write
from tr_apply.plan.json_values import digest
from tr_apply.plan.saved.relied_on import field_values, live_names, relied_fields
from tr_apply.resources import KIND_BY_NAME, SECTIONS, THE_WORKSPACE, WORKSPACE, SidOf, Workspace, temporary_name
from tr_apply.routing.names import name_key
from tr_apply.wire import Labels, live_labels


def deletes_workspace(plan: Plan) -> bool:
    """Whether *plan* deletes its workspace with all that is in it."""
    return any(
        write.verb is Verb.DELETE and write.target.kind == WORKSPACE.name
        for operation in plan.operations
        for write in operation.writes
    )


def without_writes(plan: Plan) -> Plan:
    """*plan* where all of it is done."""
    return replace(plan, operations=[replace(each, writes=()) for each in plan.operations])


def prediction(plan: Plan) -> Snapshot:
    """The expected content of the new workspace of *plan*; it follows from the request that creates it."""
    form, fields = plan.operations[0].writes[0].form, WORKSPACE.fields
    values: dict[str, Any] = {
        "name": plan.target.workspace,
        "template": form.get(fields["template"].form),
        "multi_task_enabled": form.get(fields["multi_task_enabled"].form) != "false",
    }
    return predicted(None, Workspace.model_construct(**values))


def begun_creation(plan: Plan, snapshot: Snapshot) -> Plan:
    """*plan*, which creates its workspace, as a plan for the one in *snapshot*.

    It relies on what a new workspace holds: the resources that TaskRouter puts there are found by the names that they
    have, or that *plan* gives them.
    """
    expected, workspace = prediction(plan), snapshot.workspace
    finals = _final_labels(plan)
    sids = {live.sid: _real_sid(live, finals, snapshot, plan) or live.sid for live in expected.each()}
    labels = {finals.get(_key(live.kind, live.name), SidOf(live.kind, live.name)): live.sid for live in expected.each()}
    known = {label: sids[sid] for label, sid in labels.items()} | {THE_WORKSPACE: workspace.sid}
    by_key = {_key(label.kind, label.name): sid for label, sid in known.items()}

    def with_sid(write: Write) -> Write:
        return replace(write, sid=by_key.get(_key(write.target.kind, write.target.name)))

    return replace(
        plan,
        target=replace(plan.target, workspace_sid=workspace.sid),
        operations=[replace(each, writes=tuple(map(with_sid, each.writes))) for each in plan.operations],
        sids={**plan.sids, **known},
        base=_base(expected, sids, workspace),
    )


_Key = tuple[str, str]


def _key(kind: str, name: str) -> _Key:
    return kind, name_key(name)


def _writes(plan: Plan) -> Iterator[Write]:
    return (write for operation in plan.operations for write in operation.writes)


def _final_labels(plan: Plan) -> dict[_Key, SidOf]:
    """The final name of each renamed resource, by its former name."""
    return {(write.target.kind, write.vacates): write.target for write in _writes(plan) if write.vacates is not None}


def _real_sid(seed: Live, finals: Mapping[_Key, SidOf], snapshot: Snapshot, plan: Plan) -> str | None:
    """The SID of the live resource of *seed*; None if it was deleted."""
    there = {name_key(live.name): live for live in snapshot.by_kind[seed.kind]}
    final = finals.get(_key(seed.kind, seed.name))
    for name in (temporary_name(seed.name), seed.name if final is None else final.name):
        if (live := there.get(name_key(name))) is not None:
            return live.sid
    if (live := there.get(name_key(seed.name))) is None or _takes_its_place(live, seed, plan):
        return None
    return live.sid


def _takes_its_place(live: Live, seed: Live, plan: Plan) -> bool:
    """Whether *live* is the resource that replaces *seed* in *plan*."""
    kind = KIND_BY_NAME[seed.kind]
    made = {_key(write.target.kind, write.target.name) for write in _writes(plan) if write.verb is Verb.CREATE}
    fixed = [kind.fields[key].answer for key in kind.replaced_on]
    return _key(seed.kind, seed.name) in made and any(live.answer.get(key) != seed.answer.get(key) for key in fixed)


def _base(expected: Snapshot, sids: Mapping[str, str], workspace: Live) -> dict[str, Any]:
    """The content of a new workspace, as the base of a plan that relies on all of it."""
    labels = live_labels(expected)
    base: dict[str, Any] = {WORKSPACE.name: _record(expected.workspace, workspace.sid, labels)}
    for live in expected.each():
        base[f"{live.kind}/{live.name}"] = _record(live, sids[live.sid], labels)
    for kind in SECTIONS:
        names = live_names(expected, kind.name)
        base[kind.name] = {"names": {name: sids[sid] for name, sid in names.items()}}
    return base


def _record(live: Live, sid: str, labels: Labels) -> dict[str, Any]:
    values = field_values(live, labels, relied_fields(KIND_BY_NAME[live.kind], is_touched=True))
    return {"sid": sid, "fields": {key: digest(value) for key, value in values.items()}, "values": values}
