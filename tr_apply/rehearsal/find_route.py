"""Finds the route of one task: the trace of the engine, with names for SIDs and without sensitive values."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from tr_apply.plan.compare.document_diff import covers
from tr_apply.rehearsal.offline_workspace import OfflineWorkspace, RouteRequest
from tr_apply.rehearsal.route import (
    ExcludedWorker,
    FalseComparison,
    Route,
    RouteEnd,
    RouteFilter,
    RouteStep,
    RouteTask,
    WantedWorker,
)
from tr_apply.resources.field_path import lies_in
from tr_apply.resources.template import SidOf, from_live, mapped
from tr_apply.routing.events import KnownWorkerSought
from tr_apply.routing.format import format_expression
from tr_apply.routing.nodes import Path
from tr_apply.routing.survey import Excluded, Mismatch, Obstacle
from tr_apply.routing.trace import FilterVerdict, StepTrace, Trace
from tr_apply.routing.workflow import DEFAULT, Filter

SENSITIVE: Final = "(sensitive)"
NEAREST: Final = 20
"""How many of those who are not eligible are named; a workspace may have thousands."""

_OF_WORKERS: Final = "attributes"
_HIDDEN: Final = FalseComparison(SENSITIVE, {})


def find_route(workspace: OfflineWorkspace, request: RouteRequest, *, nearest: int = NEAREST) -> Route:
    """The route of the task of *request*; *workspace* has everything that it names.

    *nearest* is the number of ineligible workers to list for each step.
    """
    document = workspace.document
    available = workspace.available_names if request.available is None else request.available
    names = RouteNames(workspace.sids.named, workspace.queue_name, workspace.undeclared, document.sensitive)
    return worded_route(names, request, available, workspace.trace(request, nearest=nearest))


@dataclass(frozen=True, slots=True)
class RouteNames:
    """The names of the SIDs of a route, and the values to hide."""

    labels: Mapping[str, SidOf]
    """The resource of each SID."""

    queue_name: Callable[[str | None], str | None]
    undeclared: AbstractSet[str] = frozenset()
    """Names of the queues that are not declared."""

    sensitive: Callable[[str], Sequence[str]] = lambda _: ()
    """The sensitive paths of the resources of a section."""

    is_live: bool = False
    """Whether a step names all whom it wants, as far as a person has to know why nobody of them takes the task."""


def worded_route(names: RouteNames, request: RouteRequest, available: Sequence[str], traced: Trace) -> Route:
    """The route that was *traced* for *request*, for which the workers *available* could take tasks."""
    return _RouteWording(names).route(request, available, traced)


def _path_of(each: Filter) -> str:
    return f"filters[{each.name or f'#{each.index + 1}'}]"


class _RouteWording:
    """Replaces SIDs by names, and hides sensitive values."""

    def __init__(self, names: RouteNames) -> None:
        self._names = names

    @cached_property
    def _sensitive(self) -> Sequence[str]:
        return self._names.sensitive("workers")

    def route(self, request: RouteRequest, available: Sequence[str], traced: Trace) -> Route:
        reached = {each.step.filter for each in traced.steps}
        return Route(
            workflow=request.workflow,
            task=RouteTask(request.attributes, request.channel, request.priority),
            available=available,
            all_available=request.available is None and not self._names.is_live,
            filters=[self._filter(each, reached) for each in traced.filters],
            steps=[self._step(number, each, traced) for number, each in enumerate(traced.steps, 1)],
            end=RouteEnd(traced.end, traced.ended_s, traced.reason),
        )

    def _filter(self, verdict: FilterVerdict, reached: set[int]) -> RouteFilter:
        each = verdict.filter
        is_secret = self._is_secret(f"{_path_of(each)}.expression")
        return RouteFilter(
            number=each.index + 1,
            name=each.name,
            expression=SENSITIVE if is_secret else self._text(each.expression),
            matches=verdict.mismatch is None,
            reached=each.index in reached,
            because=_HIDDEN if is_secret and verdict.mismatch else self._false(verdict.mismatch),
        )

    def _step(self, number: int, each: StepTrace, traced: Trace) -> RouteStep:
        step = each.step
        queue = self._names.queue_name(step.queue_sid) or ""
        of_filter: Filter | None = None if step.filter < 0 else traced.filters[step.filter].filter
        target = "default_filter" if of_filter is None else f"{_path_of(of_filter)}.targets[{step.target}]"
        hides_expression, hides_skip = (self._is_secret(f"{target}.{key}") for key in ("expression", "skip_if"))
        return RouteStep(
            number=number,
            filter=None if of_filter is None else of_filter.index + 1,
            filter_name=None if of_filter is None else of_filter.name,
            default_filter=step.filter == DEFAULT,
            target=step.target + 1,
            queue=queue,
            declared=queue not in self._names.undeclared,
            priority=each.priority,
            timeout=step.timeout_s,
            expression=None if step.expression is None else self._text(step.expression, hides=hides_expression),
            entered=each.entered_s,
            deadline=each.deadline_s,
            eligible=self._eligible(each),
            offered_to=each.reserved,
            excluded=[self._excluded(excluded, hides=hides_expression) for excluded in each.workers.excluded],
            excluded_count=each.workers.excluded_count,
            known_worker=self._known_worker(each.known_worker),
            skip_if=None if step.skip_if is None else self._text(step.skip_if, hides=hides_skip),
            not_skipped=_HIDDEN if hides_skip and each.skip_if else self._false(each.skip_if),
            left_by=each.left_by,
            available=[worker.name for worker in each.workers.eligible] if self._names.is_live else None,
        )

    def _eligible(self, each: StepTrace) -> Sequence[str]:
        """Offline those who would be offered the task; among live workers all whom the step wants, those first."""
        unready = each.workers.unready if self._names.is_live else ()
        return [worker.name for worker in (*each.workers.eligible, *(excluded.worker for excluded in unready))]

    def _known_worker(self, sought: KnownWorkerSought | None) -> WantedWorker | None:
        return sought and WantedWorker(self._shown(sought.value), sought.by, sought.debugger_code)

    def _excluded(self, each: Excluded, *, hides: bool) -> ExcludedWorker:
        """Explain why a worker is excluded; *hides* says whether the target's expression is sensitive."""
        is_of_queue = each.obstacle is Obstacle.NOT_IN_QUEUE
        if each.mismatch is not None and (self._hides_queues if is_of_queue else hides):
            return ExcludedWorker(each.worker.name, each.obstacle, _HIDDEN, each.found)
        # In a queue's own expression the names of attributes have no prefix.
        prefix = () if is_of_queue else ("worker",)
        because = self._false(each.mismatch, of_workers=prefix)
        return ExcludedWorker(each.worker.name, each.obstacle, because, each.found)

    def _false(self, mismatch: Mismatch | None, *, of_workers: tuple[str, ...] | None = None) -> FalseComparison | None:
        if mismatch is None:
            return None
        found = {
            self._written(path): SENSITIVE if self._hidden(path, value, of_workers) else self._shown(value)
            for path, value in mismatch.found
        }
        return FalseComparison(self._text(mismatch.comparison), found)

    def _hidden(self, path: Path, value: Any, of_workers: tuple[str, ...] | None) -> bool:
        """Whether a value is one of a worker's attributes that ``manage`` calls sensitive."""
        if of_workers is None or path.segments[: len(of_workers)] != of_workers:
            return False
        parts = path.segments[len(of_workers) :]
        name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
        return any(covers(pattern, f"{_OF_WORKERS}{name}", (value,)) for pattern in self._sensitive)

    def _is_secret(self, path: str) -> bool:
        """Whether ``manage`` declares *path* of a workflow sensitive."""
        return any(lies_in(path, pattern) for pattern in self._names.sensitive("workflows"))

    @cached_property
    def _hides_queues(self) -> bool:
        patterns = self._names.sensitive("task_queues")
        return any(lies_in("target_workers", pattern) for pattern in patterns)

    def _text(self, expression: Any, *, hides: bool = False) -> str:
        return SENSITIVE if hides else self._named(format_expression(expression))

    def _written(self, path: Path) -> str:
        return self._named(str(path))

    def _shown(self, value: Any) -> Any:
        return mapped(value, lambda leaf: self._named(leaf) if isinstance(leaf, str) else leaf)

    def _named(self, text: str) -> str:
        """*text* with names for made-up SIDs."""
        return from_live(text, self._names.labels)
