"""What changed between two workflow documents, told filter by filter.

Filters are matched by name; those without a name, or with one that repeats, by their order among their like. So a
filter put in at the top is one change, and one that only moved is a move.
"""

import difflib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tr_apply.plan.change import FieldChange
from tr_apply.plan.document_diff import document_changes
from tr_apply.plan.equality import same_expression, same_json
from tr_apply.resources.workflow import Filter, Target, Workflow

_Key = tuple[str, int]


def workflow_changes(before: Workflow, after: Workflow) -> Iterator[FieldChange]:
    """Changes of what makes up the document; none when TaskRouter would route alike."""
    yield from _filter_changes(before.filters, after.filters)
    yield from _default_changes(before.default_filter, after.default_filter)
    for key in ("extra", "document_extra"):
        yield from document_changes(key, getattr(before, key), getattr(after, key))


def filter_path(name: str | None, position: int) -> str:
    """How a path calls a filter; *position* is 0-based and stands where a name does not tell."""
    return f"filters[{name}]" if name is not None else f"filters[#{position + 1}]"


def _filter_changes(before: Sequence[Filter], after: Sequence[Filter]) -> Iterator[FieldChange]:
    old, new = _keyed(before, after), _keyed(after, before)
    for key, (position, each) in old.items():
        if key not in new:
            yield FieldChange(_path(key, position), filter_value(each), None)
    moved = _moved(list(old), list(new))
    for key, (position, each) in new.items():
        path = _path(key, position)
        if key not in old:
            yield FieldChange(path, None, filter_value(each))
            continue
        was, held = old[key]
        if key in moved:
            yield FieldChange(f"{path}.position", was + 1, position + 1)
        yield from _edits(path, held, each)


def _keyed(filters: Sequence[Filter], others: Sequence[Filter]) -> dict[_Key, tuple[int, Filter]]:
    """Filters by name and number; a name that is not alone on both sides counts as none."""
    names, other_names = Counter(f.name for f in filters), Counter(f.name for f in others)
    numbers: Counter[str] = Counter()
    keyed: dict[_Key, tuple[int, Filter]] = {}
    for position, each in enumerate(filters):
        name = each.name
        alone = name is not None and names[name] <= 1 and other_names[name] <= 1
        key = f"={name}" if alone else f"*{name or ''}"
        keyed[key, numbers[key]] = (position, each)
        numbers[key] += 1
    return keyed


def _path(key: _Key, position: int) -> str:
    return filter_path(key[0][1:] if key[0].startswith("=") else None, position)


def _moved(old: Sequence[_Key], new: Sequence[_Key]) -> set[_Key]:
    """The fewest filters whose moving explains the new order."""
    places = {key: index for index, key in enumerate(old)}
    common = [key for key in new if key in places]
    return set(common) - set(_longest_rising(common, places))


def _longest_rising(keys: Sequence[_Key], places: Mapping[_Key, int]) -> list[_Key]:
    ends: list[int] = []
    last: list[int] = []
    previous: list[int | None] = []
    for index, key in enumerate(keys):
        length = bisect_left(ends, places[key])
        previous.append(last[length - 1] if length else None)
        ends[length : length + 1] = [places[key]]
        last[length : length + 1] = [index]
    rising: list[_Key] = []
    at = last[-1] if last else None
    while at is not None:
        rising.append(keys[at])
        at = previous[at]
    return rising


def _edits(path: str, before: Filter, after: Filter) -> Iterator[FieldChange]:
    if before.name != after.name:
        yield FieldChange(f"{path}.name", before.name, after.name)
    if not same_expression(before.expression, after.expression):
        yield FieldChange(f"{path}.expression", before.expression, after.expression)
    yield from _target_changes(path, before.targets, after.targets)
    yield from document_changes(f"{path}.extra", before.extra, after.extra)


def _target_changes(path: str, before: Sequence[Target], after: Sequence[Target]) -> Iterator[FieldChange]:
    """Targets have no names: those that are alike are matched, and what stands between is told in order."""
    old_texts, new_texts = ([repr(target_value(t)) for t in targets] for targets in (before, after))
    matcher = difflib.SequenceMatcher(None, old_texts, new_texts, autojunk=False)
    for _, i1, i2, j1, j2 in matcher.get_opcodes():
        for offset in range(max(i2 - i1, j2 - j1)):
            old = before[i1 + offset] if i1 + offset < i2 else None
            new = after[j1 + offset] if j1 + offset < j2 else None
            position = j1 + offset if new is not None else i1 + offset
            yield from _target_change(f"{path}.targets[{position}]", old, new)


def _target_change(path: str, before: Target | None, after: Target | None) -> Iterator[FieldChange]:
    if before is None or after is None:
        yield FieldChange(path, before and target_value(before), after and target_value(after))
        return
    for key in Target.model_fields:
        old, new = getattr(before, key), getattr(after, key)
        if key == "extra":
            yield from document_changes(f"{path}.extra", old, new)
        elif not _same_field(key, old, new):
            yield FieldChange(f"{path}.{key}", old, new)


def _same_field(key: str, old: Any, new: Any) -> bool:
    if key in {"expression", "skip_if"}:
        return same_expression(old, new)
    if key == "order_by":
        return same_expression(old, new, order_by=True)
    return same_json(old, new)


def _default_changes(before: Target | None, after: Target | None) -> Iterator[FieldChange]:
    if before is not None or after is not None:
        yield from _target_change("default_filter", before, after)


def filter_value(each: Filter) -> dict[str, Any]:
    """A filter as YAML would say it, without what is left out."""
    value: dict[str, Any] = {"name": each.name} if each.name is not None else {}
    value |= {"expression": each.expression, "targets": [target_value(t) for t in each.targets]}
    return value | ({"extra": each.extra} if each.extra else {})


def target_value(target: Target) -> dict[str, Any]:
    """A target as YAML would say it, without what is left out."""
    return {key: value for key in Target.model_fields if (value := getattr(target, key)) not in (None, {})}
