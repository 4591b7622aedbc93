"""What came of routing tests as JSON."""

from collections.abc import Sequence
from typing import Any

from tr_apply.rehearsal.coverage import SORTS, Coverage
from tr_apply.rehearsal.trial import Trial
from tr_apply.rehearsal.verdict import Difference, Verdict
from tr_apply.report.route_document import route_document
from tr_apply.report.tests_text import difference_line, part_value


def tests_document(trials: Sequence[Trial], *, with_coverage: bool) -> dict[str, Any]:
    """Every test; the way of the task only where one failed."""
    failed = sum(len(each.failed) for each in trials)
    total = sum(len(each.verdicts) for each in trials)
    document: dict[str, Any] = {
        "tests": [_test(verdict, each.path) for each in trials for verdict in each.verdicts],
        "summary": {"passed": total - failed, "failed": failed},
    }
    if with_coverage:
        document["coverage"] = [{"path": each.path, **_coverage(each.coverage)} for each in trials]
    return document


def test_errors(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """Every test that failed, as an error with its place."""
    return [_error(verdict) for each in trials for verdict in each.failed]


def _error(verdict: Verdict) -> dict[str, Any]:
    told = "; ".join(map(difference_line, verdict.differences))
    return {
        "code": "routing-test-failed",
        "message": f"{verdict.test.test.name}: {told}",
        "file": verdict.test.file,
        "line": verdict.test.line,
        "column": verdict.test.column,
        "path": None,
    }


def _test(verdict: Verdict, path: str) -> dict[str, Any]:
    return {
        "name": verdict.test.test.name,
        "path": path,
        "file": verdict.test.file,
        "line": verdict.test.line,
        "workflow": verdict.test.test.workflow,
        "passed": verdict.passed,
        "differences": [_difference(each) for each in verdict.differences],
        "route": None if verdict.passed else route_document(verdict.route),
    }


def _difference(each: Difference) -> dict[str, Any]:
    return {"about": each.about, "expected": each.expected, "actual": each.actual, "hint": each.hint or None}


def _coverage(found: Coverage) -> dict[str, Any]:
    parts: dict[str, Any] = {"percentage": found.percentage()}
    for sort in SORTS:
        reached, total = found.count(sort)
        parts[f"{sort}s"] = {
            "reached": reached,
            "total": total,
            "percentage": found.percentage(sort),
            "missed": [part_value(part) for part in found.missed if part.sort == sort],
        }
    return parts
