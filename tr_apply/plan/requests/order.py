"""The order of requests: each waits for the references and names that it needs; what breaks a circle of them."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from tr_apply.frozen import frozen
from tr_apply.plan.change import Action, NameOf, Operation, Verb, Write
from tr_apply.resources import KIND_BY_NAME, KINDS, THE_WORKSPACE, SidOf, escaped, temporary_name
from tr_apply.resources.workflow import RE_EVALUATE
from tr_apply.routing.names import name_key
from tr_apply.wire import FormValue, form_of, references_in

_RANK = {kind.name: index for index, kind in enumerate(KINDS)}


@frozen
class RequestStep:
    """One request of a plan, and the steps (by number) that must have succeeded before it is sent."""

    number: int
    operation: int
    write: Write
    after: frozenset[int]


class CircularReferenceError(Exception):
    """Requests wait for each other; each of ``steps`` waits for the next, and the last for the first."""

    def __init__(self, steps: Sequence[RequestStep]) -> None:
        self.steps = tuple(steps)
        self.targets = tuple(step.write.target for step in steps)
        super().__init__(" -> ".join(str(target) for target in (*self.targets, self.targets[0])))


# Names that go round in a circle


def with_parked_names(operations: Sequence[Operation]) -> list[Operation]:
    """*operations* with one more request for each circle of names: A becomes B while B becomes A."""
    result = list(operations)
    for circle in _name_circles(result):
        index = min(circle, key=lambda each: result[each].name)
        result[index] = _parking(result[index])
    return result


def _name_circles(operations: Sequence[Operation]) -> Iterator[list[int]]:
    """Operations whose renames wait for each other."""
    renames = [
        (index, write)
        for index, operation in enumerate(operations)
        for write in operation.writes
        if operation.action is Action.UPDATE and write.takes is not None and write.vacates is not None
    ]
    vacated_by = {write.vacates_name: index for index, write in renames}
    follows = {index: vacated_by[write.takes_name] for index, write in renames if write.takes_name in vacated_by}
    seen: set[int] = set()
    for start in follows:
        path: list[int] = []
        at: int | None = start
        while at is not None and at not in seen:
            seen.add(at)
            path.append(at)
            at = follows.get(at)
        if at in path:
            yield path[path.index(at) :]


def _parking(operation: Operation) -> Operation:
    """Give its resource a temporary name first, and the new one once that is free."""
    [write] = operation.writes
    identity = KIND_BY_NAME[operation.kind].identity
    live = next(change.before for change in operation.changes if change.path == identity)
    parked = temporary_name(live)
    first = replace(
        write,
        form={"FriendlyName": escaped(parked)},
        takes=name_key(parked),
        secrets=frozenset(),
    )
    return replace(operation, writes=(first, replace(write, vacates=None)))


# Requests


def schedule(operations: Sequence[Operation]) -> list[RequestStep]:
    """Every request of *operations* with what it waits for.

    Raises:
        CircularReferenceError: when no order is possible.
    """
    scheduler = _Scheduler(operations)
    steps = [RequestStep(n, o, w, frozenset(scheduler.waits_for(n))) for n, (o, w) in enumerate(scheduler.writes)]
    _refuse_circles(steps)
    return steps


_Key = tuple[str, str]  # of a resource: a tuple, as a plan of thousands of requests looks up tens of thousands of them


class _Scheduler:
    def __init__(self, operations: Sequence[Operation]) -> None:
        self.writes = [(index, write) for index, o in enumerate(operations) for write in o.writes]
        self._makers: dict[_Key, int] = {}
        self._vacaters: dict[NameOf, int] = {}
        self._releasers: dict[_Key, list[int]] = {}
        self._setters: dict[tuple[_Key, str], int] = {}
        self._previous: dict[int, int] = {}
        self._index()

    def _index(self) -> None:
        relied_on = {_key(each.target) for _, write in self.writes for each in write.relies_on}
        latest: dict[_Key, int] = {}
        for number, (_, write) in enumerate(self.writes):
            target = _key(write.target)
            if write.verb is Verb.CREATE:
                self._makers[target] = number
            if target in relied_on and write.verb is not Verb.DELETE:
                self._setters.update({(target, name): number for name in write.form})
            if (vacated := write.vacates_name) is not None:
                self._vacaters[vacated] = number
            for released in write.releases:
                self._releasers.setdefault(_key(released), []).append(number)
            if target in latest:
                self._previous[number] = latest[target]
            latest[target] = number

    def waits_for(self, number: int) -> Iterator[int]:
        """Numbers of the requests that must have succeeded before this one."""
        return (each for each in self._all_before(number) if each is not None and each != number)

    def _all_before(self, number: int) -> Iterator[int | None]:
        _, write = self.writes[number]
        for needed in _needed(write):
            yield self._makers.get(_key(needed))
        for parameter in write.relies_on:
            yield self._setters.get((_key(parameter.target), parameter.parameter))
        if self._vacaters and (taken := write.takes_name) is not None:
            yield self._vacaters.get(taken)
        yield self._previous.get(number)
        if write.verb is Verb.DELETE:
            yield from self._releasers.get(_key(write.target), ())


def _needed(write: Write) -> Iterator[SidOf]:
    yield from write.needs
    for value in write.form.values():
        yield from references_in(value)
    yield write.target
    yield THE_WORKSPACE


def _key(reference: SidOf) -> _Key:
    return reference.kind, name_key(reference.name)


def by_key(reference: SidOf) -> SidOf:
    """*reference* with its name as names are compared."""
    return SidOf(reference.kind, name_key(reference.name))


def _refuse_circles(steps: Sequence[RequestStep]) -> None:
    if all(number < step.number for step in steps for number in step.after):
        return  # each waits for earlier ones alone, as in every plan that is in order
    try:
        TopologicalSorter({step.number: sorted(step.after) for step in steps}).prepare()
    except CycleError as error:
        circle = error.args[1][:0:-1]  # each waits for the one after it
        start = circle.index(min(circle))
        raise CircularReferenceError([steps[number] for number in (*circle[start:], *circle[:start])]) from error


# Operations


def in_order(operations: Sequence[Operation]) -> list[Operation]:
    """*operations* numbered, each after those that must be done before it begins.

    Where that leaves a choice: creates and changes in creation order, then deletes, in reverse.
    """
    listed = sorted(operations, key=_place)
    before = _dependencies(listed)
    sorter = TopologicalSorter(before)
    sorter.prepare()
    ready: list[int] = []
    order: list[int] = []
    while sorter:
        for index in sorter.get_ready():
            heapq.heappush(ready, index)
        done = heapq.heappop(ready)
        order.append(done)
        sorter.done(done)
    numbers = {index: number for number, index in enumerate(order, 1)}
    return [
        replace(
            listed[index],
            id=f"op-{numbers[index]}",
            depends_on=tuple(f"op-{number}" for number in sorted(numbers[each] for each in before[index])),
        )
        for index in order
    ]


def _place(operation: Operation) -> tuple[bool, int, str]:
    is_delete = operation.action is Action.DELETE
    rank = _RANK[operation.kind]
    return is_delete, -rank if is_delete else rank, name_key(operation.name)


def _dependencies(operations: Sequence[Operation]) -> Mapping[int, set[int]]:
    """The operations to do before each one begins; for a delete, before it ends, as it comes last anyway."""
    before: dict[int, set[int]] = {index: set() for index in range(len(operations))}
    begun: set[int] = set()
    for step in (steps := schedule(operations)):
        if step.operation not in begun or operations[step.operation].action is Action.DELETE:
            before[step.operation].update(steps[number].operation for number in step.after)
            before[step.operation].discard(step.operation)
        begun.add(step.operation)
    return before


# Circles of requests


def with_later_sids(operations: Sequence[Operation]) -> list[Operation]:
    """*operations* with one more request for each circle of SIDs: what asks for one that is not known yet follows.

    Raises:
        CircularReferenceError: when no order is possible all the same.
    """
    result = list(operations)
    while True:
        try:
            schedule(result)
        except CircularReferenceError as circle:
            step, parts = _divided(circle)
            at = result[step.operation]
            writes = [part for each in at.writes for part in (parts if each is step.write else (each,))]
            result[step.operation] = replace(at, writes=tuple(writes))
        else:
            return result


def _divided(circle: CircularReferenceError) -> tuple[RequestStep, Sequence[Write]]:
    """The request of *circle* that is sent in two parts, and these: of those that can be, the one made first.

    Raises:
        CircularReferenceError: *circle*, where none can be.
    """
    made = {by_key(step.write.target) for step in circle.steps if step.write.verb is Verb.CREATE}
    found = [(step, parts) for step in circle.steps if (parts := without_sids(step.write, made))]
    if not found:
        raise circle
    return min(found, key=lambda each: _rank_of(each[0].write.target))


def _rank_of(target: SidOf) -> tuple[int, str]:
    return _RANK[target.kind], name_key(target.name)


def without_sids(write: Write, unknown: AbstractSet[SidOf]) -> Sequence[Write]:
    """*write* in two: without what asks for a SID of *unknown* (by keys), and that alone; none if nothing does.

    None as well where nothing would be left for the first one.
    """
    later = {name: value for name, value in write.form.items() if not _known(value, unknown)}
    if not later:
        return ()
    kind = KIND_BY_NAME[write.target.kind]
    needed = form_of(kind, kind.model.model_construct(), kind.document_keys) if write.verb is Verb.CREATE else {}
    first = needed | {name: value for name, value in write.form.items() if name not in later and name != RE_EVALUATE}
    if not first:
        return ()
    later |= {name: value for name, value in write.form.items() if name == RE_EVALUATE}
    rest = replace(write, verb=Verb.UPDATE, form=later, takes=None, vacates=None, relies_on=frozenset())
    return replace(write, form=first, releases=frozenset()), rest


def _known(value: FormValue, unknown: AbstractSet[SidOf]) -> bool:
    return unknown.isdisjoint(map(by_key, references_in(value)))
