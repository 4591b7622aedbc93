"""The changes between two workflow documents, filter by filter: added, removed, moved, edited."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from tr_apply.json_text import same_json
from tr_apply.plan.change import FieldChange, FilterPlace
from tr_apply.plan.compare.document_diff import document_changes
from tr_apply.plan.compare.equality import expression_key, same_expression
from tr_apply.plan.compare.filter_match import has_own_name, matched_filters, moved_filters
from tr_apply.plan.compare.sequences import differences
from tr_apply.resources.workflow import Filter, Target, Workflow

_EXPRESSIONS = {"expression": False, "skip_if": False, "order_by": True}  # whether it is an order_by


def workflow_changes(before: Workflow, after: Workflow) -> Iterator[FieldChange]:
    """Changes in the document's content; none if TaskRouter would route alike."""
    if not same_json(list(map(filter_value, before.filters)), list(map(filter_value, after.filters))):
        yield from _filter_changes(before.filters, after.filters)
    yield from _target_change("default_filter", before.default_filter, after.default_filter)
    for key in ("extra", "document_extra"):
        yield from document_changes(key, getattr(before, key), getattr(after, key))


def _filter_changes(before: Sequence[Filter], after: Sequence[Filter]) -> Iterator[FieldChange]:
    matched = matched_filters(before, after)
    moved = moved_filters(matched)
    for position in sorted(set(range(len(before))) - set(matched.values())):
        value = filter_value(before[position])
        yield FieldChange(_path(position, before, after), value, None, filter=_place(position, before))
    for position, each in enumerate(after):
        path, place = _path(position, after, before), _place(position, after)
        if position not in matched:
            yield FieldChange(path, None, filter_value(each), filter=place)
            continue
        was_at = matched[position]
        place = replace(place, former=_former(_called(was_at, before, after), _called(position, after, before)))
        if position in moved:
            yield FieldChange(f"{path}.position", was_at + 1, position + 1, filter=place)
        yield from (replace(change, filter=place) for change in _edits(path, before[was_at], each))


def _path(position: int, filters: Sequence[Filter], others: Sequence[Filter]) -> str:
    """By name, which stays the same when others come and go; by number where there is no name of its own."""
    return f"filters[{_called(position, filters, others)}]"


def _called(position: int, filters: Sequence[Filter], others: Sequence[Filter]) -> str:
    name = filters[position].name
    return str(name) if has_own_name(name, filters, others) else f"#{position + 1}"


def _former(before: str, after: str) -> str | None:
    return None if before == after else before


def _place(position: int, filters: Sequence[Filter]) -> FilterPlace:
    name = filters[position].name or None
    below = None
    if position + 1 < len(filters):
        below = filters[position + 1].name or f"filter {position + 2}"
    return FilterPlace(position + 1, len(filters), name, below)


def _edits(path: str, before: Filter, after: Filter) -> Iterator[FieldChange]:
    if (before.name or None) != (after.name or None):
        yield FieldChange(f"{path}.name", before.name, after.name)
    if not same_expression(before.expression, after.expression):
        yield FieldChange(f"{path}.expression", before.expression, after.expression)
    yield from _target_changes(path, before.targets, after.targets)
    yield from document_changes(f"{path}.extra", before.extra, after.extra)


def _target_changes(path: str, before: Sequence[Target], after: Sequence[Target]) -> Iterator[FieldChange]:
    """Match targets that do the same, since they have no names. The others are changes, in order."""
    for i1, i2, j1, j2 in differences([_target_key(each) for each in before], [_target_key(each) for each in after]):
        for offset in range(max(i2 - i1, j2 - j1)):
            old = before[i1 + offset] if i1 + offset < i2 else None
            new = after[j1 + offset] if j1 + offset < j2 else None
            position = j1 + offset if new is not None else i1 + offset
            yield from _target_change(f"{path}.targets[{position}]", old, new)


def _target_key(target: Target) -> Hashable:
    """A key that is equal for targets that do the same."""
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
    """A filter as in YAML, without unset keys."""
    value: dict[str, Any] = {"name": each.name} if each.name else {}
    value |= {"expression": each.expression, "targets": [target_value(t) for t in each.targets]}
    return value | ({"extra": each.extra} if each.extra else {})


def target_value(target: Target) -> dict[str, Any]:
    """A target as in YAML, without unset keys."""
    return {key: value for key in Target.model_fields if (value := getattr(target, key)) not in (None, {})}
