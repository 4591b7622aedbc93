"""Steps that nobody can ever take: what the filter, the target and the queue ask for does not go together."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Literal, NamedTuple, TypeAlias, assert_never

from tr_apply.routing.evaluate import Names, compiled, evaluate, resolve
from tr_apply.routing.nodes import (
    And,
    Comparison,
    Constant,
    Expression,
    ListLiteral,
    Operand,
    Or,
    Path,
    comparisons,
    paths,
    with_paths,
)
from tr_apply.routing.place import Place
from tr_apply.routing.satisfy.candidates import is_own
from tr_apply.routing.satisfy.questions import EVERYTHING, example
from tr_apply.routing.satisfy.restriction import list_operand
from tr_apply.routing.satisfy.search import Answer, Budget, Satisfiable, Unknown, Unsatisfiable

Part: TypeAlias = Literal["target", "filter", "queue"]


@dataclass(frozen=True, slots=True)
class StepConditions:
    """The conditions for a worker to take a task in one step; None for no condition."""

    target: Expression | None = None
    """With ``task.`` and ``worker.`` before every name."""

    filter: Expression | None = None
    """Over the task's attributes."""

    queue: Expression | None = None
    """The queue's ``TargetWorkers``, over the worker's attributes."""


class StepReach(NamedTuple):
    """Whether any worker can take any task in a step."""

    answer: Answer
    """The values ``{"task": …, "worker": …}`` of a pair that fulfils them."""

    ruled_out_by: tuple[Part, ...] = ()
    """Where none does, the fewest conditions that do not go together."""


def reach_step(step: StepConditions, budget: Budget | None = None) -> StepReach:
    """Whether there can be a task and a worker for *step*, if nothing is known of the workers."""
    shared = budget or Budget()
    conditions = dict(_conditions(step))
    answer = _example(conditions.values(), shared)
    if not isinstance(answer, Unsatisfiable):
        return StepReach(answer)
    for size in range(1, len(conditions)):
        for few in combinations(conditions, size):
            if isinstance(_example((conditions[part] for part in few), shared), Unsatisfiable):
                return StepReach(answer, few)
    return StepReach(answer, tuple(conditions))


def reach_step_among(step: StepConditions, members: Iterable[Names], budget: Budget | None = None) -> Answer:
    """Whether one of *members*, the workers of the queue, can take a task in *step*; ``{"task": …}`` if so.

    *members* are names as a queue's expression has them. What a member has not is missing, except what changes while
    the workspace runs: activities, loads and SIDs, where they are not given, may be anything.
    """
    shared = budget or Budget()
    of_task = [] if step.filter is None else [_of_task(step.filter)]
    doubt: Unknown | None = None
    for rest in _rests(step.target, members):
        answer = _example([*of_task, rest], shared)
        if isinstance(answer, Satisfiable):
            return answer
        if isinstance(answer, Unknown):
            doubt = answer
    return doubt or Unsatisfiable()


def _example(conditions: Iterable[Expression], budget: Budget) -> Answer:
    return example([(each, True) for each in conditions], Place.TARGET, budget)


def _conditions(step: StepConditions) -> Iterator[tuple[Part, Expression]]:
    """The conditions of *step*, as a target would write them."""
    if step.target is not None:
        yield "target", step.target
    if step.filter is not None:
        yield "filter", _of_task(step.filter)
    if step.queue is not None:
        yield "queue", with_paths(step.queue, lambda path: _below("worker", path))


def _of_task(expression: Expression) -> Expression:
    return with_paths(expression, lambda path: _below("task", path))


def _below(root: str, path: Path) -> Path:
    return Path((root, *path.segments), path.offset)


# The rest of an expression for one worker


def _rests(target: Expression | None, members: Iterable[Names]) -> Iterator[Expression]:
    """The conditions of *target* on a task for each of *members*, each once; none for members that it excludes."""
    known = _DecidedByWorker(EVERYTHING if target is None else target)
    seen_values, seen = set[Hashable](), set[Expression]()
    for member in filter(known.may_take, members):
        values = known.values(member)
        if values.key not in seen_values:
            seen_values.add(values.key)
            rest = EVERYTHING if (found := values.rest(known.target)) is True else found
            if rest is not False and rest not in seen:
                seen.add(rest)
                yield rest


class _DecidedByWorker:
    """Which comparisons of a target one worker decides, and which paths of the others."""

    def __init__(self, target: Expression) -> None:
        self.target = target
        found = dict.fromkeys(comparisons(target))
        self._decided = {each: compiled(each) for each in found if all(map(_is_attribute, paths(each)))}
        open_ones = (path for each in found if each not in self._decided for path in paths(each))
        self._asked = tuple(dict.fromkeys(path for path in open_ones if path.segments[0] == "worker"))
        wanted = target.operands if isinstance(target, And) else (target,)
        own = (each for each in wanted if all(map(self._decided.__contains__, comparisons(each))))
        self._requires = tuple(map(compiled, own))

    def may_take(self, member: Names) -> bool:
        """Whether *member* satisfies what must hold whatever the task is; few do, and this costs little."""
        names = {"worker": member}
        return all(requires(names) for requires in self._requires)

    def values(self, member: Names) -> "_Decided":
        names = {"worker": member}
        answers = {comparison: decides(names) for comparison, decides in self._decided.items()}
        values = {path: resolve(path, names) for path in self._asked if not _is_open(path, member)}
        return _Decided(answers, values)


def _is_attribute(path: Path) -> bool:
    return path.segments[0] == "worker" and not is_own(path, Place.TARGET)


def _is_open(path: Path, member: Names) -> bool:
    """Whether *member* does not say what *path* is; loads, which have a name below ``channel``, never are."""
    is_given = len(path.segments) == len(("worker", "name")) and path.segments[1] in member
    return is_own(path, Place.TARGET) and not is_given


@dataclass(frozen=True, slots=True)
class _Decided:
    """The result of a target for one worker."""

    answers: Mapping[Comparison, bool]
    of_paths: Mapping[Path, Any]

    @property
    def key(self) -> Hashable:
        """Equal for workers whom the target does not distinguish."""
        return tuple(self.answers.values()), repr(list(self.of_paths.items()))

    def rest(self, expression: Expression) -> Expression | bool:
        """*expression* without its decided parts."""
        match expression:
            case Comparison():
                return self._comparison(expression)
            case And(operands) | Or(operands):
                return self._junction(expression, [self.rest(operand) for operand in operands])
            case _:
                assert_never(expression)

    def _junction(self, expression: And | Or, rests: list[Expression | bool]) -> Expression | bool:
        neutral = isinstance(expression, And)
        if (not neutral) in rests:
            return not neutral
        left = tuple(each for each in rests if not isinstance(each, bool))
        if len(left) > 1:
            return replace(expression, operands=left)
        return left[0] if left else neutral

    def _comparison(self, comparison: Comparison) -> Expression | bool:
        decided = self.answers.get(comparison)
        if decided is not None:
            return decided
        listed = list_operand(comparison)
        if isinstance(listed, Path) and isinstance(self.of_paths.get(listed), dict):
            return False  # an object is not a list, and the list that is written for one below would be
        left, right = self._operand(comparison.left), self._operand(comparison.right)
        rest = replace(comparison, left=left, right=right)
        return rest if any(paths(left)) or any(paths(right)) else evaluate(rest, {})

    def _operand(self, operand: Operand) -> Operand:
        match operand:
            case Path():
                return _written(self.of_paths[operand]) if operand in self.of_paths else operand
            case Constant():
                return operand
            case ListLiteral(items):
                return ListLiteral(tuple(map(self._operand, items)), operand.offset)
            case _:
                assert_never(operand)


def _written(value: Any) -> Operand:
    """*value* as an expression has it: a list in one order, and an object as a list, which compares as it does."""
    if isinstance(value, dict):
        return ListLiteral(())
    if isinstance(value, list):
        return ListLiteral(tuple(map(_written, sorted(value, key=repr))))
    return Constant(value)
