"""The impact of a plan, computed from the plan and the snapshot of the workspace."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from tr_apply.corpus.tasks import GivenCorpus
from tr_apply.errors import ExpressionSyntaxError
from tr_apply.impact.findings import brought_findings, queue_finding
from tr_apply.impact.people import Staffing, member_counts, people
from tr_apply.impact.recorded import RecordedTasks
from tr_apply.impact.routes import route_changes
from tr_apply.impact.versions import PlannedVersions, WorkflowVersions
from tr_apply.live import Snapshot
from tr_apply.plan.change import FieldChange, Operation, Plan
from tr_apply.plan.impact import BroughtFinding, Extent, Impact, PeopleImpact, RouteChange
from tr_apply.plan.requests.affected import bear_on_people
from tr_apply.resources import KINDS, TASK_QUEUE, WORKER, WORKFLOW, Kind, sample
from tr_apply.resources.document import Document
from tr_apply.routing.names import name_key
from tr_apply.routing.nodes import Expression
from tr_apply.routing.parser import parse
from tr_apply.routing.place import Place
from tr_apply.routing.satisfy import Budget, meanings

_SENSITIVE: Final = "workflow {}: it holds sensitive values, so no example task is shown"
_NOT_ASKED: Final = "workflow {}: the impact on tasks was not computed"


def with_impact(
    plan: Plan, snapshot: Snapshot, document: Document, extent: Extent, recorded: GivenCorpus | None = None
) -> Plan:
    """*plan* with its impact on the workspace of *snapshot*, and on *recorded* tasks; a new workspace has none."""
    if extent is Extent.NONE or snapshot.predicted:
        return plan
    budget = Budget()
    plan = with_cosmetic_changes(plan, budget)
    return replace(plan, impact=_Measuring(plan, snapshot, document, budget).impact(extent, recorded))


def people_impact(plan: Plan, snapshot: Snapshot) -> PeopleImpact:
    """Who gains and who loses a place in a queue by *plan*, as the workspace is in *snapshot*."""
    if not bear_on_people(plan.operations):
        return PeopleImpact(len(snapshot.of(WORKER.name)))
    return people(*PlannedVersions(plan, snapshot).staffing())


@dataclass(slots=True)
class _Measuring:
    """The impact of one plan, as far as it is worked out."""

    plan: Plan
    snapshot: Snapshot
    document: Document
    budget: Budget
    routes: list[RouteChange] = field(default_factory=list)
    findings: list[BroughtFinding] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def impact(self, extent: Extent, recorded: GivenCorpus | None = None) -> Impact:
        """The impact to this *extent*."""
        versions = PlannedVersions(self.plan, self.snapshot)
        has_workflows = self.snapshot.has(WORKFLOW.name)
        tasks = None if recorded is None else RecordedTasks(*recorded, versions, reads_workflows=has_workflows)
        staffing, steps = self._staffing(versions), versions.steps()
        found = people_impact(self.plan, self.snapshot) if staffing is None else people(*staffing)
        is_read = bool(self.snapshot.of(WORKER.name))
        members = member_counts(staffing[1], steps) if staffing is not None and is_read else {}
        unread = "its members are not known, because an expression of it cannot be read"
        self.unknown += [f"queue {queue}: {unread}" for queue in found.unknown]
        for each in versions.workflows():
            if each.is_secret or extent is not Extent.FULL:
                self.unknown.append((_SENSITIVE if each.is_secret else _NOT_ASKED).format(each.after.name))
            else:
                self._follow(each, tasks)
        if tasks is not None:
            self.routes += [route for found in tasks.lost(_read) for route in found.routes]
            self.unknown += tasks.strangers()
        if extent is Extent.FULL:
            self.findings += self._of_queues(versions.target_workers())
            if staffing is not None:
                self.findings += self._of_nobody(versions, staffing, found)
        counted = None if tasks is None else tasks.impact()
        untouched = versions.untouched_workflows()
        return Impact(found, self.routes, self.findings, counted, self.unknown, members, untouched)

    def _staffing(self, versions: PlannedVersions) -> tuple[Staffing, Staffing] | None:
        """Queues and workers before and after, where the plan bears on people or leads tasks to those who were read."""
        leads_to_people = versions.steps() and self.snapshot.of(WORKER.name)
        return versions.staffing() if bear_on_people(self.plan.operations) or leads_to_people else None

    def _follow(self, workflow: WorkflowVersions, tasks: RecordedTasks | None) -> None:
        before, after = workflow.before, workflow.after
        changes = route_changes(before, after, _read, self.budget, None if tasks is None else tasks.of(workflow))
        if tasks is not None:
            tasks.note(changes, workflow)
        brought = brought_findings(before, after, self._path(WORKFLOW, after.name), _read, self.budget)
        self.routes += changes.routes
        self.findings += brought.found
        self.unknown += [*changes.unknown, *brought.unknown]

    def _of_queues(self, queues: Iterable[tuple[str, str, str]]) -> Iterator[BroughtFinding]:
        for name, before, after in queues:
            path = f"{self._path(TASK_QUEUE, name)}.target_workers"
            yield from queue_finding(name, (_read(before), _read(after)), path, self.budget)

    def _of_nobody(
        self, versions: PlannedVersions, staffing: tuple[Staffing, Staffing], found: PeopleImpact
    ) -> Iterator[BroughtFinding]:
        """Steps that no worker is left for. Expressions that are never true for anybody have been found before."""
        from tr_apply.impact.nobody import EMPTY_QUEUE, Nobody, StaffedWorkflow  # noqa: PLC0415  # seldom needed

        nobody, there = Nobody(*staffing, self.budget), {each.path for each in self.findings}
        for name in nobody.empty_queues():
            path = f"{self._path(TASK_QUEUE, name)}.target_workers"
            if path not in there:
                yield BroughtFinding(EMPTY_QUEUE, f"no worker of the workspace is in the task queue {name!r}", path)
        workflows = (
            StaffedWorkflow(self._path(WORKFLOW, new.name), now, new) for now, new in versions.staying_workflows()
        )
        yield from nobody.dead_steps(workflows, [each.queue for each in found.queues])

    def _path(self, kind: Kind, name: str) -> str:
        """Where the configuration declares it; ``KIND/NAME`` where it does not."""
        declared: Sequence[object] = getattr(self.document, kind.section)
        keys = [name_key(kind.name_of(each)) for each in declared]
        key = name_key(name)
        return f"{kind.section}[{keys.index(key)}]" if key in keys else f"{kind.name}/{name}"


def _read(text: str) -> Expression | None:
    try:
        return parse(text)
    except ExpressionSyntaxError:
        return None


_PREFIXES: Final = {kind.name: kind.sid_prefix for kind in KINDS}

_PLACES: Final = (
    (re.compile(r"(\.targets\[\d+\]|^default_filter)\.expression\Z"), Place.TARGET),
    (re.compile(r"(\.targets\[\d+\]|^default_filter)\.skip_if\Z"), Place.SKIP_IF),
    (re.compile(r"^filters\[.*\]\.expression\Z"), Place.FILTER),
)


def with_cosmetic_changes(plan: Plan, budget: Budget) -> Plan:
    """*plan* with a mark on each change that makes no difference."""
    return replace(plan, operations=[_marked(each, budget) for each in plan.operations])


def _marked(operation: Operation, budget: Budget) -> Operation:
    changes = [_marked_change(operation.kind, each, budget) for each in operation.changes]
    return operation if changes == list(operation.changes) else replace(operation, changes=changes)


def _marked_change(kind: str, change: FieldChange, budget: Budget) -> FieldChange:
    if change.sensitive or (place := _place_of(kind, change.path)) is None:
        return change
    trees = [*_trees(change.before), *_trees(change.after)]
    both = 2
    if len(trees) == both and meanings(trees[0], trees[1], place, budget).same:
        return replace(change, cosmetic=True)
    return change


def _place_of(kind: str, path: str) -> Place | None:
    if kind == TASK_QUEUE.name:
        return Place.QUEUE if path == "target_workers" else None
    return next((place for pattern, place in _PLACES if pattern.search(path)), None)


def _trees(text: object) -> Iterator[Expression]:
    """The tree of *text*; none if it is not a text or cannot be parsed."""
    if isinstance(text, str):
        try:
            yield parse(sample(text, _PREFIXES))
        except ExpressionSyntaxError:
            return
