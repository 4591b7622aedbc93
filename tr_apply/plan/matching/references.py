"""Names and ``${sid:…}`` that refer to other resources: in one spelling, and updated for replaced resources."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from tr_apply.resources import Filter, Kind, Target, Workflow
from tr_apply.resources.template import MARK, SidOf, mapped, sid_of

Renamed = Mapping[SidOf, str]
"""New names of resources that are replaced, by the label of the old one."""

_NAMES = frozenset({"queue"})  # of a target


def repointed(kind: Kind, resource: Any, renamed: Renamed) -> Any:
    """*resource* with every reference to a replaced one leading to the new one."""
    changes: dict[str, Any] = {}
    for key, referred in kind.references.items():
        name = getattr(resource, key)
        if name is not None and (new := renamed.get(SidOf(referred, name))) is not None:
            changes[key] = new
    resource = resource.model_copy(update=changes) if changes else resource
    return rewritten(kind, resource, lambda text: _with_new_sids(text, renamed))


def _with_new_sids(text: str, renamed: Renamed) -> str:
    def mark(match: re.Match[str]) -> str:
        old = sid_of(match[1]) if match[1] is not None else None
        new = renamed.get(old) if old is not None else None
        return match[0] if old is None or new is None else f"${{sid:{SidOf(old.kind, new)}}}"

    return MARK.sub(mark, text) if "${sid:" in text else text


def rewritten(kind: Kind, resource: Any, rewrite: Callable[[str], str]) -> Any:
    """*resource* with *rewrite* applied to every text that may hold SIDs; names are literal text and hold none."""
    names = {"name", "renamed_from", "sid", "channels", kind.identity, *kind.references}
    return _rewritten_fields(resource, names, rewrite)


def _rewritten_fields(resource: Any, names: Collection[str], rewrite: Callable[[str], str]) -> Any:
    changes = {}
    for key in type(resource).model_fields:
        value = getattr(resource, key)
        if key not in names and (new := _rewritten_value(value, rewrite)) != value:
            changes[key] = new
    return resource.model_copy(update=changes) if changes else resource


def _rewritten_value(value: Any, rewrite: Callable[[str], str]) -> Any:
    match value:
        case str():
            return rewrite(value)
        case Filter() | Target():
            return _rewritten_fields(value, _NAMES, rewrite)
        case list():
            return [_rewritten_value(item, rewrite) for item in value]
        case dict():
            return mapped(value, lambda leaf: rewrite(leaf) if isinstance(leaf, str) else leaf)
        case _:
            return value


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
