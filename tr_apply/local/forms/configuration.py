"""TaskRouter's demands on a workflow's Configuration. It keeps unknown keys and does not look at them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tr_apply.local.forms.matching import check_expression
from tr_apply.local.storage.documents import compact, parse_object
from tr_apply.local.storage.refusals import InvalidParameterError
from tr_apply.routing.names import QUEUE_KEYS, is_sid
from tr_apply.routing.numbers import as_whole_number
from tr_apply.routing.parser import parse, parse_known_worker, parse_order_by

SIZE_LIMIT = 1_038_576  # bytes, white space included

_GRAMMAR: Mapping[str, Callable[[str], object]] = {
    "expression": parse,
    "order_by": parse_order_by,
    "skip_if": parse,
    "known_worker_sid": parse_known_worker,
    "known_worker_friendly_name": parse_known_worker,
}
"""The keys of a target that hold text with a grammar."""

_NUMBERS = ("priority", "timeout")


def configuration(name: str, text: str) -> str:
    """The document as it is stored.

    Raises:
        InvalidParameterError: With the place in the document.
    """
    if len(text.encode()) > SIZE_LIMIT:
        raise InvalidParameterError(f"{name} is longer than {SIZE_LIMIT} bytes")
    _check_routing(name, parse_object(name, text))
    return compact(text)


def queues_of(name: str, text: str) -> Mapping[str, str]:
    """SID of each queue that a valid document sends tasks to -> a place where it does."""
    routing = parse_object(name, text)["task_routing"]
    places = (
        *(place for each in _filters(name, routing) for place in _targets(*each)),
        *_default_filter(name, routing),
    )
    return {target[key]: f"{path}.{key}" for path, target in places for key in QUEUE_KEYS if key in target}


Place = tuple[str, dict[str, Any]]
"""A path in the document, as ``Configuration.task_routing.filters[0]``, and the value there."""


def _check_routing(name: str, document: dict[str, Any]) -> None:
    routing = _object(f"{name}.task_routing", document.get("task_routing"))
    if routing.get("filters") is None and routing.get("default_filter") is None:
        raise InvalidParameterError(f"{name}.task_routing needs filters, a default_filter, or both")
    for path, each in _filters(name, routing):
        _check_filter(path, each)
    for path, target in _default_filter(name, routing):
        _check_target(path, target, queue_required=True)


def _check_filter(path: str, each: dict[str, Any]) -> None:
    _text(f"{path}.expression", each.get("expression"))
    check_expression(f"{path}.expression", each["expression"])
    targets = list(_targets(path, each))
    if not targets:
        raise InvalidParameterError(f"{path}.targets needs at least one target")
    for index, (place, target) in enumerate(targets):
        _check_target(place, target, queue_required=index == 0)


def _check_target(path: str, target: dict[str, Any], *, queue_required: bool) -> None:
    if queue_required and not any(key in target for key in QUEUE_KEYS):
        raise InvalidParameterError(f"{path}.queue is missing")
    for key in QUEUE_KEYS:
        if key in target and not is_sid(str(target[key]), "WQ"):
            raise InvalidParameterError(f"{path}.{key} must be the SID of a TaskQueue")
    for key, parser in _GRAMMAR.items():
        if target.get(key) is not None:
            _text(f"{path}.{key}", target[key])
            check_expression(f"{path}.{key}", target[key], parser)
    for key in _NUMBERS:
        if not _is_number(target.get(key, 0)):
            raise InvalidParameterError(f"{path}.{key} must be a whole number")


def _filters(name: str, routing: dict[str, Any]) -> Iterator[Place]:
    return _objects(f"{name}.task_routing.filters", routing.get("filters"))


def _targets(path: str, each: dict[str, Any]) -> Iterator[Place]:
    return _objects(f"{path}.targets", each.get("targets"))


def _default_filter(name: str, routing: dict[str, Any]) -> Iterator[Place]:
    if (default := routing.get("default_filter")) is not None:
        path = f"{name}.task_routing.default_filter"
        yield path, _object(path, default)


def _objects(path: str, value: Any) -> Iterator[Place]:
    if not isinstance(value, list | None):
        raise InvalidParameterError(f"{path} must be a list")
    for index, each in enumerate(value or []):
        place = f"{path}[{index}]"
        yield place, _object(place, each)


def _object(path: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidParameterError(f"{path} must be an object")
    return value


def _text(path: str, value: Any) -> None:
    if not isinstance(value, str) or not value.strip():
        raise InvalidParameterError(f"{path} must be a text that is not empty")


def _is_number(value: Any) -> bool:
    """Whether *value* is a whole number of at least 0, or its digits in a string; TaskRouter keeps both as they are."""
    if isinstance(value, str):
        return as_whole_number(value) is not None
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0)
