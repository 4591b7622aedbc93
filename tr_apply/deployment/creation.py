"""A plan for a workspace that there is not yet: create it, see what TaskRouter put into it, and do the rest."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from tr_apply.apply import Progress, Result, Sids, Stop, carry_out, purpose_of
from tr_apply.client import Client
from tr_apply.deployment.applied import Applied
from tr_apply.errors import RefusedError, TrApplyError
from tr_apply.live import Live, Snapshot
from tr_apply.plan.change import Action, Operation, Plan, Verb
from tr_apply.plan.checks.guard import NEEDS_CONSENT
from tr_apply.plan.compare.diff import changed_fields
from tr_apply.resources import SECTIONS, WORKSPACE, SidOf
from tr_apply.routing.names import name_key
from tr_apply.wire import form_text, live_labels, model_of, references_in

Rest = Callable[[Live], Coroutine[Any, Any, Plan]]
"""Has the rest for the workspace that was just created. May raise TrApplyError."""


def creates_workspace(plan: Plan) -> bool:
    """Whether *plan* begins with its workspace."""
    writes = plan.operations[0].writes if plan.operations else ()
    return bool(writes) and writes[0].verb is Verb.CREATE and writes[0].target.kind == WORKSPACE.name


async def created(plan: Plan, client: Client, rest_of: Rest, *, progress: Progress, stop: Stop) -> Applied:
    """Create the workspace, read TaskRouter's seeds in it, and apply the rest.

    The plan predicted the content of the new workspace. Where that is another one, the rest is planned again from it; a
    note says so if that gives other operations.
    """
    first = plan.operations[0]
    if stop.asked:
        return Applied([Result(operation, error="interrupted") for operation in plan.operations])
    result = Result(first)
    rest = [Result(operation) for operation in plan.operations[1:]]
    try:
        form = {key: form_text(value, lambda label: label.name) for key, value in first.writes[0].form.items()}
        live = await client.create(WORKSPACE, None, form, purpose=purpose_of(first, first.writes[0], form))
    except Exception as error:  # noqa: BLE001  # the workspace may have been created: the run ends with its summary
        result.fail(error, str(error))
        for each in rest:
            each.error = f"needs the workspace {first.name!r}, which could not be created"
        return Applied([result, *rest])
    result.requests, result.made = 1, live.sid
    progress(result)
    planning = asyncio.ensure_future(rest_of(live))  # its reads and the look for twins share a round trip
    try:
        if twins := await _twins(client, live):
            return _given_up(result, rest, live, twins)
        real = await planning
        _refuse_surprises(plan, real)
    except TrApplyError as error:
        for each in rest:
            each.error = f"the new workspace could not be read: {error}"
        result.error = "" if first.requests == 1 else f"the new workspace could not be read: {error}"
        return Applied([result, *rest])
    finally:
        planning.cancel()
        await asyncio.gather(planning, return_exceptions=True)
    sids = Sids({**real.sids, SidOf(WORKSPACE.name, ""): live.sid})
    operations = _with_planned_ids(real.operations, plan)
    done = await carry_out(operations, client, sids, progress=progress, stop=stop)
    applied = Applied(_joined(result, rest, done), created=live.sid)
    if _told(real.operations) != _told(plan.operations[1:]):
        applied.notes.append("the new workspace was not as predicted; the rest was planned again from its real content")
    return applied


async def _twins(client: Client, workspace: Live) -> list[str]:
    """SIDs of other workspaces with the name of the new one.

    Another run may create one between our last look and our request, and TaskRouter accepts a name twice. The run that
    looks later sees both and stops, so at most one of them is filled.
    """
    key = name_key(workspace.name)
    return [each.sid for each in await client.workspaces() if name_key(each.name) == key and each.sid != workspace.sid]


def _given_up(first: Result, rest: Sequence[Result], own: Live, twins: Sequence[str]) -> Applied:
    """Nothing more is done, because nobody but a person can say which of two workspaces is the right one."""
    name = first.operation.name
    first.failed, first.stale = True, True
    first.error = (
        f"somebody else created a workspace {name!r} at the same moment: {', '.join(twins)}; "
        f"{own.sid} was created by this run and is still empty: delete the workspace that you do not need, "
        "then run again"
    )
    for each in rest:
        each.error = f"there are two workspaces {name!r}"
    return Applied([first, *rest])


def _with_planned_ids(operations: Sequence[Operation], plan: Plan) -> list[Operation]:
    """*operations* with the ids that the reader of *plan* knows; new ones get ids of their own."""
    first = plan.operations[0]
    known = {(o.action, o.kind, o.name): o.id for o in plan.operations}
    known[Action.UPDATE, WORKSPACE.name, first.name] = first.id
    further = count(len(plan.operations) + 1)
    ids = {o.id: known.get((o.action, o.kind, o.name)) or f"op-{next(further)}" for o in operations}
    return [replace(o, id=ids[o.id], depends_on=tuple(ids.get(d, d) for d in o.depends_on)) for o in operations]


def _refuse_surprises(planned: Plan, real: Plan) -> None:
    """Refuse new blocks except missing consent: a new workspace's resources may be deleted, unless protected or in use.

    Raises:
        RefusedError: With every reason.
    """
    known = {NEEDS_CONSENT, *(each.code for each in planned.blocked)}
    if surprises := [each.message for each in real.blocked if each.code not in known]:
        raise RefusedError(f"it is not as predicted: {'; '.join(surprises)}; plan again")


def _told(operations: Sequence[Operation]) -> set[tuple[str, str, str]]:
    """Operations as the reader knows them; a new workspace's second request belongs to its creation."""
    return {(o.action.value, o.kind, o.name) for o in operations if o.kind != WORKSPACE.name}


def _joined(first: Result, rest: Sequence[Result], done: Sequence[Result]) -> list[Result]:
    """The results of all operations, under the names of the planned ones."""
    by_name = {(r.operation.action, r.operation.kind, r.operation.name): r for r in done}
    second = by_name.pop((Action.UPDATE, WORKSPACE.name, first.operation.name), None)
    if second is not None:
        first.requests += second.requests
        first.failed, first.error, first.lost = second.failed, second.error, second.lost
    results = [first]
    for planned in rest:
        key = (planned.operation.action, planned.operation.kind, planned.operation.name)
        if (found := by_name.pop(key, None)) is not None:
            results.append(replace(found, operation=planned.operation, made=found.sid))
        else:
            results.append(Result(replace(planned.operation, writes=()), error="turned out not to be needed"))
    return [*results, *by_name.values()]


# The rest as it was planned


def planned_rest(plan: Plan, snapshot: Snapshot) -> Plan:
    """The rest of *plan* after its workspace was created, whose content *snapshot* has and is as predicted."""
    sids = _sids(plan, snapshot)
    return replace(plan, operations=[_with_sid(each, sids) for each in _after_creation(plan)], sids=sids)


def is_as_predicted(expected: Snapshot, snapshot: Snapshot) -> bool:
    """Whether the new workspace and its content are as *expected*, apart from SIDs."""
    before, now = (model_of(each.workspace, live_labels(each)) for each in (expected, snapshot))
    return not changed_fields(WORKSPACE, before, now) and not any(surprises(expected, snapshot))


def surprises(expected: Snapshot, snapshot: Snapshot) -> Iterator[str]:
    """The resources in *snapshot* that differ from the prediction, as ``KIND/NAME``."""
    expected_labels, labels = live_labels(expected), live_labels(snapshot)
    for kind in SECTIONS:
        before = {live.name: model_of(live, expected_labels) for live in expected.by_kind.get(kind.name, ())}
        now = {live.name: model_of(live, labels) for live in snapshot.by_kind[kind.name]}
        yield from (f"{kind.name}/{name}" for name in before.keys() ^ now.keys())
        both = before.keys() & now.keys()
        yield from (f"{kind.name}/{name}" for name in both if changed_fields(kind, before[name], now[name]))


def _after_creation(plan: Plan) -> Sequence[Operation]:
    """The operations after the creation: its own second request, and all others."""
    first, *rest = plan.operations
    second = replace(first, action=Action.UPDATE, writes=first.writes[1:])
    return [second, *rest] if second.writes else rest


def _with_sid(operation: Operation, sids: Mapping[SidOf, str]) -> Operation:
    """*operation* with the SID of the seed that it is about; its last request is always about that."""
    sid = None if operation.action is Action.CREATE else sids.get(operation.writes[-1].target)
    return operation if sid is None else replace(operation, sid=sid)


def _sids(plan: Plan, snapshot: Snapshot) -> dict[SidOf, str]:
    """SIDs of the seeds in the workspace, by their final names in the plan."""
    live = {(each.kind, name_key(each.name)): each.sid for each in snapshot.each()}
    former: dict[SidOf, str] = {}
    wanted: set[SidOf] = set()
    for write in (write for operation in plan.operations for write in operation.writes):
        wanted |= write.needs | {write.target}
        wanted.update(*(references_in(value) for value in write.form.values()))
        if write.verb is Verb.UPDATE and write.vacates is not None:
            former.setdefault(write.target, write.vacates)
    names = {label: (label.kind, former.get(label, name_key(label.name))) for label in wanted}
    found = {label: live[name] for label, name in names.items() if name in live}
    return found | {SidOf(WORKSPACE.name, ""): snapshot.workspace.sid}
