"""What has changed under a plan, as a table and as JSON."""

from collections.abc import Sequence

from tr_apply.plan.saved.stale import Drift
from tr_apply.printable import printable
from tr_apply.report.table import table
from tr_apply.report.values import shown
from tr_apply.report.wording import reference_title

_HEADER = ("changed meanwhile", "planned from", "live now", "planned to")


def drift_text(rows: Sequence[Drift]) -> str:
    """The table that says why a plan is not carried out."""
    return table(_HEADER, [(_title(row), shown(row.planned_from), shown(row.live_now), _planned(row)) for row in rows])


def _title(row: Drift) -> str:
    return f"{printable(row.object)} {reference_title(row.path)}".rstrip()


def _planned(row: Drift) -> str:
    return "as it was" if row.planned_to is None else shown(row.planned_to)
