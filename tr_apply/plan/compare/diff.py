"""Which fields of one resource differ, which requests' fields that touches, and which of them are secret."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from tr_apply.json_text import same_json
from tr_apply.live import Live
from tr_apply.plan.change import FieldChange
from tr_apply.plan.compare.document_diff import covers, document_changes, split
from tr_apply.plan.compare.equality import same_expression, same_set
from tr_apply.plan.compare.workflow_diff import filter_value, target_value, workflow_changes
from tr_apply.resources import KINDS, SECTIONS, WORKFLOW, WORKSPACE, Filter, Holds, Kind, Target, Workflow
from tr_apply.resources.document import Document
from tr_apply.resources.field_path import root_of
from tr_apply.resources.url import holds_url_with_password
from tr_apply.wire import Labels, field_of, form_of, may_hold_mark, parsed_json


def compared_fields(kind: Kind) -> tuple[str, ...]:
    """YAML keys whose difference is a change."""
    return tuple(
        key for key, spec in kind.fields.items() if key not in kind.runtime and (spec.update or key in kind.replaced_on)
    )


_COMPARED = {kind.name: compared_fields(kind) for kind in KINDS}


class _QuickField(NamedTuple):
    """How a field is compared, as far as that is the same for all resources of a kind."""

    key: str
    answer: str
    is_name: bool
    is_json: bool
    is_kept_when_unset: bool


_KINDS_OF_MANY = [kind for kind in KINDS if kind not in (WORKSPACE, WORKFLOW)]  # those have more than their fields
_QUICKLY_COMPARED = {
    kind.name: [
        _QuickField(
            key,
            kind.fields[key].answer,
            is_name=kind.fields[key].holds is Holds.NAME and key not in kind.references,
            is_json=kind.fields[key].holds is Holds.JSON,
            is_kept_when_unset=key in kind.kept_when_unset,
        )
        for key in _COMPARED[kind.name]
    ]
    for kind in _KINDS_OF_MANY
}


def is_unchanged(kind: Kind, declared: Any, live: Live, labels: Labels) -> bool:
    """Whether *live* surely equals *declared*: the common case, found without a model of the live resource."""
    if (fields := _QUICKLY_COMPARED.get(kind.name)) is None:
        return False
    for field in fields:  # noqa: SIM110  # thousands of workers come here, and a generator costs a third
        if not _is_field_unchanged(field, kind, getattr(declared, field.key), live, labels):
            return False
    return True


def _is_field_unchanged(field: _QuickField, kind: Kind, wanted: Any, live: Live, labels: Labels) -> bool:
    key, answer, is_name, is_json, is_kept_when_unset = field
    if wanted is None and is_kept_when_unset:
        return True
    now = live.answer.get(answer)
    if is_name and now == wanted:
        return True
    if is_json and not may_hold_mark(str(now)):
        return same_json(parsed_json(live, answer), wanted)  # no template, whatever SIDs are in it
    return same_json(field_of(kind, key, live, labels), wanted)


def changed_fields(kind: Kind, before: Any, after: Any) -> list[FieldChange]:
    """The fields that differ between two resources of *kind*; none if TaskRouter treats both alike."""
    changes: list[FieldChange] = []
    for key in _COMPARED[kind.name]:
        old, new = getattr(before, key), getattr(after, key)
        if old is not new:
            changes.extend(_field_changes(kind, key, old, new))
    if isinstance(before, Workflow):
        changes.extend(workflow_changes(before, after))
    return changes


def _field_changes(kind: Kind, key: str, old: Any, new: Any) -> Iterator[FieldChange]:
    match kind.fields[key].holds:
        case Holds.JSON:
            yield from document_changes(key, old, new)
        case Holds.LIST:
            if not same_set(old, new):
                yield FieldChange(key, old, new)
        case Holds.TEXT:
            if not same_expression(old, new):
                yield FieldChange(key, old, new)
        case _:
            if not same_json(old, new):
                yield FieldChange(key, old, new)


def written_fields(kind: Kind, changes: Sequence[FieldChange]) -> list[str]:
    """YAML keys of the form parameters that *changes* need, each once, in the kind's order."""
    roots = {root_of(change.path) for change in changes}
    keys = [key for key in kind.fields if key in roots]
    return keys + list(kind.document_keys[:1] if roots.intersection(kind.document_keys) else ())


def plain_value(value: Any) -> Any:
    """A field's value as JSON and YAML know it."""
    match value:
        case Filter():
            return filter_value(value)
        case Target():
            return target_value(value)
        case list():
            return [plain_value(item) for item in value]
        case _:
            return value


_DEFAULTS = {
    kind.name: [
        (key, plain_value(kind.model.model_fields[key].default))
        for key in (*kind.fields, *kind.document_keys)
        if key != kind.identity
    ]
    for kind in KINDS
}


def set_fields(kind: Kind, resource: Any) -> Iterator[tuple[str, Any]]:
    """The fields of *resource* that differ from TaskRouter's defaults, as in YAML, without its identity."""
    for key, default in _DEFAULTS[kind.name]:
        value = plain_value(getattr(resource, key))
        if value is not None and not same_json(value, default):
            yield key, value


# Secrets


def marked(document: Document, kind: Kind, name: str | None, changes: Sequence[FieldChange]) -> Sequence[FieldChange]:
    """*changes* of the resource *name*, one for one, with those marked that hold something secret.

    Without a name, that is whatever is secret in any resource of *kind*: a live one may be an earlier form of it.
    """
    patterns = document.sensitive(kind.section, name)
    return tuple(_marked(patterns, change) for change in changes)


def masked(document: Document, kind: Kind, name: str | None, changes: Sequence[FieldChange]) -> Sequence[FieldChange]:
    """The same, split where only a part of a change is secret."""
    patterns = document.sensitive(kind.section, name)
    return tuple(part for change in changes for part in _parts(patterns, change))


def _marked(patterns: Sequence[str], change: FieldChange) -> FieldChange:
    values = (change.before, change.after)
    paths = [change.path] if change.former_path is None else [change.path, change.former_path]
    found = change.sensitive or any(_is_secret(patterns, path, values) for path in paths)
    return change if found is change.sensitive else replace(change, sensitive=found)


def _parts(patterns: Sequence[str], change: FieldChange) -> Iterator[FieldChange]:
    found = _marked(patterns, change)
    is_whole = change.sensitive or not found.sensitive or _is_secret(patterns, change.path, ())
    parts = () if is_whole else split(change)
    if not parts:
        yield found
    for part in parts:
        yield from _parts(patterns, part)


def sensitive_paths(document: Document) -> dict[str, Sequence[str]]:
    """The sensitive paths of resources, by section; sections without any are missing."""
    rules = {kind.section: document.sensitive(kind.section) for kind in (WORKSPACE, *SECTIONS)}
    return {section: [*paths] for section, paths in rules.items() if paths}


def secret_parameters(document: Document, kind: Kind, resource: Any, fields: Iterable[str]) -> frozenset[str]:
    """Form parameters for *fields* of *resource* that carry something secret, changed or not."""
    patterns = document.sensitive(kind.section, kind.name_of(resource))
    found: set[str] = set()
    for key in fields:
        together = kind.document_keys if key in kind.document_keys else (key,)
        if any(_is_secret(patterns, each, (plain_value(getattr(resource, each)),)) for each in together):
            found.update(form_of(kind, resource, [key]))
    return frozenset(found)


def _is_secret(patterns: Sequence[str], path: str, values: Sequence[Any]) -> bool:
    if patterns and any(covers(pattern, path, values) for pattern in patterns):
        return True
    for value in values:  # noqa: SIM110  # every value of a plan comes here, and a generator costs as much as the look
        if holds_url_with_password(path, value):
            return True
    return False
