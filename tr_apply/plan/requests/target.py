"""``--target``: a part of a plan, with what it depends on."""

from collections.abc import Sequence

from tr_apply.errors import UsageError
from tr_apply.plan.change import Operation
from tr_apply.plan.requests.order import schedule
from tr_apply.resources import KIND_BY_NAME
from tr_apply.routing.names import name_key


def parsed_target(text: str) -> tuple[str, str]:
    """Kind and key of ``KIND/NAME``.

    Raises:
        UsageError: when it has another form.
    """
    kind, slash, name = text.partition("/")
    if kind not in KIND_BY_NAME or not slash or not name:
        kinds = ", ".join(KIND_BY_NAME)
        raise UsageError(f"--target {text}: expected KIND/NAME, where KIND is one of {kinds}")
    return kind, name_key(name)


def targeted(operations: Sequence[Operation], targets: Sequence[str]) -> list[Operation]:
    """Those of *operations* on *targets*, and those that they cannot do without."""
    wanted = {parsed_target(target) for target in targets}
    chosen = {i for i, o in enumerate(operations) if (o.kind, name_key(o.name)) in wanted}
    return [operations[index] for index in sorted(_with_needs(operations, chosen))]


def _with_needs(operations: Sequence[Operation], chosen: set[int]) -> set[int]:
    """*chosen*, with whatever their requests wait for."""
    waits: dict[int, set[int]] = {}
    steps = schedule(operations)
    for step in steps:
        waits.setdefault(step.operation, set()).update(steps[number].operation for number in step.after)
    pending = list(chosen)
    found = set(chosen)
    while pending:
        for before in waits.get(pending.pop(), ()):
            if before not in found:
                found.add(before)
                pending.append(before)
    return found
