"""``safety`` in an overlay: it may make a deployment safer, and never less safe."""

from collections.abc import Callable
from typing import Any, Final

from tr_apply.config.places import Located, place_of
from tr_apply.findings import Finding, Rule, Severity, found_at
from tr_apply.resources.document import Limits, share
from tr_apply.resources.scalar import core_scalar

WEAKENS_SAFETY: Final = Rule("weakens-safety", Severity.ERROR, "An overlay would make safety less strict.")

SECTION: Final = "safety"
WEAKENS: Final = WEAKENS_SAFETY
_LIMITS: Final = frozenset({"max_deletes", "max_people_lost"})
_PROTECTED: Final = "protect"
_DELETE: Final = "delete"


def safer(key: str, base: Located, patch: Located, note: Callable[[Finding], None], *, is_literal: bool) -> Located:
    """The value of *key* of ``safety`` in *base*, changed by *patch*, which may only make it stricter.

    Limits of different units are both kept: which is stricter depends on the live workspace. A higher limit is a
    mistake
    if it *is_literal*; one from a variable is ignored.
    """
    match key, base.value, patch.value:
        case "protect", list(), list():
            return _united(base, patch)
        case "delete", "declared", other if other != "declared":
            note(_weakens(key, "`declared` cannot be taken back by an overlay", patch))
            return base
        case _ if key in _LIMITS and (held := _limits(base.value)) and (wanted := _limits(patch.value)):
            return _stricter(key, Located(held, base.node), Located(wanted, patch.node), note, is_literal=is_literal)
        case _:
            return patch


def _united(base: Located, patch: Located) -> Located:
    node = base.places.copy()
    more = [each for each in patch.items() if each.value not in base.value]
    node.extend(each.node for each in more)
    return Located([*base.value, *(each.value for each in more)], node)


def _limits(written: Any) -> dict[type, int | str]:
    """The limits in *written* by their unit, a number or a share; empty if it is not a valid limit."""
    if isinstance(written, Limits):
        return {type(each): each for each in written}
    try:
        value = core_scalar(str(written)) if isinstance(written, str) else written
        limit: int | str = share(value)
    except ValueError:
        return {}
    return {type(limit): limit}


def _stricter(key: str, base: Located, patch: Located, note: Callable[[Finding], None], *, is_literal: bool) -> Located:
    made = dict(base.value)
    node = base.node
    for unit, limit in patch.value.items():
        if unit not in made or _number(limit) <= _number(made[unit]):
            made[unit], node = limit, patch.node
        elif is_literal:
            note(_weakens(key, f"{limit} is more than {made[unit]}, which the configuration allows", patch))
    [first, *rest] = made.values()
    return Located(Limits((first, *rest)) if rest else first, place_of(node))


def _number(limit: int | str) -> int:
    return int(str(limit).rstrip("%"))


def _weakens(key: str, why: str, patch: Located) -> Finding:
    return found_at(
        WEAKENS, f"an overlay can only make `{SECTION}` stricter: {why}", place_of(patch.node), (SECTION, key)
    )
