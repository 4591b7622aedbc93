"""Changes since a plan was made, and changes made outside the repository: tables of both."""

from collections import Counter
from collections.abc import Sequence

from tr_apply.plan.saved.origin import Origins
from tr_apply.plan.saved.stale import Drift
from tr_apply.printable import printable
from tr_apply.report.table import table
from tr_apply.report.values import shown
from tr_apply.report.wording import reference_title

_CHANGED = ("changed since then", "planned from", "live now", "planned to")
_STAYS = "stays"
_WIDTH = 95  # characters of a line, which a comment on a pull request does not break


def drift_text(rows: Sequence[Drift]) -> str:
    """The table that says why a plan is not carried out."""
    return table(_CHANGED, [_cells(row, "as it was") for row in rows])


def origins_text(found: Origins) -> str:
    """A table of the changes made outside, and the number of operations by origin."""
    if found.problem:
        return f"The changes outside the repository are not known: {printable(found.problem)}.\n"
    if not found.outside:
        return f"Nothing was changed outside the repository since {printable(found.base_ref)}.\n"
    rows = [_cells(row, _STAYS) for row in found.outside]
    counts = Counter(found.operations.values())
    told = f"Operations of this plan: {counts['files']} from the files, {counts['outside']} to undo "
    told += f"changes made outside, {counts['both']} for both.\n"
    header = ("changed outside", f"at {printable(found.base_ref)}", "live now", "planned to")
    return table(header, rows, width=_WIDTH) + told


def _cells(row: Drift, kept: str) -> Sequence[str]:
    """The changed field and its three values; *kept* is the text for a field that the plan leaves alone."""
    title = f"{printable(row.object)} {reference_title(row.path)}".rstrip()
    planned = kept if row.planned_to is None else shown(row.planned_to)
    return title, shown(row.planned_from), shown(row.live_now), planned
