"""The way of a task as JSON."""

from collections.abc import Mapping
from typing import Any

from tr_apply.rehearsal.route import ExcludedRow, Falsehood, FilterRow, Route, StepRow


def route_document(route: Route) -> dict[str, Any]:
    """The whole way."""
    asked = route.question
    return {
        "workflow": asked.workflow,
        "task": {"attributes": dict(asked.attributes), "channel": asked.channel, "priority": asked.priority},
        "available": list(route.available),
        "filters": [_filter(each) for each in route.filters],
        "steps": [_step(each) for each in route.steps],
        "end": {"how": route.end.replace(" ", "_"), "at": route.ended_s, "reason": route.reason},
    }


def _filter(row: FilterRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "name": row.name,
        "expression": row.expression,
        "matches": row.matches,
        "reached": row.reached,
        "because": _falsehood(row.because),
    }


def _step(row: StepRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "filter": row.filter,
        "filter_name": row.filter_name,
        "default_filter": row.filter is None,
        "target": row.target,
        "queue": row.queue,
        "priority": row.priority,
        "timeout": row.timeout,
        "expression": row.expression,
        "entered": row.entered_s,
        "deadline": row.deadline_s,
        "eligible": list(row.eligible),
        "offered_to": row.offered_to,
        "excluded": [_excluded(each) for each in row.excluded],
        "excluded_count": row.excluded_count,
        "known_worker": None if row.known_worker is None else row.known_worker._asdict(),
        "skip_if": row.skip_if,
        "not_skipped": _falsehood(row.not_skipped),
        "left_by": row.left_by,
    }


def _excluded(row: ExcludedRow) -> dict[str, Any]:
    found: Mapping[str, Any] | None = row.found
    return {
        "worker": row.worker,
        "obstacle": row.obstacle.name.lower(),
        "because": _falsehood(row.because),
        "found": None if found is None else dict(found),
    }


def _falsehood(because: Falsehood | None) -> dict[str, Any] | None:
    return None if because is None else {"comparison": because.comparison, "found": dict(because.found)}
