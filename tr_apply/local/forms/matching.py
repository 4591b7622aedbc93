"""Which workers an expression matches. tr_apply.routing alone has the meaning of expressions."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tr_apply.errors import ExpressionSyntaxError
from tr_apply.local.storage.database import Reader
from tr_apply.local.storage.refusals import InvalidParameterError
from tr_apply.routing.evaluate import compiled
from tr_apply.routing.parser import parse

Names = Mapping[str, Any]

_COLUMNS = ("attributes", "sid", "friendly_name", "activity_sid", "activity_name")


def check_expression(name: str, text: str, parser: Callable[[str], object] = parse) -> None:
    """Raise InvalidParameterError, saying where, unless *parser* can read *text*."""
    try:
        parser(text)
    except ExpressionSyntaxError as error:
        raise InvalidParameterError(f"{name} cannot be parsed: {error}") from None


def worker_names(worker: Mapping[str, Any]) -> Names:
    """The values of the names in an expression, for one worker."""
    return {
        **json.loads(worker["attributes"]),
        "sid": worker["sid"],
        "friendly_name": worker["friendly_name"],
        "activity_sid": worker["activity_sid"],
        "activity_name": worker["activity_name"],
    }


def matcher(expression: str) -> Callable[[Names], bool]:
    """Whether a worker with the given names satisfies *expression*; nobody satisfies an empty one."""
    return compiled(parse(expression)) if expression.strip() else _nobody


def _nobody(_names: Names) -> bool:
    return False


def names_of_workers(reader: Reader, workspace_sid: str, sid: str | None = None) -> list[Names]:
    """The names for expressions of each worker of a workspace, or of the one with *sid*; empty if there is none."""
    rows = reader.rows(
        "SELECT worker.attributes, worker.sid, worker.friendly_name, worker.activity_sid, activity.friendly_name"
        " FROM worker JOIN activity ON activity.sid = worker.activity_sid"
        " WHERE worker.workspace_sid = :workspace_sid AND (:sid IS NULL OR worker.sid = :sid)"
        " ORDER BY worker.position",
        {"workspace_sid": workspace_sid, "sid": sid},
    )
    return [worker_names(dict(zip(_COLUMNS, row, strict=True))) for row in rows]
