"""Which part of a live resource is ours: what is not is copied from the live one into the desired one.

So plan and apply cannot disagree about it, and nothing stale is ever sent back.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from tr_apply.resources import KINDS
from tr_apply.resources.document import Document, Rule, WorkersRule
from tr_apply.resources.kind import Kind
from tr_apply.resources.template import MARK, SidOf, mapped, sid_of
from tr_apply.resources.workflow import Filter, Target, Workflow

_PART = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")

# Literal text: names of resources, which hold no SIDs.
_NAMES = frozenset({"name", "unique_name", "renamed_from", "queue", "activity", "channels", "sid"}) | {
    key for kind in KINDS for key in kind.references
}

Renamed = Mapping[SidOf, str]
"""New names of resources that are replaced, by the label of the old one."""


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
        desired = _ignoring(desired, live, path_parts(pattern))
    return desired


def merged(live: Any, written: Any) -> Any:
    """*live* with what is *written* laid over it: mappings merge, everything else is a value."""
    if not isinstance(live, dict) or not isinstance(written, dict):
        return written
    return live | {key: merged(live[key], value) if key in live else value for key, value in written.items()}


def path_parts(path: str) -> tuple[str, ...]:
    """``attributes.a.b`` or ``filters[Gold].targets[0]``, part by part; brackets stay on what they hold."""
    return tuple(match[1] or f"[{match[2]}]" for match in _PART.finditer(path))


def _ignoring(desired: Any, live: Any, parts: Sequence[str]) -> Any:
    field, rest = parts[0], parts[1:]
    if field not in type(desired).model_fields:
        return desired
    if not rest:
        return desired.model_copy(update={field: getattr(live, field)})
    if field == "filters":
        return desired.model_copy(update={"filters": _filters(desired.filters, live.filters, rest)})
    value = _copied(getattr(desired, field), getattr(live, field), rest)
    return desired.model_copy(update={field: value})


def _copied(desired: Any, live: Any, parts: Sequence[str]) -> Any:
    """A JSON value with what *parts* lead to taken from *live*."""
    pattern, rest = parts[0], parts[1:]
    held = desired if isinstance(desired, dict) else {}
    source = live if isinstance(live, dict) else {}
    if not rest:
        kept = {key: value for key, value in held.items() if not fnmatchcase(key, pattern)}
        return kept | {key: value for key, value in source.items() if fnmatchcase(key, pattern)}
    result = dict(held)
    for key in [key for key in source if fnmatchcase(key, pattern)]:
        result[key] = _copied(held.get(key), source[key], rest)
    return result


def _filters(desired: Sequence[Filter], live: Sequence[Filter], parts: Sequence[str]) -> list[Filter]:
    """Live filters whose name matches stay, each behind the filter that it follows now."""
    pattern = parts[0].removeprefix("[").removesuffix("]")
    result = [each for each in desired if not _matches(each, pattern)] if len(parts) == 1 else list(desired)
    before: str | None = None
    for each in live:
        if _matches(each, pattern):
            _put(result, each, before, parts[1:])
        before = each.name
    return result


def _matches(each: Filter, pattern: str) -> bool:
    return each.name is not None and fnmatchcase(each.name, pattern)


def _put(result: list[Filter], each: Filter, before: str | None, rest: Sequence[str]) -> None:
    names = [held.name for held in result]
    if not rest:
        result.insert(names.index(before) + 1 if before in names and before is not None else 0, each)
    elif each.name in names:
        at = names.index(each.name)
        result[at] = _ignoring(result[at], each, rest)


def repointed(kind: Kind, resource: Any, renamed: Renamed) -> Any:
    """*resource* with every reference to a replaced one leading to the new one."""
    if not renamed:
        return resource
    changes: dict[str, Any] = {}
    for key, referred in kind.references.items():
        name = getattr(resource, key)
        if name is not None and (new := renamed.get(SidOf(referred, name))) is not None:
            changes[key] = new
    resource = resource.model_copy(update=changes) if changes else resource
    return rewritten(resource, lambda text: _text_with_new_sids(text, renamed))


def rewritten(resource: Any, rewrite: Callable[[str], str]) -> Any:
    """*resource* with *rewrite* applied to every text that may hold SIDs."""
    changes = {}
    for key in type(resource).model_fields:
        value = getattr(resource, key)
        if key not in _NAMES and (new := _rewritten_value(value, rewrite)) != value:
            changes[key] = new
    return resource.model_copy(update=changes) if changes else resource


def _rewritten_value(value: Any, rewrite: Callable[[str], str]) -> Any:
    match value:
        case str():
            return rewrite(value)
        case Filter() | Target():
            return rewritten(value, rewrite)
        case list():
            return [_rewritten_value(item, rewrite) for item in value]
        case dict():
            return mapped(value, lambda leaf: rewrite(leaf) if isinstance(leaf, str) else leaf)
        case _:
            return value


def _text_with_new_sids(text: str, renamed: Renamed) -> str:
    if "${sid:" not in text:
        return text

    def mark(match: re.Match[str]) -> str:
        old = sid_of(match[1]) if match[1] is not None else None
        new = renamed.get(old) if old is not None else None
        return match[0] if old is None or new is None else f"${{sid:{SidOf(old.kind, new)}}}"

    return MARK.sub(mark, text)


def canonical(kind: Kind, resource: Any, name: Callable[[str, str], str]) -> Any:
    """*resource* with every name that refers to another spelled as that one is."""
    changes: dict[str, Any] = {}
    for key, referred in kind.references.items():
        written = getattr(resource, key)
        if written is not None and (spelled := name(referred, written)) != written:
            changes[key] = spelled
    if isinstance(resource, Workflow):
        changes |= _canonical_queues(resource, name)
    return resource.model_copy(update=changes) if changes else resource


def _canonical_queues(workflow: Workflow, name: Callable[[str, str], str]) -> dict[str, Any]:
    def target(each: Target) -> Target:
        if each.queue is None or (queue := name("task_queue", each.queue)) == each.queue:
            return each
        return each.model_copy(update={"queue": queue})

    filters = [each.model_copy(update={"targets": [target(t) for t in each.targets]}) for each in workflow.filters]
    default = None if workflow.default_filter is None else target(workflow.default_filter)
    return {"filters": filters, "default_filter": default}


def declared_and_ignored(document: Document, kind: Kind) -> Iterator[tuple[int, str]]:
    """Index and path of each attribute that the file both declares and tells to ignore."""
    patterns = [parts for p in rule_of(document, kind).ignore if (parts := path_parts(p))[0] == "attributes"]
    if kind.name != "worker" or not patterns:
        return
    for index, worker in enumerate(document.workers):
        for parts in patterns:
            if worker is not None and _declares(worker.attributes or {}, parts[1:]):
                yield index, ".".join(parts)


def _declares(value: Any, parts: Sequence[str]) -> bool:
    if not parts:
        return bool(value)
    if not isinstance(value, dict):
        return False
    return any(_declares_below(value[key], parts[1:]) for key in value if fnmatchcase(key, parts[0]))


def _declares_below(value: Any, parts: Sequence[str]) -> bool:
    return _declares(value, parts) if parts else True
