"""Pydantic's errors about the structure, in the user's words and at the user's place."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic_core import ErrorDetails

from tr_apply.config.common_rules import (
    EMPTY_VALUE,
    INVALID_VALUE,
    MISSING_KEY,
    NULL_VALUE,
    OF_MODELS,
    UNKNOWN_KEY,
    WRONG_TYPE,
)
from tr_apply.config.notes import Notes
from tr_apply.config.places import shown
from tr_apply.config.shape import Shape, nulls, shape_at
from tr_apply.config.suggestions import Suggestions
from tr_apply.findings import KeyPath, Rule, Severity
from tr_apply.resources import KINDS, SECTIONS
from tr_apply.resources.fields import TIMES
from tr_apply.resources.scalar import core_scalar

OUT_OF_RANGE: Final = Rule("out-of-range", Severity.ERROR, "A number is too small or too large.")

_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")

# Names that people who know the API or Terraform write first.
_OTHER_NAMES: Final = {
    **{name: key for kind in KINDS for key, field in kind.fields.items() for name in (field.form, field.answer)},
    "filter_friendly_name": "name",
    "configuration": "filters",
    "default": "default_filter",
    "task_queue": "queue",
    "task_queue_sid": "queue",
    "queue_sid": "queue",
    "queues": "task_queues",
    "channels": "task_channels",
}

_ONLY_IN_OVERLAYS: Final = {
    "delete": "only an overlay deletes, and only what the files declare",
    "new": "only an overlay adds objects, by their names",
    "unset": "only an overlay takes keys away; leave the key out",
    "before": "only an overlay places filters; their order in a file counts",
    "after": "only an overlay places filters; their order in a file counts",
    "simulation": "a file with nothing else in it is for `tr-apply simulate --load`",
}

_TYPES: Final = {
    "string_type": "a string",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}

_SECONDS: Final = "a whole number of seconds, or a time such as 2m"

_NAMED: Final[Mapping[str | int, str]] = {
    **{kind.section: kind.identity for kind in SECTIONS},
    "workspace": "name",
    "targets": "queue",
    "default_filter": "queue",
    "filters": "expression",
}
"""The key that somebody means who writes a bare text where a mapping is due, by the key above it."""

_LEAST: Final = {"workspace": "{name: NAME}", "targets": "[{queue: NAME}]"}
"""The least that can be written for a required key whose value is not a plain text."""

_SECRET: Final = ("workspace", "credentials")  # a value put here by mistake is never printed
_HIDDEN: Final = object()

_LACKING: Final = frozenset({"missing", "too_short"})
"""Mistakes that may be none where a file could not be read to its end."""


def note_problems(errors: Iterable[ErrorDetails], notes: Notes, shape: Shape, *, whole: bool) -> None:
    """Note each of pydantic's *errors* about what should have *shape*.

    If the files are not *whole*, missing resources may be in the unread part.
    """
    suggestions = Suggestions()
    wrong: set[KeyPath] = set()
    for error in errors:
        if error["input"] is None and error["type"] not in {"missing", "extra_forbidden"}:
            continue  # null has its own message
        if not whole and error["type"] in _LACKING:
            continue
        path = _existing(notes.root.value, error["loc"])
        wrong |= {path, path[:2]}
        if error["type"] == "extra_forbidden":
            _note_unknown_key(path, shape_at(path[:-1], shape), notes, suggestions)
        else:
            rule, message = _said(error)
            notes.add(rule, message, path, key=error["loc"][-1] == "[key]")
    notes.half_read = wrong


def _existing(value: Any, path: KeyPath) -> KeyPath:
    """*path* as far as the data goes: pydantic puts keys into it that nobody wrote."""
    for index, part in enumerate(path):
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return path[:index]
    return path


def _said(error: ErrorDetails) -> tuple[Rule, str]:
    kind, value = error["type"], error["input"]
    if error["loc"][: len(_SECRET)] == _SECRET and not isinstance(value, (dict, list)):
        value = _HIDDEN
    context: Mapping[str, Any] = error.get("ctx", {})
    match kind:
        case "missing":
            key = str(error["loc"][-1])
            return MISSING_KEY, f"`{key}` is missing" + (f"; write `{key}: {_LEAST[key]}`" if key in _LEAST else "")
        case _ if kind in _TYPES:
            expected = _SECONDS if error["loc"][-1] in TIMES else _TYPES[kind]
            return WRONG_TYPE, f"expected {expected}, found {_described(value)}{_hint(kind, value, error['loc'])}"
        case "literal_error":
            return INVALID_VALUE, f"expected {context['expected']}, found {_described(value)}"
        case "greater_than_equal":
            return OUT_OF_RANGE, f"must be at least {context['ge']}, found {value}"
        case "less_than_equal":
            return OUT_OF_RANGE, f"must be at most {context['le']}, found {value}"
        case "string_too_short":
            return EMPTY_VALUE, "must not be empty"
        case "too_short":
            return EMPTY_VALUE, "needs at least one item"
        case "too_long":
            return OUT_OF_RANGE, f"at most {context['max_length']} items are possible"
        case _:  # our own, which says it in the user's words already
            return OF_MODELS[kind], error["msg"]


def _described(value: Any) -> str:
    match value:
        case _ if value is _HIDDEN:
            return "something else"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text '{shown(value)}'"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _hint(kind: str, value: Any, path: KeyPath) -> str:
    """Advice on the correct value."""
    match kind, value:
        case "dict_type" | "model_type", str() if value.lstrip().startswith("{"):
            return " (write its keys here, not JSON in quotes)"
        case "model_type", str() if key := _NAMED.get(path[-2] if isinstance(path[-1], int) else path[-1]):
            return f" (write {{{key}: {shown(value)}}})"
        case "model_type", int() if path[-2:-1] == ("channels",):
            return f" (write {{capacity: {value}}})"
        case "string_type", bool() | int() | float():
            return " (quote it if it is meant as text)"
        case "int_type", str() if _is_whole_number(value):
            return " (write it without quotes)"
        case _:
            return ""


def _is_whole_number(text: str) -> bool:
    try:
        return type(core_scalar(text)) is int
    except ValueError:
        return False


def _note_unknown_key(path: KeyPath, around: Shape | None, notes: Notes, suggestions: Suggestions) -> None:
    key = str(path[-1])
    known = () if around is None else tuple(around.keys)
    if (hint := _ONLY_IN_OVERLAYS.get(key)) is not None:
        pass
    elif (suggestion := _other_name(key, known) or suggestions.nearest(key, known)) is not None:
        hint = f"did you mean `{suggestion}`?"
    else:
        hint = f"known here: {', '.join(known)}"
    notes.add(UNKNOWN_KEY, f"unknown key `{shown(key)}`; {hint}", path, key=True)


def _other_name(key: str, known: Iterable[str]) -> str | None:
    """Our key for the API's own name of it."""
    snake = _CAMEL.sub("_", key).lower()
    candidates = (snake, _OTHER_NAMES.get(key), _OTHER_NAMES.get(snake))
    return next((each for each in candidates if each is not None and each in known), None)


def note_nulls(notes: Notes, shape: Shape) -> None:
    """Null is a value inside attributes and extra keys, and a mistake everywhere else."""
    for path, wanted in nulls(notes.root.value, shape):
        notes.add(NULL_VALUE, _instead_of_null(path, wanted), path)


def _instead_of_null(path: KeyPath, shape: Shape) -> str:
    key = path[-1]
    if isinstance(key, int):
        return "null is not allowed here; remove the key"
    if len(path) > 1:
        return "null is not allowed here; write a value, or leave the key out for TaskRouter's default"
    if shape.each is not None and not shape.keys and key != "vars":
        return f"`{key}:` is empty; write `{key}: []` for none, or leave it out to not manage it"
    return f"`{key}:` is empty; write its keys below it, or leave it out"
