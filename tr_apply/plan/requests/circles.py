"""Resources that need each other's SIDs before they exist: one of them is made without, and gets them afterwards."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from tr_apply.plan.change import Operation, Verb, Write
from tr_apply.plan.requests.order import CircularReferenceError, RequestStep, by_key, schedule
from tr_apply.resources import KIND_BY_NAME, KINDS
from tr_apply.resources.template import SidOf
from tr_apply.resources.workflow import RE_EVALUATE
from tr_apply.routing.names import name_key
from tr_apply.wire import FormValue, form_of, references_in

_ORDER = {kind.name: index for index, kind in enumerate(KINDS)}


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
    return _ORDER[target.kind], name_key(target.name)


def without_sids(write: Write, unknown: AbstractSet[SidOf]) -> Sequence[Write]:
    """*write* in two: without what asks for a SID of *unknown* (by keys), and that alone; none if nothing does.

    None as well where nothing would be left for the first one.
    """
    later = {name: value for name, value in write.form.items() if not _known(value, unknown)}
    kind = KIND_BY_NAME[write.target.kind]
    needed = form_of(kind, kind.model.model_construct(), kind.document_keys) if write.verb is Verb.CREATE else {}
    first = needed | {name: value for name, value in write.form.items() if name not in later and name != RE_EVALUATE}
    if not later or not first:
        return ()
    later |= {name: value for name, value in write.form.items() if name == RE_EVALUATE}
    rest = replace(write, verb=Verb.UPDATE, form=later, takes=None, vacates=None, relies_on=frozenset())
    return replace(write, form=first, releases=frozenset()), rest


def _known(value: FormValue, unknown: AbstractSet[SidOf]) -> bool:
    return unknown.isdisjoint(map(by_key, references_in(value)))
