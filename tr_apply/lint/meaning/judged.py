"""A workflow as the decision procedure judges it, and the people that its steps may reach."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeAlias

from tr_apply.lint.attributes import are_kept
from tr_apply.lint.declarations import Declarations, condition, constant
from tr_apply.lint.meaning.finding import Words, listed
from tr_apply.lint.member_rules import worker_names
from tr_apply.lint.target_rules import has
from tr_apply.resources.workflow import Filter, Target, Workflow
from tr_apply.routing.evaluate import Names, resolve
from tr_apply.routing.names import name_key
from tr_apply.routing.nodes import Comparator, Comparison, Constant, Expression, ListLiteral, Path, comparisons, paths
from tr_apply.routing.place import Place, attribute_keys
from tr_apply.routing.satisfy import (
    Budget,
    Exit,
    Filters,
    Reachability,
    Satisfiable,
    TaskFilter,
    Unsatisfiable,
    way_out,
)
from tr_apply.routing.value_types import Keys
from tr_apply.routing.worker_index import WorkerIndex

_UNREAD_SKIP: Final = Comparison(Path(("workers", "available")), Comparator.EQUAL, Constant(0))
"""Replaces a skip_if that cannot be parsed: it may be true or false."""

_CHANGING: Final = frozenset({"sid", "activity_sid", "activity_name"})
"""Names of a worker that a file does not have, or that change with every call: they may have any value."""


def names_attribute(tree: Expression) -> bool:
    """Whether *tree* asks for anything at all; ``1==1`` and ``1==0`` do not."""
    return any(any(paths(comparison)) for comparison in comparisons(tree))


@dataclass(frozen=True)
class QueueStaff:
    """The queues that workflows lead to, and the workers in them as far as they are known."""

    target_workers: Mapping[str, str] = field(default_factory=dict)
    """By the name of a queue."""

    workers: Sequence[Names] | None = None
    """Every worker there is, as a queue's expression reads them; None where that is unknown."""

    is_shown: Callable[[Keys], bool] = lambda _: True
    """Whether *workers* show an attribute as it will be."""

    is_live: bool = False
    """Whether *workers* have real SIDs; then a comparison with an invented SID proves nothing."""

    def expression(self, queue: str | None) -> Expression | None:
        """The ``target_workers`` of *queue*; None where it is not known."""
        return None if queue is None else self._expressions.get(name_key(queue))

    def members(self, queue: str | None) -> Sequence[Names] | None:
        """The workers in *queue*, without what changes; None where it is not known who is in it."""
        tree = self.expression(queue)
        if queue is None or tree is None or not self.decides(tree, self._texts[name_key(queue)], Place.QUEUE):
            return None
        if (found := self._members.get(name_key(queue))) is None:
            bits = self._index.where(tree)
            found = [each for n, each in enumerate(self._lasting) if bits >> n & 1]
            self._members[name_key(queue)] = found
        return found

    def lacks_members(self, queue: str) -> bool:
        """Whether certainly nobody is in *queue*, although its expression asks for somebody: it is not ``1==0``."""
        members = self.members(queue)
        return members is not None and not members and constant(self.expression(queue)) is not False

    def decides(self, tree: Expression, template: str, place: Place) -> bool:
        """Whether *workers* show every attribute that *tree*, written as *template*, asks for."""
        if self.workers is None or (self.is_live and "${" in template):
            return False
        asked = [path for comparison in comparisons(tree) for path in paths(comparison)]
        keys = [attribute_keys(path, place) for path in asked]
        changing = place is Place.QUEUE and any(path.segments[0] in _CHANGING - {"sid"} for path in asked)
        return not changing and all(self.is_shown(each) for each in keys if each)

    @cached_property
    def _expressions(self) -> Mapping[str, Expression | None]:
        return {name: condition(text) for name, text in self._texts.items()}

    @cached_property
    def _texts(self) -> Mapping[str, str]:
        return {name_key(name): text for name, text in self.target_workers.items()}

    @cached_property
    def _index(self) -> WorkerIndex:
        return WorkerIndex(list(self.workers or ()))

    @cached_property
    def _lasting(self) -> Sequence[dict[str, Any]]:
        return [{key: value for key, value in each.items() if key not in _CHANGING} for each in self.workers or ()]

    @cached_property
    def _members(self) -> dict[str, Sequence[Names]]:
        return {}


def staff_of(declarations: Declarations) -> QueueStaff:
    """The queues of *declarations*, and the workers: those of the live workspace if they were read."""
    queues = {queue.name: queue.target_workers for _, queue in declarations.queues}
    if declarations.people is not None:
        return QueueStaff(queues, declarations.people, is_live=True)
    if not declarations.all_attributes:
        return QueueStaff(queues)
    rule = declarations.document.manage.workers
    workers = [worker_names(worker) for _, worker in declarations.workers]
    return QueueStaff(queues, workers, lambda keys: not are_kept(rule, keys))


Question: TypeAlias = Callable[[Filters], Reachability]


class Judgement(NamedTuple):
    """An answer."""

    reach: Reachability
    assumed: str
    """The assumption that it depends on, as the end of a sentence; empty where there is none."""

    @property
    def is_never(self) -> bool:
        """Whether no task comes there."""
        return isinstance(self.reach.answer, Unsatisfiable)


_ARE: Final = ("is a single value", "are single values")


def single_values(trees: Iterable[Expression]) -> Sequence[Path]:
    """The attributes that *trees* compare with single values and with null alone."""
    singles, others = dict[Path, None](), set[Path]()
    for comparison in (each for tree in trees for each in comparisons(tree)):
        match comparison:
            case Comparison(Path(), Comparator.EQUAL | Comparator.NOT_EQUAL, Constant(None)):
                pass  # which any value may be
            case Comparison(Path() as path, comparator, Constant()) if comparator is not Comparator.HAS:
                singles[path] = None
            case Comparison(Path() as path, Comparator.IN | Comparator.NOT_IN, ListLiteral()):
                singles[path] = None
            case _:
                others.update(paths(comparison))
    parents = {path.segments[:length] for path in (*singles, *others) for length in range(1, len(path.segments))}
    return [path for path in singles if path not in others and path.segments not in parents]


class JudgedWorkflow:
    """A workflow, the trees of its filters, and what the decision procedure is asked about them."""

    def __init__(self, workflow: Workflow, staff: QueueStaff, budget: Budget) -> None:
        self.workflow, self.staff, self.budget = workflow, staff, budget
        self.words = Words(workflow)
        self.trees = [None if each is None else condition(each.expression) for each in workflow.filters]
        self.filters = [
            TaskFilter(index + 1, None, None) if each is None else task_filter(index, each, tree)
            for index, (each, tree) in enumerate(zip(workflow.filters, self.trees, strict=True))
        ]
        self._asked = Filters(self.filters, budget)
        self._singles = single_values(tree for tree in self.trees if tree is not None)

    def ask(self, question: Question) -> Judgement:
        """The answer to *question*; if only an unusual task makes a difference, just the assumption that excludes it.

        If necessary, an attribute that every filter compares as a single value is assumed to be one.
        """
        return self._answer(question, self._asked, lambda: self._of_singles)

    def is_always_true(self, index: int) -> Judgement:
        """Whether every task matches the filter at *index*: none does where nothing is left for a default filter."""
        alone = [replace(self.filters[index], way_out="none")]
        return self._answer(
            Filters.reach_default,
            Filters(alone, self.budget),
            lambda: Filters(alone, self.budget, singles=self._singles),
        )

    @cached_property
    def _of_singles(self) -> Filters:
        return Filters(self.filters, self.budget, singles=self._singles)

    def _answer(self, question: Question, filters: Filters, of_singles: Callable[[], Filters]) -> Judgement:
        reach = question(filters)
        if isinstance(reach.answer, Satisfiable):
            odd = list(self._odd(reach.answer.names))
            if odd and isinstance((assumed := question(of_singles())).answer, Unsatisfiable):
                return Judgement(assumed, f", as long as {listed(sorted(map(str, odd)))} {_ARE[len(odd) > 1]}")
        return Judgement(reach, "")

    def _odd(self, names: Mapping[str, Any]) -> Iterator[Path]:
        """The attributes that are compared as single values, and are lists or objects in *names*.

        Tasks of large workflows have few attributes that are lists or objects; only below these is anything to find.
        """
        for key, value in names.items():
            if isinstance(value, list | dict):
                yield from (
                    path for path in self._singles_of.get(key, ()) if isinstance(resolve(path, names), list | dict)
                )

    @cached_property
    def _singles_of(self) -> Mapping[str | int, Sequence[Path]]:
        """The attributes that are compared as single values, by their first segment."""
        found: dict[str | int, list[Path]] = {}
        for path in self._singles:
            found.setdefault(path.segments[0], []).append(path)
        return found

    def readable(self) -> Iterator[tuple[int, Filter, Expression]]:
        """Each filter that can be read, with its index and its tree."""
        for index, (each, tree) in enumerate(zip(self.workflow.filters, self.trees, strict=True)):
            if tree is not None:
                yield index, each, tree


def task_filter(index: int, each: Filter, tree: Expression | None) -> TaskFilter:
    """The filter at *index* as the decision procedure sees it."""
    return TaskFilter(index + 1, each.name, tree, way_out(map(_exit, each.targets)))


def _exit(target: Target) -> Exit:
    skip_if = condition(target.skip_if)
    if skip_if is None and has(target, "skip_if"):
        skip_if = _UNREAD_SKIP
    return Exit(has(target, "timeout"), skip_if)
