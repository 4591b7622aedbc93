"""What a plan relies on in the live workspace: enough to notice later that somebody else has changed it."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tr_apply.live import Live, Snapshot
from tr_apply.plan.change import Action, Operation
from tr_apply.plan.diff import compared_fields, plain_value
from tr_apply.plan.world import live_labels
from tr_apply.resources import KIND_BY_NAME, SECTIONS, WORKFLOW, WORKSPACE
from tr_apply.resources.workflow import DOCUMENT_FIELDS
from tr_apply.wire import Labels, model_of


def digest(value: Any) -> str:
    """A short digest of a JSON value, so that secrets can be compared without being stored."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def base_of(snapshot: Snapshot, operations: Sequence[Operation], sids: Iterable[str]) -> dict[str, Any]:
    """Every resource that *operations* touch, those of *sids*, and the names of each kind that gains or loses one.

    Resources are told as they are live, with live names, so that a plan can be checked without its configuration.
    """
    if snapshot.predicted or not operations:
        return {}
    labels = live_labels(snapshot)
    touched = {write.sid for operation in operations for write in operation.writes} | set(sids)
    base: dict[str, Any] = {
        label: {"sid": live.sid, "fields": _fields(live, labels)}
        for label, live in _everything(snapshot)
        if live.sid in touched or live is snapshot.workspace
    }
    for kind in sorted(_kinds_with_new_names(operations)):
        names = {live.name: live.sid for live in snapshot.by_kind.get(kind, ())}
        base[kind] = {"names": digest(names)}
    return dict(sorted(base.items()))


def _everything(snapshot: Snapshot) -> Iterator[tuple[str, Live]]:
    """Every live resource that was read, each as ``KIND/NAME`` with its name of now."""
    if snapshot.workspace is not None:
        yield f"{WORKSPACE.name}/{snapshot.workspace.name}", snapshot.workspace
    workers = {}
    for live in snapshot.each():
        workers[live.sid] = live.name
        yield f"{live.kind}/{live.name}", live
    for worker, channels in snapshot.channels.items():
        yield from ((f"{live.kind}/{workers[worker]}/{live.name}", live) for live in channels)


def fingerprint(base: Mapping[str, Any]) -> str:
    """One digest of all of *base*."""
    return hashlib.sha256(json.dumps(base, sort_keys=True).encode()).hexdigest()


def _fields(live: Live, labels: Labels) -> dict[str, str]:
    kind = KIND_BY_NAME[live.kind]
    model = model_of(live, labels)
    keys = [*compared_fields(kind), *(DOCUMENT_FIELDS if kind is WORKFLOW else ())]
    return {key: digest(plain_value(getattr(model, key))) for key in keys}


def _kinds_with_new_names(operations: Sequence[Operation]) -> set[str]:
    kinds = set()
    for operation in operations:
        renames = any(write.takes or write.vacates for write in operation.writes)
        if operation.action is not Action.UPDATE or renames:
            kinds.add(operation.kind)
    return kinds & {kind.name for kind in SECTIONS}
