"""The facts in the live workspace that a plan relies on: enough to notice later that somebody has changed one."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tr_apply.live import Live, Snapshot
from tr_apply.plan.change import Action, FieldChange, Operation
from tr_apply.plan.compare.diff import compared_fields, marked, plain_value
from tr_apply.plan.json_values import digest
from tr_apply.resources import ACTIVITY, KIND_BY_NAME, SECTIONS, WORKER, WORKSPACE, Holds, Kind
from tr_apply.resources.document import Document
from tr_apply.wire import Labels, live_labels, model_of

_NAMES_TOLD = 100  # of a kind with more, a plan holds only a digest of the names


def base_of(
    document: Document, snapshot: Snapshot, operations: Sequence[Operation], sids: Iterable[str]
) -> dict[str, Any]:
    """Every resource that *operations* touch, those of *sids*, and the names of each kind that gains or loses one.

    Resources are described with their live names, so a plan can be checked without its configuration: ``fields`` holds
    a
    digest of each field, ``values`` those that may be shown, ``state`` their current use by people.
    """
    if snapshot.predicted or not operations:
        return {}
    labels = live_labels(snapshot)
    touched = {write.sid for operation in operations for write in operation.writes}
    by_sid = {operation.sid: operation for operation in operations}
    relied_on = touched | set(sids)
    base: dict[str, Any] = {}
    for label, live in everything(snapshot):
        if live.sid not in relied_on and live is not snapshot.workspace:
            continue
        kind = KIND_BY_NAME[live.kind]
        values = field_values(live, labels, relied_fields(kind, is_touched=live.sid in touched))
        base[label] = {
            "sid": live.sid,
            "fields": {key: digest(value) for key, value in values.items()},
            "values": _shown(document, kind, values, is_changed=live.sid in by_sid),
        } | _with_state(by_sid.get(live.sid), live, snapshot)
    for name in sorted(_kinds_with_new_names(operations)):
        base[name] = {"names": names_told(live_names(snapshot, name))}
    return dict(sorted(base.items()))


def reads_of(snapshot: Snapshot, base: Mapping[str, Any]) -> dict[str, str]:
    """The kinds that were read, each with a digest of those of its resources that are missing in *base*.

    Empty if there is no *base*, as for a plan without operations.
    """
    if snapshot.predicted or not base:
        return {}
    told = {each["sid"] for each in base.values() if "sid" in each}
    return {
        name: digest(sorted(_raw(live) for live in resources if live.sid not in told))
        for name, resources in snapshot.by_kind.items()
    }


def fingerprint(base: Mapping[str, Any]) -> str:
    """One digest of all of *base*."""
    return hashlib.sha256(json.dumps(base, sort_keys=True).encode()).hexdigest()


def everything(snapshot: Snapshot) -> Iterator[tuple[str, Live]]:
    """Every live resource that was read, each as ``KIND/NAME`` with its name of now; also if two share a name."""
    yield f"{WORKSPACE.name}/{snapshot.workspace.name}", snapshot.workspace
    names = Counter((live.kind, live.name) for live in snapshot.each())
    workers = {}
    for live in snapshot.each():
        workers[live.sid] = live.name
        alone = names[live.kind, live.name] == 1
        yield f"{live.kind}/{live.name}" + ("" if alone else f" ({live.sid})"), live
    for worker, channels in snapshot.channels.items():
        yield from ((f"{live.kind}/{workers[worker]}/{live.name}", live) for live in channels)


def field_values(live: Live, labels: Labels, keys: Iterable[str]) -> dict[str, Any]:
    """The fields *keys* of *live*, as a file would say them."""
    model = model_of(live, labels)
    return {key: plain_value(getattr(model, key)) for key in keys}


def live_names(snapshot: Snapshot, kind: str) -> dict[str, str]:
    """The names of *kind* with their SIDs."""
    return {live.name: live.sid for live in snapshot.by_kind.get(kind, ())}


def names_told(names: dict[str, str]) -> dict[str, str] | str:
    """*names* as a plan holds them; of many, how many they are and a digest."""
    return names if len(names) <= _NAMES_TOLD else f"{len(names)} names ({digest(names)})"


def state_of(live: Live, snapshot: Snapshot) -> Any:
    """The use of *live* by people, which decides whether it can be deleted: who is in it, or if it is available."""
    if live.kind == ACTIVITY.name:
        workers = snapshot.by_kind.get(WORKER.name, ())
        return sorted(worker.name for worker in workers if worker.answer.get("activity_sid") == live.sid)
    return "available" if live.answer.get("available") is True else "not available"


def _with_state(operation: Operation | None, live: Live, snapshot: Snapshot) -> dict[str, Any]:
    goes = operation is not None and operation.action in {Action.DELETE, Action.REPLACE}
    return {"state": state_of(live, snapshot)} if goes and live.kind in {ACTIVITY.name, WORKER.name} else {}


def relied_fields(kind: Kind, *, is_touched: bool) -> list[str]:
    """The fields of a resource that a plan relies on."""
    if kind.parent is None and not is_touched:
        return [kind.identity, *kind.references]  # TaskRouter does not let go of the activities that it uses
    return [*compared_fields(kind), *kind.document_keys]


def _shown(document: Document, kind: Kind, values: Mapping[str, Any], *, is_changed: bool) -> dict[str, Any]:
    """The values that a plan may show: nothing sensitive, and nothing about people beyond its changes."""
    if not hasattr(document.manage, kind.section):
        return {}  # its secrets are recorded elsewhere; the operations show the rest
    found = marked(document, kind, None, [FieldChange(key, value, None) for key, value in values.items()])
    private = {key for key, spec in kind.fields.items() if spec.holds is Holds.JSON and not is_changed}
    return {each.path: each.before for each in found if not each.sensitive and each.path not in private}


def _raw(live: Live) -> list[str]:
    kind = KIND_BY_NAME[live.kind]
    fields = [str(live.answer.get(spec.answer)) for key, spec in kind.fields.items() if key not in kind.runtime]
    return [live.sid, live.name, *fields, str(live.answer.get("configuration"))]


def _kinds_with_new_names(operations: Sequence[Operation]) -> set[str]:
    kinds = set()
    for operation in operations:
        renames = any(write.takes or write.vacates for write in operation.writes)
        if operation.action is not Action.UPDATE or renames:
            kinds.add(operation.kind)
    return kinds & {kind.name for kind in SECTIONS}
