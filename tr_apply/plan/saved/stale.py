"""The changes in the live workspace since a plan was made: to facts that it relies on, and to others."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tr_apply.errors import StaleError
from tr_apply.frozen import frozen
from tr_apply.live import Live, Snapshot
from tr_apply.plan.change import Action, FieldChange, Plan
from tr_apply.plan.compare.document_diff import document_changes
from tr_apply.plan.json_values import digest
from tr_apply.plan.saved.relied_on import everything, field_values, live_names, names_told, reads_of, state_of
from tr_apply.plan.saved.standing import Standing, planned_names
from tr_apply.resources import WORKER, WORKER_CHANNEL
from tr_apply.routing.names import name_key

_HIDDEN = "(not shown)"
_GONE = "(none)"


@frozen
class Drift:
    """One thing that a plan relies on and that has changed since it was made."""

    object: str
    """``KIND/NAME`` as it was planned, or a kind whose names have changed."""

    path: str
    """The field; empty for the object itself."""

    planned_from: Any
    """The value when the plan was made; null for none."""

    live_now: Any
    """The value now; null for none."""

    planned_to: Any
    """The planned value; null if the plan does not change it."""


def drift(plan: Plan, snapshot: Snapshot, standing: Standing | None = None) -> list[Drift]:
    """Fields in *snapshot* with neither the value that *plan* was made from nor the planned one.

    The same kinds must have been read.
    """
    standing = standing or Standing(plan, snapshot)
    found = {live.sid: live for _, live in everything(snapshot)}
    rows: list[Drift] = []
    for label, record in plan.base.items():
        if "names" in record:
            rows.extend(_names_drift(label, record["names"], _names_before(label, standing, plan)))
        elif not standing.is_gone(record["sid"]):
            rows.extend(_Object(label, record, plan, standing).drift(found.get(record["sid"])))
    return rows


def _names_before(kind: str, standing: Standing, plan: Plan) -> Mapping[str, str] | str:
    """The names of *kind* without what the plan has done to them so far."""
    former = planned_names(plan.base)
    gone = {label.name: sid for sid, label in former.items() if label.kind == kind and standing.is_gone(sid)}
    return names_told({**live_names(standing.before, kind), **gone})


def unrelated_changes(plan: Plan, standing: Standing) -> list[str]:
    """The kinds in which something has changed that *plan* does not rely on."""
    now = reads_of(standing.before, plan.base)
    return [kind for kind, seen in plan.reads.items() if now.get(kind) != seen]


def workers_with_channels(plan: Plan, snapshot: Snapshot) -> list[str]:
    """SIDs of the workers in *snapshot* whose channels *plan* relies on, or that it has made."""
    writes = [write for each in plan.operations if each.kind == WORKER_CHANNEL.name for write in each.writes]
    workers = {label for write in writes for label in write.needs if label.kind == WORKER.name}
    there = {name_key(live.name): live.sid for live in snapshot.by_kind.get(WORKER.name, ())}
    sids = {plan.sids.get(label) or there.get(name_key(label.name)) for label in workers}
    return sorted(sid for sid in there.values() if sid in sids)


def _names_drift(kind: str, before: Mapping[str, str] | str, now: Mapping[str, str] | str) -> Iterator[Drift]:
    if before == now:
        return
    if isinstance(before, str) or isinstance(now, str):
        yield Drift(kind, "names", _number(before), _number(now), None)
        return
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            yield Drift(f"{kind}/{name}", "", before.get(name, _GONE), now.get(name, _GONE), None)


def _number(names: Mapping[str, str] | str) -> str:
    return names if isinstance(names, str) else f"{len(names)} names"


class _Object:
    """A resource that a plan relies on."""

    def __init__(self, label: str, record: Mapping[str, Any], plan: Plan, standing: Standing) -> None:
        self._label = label
        self._standing = standing
        self._record = record
        self._operations = [each for each in plan.operations if each.sid == record["sid"]]
        self._changes = {change.path: change for each in self._operations for change in each.changes}

    def drift(self, live: Live | None) -> Iterator[Drift]:
        """Fields with neither the recorded nor the planned value."""
        if live is None:
            yield Drift(self._label, "", self._record["sid"], _GONE, self._planned(""))
            return
        now = field_values(live, self._standing.labels, self._record["fields"])
        for key, seen in self._record["fields"].items():
            if digest(now[key]) != seen and not self._standing.shows_planned(live, key):
                yield from self._field(key, now[key])
        if "state" in self._record:
            yield from self._state(self._record["state"], state_of(live, self._standing.before))

    def _state(self, before: Any, now: Any) -> Iterator[Drift]:
        """Changes in its use by people, except those whom the plan has moved."""
        moved = {sid for each in self._operations for sid in self._standing.moved(each)}
        if isinstance(now, list):
            what, expected = "workers in it", sorted(set(before) - {self._standing.former_name(sid) for sid in moved})
        else:
            what, expected = "it is", now if self._record["sid"] in moved else before
        if now != expected:
            yield Drift(self._label, what, before, now, self._planned(""))

    def _field(self, key: str, now: Any) -> Iterator[Drift]:
        values = self._record.get("values", {})
        if key in values:
            before = values[key]
        elif (change := self._changes.get(key)) is not None and not change.sensitive:
            before = change.before
        else:
            yield Drift(self._label, key, _HIDDEN, _HIDDEN, self._planned(key))
            return
        for change in _parts(key, before, now):
            yield Drift(self._label, change.path, change.before, change.after, self._planned(change.path))

    def _planned(self, path: str) -> Any:
        """The planned value at *path*; None if the plan does not change it."""
        if any(each.action is Action.DELETE for each in self._operations):
            return "deleted"
        return planned_at(self._changes, path)


def planned_at(changes: Mapping[str, FieldChange], path: str) -> Any:
    """The planned value of *path*, or of the nearest path inside or around it; None if *changes* do not touch it."""
    if path in changes:
        return _after(changes[path])
    below = {each: _after(change) for each, change in changes.items() if not path or _is_below(each, path)}
    above = [_after(change) for each, change in changes.items() if _is_below(path, each)]
    return below or (above[0] if above else None)


def _is_below(path: str, other: str) -> bool:
    return path.startswith((f"{other}.", f"{other}["))


def _after(change: FieldChange) -> Any:
    if change.after is None:
        return _GONE
    return "(sensitive)" if change.sensitive else change.after


def _parts(key: str, before: Any, now: Any) -> Iterator[FieldChange]:
    """The differences, as fine as possible: by key of a document, by filter of a workflow."""
    if isinstance(before, dict) and isinstance(now, dict):
        yield from document_changes(key, before, now)
    elif _are_filters(before) and _are_filters(now) and (before or now):
        old, new = _by_name(before), _by_name(now)
        changed = [name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)]
        for name in changed:
            yield from document_changes(f"{key}[{name}]", old.get(name), new.get(name))
        if not changed:
            yield FieldChange(key, list(old), list(new))
    else:
        yield FieldChange(key, before, now)


def _are_filters(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) and "targets" in each for each in value)


def _by_name(filters: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Filters by name; those without one, or with one that repeats, by their number."""
    names = [each.get("name") for each in filters]
    return {
        name if name and names.count(name) == 1 else f"#{number}": each
        for number, (name, each) in enumerate(zip(names, filters, strict=True), 1)
    }


class DriftError(StaleError):
    """The state that a plan relies on has changed; ``rows`` show how."""

    def __init__(self, rows: Sequence[Drift]) -> None:
        things = len({row.object for row in rows})
        what = "a thing" if things == 1 else f"{things} things"
        super().__init__(f"nothing was written: {what} that the plan relies on changed since it was made; plan again")
        self.rows = tuple(rows)
