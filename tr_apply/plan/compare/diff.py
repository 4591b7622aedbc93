"""Which fields of one resource differ, and which requests' fields that touches."""

from collections.abc import Iterator, Sequence
from typing import Any

from tr_apply.live import Live
from tr_apply.plan.change import FieldChange
from tr_apply.plan.compare.document_diff import document_changes
from tr_apply.plan.compare.equality import same_expression, same_json, same_set
from tr_apply.plan.compare.workflow_diff import filter_value, target_value, workflow_changes
from tr_apply.resources import KINDS, WORKFLOW, WORKSPACE, Holds, Kind
from tr_apply.resources.field_path import root_of
from tr_apply.resources.workflow import Filter, Target, Workflow
from tr_apply.wire import Labels, field_of, parsed_json


def compared_fields(kind: Kind) -> tuple[str, ...]:
    """YAML keys whose difference is a change."""
    return tuple(
        key for key, spec in kind.fields.items() if key not in kind.runtime and (spec.update or key in kind.replaced_on)
    )


_COMPARED = {kind.name: compared_fields(kind) for kind in KINDS}


def is_unchanged(kind: Kind, declared: Any, live: Live, labels: Labels) -> bool:
    """Whether *live* surely equals *declared*: the common case, found without a model of the live resource."""
    if kind.name in {WORKSPACE.name, WORKFLOW.name}:  # there are few of them, and more to them than their fields
        return False
    return all(_is_field_unchanged(kind, key, getattr(declared, key), live, labels) for key in _COMPARED[kind.name])


def _is_field_unchanged(kind: Kind, key: str, wanted: Any, live: Live, labels: Labels) -> bool:
    if wanted is None and key in kind.kept_when_unset:
        return True
    spec = kind.fields[key]
    if spec.holds is Holds.NAME and key not in kind.references and live.answer.get(spec.answer) == wanted:
        return True
    if spec.holds is Holds.JSON and "${" not in str(live.answer.get(spec.answer)):
        return same_json(parsed_json(live, spec.answer), wanted)  # no template, whatever SIDs are in it
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


def set_fields(kind: Kind, resource: Any) -> Iterator[tuple[str, Any]]:
    """The fields of *resource* that differ from TaskRouter's defaults, as in YAML, without its identity."""
    for key in (*kind.fields, *kind.document_keys):
        value = getattr(resource, key)
        default = kind.model.model_fields[key].default
        if key != kind.identity and value is not None and not same_json(plain_value(value), plain_value(default)):
            yield key, plain_value(value)


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
