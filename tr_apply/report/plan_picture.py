"""The workflows that a plan writes as lanes, before and after: out of the plan alone, so a saved plan shows the same.

The old routing is in the plan's base, the new one in its requests. Both may come from an untrusted file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tr_apply.picture import Counted, Picture, Scene, StepFigures, Texts, WorkflowLanes, compared_picture, mermaid
from tr_apply.plan.change import Action, Operation, Plan, Verb
from tr_apply.plan.compare.filter_match import paired_filters
from tr_apply.resources import TASK_QUEUE, WORKFLOW, Workflow, from_document
from tr_apply.resources.template import SidOf, escaped, filled, mapped
from tr_apply.routing.names import FILTER_NAMES, name_key
from tr_apply.wire import Json

MOST_LANES: Final = 300
"""Maximum number of lanes on a page; more would be hard to read."""

_DOCUMENT: Final = "Configuration"
_NAMED: Final = 10
"""Workflows that a sentence names."""


@dataclass(frozen=True, slots=True)
class PlanPicture:
    """The lanes of a plan."""

    picture: Picture
    """The workflows whose routing changes, each lane with what it was."""

    notes: Sequence[str] = ()
    """Which further workflows there are, and why they are not drawn."""

    @property
    def lanes(self) -> int:
        """How many lanes are drawn."""
        return sum(len(each.lanes) for each in self.picture.workflows)

    @property
    def is_counted(self) -> bool:
        """Whether they have what was counted in their steps."""
        return any(step.figures for each in self.picture.workflows for lane in each.lanes for step in lane.steps)


def plan_picture(plan: Plan, most: int = MOST_LANES, counted: tuple[Counted, Counted] | None = None) -> PlanPicture:
    """The routing that *plan* changes, in at most *most* lanes, with what was *counted* in it before and after."""
    gallery = _Gallery(plan, most, counted or ({}, {}))
    for operation in plan.operations:
        if operation.kind == WORKFLOW.name:
            gallery.hang(operation)
    picture = gallery.picture()
    changed = tuple(_summarized(each) for each in picture.workflows if each.change)
    same = [each.name for each in picture.workflows if not each.change]
    return PlanPicture(replace(picture, workflows=changed, queues=()), tuple(gallery.notes(same)))


def flowcharts(plan: Plan) -> Iterator[tuple[str, str]]:
    """The name of each workflow whose routing *plan* changes, and its picture for Mermaid."""
    picture = plan_picture(plan).picture
    return ((each.name, mermaid(each, picture)) for each in picture.workflows)


@dataclass(slots=True)
class _Gallery:
    """The workflows of a plan as far as they are understood."""

    plan: Plan
    room: int
    counted: tuple[Counted, Counted]
    before: list[Workflow] = field(default_factory=list)
    after: list[Workflow] = field(default_factory=list)
    secret: list[str] = field(default_factory=list)
    too_long: list[str] = field(default_factory=list)
    texts: Texts = field(default_factory=Texts)
    _base: Mapping[str, Mapping[str, Any]] = field(init=False)
    _renamed: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Collect the live values by SID, and the final name of each live queue."""
        self._base, self._renamed = dict(_shown_values(self.plan)), dict(_final_names(self.plan))

    def hang(self, operation: Operation) -> None:
        """Take in the workflow of *operation*, if its routing is written."""
        writes = [each for each in operation.writes if each.verb is not Verb.DELETE and _DOCUMENT in each.form]
        if operation.action is not Action.DELETE and not writes:
            return
        values = self._base.get(operation.sid or "", {})
        is_hidden = any(_DOCUMENT in each.secrets for each in writes)
        if is_hidden or (operation.action is not Action.CREATE and "filters" not in values):
            self.secret.append(operation.name)
            return
        was = [] if operation.action is Action.CREATE else [self._earlier(operation.name, values)]
        will = [self._later(operation.name, each.form[_DOCUMENT]) for each in writes[-1:]]
        length = max(len(each.filters) + 1 for each in (*was, *will))
        if length > self.room:
            self.too_long.append(operation.name)
            return
        self.room -= length
        self.before += was
        self.after += will

    def picture(self) -> Picture:
        """Both sides as one."""
        impact = self.plan.impact
        counts = {} if impact is None else {name_key(queue): number for queue, number in impact.members.items()}
        name = self.plan.target.workspace
        was, will = self.counted
        was = dict(_by_final_name(was, self.plan))
        before = Scene(name, self.before, [], texts=self.texts, counts=counts, counted=was)
        after = Scene(name, self.after, [], texts=self.texts, counts=counts, counted=will)
        return compared_picture(before, after, paired_filters, against="the live workspace")

    def notes(self, same: Sequence[str]) -> Iterator[str]:
        """Notes about the workflows that are not drawn."""
        unchanged = () if self.plan.impact is None else self.plan.impact.unchanged_workflows
        yield from _of("Not drawn, because something in it is sensitive", self.secret)
        yield from _of(
            "Not drawn, because there is no room for this many filters (`tr-apply graph --against` has it)",
            self.too_long,
        )
        yield from _of("Written, but tasks are routed as before", same)
        yield from _of("Unchanged", unchanged)

    # Reading

    def _earlier(self, name: str, values: Mapping[str, Any]) -> Workflow:
        renamed = self._renamed

        def final(label: SidOf) -> SidOf:
            is_queue = label.kind == TASK_QUEUE.name
            return SidOf(label.kind, renamed.get(name_key(label.name), label.name)) if is_queue else label

        def template(text: str) -> str:
            return escaped(filled(text, lambda label: self.texts.sid(final(label))))

        keys = from_document(_as_document(values), lambda queue: renamed.get(name_key(queue), queue), template)
        return Workflow.model_construct(name=name, **keys)

    def _later(self, name: str, written: object) -> Workflow:
        document = written.value if isinstance(written, Json) else None
        with_sids = mapped(document, lambda leaf: self.texts.sid(leaf) if isinstance(leaf, SidOf) else leaf)
        return Workflow.model_construct(name=name, **from_document(with_sids, self._queue_of, str))

    def _queue_of(self, sid: str) -> str:
        label = self.texts.named(sid)
        return sid if label is None else label.name


def _shown_values(plan: Plan) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for each in plan.base.values():
        sid, values = each.get("sid"), each.get("values")
        if isinstance(sid, str) and isinstance(values, Mapping):
            yield sid, values


def _final_names(plan: Plan) -> Iterator[tuple[str, str]]:
    final = {each.sid: each.name for each in plan.operations if each.kind == TASK_QUEUE.name and each.sid is not None}
    for label, each in plan.base.items():
        kind, _, name = label.partition("/")
        if kind == TASK_QUEUE.name and each.get("sid") in final:
            yield name_key(name), final[each["sid"]]


def _by_final_name(counted: Counted, plan: Plan) -> Iterator[tuple[tuple[str, int, int], StepFigures]]:
    """*counted* under the names that workflows have after *plan*."""
    final = {
        name_key(str(change.before)): name_key(operation.name)
        for operation in plan.operations
        if operation.kind == WORKFLOW.name
        for change in operation.changes
        if change.path == "name"
    }
    for (workflow, lane, step), figures in counted.items():
        yield (final.get(workflow, workflow), lane, step), figures


def _as_document(values: Mapping[str, Any]) -> dict[str, Any]:
    """The document of a workflow as a plan's base has it; queues are names there, and may be anything."""
    filters, default = values.get("filters"), values.get("default_filter")
    written = [_with_extra(each, name=FILTER_NAMES[0]) for each in filters] if isinstance(filters, list) else filters
    return {"task_routing": {"filters": written, "default_filter": _with_extra(default)}}


def _with_extra(value: Any, *, name: str = "name") -> Any:
    if not isinstance(value, Mapping):
        return value
    extra, targets = value.get("extra"), value.get("targets")
    plain = {name if key == "name" else key: each for key, each in value.items() if key not in {"extra", "targets"}}
    own = {"targets": [_with_extra(each) for each in targets]} if isinstance(targets, list) else {}
    return {**plain, **own, **(extra if isinstance(extra, Mapping) else {})}


def _summarized(workflow: WorkflowLanes) -> WorkflowLanes:
    """*workflow* with a line on how much of it changes."""
    words = ", ".join(_changes([lane.change for lane in workflow.lanes if lane.change]))
    return replace(workflow, notes=(f"{words}.", *workflow.notes)) if words else workflow


def _changes(found: Sequence[str]) -> Iterator[str]:
    """``1 filter new``, then ``2 changed``."""
    for index, kind in enumerate(each for each in ("new", "changed", "moved", "removed") if each in found):
        number = found.count(kind)
        noun = "" if index else " filter" if number == 1 else " filters"
        yield f"{number}{noun} {kind}"


def _of(what: str, names: Sequence[str]) -> Iterator[str]:
    """A sentence on workflows."""
    if names:
        more = len(names) - _NAMED
        rest = f" and {more} more" if more > 0 else ""
        yield f"{what}: {', '.join(names[:_NAMED])}{rest}."
