"""What each request waits for: from the references and names that it needs, not from its kind."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tr_apply.plan.change import Action, NameOf, Operation, Verb, Write
from tr_apply.resources import KIND_BY_NAME, KINDS, WORKSPACE
from tr_apply.resources.kind import name_key, temporary_name
from tr_apply.resources.template import SidOf, escaped
from tr_apply.wire import references_in

_RANK = {kind.name: index for index, kind in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a plan, and the steps (by number) that must have succeeded before it is sent."""

    number: int
    operation: int
    write: Write
    after: frozenset[int]


class CircularReferenceError(Exception):
    """Resources that do not exist yet need each other's SIDs."""

    def __init__(self, writes: Sequence[Write]) -> None:
        super().__init__(" -> ".join(str(write.target) for write in writes))


def in_order(operations: Sequence[Operation]) -> list[Operation]:
    """*operations* as they are listed: what is made or changed in creation order, then what goes, in reverse."""
    return sorted(operations, key=_place)


def _place(operation: Operation) -> tuple[bool, int, str]:
    is_delete = operation.action is Action.DELETE
    rank = _RANK[operation.kind]
    return is_delete, -rank if is_delete else rank, name_key(operation.name)


def with_parked_names(operations: Sequence[Operation]) -> list[Operation]:
    """*operations* with one more request for each circle of names: A becomes B while B becomes A."""
    result = list(operations)
    for circle in _name_circles(result):
        index = min(circle, key=lambda each: result[each].name)
        result[index] = _parking(result[index])
    return result


def _name_circles(operations: Sequence[Operation]) -> Iterator[list[int]]:
    taken_by = {w.takes: i for i, o in enumerate(operations) for w in o.writes if w.takes is not None}
    vacated_by = {w.vacates: i for i, o in enumerate(operations) for w in o.writes if w.vacates is not None}
    follows = {taker: vacated_by[name] for name, taker in taken_by.items() if name in vacated_by}
    seen: set[int] = set()
    for start in follows:
        path: list[int] = []
        at: int | None = start
        while at is not None and at not in seen:
            seen.add(at)
            path.append(at)
            at = follows.get(at)
        if at in path:
            circle = path[path.index(at) :]
            if len(circle) > 1:
                yield circle


def _parking(operation: Operation) -> Operation:
    """Its resource gives up its name first, and gets the new one when that is free."""
    [write] = [w for w in operation.writes if w.vacates is not None]
    assert write.vacates is not None
    parked = temporary_name(_live_name(operation, write))
    first = Write(
        Verb.UPDATE,
        write.target,
        write.sid,
        {"FriendlyName": escaped(parked)},
        takes=NameOf(operation.kind, name_key(parked)),
        vacates=write.vacates,
    )
    second = replace(write, vacates=first.takes)
    return replace(operation, writes=[first, *(second if w is write else w for w in operation.writes)])


def _live_name(operation: Operation, write: Write) -> str:
    """The name as it is spelled live; a rename always is among the changes."""
    identity = KIND_BY_NAME[operation.kind].identity
    before = next((c.before for c in operation.changes if c.path == identity), None)
    assert write.vacates is not None
    return str(before) if before is not None else write.vacates.key


def schedule(operations: Sequence[Operation]) -> list[Step]:
    """Every request of *operations* with what it waits for.

    Raises:
        CircularReferenceError: when no order is possible.
    """
    scheduler = _Scheduler(operations)
    steps = [Step(n, o, w, frozenset(scheduler.waits_for(n))) for n, (o, w) in enumerate(scheduler.writes)]
    _refuse_circles(steps)
    return steps


class _Scheduler:
    def __init__(self, operations: Sequence[Operation]) -> None:
        self.writes = [(index, write) for index, o in enumerate(operations) for write in o.writes]
        self._makers: dict[SidOf, int] = {}
        self._vacaters: dict[NameOf, int] = {}
        self._releasers: dict[str, list[int]] = {}
        self._previous: dict[int, int] = {}
        self._index()

    def _index(self) -> None:
        latest: dict[SidOf, int] = {}
        for number, (_, write) in enumerate(self.writes):
            if write.verb is Verb.CREATE:
                self._makers[_by_key(write.target)] = number
            if write.vacates is not None:
                self._vacaters[write.vacates] = number
            for sid in write.releases:
                self._releasers.setdefault(sid, []).append(number)
            target = _by_key(write.target)
            if target in latest:
                self._previous[number] = latest[target]
            latest[target] = number

    def waits_for(self, number: int) -> Iterator[int]:
        """Numbers of the requests that must have succeeded before this one."""
        _, write = self.writes[number]
        for needed in _needed(write):
            if (maker := self._makers.get(_by_key(needed))) not in {None, number}:
                assert maker is not None
                yield maker
        if write.takes is not None and (vacater := self._vacaters.get(write.takes)) not in {None, number}:
            assert vacater is not None
            yield vacater
        if number in self._previous:
            yield self._previous[number]
        if write.verb is Verb.DELETE and write.sid is not None:
            yield from (each for each in self._releasers.get(write.sid, ()) if each != number)


def _needed(write: Write) -> Iterator[SidOf]:
    yield from write.needs
    for value in write.form.values():
        yield from references_in(value)
    yield write.target
    if write.target.kind != WORKSPACE.name:
        yield SidOf(WORKSPACE.name, "")


def _by_key(reference: SidOf) -> SidOf:
    return SidOf(reference.kind, name_key(reference.name))


def _refuse_circles(steps: Sequence[Step]) -> None:
    waiting = {step.number: set(step.after) for step in steps}
    while ready := [number for number, after in waiting.items() if not after]:
        for number in ready:
            del waiting[number]
        done = set(ready)
        for after in waiting.values():
            after.difference_update(done)
    if waiting:
        raise CircularReferenceError([steps[number].write for number in sorted(waiting)])


def with_dependencies(operations: Sequence[Operation]) -> list[Operation]:
    """*operations* numbered, each with those that must be done before it begins."""
    numbered = [operation.numbered(index + 1) for index, operation in enumerate(operations)]
    first: dict[int, int] = {}
    for step in (steps := schedule(numbered)):
        first.setdefault(step.operation, step.number)
    before: dict[int, set[int]] = {}
    for step in steps:
        is_delete = numbered[step.operation].action is Action.DELETE
        if is_delete or first[step.operation] == step.number:
            found = {steps[number].operation for number in step.after}
            before.setdefault(step.operation, set()).update(found - {step.operation})
    return [
        replace(o, depends_on=tuple(numbered[each].id for each in sorted(before.get(index, ()))))
        for index, o in enumerate(numbered)
    ]
