"""The part of a plan that is carried out already, as the workspace itself shows it in what its requests write.

A run that was killed or failed has done a part of its plan. The workspace shows which part: an object in its planned
state counts as done, no matter who changed it.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property
from typing import Any

from tr_apply.json_text import same_json
from tr_apply.live import Live, Snapshot
from tr_apply.plan.change import Operation, Plan, Verb, Write
from tr_apply.plan.compare.diff import compared_fields, plain_value
from tr_apply.plan.json_values import SecretDigest, hidden
from tr_apply.plan.saved.relied_on import everything
from tr_apply.resources import KIND_BY_NAME, SECTIONS, SID, THE_WORKSPACE, WORKSPACE, FormField, Holds, SidOf
from tr_apply.routing.names import name_key
from tr_apply.wire import FormValue, Labels, form_of, form_text, live_labels, model_of, parsed_json

_SECTIONS = frozenset(kind.name for kind in SECTIONS)
_ACTIVITY = "ActivitySid"


def planned_names(base: Mapping[str, Any]) -> dict[str, SidOf]:
    """By SID, what each resource that a plan relies on was called when the plan was made."""
    names = {}
    for label, record in base.items():
        kind, _, name = label.partition("/")
        if kind in _SECTIONS and "sid" in record:
            names[record["sid"]] = SidOf(kind, name.removesuffix(f" ({record['sid']})"))
    return names


class Standing:
    """How far *plan* has been carried out in the workspace that *snapshot* shows."""

    def __init__(self, plan: Plan, snapshot: Snapshot) -> None:
        self._plan = plan
        self._snapshot = snapshot
        self._former = planned_names(plan.base)
        self._by_sid = {live.sid: live for _, live in everything(snapshot)}
        self._by_name = {_key(live.kind, label.partition("/")[2]): live for label, live in everything(snapshot)}
        self._known = {_key(label.kind, label.name): sid for label, sid in plan.sids.items()}
        self._labels = live_labels(snapshot)

    # The live workspace, by the names at planning

    @cached_property
    def before(self) -> Snapshot:
        """The live resources by their names when the plan was made, without those that the plan created."""
        by_kind = {kind: list(self._with_former_names(found)) for kind, found in self._snapshot.by_kind.items()}
        return replace(self._snapshot, by_kind=by_kind)

    def _with_former_names(self, resources: Sequence[Live]) -> Iterator[Live]:
        for live in resources:
            if (former := self._former.get(live.sid)) is not None:
                yield live if former.name == live.name else replace(live, name=former.name)
            elif live.sid not in self.made:
                yield live

    @cached_property
    def labels(self) -> Labels:
        """The name of each SID when the plan was made, including resources deleted since then."""
        return Labels({**live_labels(self.before).by_sid, **self._former})

    def former_name(self, sid: str) -> str:
        """The name of the resource of *sid* when the plan was made."""
        return self._former[sid].name

    # Resources created by the plan

    @cached_property
    def made(self) -> frozenset[str]:
        """SIDs of the resources that are live as the plan creates them."""
        return frozenset(live.sid for write in self._creations() if (live := self._created(write)) is not None)

    def _creations(self) -> Iterator[Write]:
        return (write for o in self._plan.operations for write in o.writes if write.verb is Verb.CREATE)

    @cached_property
    def _created_keys(self) -> frozenset[SidOf]:
        return frozenset(_key(write.target.kind, write.target.name) for write in self._creations())

    def _created(self, write: Write) -> Live | None:
        """The live resource that *write* creates; None where there is none, or a different one of that name."""
        if write.target == THE_WORKSPACE:
            found = self._by_sid.get(write.sid or "")
            return found if found is not None and shows(found, write.form, self.sid, self._labels) else None
        found = self._by_name.get(_key(write.target.kind, write.target.name))
        if found is None or found.sid in self._former:
            return None  # or it has not made way yet
        return found if self._is_as_created(found, write) else None

    def _is_as_created(self, live: Live, creation: Write) -> bool:
        """Whether *live* has what its requests write, and TaskRouter's defaults everywhere else."""
        kind = KIND_BY_NAME[live.kind]
        own = self._writes_of[_object(creation)]
        written = {name for write in own for name in write.form}
        unset = [key for key in compared_fields(kind) if kind.fields[key].form not in written]
        return self._has_defaults(live, unset) and all(
            any(self._has(live, name, each) for each in own) for name in lasting(kind.name, written)
        )

    def _has_defaults(self, live: Live, keys: Sequence[str]) -> bool:
        model = model_of(live, self._labels)
        return all(_is_default(model, key) for key in keys)

    def _has(self, live: Live, parameter: str, write: Write) -> bool:
        value = write.form.get(parameter)
        return value is not None and shows_value(live, parameter, value, self.sid, self._labels)

    def sid(self, label: SidOf) -> str:
        """The SID of *label*.

        Raises:
            LookupError: when nothing of that name is live.
        """
        if SID.match(label.name):
            return label.name
        key = _key(label.kind, label.name)
        if key not in self._created_keys:
            return self._known[key] if key in self._known else self._by_name[key].sid
        if (found := self._by_name[key]).sid in self._former:
            raise LookupError(label)  # the new one is not there, as the old one has not made way yet
        return found.sid

    # The completed part

    @cached_property
    def _writes(self) -> list[Write]:
        return [write for operation in self._plan.operations for write in operation.writes]

    @cached_property
    def _writes_of(self) -> dict[str | SidOf, list[Write]]:
        found: dict[str | SidOf, list[Write]] = {}
        for write in self._writes:
            found.setdefault(_object(write), []).append(write)
        return found

    @cached_property
    def _done(self) -> frozenset[int]:
        """The numbers of the requests that need not be sent any more; later ones cover those before them."""
        done: set[int] = set()
        later: dict[str | SidOf, list[Write]] = {}
        for number, write in reversed([*enumerate(self._writes)]):
            after = later.setdefault(_object(write), [])
            if self._is_done(write) or any(_covers(each, write) for each in after):
                done.add(number)
                after.append(write)
        return frozenset(done)

    def _is_done(self, write: Write) -> bool:
        if write.verb is Verb.CREATE:
            return self._created(write) is not None
        if (live := self.live_of(write)) is None:
            return write.sid is not None and write.sid in self._gone
        if write.verb is Verb.DELETE:
            return False
        shown = lasting(live.kind, write.form) or shown_parameters(live.kind).keys() & write.form.keys()
        return all(self._has(live, name, write) for name in shown)

    def live_of(self, write: Write) -> Live | None:
        """The live resource that *write* is about."""
        if write.sid is not None:
            return self._by_sid.get(write.sid)
        found = self._by_name.get(_key(write.target.kind, write.target.name))
        return None if found is not None and found.sid in self._former else found

    @cached_property
    def _gone(self) -> frozenset[str]:
        """SIDs of resources that the plan deletes and that are no longer live."""
        deletes = (write.sid for write in self._writes if write.verb is Verb.DELETE and write.sid is not None)
        return frozenset(sid for sid in deletes if sid not in self._by_sid)

    def is_gone(self, sid: str) -> bool:
        """Whether the resource of *sid* is not live because the plan deletes it."""
        return sid in self._gone

    def shows_planned(self, live: Live, key: str) -> bool:
        """Whether the field *key* of *live* is as a request of the plan writes it."""
        kind = KIND_BY_NAME[live.kind]
        document = kind.document if key in kind.document_keys else None
        parameter = kind.fields[key].form if document is None else document.form
        return any(self._has(live, parameter, write) for write in self._writes_of.get(live.sid, ()))

    def moved(self, operation: Operation) -> frozenset[str]:
        """SIDs of the workers who have left their activity already, as *operation* has them do."""
        moves = {move.sid for move in operation.moves}
        writes = (self._writes[number] for number in self._done)
        return frozenset(each.sid for each in writes if each.sid and each.sid in moves and _ACTIVITY in each.form)

    @cached_property
    def rest(self) -> Plan:
        """The plan without the requests that are done; every operation stays, some with nothing left to send."""
        numbers = iter(range(len(self._writes)))
        made = {write.target: live.sid for write in self._creations() if (live := self._created(write)) is not None}
        by_key = {_key(label.kind, label.name): sid for label, sid in made.items()}
        operations = [
            replace(
                each,
                writes=tuple(write for write in each.writes if next(numbers) not in self._done),
                sid=by_key.get(_key(each.kind, each.name), each.sid),
            )
            for each in self._plan.operations
        ]
        return replace(self._plan, operations=operations, sids={**self._plan.sids, **made})


def _key(kind: str, name: str) -> SidOf:
    return KIND_BY_NAME[kind].label(name_key(name))


def _object(write: Write) -> str | SidOf:
    """The object of *write*."""
    return write.sid or _key(write.target.kind, write.target.name)


def _covers(later: Write, write: Write) -> bool:
    """Whether nothing is left of *write* once *later* is done to the same resource."""
    return write.verb is Verb.UPDATE and (later.verb is Verb.DELETE or write.form.keys() <= later.form.keys())


def _is_default(model: Any, key: str) -> bool:
    value, default = getattr(model, key), type(model).model_fields[key].default
    return (not value and not default) or same_json(plain_value(value), plain_value(default))


SidOfLabel = Callable[[SidOf], str]
"""The SID of a label. Raises LookupError if it is not known."""


def shows(live: Live, form: Mapping[str, FormValue], sid: SidOfLabel, labels: Labels) -> bool:
    """Whether *live* has every value of *form* that an answer shows and that people do not change all day."""
    return all(shows_value(live, name, form[name], sid, labels) for name in lasting(live.kind, form))


def lasting(kind_name: str, form: Iterable[str]) -> list[str]:
    """Those parameters of *form* that an answer shows as they were written, however much later."""
    parameters, runtime = shown_parameters(kind_name), KIND_BY_NAME[kind_name].runtime
    return [name for name in form if name in parameters and parameters[name][0] not in runtime]


@cache
def shown_parameters(kind_name: str) -> Mapping[str, tuple[str, FormField]]:
    """By form parameter, the YAML key and how an answer shows it; not what TaskRouter uses only once."""
    kind, once = KIND_BY_NAME[kind_name], "template" if kind_name == WORKSPACE.name else ""
    shown = {spec.form: (key, spec) for key, spec in kind.fields.items() if key != once}
    if (document := kind.document) is not None:
        shown[document.form] = (document.keys[0], FormField(document.form, document.answer, Holds.JSON))
    return shown


def shows_value(live: Live, parameter: str, value: FormValue, sid: SidOfLabel, labels: Labels) -> bool:
    """Whether *live* has *value* where a request writes it as *parameter*; a SID that is not known is nowhere."""
    key, spec = shown_parameters(live.kind)[parameter]
    if isinstance(value, SecretDigest):
        kind = KIND_BY_NAME[live.kind]
        return hidden(form_of(kind, model_of(live, labels), [key])[parameter]) == value
    try:
        return _is_same(live, spec, form_text(value, sid))
    except LookupError:
        return False


def _is_same(live: Live, spec: FormField, sent: str) -> bool:
    if spec.holds is Holds.JSON:
        return same_json(parsed_json(live, spec.answer), json.loads(sent or "null"))
    now: Any = live.answer.get(spec.answer)
    text = "" if now is None else str(now)
    return (text.lower() if isinstance(now, bool) else text) == sent
