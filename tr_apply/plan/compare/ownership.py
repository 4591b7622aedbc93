"""The part of a live resource that is ours; all other parts are copied from the live resource into the desired one.

So plan and apply cannot disagree about it, and nothing stale is ever sent back.
"""

from collections.abc import Sequence
from typing import Any

from tr_apply.plan.compare.diff import changed_fields
from tr_apply.plan.compare.filter_match import matched_filters
from tr_apply.resources import Filter, Kind
from tr_apply.resources.document import Document, Ownership, WorkersOwnership
from tr_apply.resources.field_path import fits, path_parts

_ALL = Ownership.model_construct()
"""Everything is ours."""


def mode_of(document: Document, kind: Kind) -> str:
    """The mode of *kind*: what happens to live resources that are not in the file."""
    mode: str = getattr(document.manage, kind.section).mode
    return mode


def is_managed(document: Document, kind: Kind) -> bool:
    """Whether the file says anything about *kind*."""
    return document.declares(kind.section) and getattr(document.manage, kind.section).mode != "ignore"


def deletes_rest(document: Document, kind: Kind) -> bool:
    """Whether live resources that the file does not declare are deleted."""
    return is_managed(document, kind) and getattr(document.manage, kind.section).mode == "exact"


def rule_of(document: Document, kind: Kind) -> Ownership:
    """The ownership rule of the file for *kind*."""
    rule: Ownership = getattr(document.manage, kind.section)
    return rule


def owned(kind: Kind, declared: Any, live: Any, rule: Ownership) -> Any:
    """*declared* with the parts of *live* that are not ours."""
    changes = {key: getattr(live, key) for key in kind.kept_when_unset if getattr(declared, key) is None}
    if isinstance(rule, WorkersOwnership) and rule.attributes == "merge" and declared.attributes is not None:
        changes["attributes"] = merged(live.attributes, declared.attributes)
    desired = declared.model_copy(update=changes) if changes else declared
    for path in rule.ignore:
        field, *rest = path_parts(path)
        if field != "channels":  # they are resources of their own
            value = _left_alone(getattr(desired, field), getattr(live, field), rest)
            desired = desired.model_copy(update={field: value})
    return desired


def ignored_differences(kind: Kind, declared: Any, live: Any, rule: Ownership) -> int:
    """The number of differences between *declared* and *live* that *rule* ignores."""
    if not rule.ignore and not (isinstance(rule, WorkersOwnership) and rule.attributes == "merge"):
        return 0
    told = {change.path for change in changed_fields(kind, live, owned(kind, declared, live, rule))}
    return sum(change.path not in told for change in changed_fields(kind, live, owned(kind, declared, live, _ALL)))


def merged(live: Any, written: Any) -> Any:
    """*live* changed by *written*: mappings merge, everything else is a value."""
    if not isinstance(live, dict) or not isinstance(written, dict):
        return written
    return live | {key: merged(live[key], value) if key in live else value for key, value in written.items()}


def _left_alone(desired: Any, live: Any, parts: Sequence[str]) -> Any:
    """*desired* with whatever *parts* lead to taken from *live*."""
    if not parts:
        return live
    if isinstance(desired, dict) and isinstance(live, dict):
        return _mapping(desired, live, parts[0], parts[1:])
    if parts[0].startswith("["):
        return _filters(desired, live, parts[0][1:-1], parts[1:])
    return desired


def _mapping(desired: dict[str, Any], live: dict[str, Any], pattern: str, rest: Sequence[str]) -> dict[str, Any]:
    ours = {key: value for key, value in desired.items() if rest or not fits(key, pattern)}
    found = {key: _left_alone(ours.get(key, {}), live[key], rest) for key in live if fits(key, pattern)}
    return ours | {key: value for key, value in found.items() if not rest or key in ours or value}


def _filters(desired: list[Filter], live: list[Filter], pattern: str, rest: Sequence[str]) -> list[Filter]:
    if not rest:
        return _with_foreign_filters(desired, live, pattern)
    [field] = rest
    held = matched_filters(live, desired)
    return [
        each.model_copy(update={field: getattr(live[held[index]], field)})
        if index in held and _matches(each, pattern)
        else each
        for index, each in enumerate(desired)
    ]


def _with_foreign_filters(desired: list[Filter], live: list[Filter], pattern: str) -> list[Filter]:
    """*desired* with the live filters whose names match *pattern*, each after the same filter of ours as now."""
    ours = [each for each in live if not _matches(each, pattern)]
    wanted = {was: index for index, was in matched_filters(ours, desired).items()}
    followers: dict[int | None, list[Filter]] = {None: []}
    last, number = None, -1
    for each in live:
        if _matches(each, pattern):
            followers.setdefault(last, []).append(each)
        else:
            number += 1
            last = wanted.get(number, last)
    return [*followers[None], *(one for index, each in enumerate(desired) for one in (each, *followers.get(index, ())))]


def _matches(each: Filter, pattern: str) -> bool:
    return fits(each.name or "", pattern)
