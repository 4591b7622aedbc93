"""Take over a former name only after its holder exists under the new name; else the next run misreads an interruption.

Example: B was A, and A is declared as well. A live A is A itself if there is a B; without a B, it becomes B.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tr_apply.plan.change import Action, NameOf, Operation, ParameterOf, Write
from tr_apply.plan.requests.order import RequestStep, schedule
from tr_apply.resources import SECTIONS, Kind
from tr_apply.resources.document import Document
from tr_apply.routing.names import name_key


def after_former_names(document: Document, operations: Sequence[Operation]) -> list[Operation]:
    """*operations* in which whatever takes a name waits for all that had it before, unless that waits for it."""
    result = list(operations)
    taking = {
        name: (i, j) for i, o in enumerate(result) for j, write in enumerate(o.writes) if (name := write.takes_name)
    }
    if not taking:
        return result
    steps: Sequence[RequestStep] = ()
    heirs = [each for each in _heirs(document) if each[0] in taking and each[2] in taking]
    # If two wait for each other, a replaced resource goes last: once it exists, it looks like a name exchange.
    for name, parameter, heir in sorted(heirs, key=lambda each: not _replaces(result[taking[each[0]][0]])):
        (index, at), (of_heir, at_heir) = taking[name], taking[heir]
        write, inheriting = result[index].writes[at], result[of_heir].writes[at_heir]
        if inheriting.vacates_name == name:
            continue
        steps = steps or schedule(result)
        if not _waits_for(steps, inheriting, write):
            waiting = replace(write, relies_on=write.relies_on | {ParameterOf(inheriting.target, parameter)})
            writes = [*result[index].writes[:at], waiting, *result[index].writes[at + 1 :]]
            result[index], steps = replace(result[index], writes=writes), ()
    return result


def _heirs(document: Document) -> Iterator[tuple[NameOf, str, NameOf]]:
    """Names that are declared, the parameter that sets them, and the names of resources with them as former ones."""
    for kind in SECTIONS:
        if kind.identity in kind.replaced_on:
            continue
        declared = getattr(document, kind.section)
        keys = {name_key(kind.name_of(each)) for each in declared}
        for each in declared:
            for former in each.renamed_from:
                own = _name(kind, kind.name_of(each))
                if name_key(former) in keys - {own.key}:
                    yield _name(kind, former), kind.fields[kind.identity].form, own


def _replaces(operation: Operation) -> bool:
    return operation.action is Action.REPLACE


def _name(kind: Kind, name: str) -> NameOf:
    return NameOf(kind.name, name_key(name))


def _waits_for(steps: Sequence[RequestStep], later: Write, earlier: Write) -> bool:
    """Whether *later* is sent after *earlier* anyway."""
    pending = [step.number for step in steps if step.write is later]
    seen: set[int] = set()
    while pending:
        step = steps[pending.pop()]
        if step.write is earlier:
            return True
        pending += step.after - seen
        seen |= step.after
    return False
