"""Which part of a live resource is ours: what is not is copied from the live one into the desired one.

So plan and apply cannot disagree about it, and nothing stale is ever sent back.
"""

import difflib
from collections.abc import Iterator, Sequence
from typing import Any

from tr_apply.config.places import KeyPath, dotted
from tr_apply.plan.paths import matches, parts_of, path_parts
from tr_apply.plan.problem import Problem
from tr_apply.plan.workflow_diff import keyed
from tr_apply.resources import SECTIONS, WORKSPACE
from tr_apply.resources.document import Document, Rule, WorkersRule
from tr_apply.resources.kind import Kind, Resource
from tr_apply.resources.workflow import Filter


def rule_of(document: Document, kind: Kind) -> Rule:
    """What the file says about the ownership of *kind*."""
    rule: Rule = getattr(document.manage, kind.section)
    return rule


def owned(kind: Kind, declared: Any, live: Any, rule: Rule) -> Any:
    """*declared* as it shall become, where *live* is what it is now."""
    changes = {key: getattr(live, key) for key in kind.kept_when_unset if getattr(declared, key) is None}
    if isinstance(rule, WorkersRule) and rule.attributes == "merge" and declared.attributes is not None:
        changes["attributes"] = merged(live.attributes, declared.attributes)
    desired = declared.model_copy(update=changes) if changes else declared
    for pattern in rule.ignore:
        parts = path_parts(pattern)
        for key in _fields(kind):
            if matches(key, parts[0]):
                desired = left_alone(desired, live, (key, *parts[1:]))
    return desired


def _fields(kind: Kind) -> list[str]:
    """YAML keys whose values somebody else may own."""
    return [key for key in kind.model.model_fields if key not in {kind.identity, "renamed_from", "sid"}]


def merged(live: Any, written: Any) -> Any:
    """*live* with what is *written* laid over it: mappings merge, everything else is a value."""
    if not isinstance(live, dict) or not isinstance(written, dict):
        return written
    return live | {key: merged(live[key], value) if key in live else value for key, value in written.items()}


def left_alone(desired: Any, live: Any, parts: Sequence[str]) -> Any:
    """*desired* with whatever *parts* lead to taken from *live*."""
    if not parts:
        return live
    match desired:
        case Resource() if isinstance(live, type(desired)):
            keys = [key for key in type(desired).model_fields if matches(key, parts[0])]
            update = {key: left_alone(getattr(desired, key), getattr(live, key), parts[1:]) for key in keys}
            return desired.model_copy(update=update)
        case dict() if isinstance(live, dict):
            return _mapping(desired, live, parts)
        case list() if isinstance(live, list):
            return _list(desired, live, parts)
        case _:
            return desired


def _mapping(desired: dict[str, Any], live: dict[str, Any], parts: Sequence[str]) -> dict[str, Any]:
    if len(parts) == 1:
        desired = {key: value for key, value in desired.items() if not matches(key, parts[0])}
    found = {
        key: left_alone(desired.get(key, {}), value, parts[1:]) for key, value in live.items() if matches(key, parts[0])
    }
    return desired | {key: value for key, value in found.items() if len(parts) == 1 or key in desired or value}


def _list(desired: list[Any], live: list[Any], parts: Sequence[str]) -> list[Any]:
    if not any(isinstance(item, Filter) for item in (*desired, *live)):
        pairs = enumerate(zip(desired, live, strict=False))
        found = {i: left_alone(a, b, parts[1:]) for i, (a, b) in pairs if matches(str(i), parts[0])}
        return [found.get(index, item) for index, item in enumerate(desired)]
    if len(parts) > 1:
        return _edited_filters(desired, live, parts)
    return _with_foreign_filters(desired, live, parts[0])


def _edited_filters(desired: list[Filter], live: list[Filter], parts: Sequence[str]) -> list[Filter]:
    held = keyed(live, desired)
    return [
        left_alone(each, held[key][1], parts[1:]) if key in held and matches(each.name or "", parts[0]) else each
        for key, (_, each) in keyed(desired, live).items()
    ]


def _with_foreign_filters(desired: list[Filter], live: list[Filter], pattern: str) -> list[Filter]:
    """Live filters whose names match stay, each behind the filter of ours that it follows now."""
    own = [each for each in desired if not matches(each.name or "", pattern)]
    ours = [each for each in live if not matches(each.name or "", pattern)]
    wanted, keys = keyed(own, ours), iter(keyed(ours, own))
    groups: dict[Any, list[Filter]] = {None: []}
    last = None
    for each in live:
        if not matches(each.name or "", pattern):
            key = next(keys)
            last = key if key in wanted else last
        else:
            groups.setdefault(last, []).append(each)
    return groups[None] + [one for key, (_, each) in wanted.items() for one in (each, *groups.get(key, ()))]


def problems_of(document: Document) -> Iterator[Problem]:
    """What `manage` asks for and cannot get: paths of fields that do not exist, or that the file declares as well."""
    for kind in (WORKSPACE, *SECTIONS):
        rule, path = rule_of(document, kind), ("manage", kind.section)
        for key in ("ignore", "sensitive"):
            for index, pattern in enumerate(getattr(rule, key)):
                if (message := _unknown(kind, pattern)) is not None:
                    yield Problem("unknown-field", message, (*path, key, index))
        for pattern in rule.ignore:
            yield from _declared_too(document, kind, pattern)


def _unknown(kind: Kind, pattern: str) -> str | None:
    """Why *pattern* leads to no field of *kind*; None if it does."""
    first = (*path_parts(pattern), "")[0]
    if first and any(matches(key, first) for key in _fields(kind)):
        return None
    near = difflib.get_close_matches(first, _fields(kind), 1)
    hint = f"did you mean `{near[0]}`?" if near else f"fields are {', '.join(_fields(kind))}"
    return f"{pattern!r} leads to no field of a {kind.title}: {hint}"


def _declared_too(document: Document, kind: Kind, pattern: str) -> Iterator[Problem]:
    """Places where the file says what *pattern* says to leave alone."""
    parts = path_parts(pattern)
    for path, resource in _declared(document, kind):
        for key in _fields(kind):
            if not parts or not matches(key, parts[0]) or not _is_written(kind, resource, key):
                continue
            for rest in _written(getattr(resource, key), parts[1:]):
                at = (*path, key, *rest)
                message = (
                    f"{dotted(at)} is declared, and `manage.{kind.section}.ignore` leaves it alone "
                    f"({pattern!r}); remove one of them"
                )
                yield Problem("declared-and-ignored", message, at)


def _declared(document: Document, kind: Kind) -> Iterator[tuple[KeyPath, Any]]:
    if kind is WORKSPACE:
        yield (kind.section,), document.workspace
    else:
        yield from (((kind.section, index), each) for index, each in enumerate(getattr(document, kind.section)))


def _is_written(kind: Kind, resource: Any, key: str) -> bool:
    """Whether the file itself says so; a channel's name is made of its unique name where it does not."""
    return key in resource.model_fields_set and getattr(resource, key) != kind.name_of(resource)


def _written(value: Any, parts: Sequence[str]) -> Iterator[KeyPath]:
    """Where *parts* lead to in what is written; what cannot be left out is no contradiction."""
    if not parts:
        yield ()
        return
    for index, (part, child) in enumerate(parts_of(value)):
        if matches(part, parts[0]) and _may_be_left_out(value, part):
            step: str | int = index if isinstance(value, list) else part
            yield from ((step, *rest) for rest in _written(child, parts[1:]))


def _may_be_left_out(value: Any, key: str) -> bool:
    if not isinstance(value, Resource):
        return True
    return key in value.model_fields_set and not type(value).model_fields[key].is_required()
