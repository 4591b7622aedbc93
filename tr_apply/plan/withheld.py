"""The sensitive values of a saved plan: only its configuration knows them."""

from collections.abc import Iterator
from dataclasses import replace

from tr_apply.errors import StaleError
from tr_apply.plan.change import Plan, Withheld, Write
from tr_apply.plan.document import form_value
from tr_apply.wire import FormValue


def is_withheld(plan: Plan) -> bool:
    """Whether *plan* has sensitive values that only its configuration knows."""
    return any(isinstance(value, Withheld) for _, _, value in _parameters(plan))


def filled(plan: Plan, fresh: Plan) -> Plan:
    """*plan* with its sensitive values taken from *fresh*, which was just made from the configuration.

    Raises:
        StaleError: when the configuration has others than those that were planned, or none.
    """
    known = {(write.verb, write.target, name): value for write, name, value in _parameters(fresh)}
    wrong = sorted(
        f"{write.target} {name}"
        for write, name, value in _parameters(plan)
        if isinstance(value, Withheld) and not _is_same(value, known.get((write.verb, write.target, name)))
    )
    if wrong:
        raise StaleError(f"sensitive values are not those that were planned: {', '.join(wrong)}; plan again")

    def write_of(write: Write) -> Write:
        form = {
            name: known[write.verb, write.target, name] if isinstance(value, Withheld) else value
            for name, value in write.form.items()
        }
        return replace(write, form=form)

    operations = [replace(each, writes=tuple(map(write_of, each.writes))) for each in plan.operations]
    return replace(plan, operations=operations)


def _is_same(planned: Withheld, value: FormValue | None) -> bool:
    return value is not None and form_value(value, hides=True) == {"digest": planned.value}


def _parameters(plan: Plan) -> Iterator[tuple[Write, str, FormValue]]:
    for operation in plan.operations:
        for write in operation.writes:
            yield from ((write, name, value) for name, value in write.form.items())
