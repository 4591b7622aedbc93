"""Reads a workflow's document: the JSON text that TaskRouter holds, as filters and steps."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tr_apply.routing.evaluate import compiled
from tr_apply.routing.names import FILTER_NAMES
from tr_apply.routing.nodes import Expression, Path, with_paths
from tr_apply.routing.numbers import as_whole_number
from tr_apply.routing.parser import parse, parse_known_worker, parse_order_by
from tr_apply.routing.workflow import CHANNEL_ROOT, DEFAULT, Filter, KnownWorker, Routing, Step, is_channel_property


def read_routing(document: str) -> Routing:
    """The filters and steps of *document*, the JSON text of a ``Configuration``.

    It may be written as by old helper libraries: with ``task_queue_sid``, and with numbers as texts.

    Raises:
        ExpressionSyntaxError: An expression in it is not valid.
    """
    content = json.loads(document)
    routing = content.get("task_routing") or {}
    filters = tuple(_read_filter(index, each) for index, each in enumerate(routing.get("filters") or ()))
    default = routing.get("default_filter")
    return Routing(document, filters, None if default is None else _read_default(default))


def _read_filter(index: int, written: Mapping[str, Any]) -> Filter:
    name = next((written[key] for key in FILTER_NAMES if isinstance(written.get(key), str)), None)
    expression = parse(written["expression"])
    return Filter(index, name, expression, tuple(_read_steps(index, written["targets"])), compiled(expression))


def _read_steps(filter_index: int, targets: list[Mapping[str, Any]]) -> Iterator[Step]:
    queue_sid = None
    for index, target in enumerate(targets):
        queue_sid = _queue_sid(target) or queue_sid
        yield Step(
            filter_index,
            index,
            queue_sid,
            timeout_s=as_whole_number(target.get("timeout")) or None,
            skip_if=_expression(target.get("skip_if")),
            **_read_choice(target),
        )


def _read_default(target: Mapping[str, Any]) -> Step:
    """The default filter, which knows neither time-out nor skip_if."""
    return Step(DEFAULT, 0, _queue_sid(target), **_read_choice(target))


def _read_choice(target: Mapping[str, Any]) -> dict[str, Any]:
    order_by = target.get("order_by")
    return {
        "priority": as_whole_number(target.get("priority")),
        "expression": _expression(target.get("expression")),
        "order_by": parse_order_by(order_by) if order_by else None,
        "known_worker": _known_worker(target),
    }


def _queue_sid(target: Mapping[str, Any]) -> str | None:
    return target.get("queue") or target.get("task_queue_sid")


def _expression(text: str | None) -> Expression | None:
    return with_paths(parse(text), _internal) if text else None


def _known_worker(target: Mapping[str, Any]) -> KnownWorker | None:
    if text := target.get("known_worker_sid"):
        return KnownWorker(parse_known_worker(text), "sid")
    if text := target.get("known_worker_friendly_name"):
        return KnownWorker(parse_known_worker(text), "friendly_name")
    return None


def _internal(path: Path) -> Path:
    """*path*, with `CHANNEL_ROOT` as one segment if it names a number that TaskRouter itself keeps."""
    if not is_channel_property(path):
        return path
    return Path((CHANNEL_ROOT, *path.segments[2:]), path.offset)
