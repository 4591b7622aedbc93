"""A workspace before and after a plan, as far as routing expressions look at it.

What will be follows from the requests of the plan, not from the configuration: so it is right for a part of a plan, for
a saved one and for the way back. Text is as TaskRouter has it, with SIDs; what does not exist yet gets made-up ones.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from tr_apply.impact.people import Staffing
from tr_apply.live import Live, Snapshot
from tr_apply.plan.change import Action, Plan, Verb
from tr_apply.plan.matching.matched import expression_names
from tr_apply.resources import (
    ACTIVITY,
    KIND_BY_NAME,
    SID,
    TASK_QUEUE,
    THE_WORKSPACE,
    WORKER,
    WORKFLOW,
    Kind,
    SidOf,
    Workflow,
    filled,
    from_document,
    made_up_sid,
)
from tr_apply.routing.evaluate import Names
from tr_apply.routing.names import name_key
from tr_apply.wire import FormValue, form_text, readable_json, references_in

_DOCUMENT: Final = "Configuration"
_SEEN: Final = (ACTIVITY, TASK_QUEUE, WORKFLOW, WORKER)
_EVERYBODY: Final = "1==1"
"""The ``TargetWorkers`` of a new queue that is sent without."""


class WorkflowVersions(NamedTuple):
    """A workflow that stays, before and after its document changes."""

    before: Workflow
    after: Workflow
    is_secret: bool
    """Whether something in the document must not be shown."""

    former_name: str
    """The workflow's name now."""


@dataclass(slots=True)
class _Planned:
    """A live resource, and all parameters that a plan sets."""

    kind: Kind
    live: Live | None = None
    form: dict[str, FormValue] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    is_deleted: bool = False

    @property
    def name(self) -> str:
        """Its name when the plan is done; if it is deleted, its name now."""
        written = None if self.is_deleted else self.form.get("FriendlyName")
        if isinstance(written, str):
            return filled(written, str)
        return "" if self.live is None else self.live.name


class PlannedVersions:
    """The workspace before and after *plan*, from *snapshot*."""

    def __init__(self, plan: Plan, snapshot: Snapshot) -> None:
        self._resources: dict[str | SidOf, _Planned] = {
            live.sid: _Planned(kind, live) for kind in _SEEN for live in snapshot.of(kind.name)
        }
        self._note_writes(plan)
        self._sids = self._final_sids(plan) | {THE_WORKSPACE: snapshot.workspace.sid}

    def _note_writes(self, plan: Plan) -> None:
        for write in (write for operation in plan.operations for write in operation.writes):
            kind = KIND_BY_NAME[write.target.kind]
            if kind in _SEEN:
                found = self._resources.setdefault(write.sid or _folded(write.target), _Planned(kind))
                found.form |= write.form
                found.secrets |= write.secrets
                found.is_deleted |= write.verb is Verb.DELETE

    def _final_sids(self, plan: Plan) -> dict[SidOf, str]:
        """SIDs by name. What replaces a resource counts as that resource, because everything follows it."""
        read = {
            SidOf(each.kind.name, name_key(each.name)): each.live.sid
            for each in self._resources.values()
            if each.live is not None and not each.is_deleted
        }
        replaced = {
            SidOf(each.kind, name_key(each.name)): each.sid
            for each in plan.operations
            if each.action is Action.REPLACE and each.sid is not None
        }
        return {_folded(label): sid for label, sid in plan.sids.items()} | read | replaced

    def _sid(self, label: SidOf) -> str:
        if (known := self._sids.get(_folded(label))) is not None:
            return known
        return label.name if SID.match(label.name) else made_up_sid(KIND_BY_NAME[label.kind].sid_prefix, label)

    def _sid_of(self, each: _Planned) -> str:
        return self._sid(SidOf(each.kind.name, each.name)) if each.live is None else each.live.sid

    def _named(self, kind: Kind) -> dict[str, _Planned]:
        """The resources of *kind* by name; those that share a name by their SIDs as well."""
        found = [each for each in self._resources.values() if each.kind is kind]
        names = Counter(each.name for each in found)
        return {
            each.name if names[each.name] == 1 else f"{each.name} ({self._sid_of(each)})": each
            for each in sorted(found, key=lambda each: each.name)
        }

    # People

    def staffing(self) -> tuple[Staffing, Staffing]:
        """Queues and workers before and after."""
        queues, workers = self._named(TASK_QUEUE), self._named(WORKER)
        activities = dict(self._new_activity_names())
        now = {name: _names_now(each.live) for name, each in workers.items() if each.live is not None}
        before = Staffing(
            {name: _target_workers(each.live) for name, each in queues.items() if each.live is not None}, now
        )
        after = Staffing(
            {name: self._target_workers(each) for name, each in queues.items() if not each.is_deleted},
            {name: self._names(each, now.get(name), activities) for name, each in _staying(workers)},
        )
        return before, after

    def target_workers(self) -> Iterator[tuple[str, str, str]]:
        """Each queue that stays and gets another expression: its name, the expression before and after."""
        for name, each in _staying(self._named(TASK_QUEUE)):
            if each.live is not None and "TargetWorkers" in each.form:
                yield name, _target_workers(each.live), self._target_workers(each)

    def _target_workers(self, queue: _Planned) -> str:
        if (written := queue.form.get("TargetWorkers")) is not None:
            return form_text(written, self._sid)
        return _EVERYBODY if queue.live is None else _target_workers(queue.live)

    def _new_activity_names(self) -> Iterator[tuple[str, str]]:
        """The SID of each live activity that is renamed, and its new name."""
        for each in self._named(ACTIVITY).values():
            if each.live is not None and each.name != each.live.name:
                yield each.live.sid, each.name

    def _names(self, worker: _Planned, now: Names | None, activities: Mapping[str, str]) -> Names:
        """The names for expressions after the plan; *now* itself if nothing changes, which makes comparing fast."""
        activity = self._activity(worker, activities)
        if now is not None and not worker.form and not activity:
            return now
        attributes = self._document(worker, "Attributes", "attributes")
        own = {"friendly_name": worker.name, "sid": self._sid_of(worker)}
        return {**expression_names(worker.live, attributes), **own, **activity}

    def _activity(self, worker: _Planned, activities: Mapping[str, str]) -> dict[str, Any]:
        moved = worker.form.get("ActivitySid")
        if isinstance(moved, SidOf):
            return {"activity_sid": self._sid(moved), "activity_name": moved.name}
        name = None if worker.live is None else activities.get(str(worker.live.answer.get("activity_sid")))
        return {} if name is None else {"activity_name": name}

    def _document(self, each: _Planned, parameter: str, answer: str) -> Any:
        """The JSON document that TaskRouter will have."""
        if (written := each.form.get(parameter)) is not None:
            return json.loads(form_text(written, self._sid))
        return None if each.live is None else readable_json(each.live, answer)

    # Routing

    def staying_workflows(self) -> Iterator[tuple[Workflow | None, Workflow]]:
        """Every workflow that there will be, as it is now if it is there, and as it will be; none with secrets."""
        queues = self._queue_names()
        for name, each in _staying(self._named(WORKFLOW)):
            if _DOCUMENT not in each.secrets:
                now = None if each.live is None else _workflow(name, readable_json(each.live, "configuration"), queues)
                new = _workflow(name, self._document(each, _DOCUMENT, "configuration"), queues)
                yield now, new

    def workflows(self) -> Iterator[WorkflowVersions]:
        """Every workflow that stays and gets another document, by name."""
        queues = self._queue_names()
        for name, each in self._named(WORKFLOW).items():
            if each.live is not None and not each.is_deleted and _DOCUMENT in each.form:
                before = _workflow(name, readable_json(each.live, "configuration"), queues)
                after = _workflow(name, self._document(each, _DOCUMENT, "configuration"), queues)
                yield WorkflowVersions(before, after, _DOCUMENT in each.secrets, each.live.name)

    def live_workflows(self) -> Iterator[tuple[Workflow, bool]]:
        """Every live workflow, with its present name, and whether it is deleted."""
        queues = self._queue_names()
        for each in self._named(WORKFLOW).values():
            if each.live is not None:
                yield _workflow(each.live.name, readable_json(each.live, "configuration"), queues), each.is_deleted

    def workflow_names(self) -> list[str]:
        """The names of all workflows, before and after."""
        found = [(each.live and each.live.name, each.name) for each in self._named(WORKFLOW).values()]
        return [name for pair in found for name in pair if name]

    def _queue_names(self) -> Mapping[str, str]:
        return {self._sid_of(each): name for name, each in self._named(TASK_QUEUE).items()}

    def steps(self) -> list[str]:
        """The names of the queues that written workflows lead to, sorted; nothing of those that must not be shown."""
        forms = (each.form for _, each in _staying(self._named(WORKFLOW)) if _DOCUMENT not in each.secrets)
        asked = {label for form in forms if _DOCUMENT in form for label in references_in(form[_DOCUMENT])}
        return sorted(label.name for label in asked if label.kind == TASK_QUEUE.name)

    def untouched_workflows(self) -> list[str]:
        """The names of the workflows whose routing stays, if that of any other does not."""
        found = self._named(WORKFLOW)
        stays = [name for name, each in found.items() if not each.is_deleted and _DOCUMENT not in each.form]
        return stays if len(stays) < len(found) else []


def _folded(label: SidOf) -> SidOf:
    """A label that is equal for names that TaskRouter takes for one."""
    return SidOf(label.kind, name_key(label.name))


def _staying(resources: Mapping[str, _Planned]) -> Iterable[tuple[str, _Planned]]:
    return ((name, each) for name, each in resources.items() if not each.is_deleted)


def _target_workers(queue: Live) -> str:
    return str(queue.answer.get("target_workers") or "")


def _names_now(worker: Live) -> Names:
    return expression_names(worker, readable_json(worker, "attributes"))


def _workflow(name: str, document: Any, queues: Mapping[str, str]) -> Workflow:
    keys = from_document(document, queue_name=lambda sid: queues.get(sid, sid), template=str)
    return Workflow.model_construct(name=name, **keys)
