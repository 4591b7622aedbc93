"""The way of one task, in the names that the configuration uses, and without what must not be shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from tr_apply.plan.compare.paths import covers
from tr_apply.rehearsal.question import Question
from tr_apply.rehearsal.world import World
from tr_apply.resources.field_path import lies_in
from tr_apply.resources.template import from_live, mapped
from tr_apply.routing.events import KnownWorkerSought
from tr_apply.routing.format import format_expression
from tr_apply.routing.mismatch import Mismatch
from tr_apply.routing.nodes import Path
from tr_apply.routing.survey import Excluded, Obstacle
from tr_apply.routing.trace import End, FilterVerdict, StepTrace, Trace
from tr_apply.routing.workflow import DEFAULT, Exit, Filter

SENSITIVE: Final = "(sensitive)"
NEAREST: Final = 20
"""How many of those who are not eligible are named; a workspace may have thousands."""

_OF_WORKERS: Final = "attributes"


@dataclass(frozen=True, slots=True)
class Falsehood:
    """A comparison that is false, and the values that make it so."""

    comparison: str
    found: Mapping[str, Any]
    """The value of each name in it; None where there is none."""


_UNTOLD: Final = Falsehood(SENSITIVE, {})


@dataclass(frozen=True, slots=True)
class FilterRow:
    """One filter of the workflow, and whether it matches."""

    number: int
    """From 1."""

    name: str | None
    expression: str
    matches: bool
    reached: bool
    """Whether the task goes through its steps."""

    because: Falsehood | None
    """The first comparison that is false; None if it matches."""


@dataclass(frozen=True, slots=True)
class ExcludedRow:
    """A worker who is not eligible, and the first condition that says so."""

    worker: str
    obstacle: Obstacle
    because: Falsehood | None = None
    """The comparison, where an expression excludes the worker."""

    found: Mapping[str, Any] | None = None
    """Otherwise: ``activity``, or ``used`` and ``capacity``."""


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step that the task comes to."""

    number: int
    """From 1."""

    filter: int | None
    """Number of its filter; None for the default filter."""

    filter_name: str | None
    target: int
    """Number of the target within its filter, from 1."""

    queue: str
    declared: bool
    """Whether the configuration says who is in the queue."""

    priority: int
    timeout: int | None
    """The target's own, in seconds."""

    expression: str | None
    entered_s: int
    """The age of the task when it comes here."""

    deadline_s: int | None
    """The age at which it must go on; None for never."""

    eligible: Sequence[str]
    """In the order in which they would be offered the task."""

    offered_to: int
    """How many of them are offered it at once."""

    excluded: Sequence[ExcludedRow]
    """Those nearest to being eligible first, no more than were asked for."""

    excluded_count: int
    """How many there are in all."""

    known_worker: KnownWorkerSought | None
    skip_if: str | None
    not_skipped: Falsehood | None
    """Why skip_if, if it was looked at, is false."""

    left_by: Exit | None
    """How the task goes on; None if it waits here until its time is over."""


@dataclass(frozen=True)
class Route:
    """What becomes of a task that nobody takes."""

    question: Question
    available: Sequence[str]
    """The workers who are available, by name."""

    filters: Sequence[FilterRow]
    steps: Sequence[StepRow]
    end: End
    ended_s: int
    """The age at which it is canceled."""

    reason: str
    """The reason that TaskRouter gives then."""

    @property
    def first(self) -> StepRow | None:
        """The first step; None if there is none."""
        return self.steps[0] if self.steps else None

    def at(self, age_s: int) -> StepRow | None:
        """The step that the task is in at an age; None when it has ended."""
        reached = [each for each in self.steps if each.entered_s <= age_s]
        return reached[-1] if reached and age_s < self.ended_s else None


def route(world: World, question: Question, *, nearest: int = NEAREST) -> Route:
    """What becomes of the task of *question*; everything that it names is known in *world*.

    *nearest* is how many of those are named who are not eligible in a step.
    """
    return _Teller(world).route(question, world.trace(question, nearest=nearest))


def _path_of(each: Filter) -> str:
    return f"filters[{each.name or f'#{each.index + 1}'}]"


class _Teller:
    """Puts names for SIDs, and hides what is sensitive."""

    def __init__(self, world: World) -> None:
        self._world = world

    @cached_property
    def _sensitive(self) -> Sequence[str]:
        return self._world.document.sensitive("workers")

    def route(self, question: Question, traced: Trace) -> Route:
        reached = {each.step.filter for each in traced.steps}
        available = question.available
        return Route(
            question=question,
            available=self._world.worker_names if available is None else available,
            filters=[self._filter(each, reached) for each in traced.filters],
            steps=[self._step(number, each, traced) for number, each in enumerate(traced.steps, 1)],
            end=traced.end,
            ended_s=traced.ended_s,
            reason=traced.reason,
        )

    def _filter(self, verdict: FilterVerdict, reached: set[int]) -> FilterRow:
        each = verdict.filter
        is_secret = self._is_secret(f"{_path_of(each)}.expression")
        return FilterRow(
            number=each.index + 1,
            name=each.name,
            expression=SENSITIVE if is_secret else self._text(each.expression),
            matches=verdict.mismatch is None,
            reached=each.index in reached,
            because=_UNTOLD if is_secret and verdict.mismatch else self._falsehood(verdict.mismatch),
        )

    def _step(self, number: int, each: StepTrace, traced: Trace) -> StepRow:
        step = each.step
        queue = self._world.queue_name(step.queue_sid) or ""
        of_filter: Filter | None = None if step.filter == DEFAULT else traced.filters[step.filter].filter
        target = "default_filter" if of_filter is None else f"{_path_of(of_filter)}.targets[{step.target}]"
        hides_expression, hides_skip = (self._is_secret(f"{target}.{key}") for key in ("expression", "skip_if"))
        return StepRow(
            number=number,
            filter=None if of_filter is None else of_filter.index + 1,
            filter_name=None if of_filter is None else of_filter.name,
            target=step.target + 1,
            queue=queue,
            declared=queue not in self._world.undeclared,
            priority=each.priority,
            timeout=step.timeout_s,
            expression=None if step.expression is None else self._text(step.expression, hides=hides_expression),
            entered_s=each.entered_s,
            deadline_s=each.deadline_s,
            eligible=[worker.name for worker in each.workers.eligible],
            offered_to=each.reserved,
            excluded=[self._excluded(excluded, hides=hides_expression) for excluded in each.workers.excluded],
            excluded_count=each.workers.excluded_count,
            known_worker=each.known_worker and each.known_worker._replace(value=self._shown(each.known_worker.value)),
            skip_if=None if step.skip_if is None else self._text(step.skip_if, hides=hides_skip),
            not_skipped=_UNTOLD if hides_skip and each.skip_if else self._falsehood(each.skip_if),
            left_by=each.left_by,
        )

    def _excluded(self, each: Excluded, *, hides: bool) -> ExcludedRow:
        """*hides* tells whether the target's expression is sensitive; that of the queue may be, too."""
        is_of_queue = each.obstacle is Obstacle.NOT_IN_QUEUE
        if each.mismatch is not None and (self._hides_queues if is_of_queue else hides):
            return ExcludedRow(each.worker.name, each.obstacle, _UNTOLD, each.found)
        # In a queue's own expression the names of attributes have no prefix.
        prefix = () if is_of_queue else ("worker",)
        because = self._falsehood(each.mismatch, of_workers=prefix)
        return ExcludedRow(each.worker.name, each.obstacle, because, each.found)

    def _falsehood(self, mismatch: Mismatch | None, *, of_workers: tuple[str, ...] | None = None) -> Falsehood | None:
        if mismatch is None:
            return None
        found = {
            self._written(path): SENSITIVE if self._hidden(path, value, of_workers) else self._shown(value)
            for path, value in mismatch.found
        }
        return Falsehood(self._text(mismatch.comparison), found)

    def _hidden(self, path: Path, value: Any, of_workers: tuple[str, ...] | None) -> bool:
        """Whether a value is one of a worker's attributes that ``manage`` calls sensitive."""
        if of_workers is None or path.segments[: len(of_workers)] != of_workers:
            return False
        parts = path.segments[len(of_workers) :]
        name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
        return any(covers(pattern, f"{_OF_WORKERS}{name}", (value,)) for pattern in self._sensitive)

    def _is_secret(self, path: str) -> bool:
        """Whether ``manage`` calls what stands at *path* in a workflow sensitive."""
        return any(lies_in(path, pattern) for pattern in self._world.document.sensitive("workflows"))

    @cached_property
    def _hides_queues(self) -> bool:
        patterns = self._world.document.sensitive("task_queues")
        return any(lies_in("target_workers", pattern) for pattern in patterns)

    def _text(self, expression: Any, *, hides: bool = False) -> str:
        return SENSITIVE if hides else self._named(format_expression(expression))

    def _written(self, path: Path) -> str:
        return self._named(str(path))

    def _shown(self, value: Any) -> Any:
        return mapped(value, lambda leaf: self._named(leaf) if isinstance(leaf, str) else leaf)

    def _named(self, text: str) -> str:
        """*text* with names for made-up SIDs."""
        return from_live(text, self._world.sids.named)
