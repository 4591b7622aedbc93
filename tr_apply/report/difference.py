"""The differences between two workspaces, for people and for programs, in the form of a plan."""

from collections.abc import Iterator
from typing import Any

import click

from tr_apply.difference import Difference
from tr_apply.plan.change import Action, Operation
from tr_apply.plan.saved.document import change_document
from tr_apply.printable import printable
from tr_apply.report.rows import operation_rows
from tr_apply.report.terminal import row_lines

NO_DIFFERENCES = "No differences."


def difference_text(found: Difference, before: str, after: str) -> str:
    """All of it, under a line that says which is which; *before* and *after* are what the user calls them."""
    return "\n".join(_lines(found, printable(before), printable(after))) + "\n"


def _lines(found: Difference, before: str, after: str) -> Iterator[str]:
    yield click.style(f"{before} -> {after}", bold=True)
    if not found.operations:
        yield NO_DIFFERENCES
        return
    yield ""
    for operation in found.operations:
        for row in operation_rows(operation):
            yield from row_lines(row)
    yield ""
    counts = summary(found)
    yield (
        f"Difference: {counts['delete']} only in the first, {counts['create']} only in the second, "
        f"{counts['update']} different, {counts['equal']} equal."
    )


def summary(found: Difference) -> dict[str, int]:
    """How many of each sort."""
    counts = {action.value: found.count(action) for action in (Action.CREATE, Action.UPDATE, Action.DELETE)}
    return counts | {"equal": found.equal}


def difference_document(found: Difference) -> dict[str, Any]:
    """All of it as JSON, in the words of a plan."""
    return {"differences": [_value(operation) for operation in found.operations], "summary": summary(found)}


def _value(operation: Operation) -> dict[str, Any]:
    return {
        "action": operation.action.value,
        "kind": operation.kind,
        "name": operation.name,
        "changes": [change_document(change) for change in operation.changes],
    }
