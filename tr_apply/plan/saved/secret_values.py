"""The sensitive values of a saved plan: only its configuration knows them."""

from collections.abc import Iterator
from dataclasses import replace

from tr_apply.errors import StaleError
from tr_apply.plan.change import Plan, Write
from tr_apply.plan.json_values import SecretDigest, hidden
from tr_apply.resources.template import SidOf
from tr_apply.wire import FormValue


def needs_secrets(plan: Plan) -> bool:
    """Whether *plan* has sensitive values that only its configuration knows."""
    return any(isinstance(value, SecretDigest) for _, _, value in _parameters(plan))


def filled(plan: Plan, rest: Plan, fresh: Plan) -> Plan:
    """*plan* with the sensitive values of its *rest* taken from *fresh*, which was just made from the configuration.

    Completed operations keep their digests, because *fresh* has no values for them any more.

    Raises:
        StaleError: The configuration has other values than the planned ones, or none.
    """
    left = {id(write) for operation in rest.operations for write in operation.writes}
    known: dict[tuple[SidOf, str], list[FormValue]] = {}
    for write, name, value in _parameters(fresh):
        known.setdefault((write.target, name), []).append(value)

    wrong: list[str] = []

    def value_of(write: Write, name: str, planned: FormValue) -> FormValue:
        """The value that *fresh* sends there, to create or to update: a former configuration lacks new names."""
        if not isinstance(planned, SecretDigest) or id(write) not in left:
            return planned
        for value in known.get((write.target, name), ()):
            if hidden(value) == planned:
                return value
        wrong.append(f"{write.target} {name}")
        return planned

    def write_of(write: Write) -> Write:
        return replace(write, form={name: value_of(write, name, value) for name, value in write.form.items()})

    operations = [replace(each, writes=tuple(map(write_of, each.writes))) for each in plan.operations]
    if wrong:
        raise StaleError(f"sensitive values are not those that were planned: {', '.join(sorted(wrong))}; plan again")
    return replace(plan, operations=operations)


def _parameters(plan: Plan) -> Iterator[tuple[Write, str, FormValue]]:
    for operation in plan.operations:
        for write in operation.writes:
            yield from ((write, name, value) for name, value in write.form.items())
