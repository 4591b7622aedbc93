"""Workflow documents: keys that are written twice, and the size that TaskRouter takes."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from tr_apply.config.common_rules import DOCUMENT_TOO_LONG, DUPLICATE_KEY, SENSITIVE_OUTPUT, UNKNOWN_KEY
from tr_apply.config.notes import Notes
from tr_apply.config.references import declared_of, filters_of
from tr_apply.findings import KeyPath
from tr_apply.resources import WORKFLOW, compact_json
from tr_apply.resources.document import Document
from tr_apply.resources.template import SidOf, filled, mapped
from tr_apply.resources.url import holds_password
from tr_apply.resources.workflow import DOCUMENT_LIMIT, Target, Workflow, from_document, to_document
from tr_apply.routing.names import FILTER_NAMES, SID_LENGTH

_BESIDE: Final = dict.fromkeys(FILTER_NAMES, "name")
"""Our key for each key of TaskRouter that has another name."""


def note_outputs(document: Document, notes: Notes) -> None:
    """Note outputs that hold a password: they are written where anybody reads them."""
    for name, value in document.outputs.items():
        if holds_password(value):
            notes.add(
                SENSITIVE_OUTPUT,
                "the value holds a password; an output is written where anybody reads it",
                ("outputs", name),
            )


def note_workflows(document: Document, notes: Notes) -> None:
    """Note what TaskRouter would not take, or not take as it is meant."""
    for index, workflow in declared_of(document, WORKFLOW):
        path = (WORKFLOW.section, index)
        twice = list(_written_twice(workflow, path))
        for at, key in twice:
            message = f"`{key}` is both in `extra` and outside it; remove one"
            notes.add(DUPLICATE_KEY, message, (*at, key), key=True)
        for at, key in _understood(workflow, path) if any(_extras(workflow)) and not twice else ():
            message = (
                f"`{key}` cannot be in `extra`: TaskRouter reads it as `{_BESIDE.get(key, key)}`, which is already set"
            )
            notes.add(UNKNOWN_KEY, message, (*at, key), key=True)
        size = len(compact_json(mapped(to_document(_readable(workflow)), _with_sids)).encode())
        if size > DOCUMENT_LIMIT:
            message = f"the workflow makes a document of {size:,} bytes; TaskRouter takes at most {DOCUMENT_LIMIT:,}"
            notes.add(DOCUMENT_TOO_LONG, message, path)


def _extras(workflow: Workflow) -> Iterator[Mapping[str, Any]]:
    """Every ``extra`` in the routing of *workflow*."""
    yield workflow.extra
    for _, each in filters_of(workflow):
        yield each.extra
        yield from (target.extra for target in each.targets)
    if workflow.default_filter is not None:
        yield workflow.default_filter.extra


def _readable(workflow: Workflow) -> Workflow:
    """*workflow* without the filters that could not be read."""
    return workflow.model_copy(update={"filters": [each for _, each in filters_of(workflow)]})


def _with_sids(leaf: Any) -> Any:
    match leaf:
        case SidOf():
            return "0" * SID_LENGTH
        case str():
            return filled(leaf, lambda _: "0" * SID_LENGTH)
        case _:
            return leaf


def _written_twice(workflow: Workflow, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    """The path of each ``extra``, with a key in it that the model sets as well."""
    own = {key for key in ("filters", "default_filter") if getattr(workflow, key)}
    yield from _both((*path, "extra"), workflow.extra, own)
    yield from _both((*path, "document_extra"), workflow.document_extra, {"task_routing"})
    for index, each in filters_of(workflow):
        at = (*path, "filters", index)
        names = set() if each.name is None else {FILTER_NAMES[0]}
        yield from _both((*at, "extra"), each.extra, names | {"expression", "targets"})
        for step, target in enumerate(each.targets):
            yield from _both((*at, "targets", step, "extra"), target.extra, _keys_of(target))
    if (default := workflow.default_filter) is not None:
        yield from _both((*path, "default_filter", "extra"), default.extra, _keys_of(default))


def _understood(workflow: Workflow, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    """The path of each ``extra``, with a key in it that reads back as one of ours: every plan would show a change.

    A queue named by SID is allowed: an export writes one for a deleted queue.
    """
    readable = _readable(workflow)
    read = Workflow.model_construct(**from_document(to_document(readable), queue_name=lambda _: None, template=str))
    yield from _lost((*path, "extra"), readable.extra, read.extra)
    at = [(*path, "filters", index) for index, _ in filters_of(workflow)]
    for inside, each, again in zip(at, readable.filters, read.filters, strict=False):
        yield from _lost((*inside, "extra"), each.extra, again.extra)
        for step, (target, same) in enumerate(zip(each.targets, again.targets, strict=False)):
            yield from _lost((*inside, "targets", step, "extra"), target.extra, same.extra)
    if (default := readable.default_filter) is not None and read.default_filter is not None:
        yield from _lost((*path, "default_filter", "extra"), default.extra, read.default_filter.extra)


def _lost(path: KeyPath, extra: Collection[str], read: Collection[str]) -> Iterator[tuple[KeyPath, str]]:
    yield from ((path, key) for key in extra if key not in read)


def _keys_of(target: Target) -> set[str]:
    return {key for key in target.model_fields_set - {"extra"} if getattr(target, key) is not None}


def _both(path: KeyPath, extra: Collection[str], own: Collection[str]) -> Iterator[tuple[KeyPath, str]]:
    yield from ((path, key) for key in extra if key in own)
