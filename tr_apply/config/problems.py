"""What pydantic finds wrong with the structure, in the user's words and at the user's place."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any

from pydantic_core import ErrorDetails

from tr_apply.config.notes import Notes
from tr_apply.config.places import KeyPath, paths_of
from tr_apply.diagnostics import Severity
from tr_apply.resources.document import Document

# What people who know the API, or Terraform, write first.
_OTHER_NAMES = {
    "friendly_name": "name",
    "filter_friendly_name": "name",
    "friendlyName": "name",
    "unique_id": "unique_name",
    "activity_sid": "activity",
    "default_activity_name": "default_activity",
    "configuration": "filters",
    "task_queue": "queue",
    "task_queue_sid": "queue",
    "default": "default_filter",
    "queues": "task_queues",
    "channels": "task_channels",
}

_TYPES = {
    "string_type": "a string",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def note_problems(errors: Iterable[ErrorDetails], notes: Notes, *, at: KeyPath = ()) -> None:
    """Note each of pydantic's *errors* about the value under *at*."""
    for error in errors:
        if error["input"] is None and error["type"] not in {"missing", "extra_forbidden"}:
            continue  # null has its own message
        path = _existing(notes.root.value, (*at, *error["loc"]))
        _note(error, path, notes)


def _existing(value: Any, path: KeyPath) -> KeyPath:
    """*path* as far as the data goes: pydantic puts keys into it that nobody wrote."""
    for index, part in enumerate(path):
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return path[:index]
    return path


def _note(error: ErrorDetails, path: KeyPath, notes: Notes) -> None:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        missing = str(error["loc"][-1])
        notes.error("missing-key", f"`{missing}` is missing", path)
    elif kind == "extra_forbidden":
        _note_unknown_key(path, notes)
    elif kind in _TYPES:
        notes.error("wrong-type", f"expected {_TYPES[kind]}, found {_described(error['input'])}", path)
    else:
        code, message = _said(kind, context, error)
        notes.error(code, message, path)


def _said(kind: str, context: Mapping[str, Any], error: ErrorDetails) -> tuple[str, str]:
    match kind:
        case "literal_error":
            return "invalid-value", f"expected {context['expected']}, found {_described(error['input'])}"
        case "greater_than_equal":
            return "out-of-range", f"must be at least {context['ge']}, found {error['input']}"
        case "less_than_equal":
            return "out-of-range", f"must be at most {context['le']}, found {error['input']}"
        case "string_too_long":
            length = len(error["input"])
            return "too-long", f"{length} characters; TaskRouter takes at most {context['max_length']}"
        case "string_too_short":
            return "empty", "must not be empty"
        case "too_short":
            return "empty", "needs at least one item"
        case "string_pattern_mismatch":
            return "invalid-value", f"{_described(error['input'])} does not have the form {context['pattern']}"
        case _:
            return kind.replace("_", "-"), error["msg"]


def _described(value: Any) -> str:
    match value:
        case bool():
            return f"{str(value).lower()} (quote it if it is meant as text)"
        case int() | float():
            return f"the number {value} (quote it if it is meant as text)"
        case str():
            return f"the text {value[:40]!r}"
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return type(value).__name__


def _note_unknown_key(path: KeyPath, notes: Notes) -> None:
    key = str(path[-1]) if path else ""
    known = _known_keys(path[:-1])
    near = difflib.get_close_matches(key, known, 1, cutoff=0.6)
    other = _OTHER_NAMES.get(key)
    suggestion = other if other in known else near[0] if near else None
    hint = f"did you mean `{suggestion}`?" if suggestion else f"known here: {', '.join(known)}"
    notes.error("unknown-key", f"unknown key `{key}`; {hint}", path, key=True)


@cache
def _schema() -> dict[str, Any]:
    return Document.model_json_schema()


def _known_keys(path: KeyPath) -> list[str]:
    schema: dict[str, Any] = _schema()
    for part in path:
        schema = _below(_resolved(schema), part)
    return list(_resolved(schema).get("properties", {}))


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """*schema* itself, not a reference to it or a choice around it."""
    if (reference := schema.get("$ref")) is not None:
        return _resolved(_schema()["$defs"][reference.rpartition("/")[2]])
    for choice in schema.get("anyOf", ()):
        found = _resolved(choice)
        if "properties" in found or "items" in found or "additionalProperties" in found:
            return found
    return schema


def _below(schema: dict[str, Any], part: str | int) -> dict[str, Any]:
    if isinstance(part, int):
        below = schema.get("items", {})
    else:
        below = schema.get("properties", {}).get(part) or schema.get("additionalProperties", {})
    return below if isinstance(below, dict) else {}


def note_nulls(nulls: Iterable[tuple[KeyPath, int]], notes: Notes) -> None:
    """Null is a value inside attributes and extra keys, and a mistake everywhere else."""
    places = [place for path, place in nulls if not _is_json(path)]
    for place, path in _paths(places, notes).items():
        if path[-1] not in _known_keys(path[:-1]) and isinstance(path[-1], str):
            continue  # an unknown key has its own message
        if len(path) == 1:
            message = f"`{path[0]}:` is empty; write `{path[0]}: []` for none, or leave it out to not manage it"
        else:
            message = "null is no value here; leave the key out for TaskRouter's default"
        notes.at(Severity.ERROR, "null", message, place, path)


def note_phone_numbers(numbers: Iterable[tuple[KeyPath, int, str]], notes: Notes) -> None:
    """A phone number without quotes would arrive without its plus sign or its zeros."""
    texts = {place: text for path, place, text in numbers if _is_json(path)}
    for place, path in _paths(texts, notes).items():
        text = texts[place]
        message = f'YAML reads {text} as a number and drops what precedes its digits; quote it: "{text}"'
        notes.at(Severity.ERROR, "phone-number", message, place, path)


def _paths(places: Collection[int], notes: Notes) -> dict[int, KeyPath]:
    return paths_of(notes.root.node, set(places)) if places else {}


def _is_json(path: KeyPath) -> bool:
    """Whether *path* leads into a JSON document of the user's own."""
    in_attributes = len(path) > 3 and path[0] == "workers" and path[2] == "attributes"  # noqa: PLR2004
    return in_attributes or any(part in {"extra", "document_extra"} for part in path[:-1])
