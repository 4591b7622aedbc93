"""What changed between two workflow documents, told filter by filter.

Filters are matched by name; those without a name, or with one that repeats, by their order among their like. So a
filter put in at the top is one change, and one that only moved is a move.
"""

import difflib
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from tr_apply.plan.change import FieldChange
from tr_apply.plan.compare.document_diff import document_changes
from tr_apply.plan.compare.equality import expression_key, same_expression, same_json
from tr_apply.resources.workflow import Filter, Target, Workflow

FilterKey = tuple[str | None, int]
"""What a filter of one document shares with its like in another: its name if that is all it takes, and a number."""

_Keyed = Mapping[FilterKey, tuple[int, Filter]]

_EXPRESSIONS = {"expression": False, "skip_if": False, "order_by": True}  # whether it is an order_by


def workflow_changes(before: Workflow, after: Workflow) -> Iterator[FieldChange]:
    """Changes of what makes up the document; none when TaskRouter would route alike."""
    yield from _filter_changes(before.filters, after.filters)
    yield from _target_change("default_filter", before.default_filter, after.default_filter)
    for key in ("extra", "document_extra"):
        yield from document_changes(key, getattr(before, key), getattr(after, key))


def keyed(filters: Sequence[Filter], others: Sequence[Filter]) -> _Keyed:
    """*filters* and their 0-based positions, by what they share with their like in *others*."""
    names, other_names = (Counter(_name(each) for each in side) for side in (filters, others))
    numbers: Counter[str | None] = Counter()
    found: dict[FilterKey, tuple[int, Filter]] = {}
    for position, each in enumerate(filters):
        name = _name(each)
        alone = name is not None and names[name] == 1 and other_names[name] <= 1
        found[name, 0 if alone else numbers[name] + 1] = (position, each)
        numbers[name] += 1
    return found


def _name(each: Filter) -> str | None:
    return each.name or None


def _path(key: FilterKey, position: int) -> str:
    name, number = key
    return f"filters[#{position + 1}]" if number else f"filters[{name}]"


def _filter_changes(before: Sequence[Filter], after: Sequence[Filter]) -> Iterator[FieldChange]:
    old, new = keyed(before, after), keyed(after, before)
    renamed = _renamed(old, new)
    taken = set(renamed.values())
    for key, (position, each) in old.items():
        if key not in new and key not in taken:
            yield FieldChange(_path(key, position), filter_value(each), None)
    moved = _moved([key for key in old if key in new or key in taken], [renamed.get(key, key) for key in new])
    for key, (position, each) in new.items():
        was = renamed.get(key, key)
        if was not in old:
            yield FieldChange(_path(key, position), None, filter_value(each))
        else:
            was_at, held = old[was]
            if was in moved:
                yield FieldChange(f"{_path(key, position)}.position", was_at + 1, position + 1)
            yield from _edits(_path(key, position), held, each)


def _renamed(old: _Keyed, new: _Keyed) -> dict[FilterKey, FilterKey]:
    """New keys of filters that have another name and are otherwise what they were -> their old keys."""
    gone = {_content(each): key for key, (_, each) in old.items() if key not in new}
    found = {}
    for key, (_, each) in new.items():
        if key not in old and (was := gone.pop(_content(each), None)) is not None:
            found[key] = was
    return found


def _content(each: Filter) -> str:
    return repr(filter_value(each.model_copy(update={"name": None})))


def _moved(old: Sequence[FilterKey], new: Sequence[FilterKey]) -> set[FilterKey]:
    """The fewest filters whose moving explains the new order."""
    places = {key: index for index, key in enumerate(old)}
    common = [key for key in new if key in places]
    return set(common) - set(_longest_rising(common, places))


def _longest_rising(keys: Sequence[FilterKey], places: Mapping[FilterKey, int]) -> list[FilterKey]:
    ends: list[int] = []
    last: list[int] = []
    previous: list[int | None] = []
    for index, key in enumerate(keys):
        length = bisect_left(ends, places[key])
        previous.append(last[length - 1] if length else None)
        ends[length : length + 1] = [places[key]]
        last[length : length + 1] = [index]
    rising: list[FilterKey] = []
    at = last[-1] if last else None
    while at is not None:
        rising.append(keys[at])
        at = previous[at]
    return rising


def _edits(path: str, before: Filter, after: Filter) -> Iterator[FieldChange]:
    if _name(before) != _name(after):
        yield FieldChange(f"{path}.name", before.name, after.name)
    if not same_expression(before.expression, after.expression):
        yield FieldChange(f"{path}.expression", before.expression, after.expression)
    yield from _target_changes(path, before.targets, after.targets)
    yield from document_changes(f"{path}.extra", before.extra, after.extra)


def _target_changes(path: str, before: Sequence[Target], after: Sequence[Target]) -> Iterator[FieldChange]:
    """Targets have no names: those that are alike are matched, and what stands between is told in order."""
    matcher = difflib.SequenceMatcher(
        None, [_target_key(each) for each in before], [_target_key(each) for each in after], autojunk=False
    )
    for _, i1, i2, j1, j2 in matcher.get_opcodes():
        for offset in range(max(i2 - i1, j2 - j1)):
            old = before[i1 + offset] if i1 + offset < i2 else None
            new = after[j1 + offset] if j1 + offset < j2 else None
            position = j1 + offset if new is not None else i1 + offset
            yield from _target_change(f"{path}.targets[{position}]", old, new)


def _target_key(target: Target) -> Hashable:
    """What two targets share that do the same."""
    expressions = tuple(expression_key(getattr(target, key), order_by=order) for key, order in _EXPRESSIONS.items())
    rest = {key: value for key, value in target_value(target).items() if key not in _EXPRESSIONS}
    return expressions, repr(rest)


def _target_change(path: str, before: Target | None, after: Target | None) -> Iterator[FieldChange]:
    if before is None or after is None:
        if before is not after:
            yield FieldChange(path, before and target_value(before), after and target_value(after))
        return
    for key in Target.model_fields:
        old, new = getattr(before, key), getattr(after, key)
        if key == "extra":
            yield from document_changes(f"{path}.extra", old, new)
        elif not _same_field(key, old, new):
            yield FieldChange(f"{path}.{key}", old, new)


def _same_field(key: str, old: Any, new: Any) -> bool:
    if key in _EXPRESSIONS:
        return same_expression(old, new, order_by=_EXPRESSIONS[key])
    return same_json(old, new)


def filter_value(each: Filter) -> dict[str, Any]:
    """A filter as YAML would say it, without what is left out."""
    value: dict[str, Any] = {"name": each.name} if each.name else {}
    value |= {"expression": each.expression, "targets": [target_value(t) for t in each.targets]}
    return value | ({"extra": each.extra} if each.extra else {})


def target_value(target: Target) -> dict[str, Any]:
    """A target as YAML would say it, without what is left out."""
    return {key: value for key in Target.model_fields if (value := getattr(target, key)) not in (None, {})}
