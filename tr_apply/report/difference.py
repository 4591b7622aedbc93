"""The differences between two workspaces, for people and for programs, in the form of a plan."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import click
from pydantic import Field

from tr_apply.difference import Difference
from tr_apply.plan.change import Action, FieldChange
from tr_apply.plan.json_values import Count, KindName, Sid
from tr_apply.plan.saved.document import shown_change
from tr_apply.printable import printable
from tr_apply.report.rows import operation_rows
from tr_apply.report.terminal import row_lines

NO_DIFFERENCES = "No differences."


@dataclass(frozen=True, slots=True)
class ComparedWorkspace:
    """One of the two workspaces that ``diff`` compares."""

    path: str | None
    """Its file or folder; null for a live one."""

    workspace_sid: Sid | None
    """The live workspace; null for a file."""

    workspace: str
    """Its name."""


@dataclass(frozen=True, slots=True)
class DifferentResource:
    """A resource that is not the same in both workspaces."""

    action: Annotated[Action, Field(json_schema_extra={"enum": ["create", "update", "delete"]})]
    """``create`` where only the second has it, ``delete`` where only the first has it, ``update`` where both do."""

    kind: KindName
    """The kind of the resource."""

    name: str
    """The resource's name."""

    changes: Sequence[FieldChange]
    """The fields that differ."""


@dataclass(frozen=True, slots=True)
class DifferenceSummary:
    """How many resources there are of each sort."""

    create: Count
    """Only in the second workspace."""

    update: Count
    """Different."""

    delete: Count
    """Only in the first workspace."""

    equal: Count
    """The same in both."""


@dataclass(frozen=True, slots=True)
class DifferenceDocument:
    """The differences between two workspaces as JSON."""

    before: ComparedWorkspace
    """The first workspace."""

    after: ComparedWorkspace
    """The second workspace."""

    differences: Sequence[DifferentResource]
    """The resources that differ, sorted by kind and name."""

    summary: DifferenceSummary
    """How many of each sort."""


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
    counts = _summary(found)
    yield (
        f"Difference: {counts.delete} only in the first, {counts.create} only in the second, "
        f"{counts.update} different, {counts.equal} equal."
    )


def _summary(found: Difference) -> DifferenceSummary:
    created, updated, deleted = map(found.count, (Action.CREATE, Action.UPDATE, Action.DELETE))
    return DifferenceSummary(created, updated, deleted, found.equal)


def difference_document(found: Difference, before: ComparedWorkspace, after: ComparedWorkspace) -> DifferenceDocument:
    """All of it as JSON, in the words of a plan."""
    entries = [
        DifferentResource(each.action, each.kind, each.name, [shown_change(change) for change in each.changes])
        for each in found.operations
    ]
    return DifferenceDocument(before, after, entries, _summary(found))
