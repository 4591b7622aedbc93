"""Limits the findings of an untrusted file, which may be wrong in every line: shows the worst, counts the others."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from tr_apply.findings import Finding, Rule, Severity

MORE_FINDINGS: Final = Rule("more-findings", Severity.INFO, "A file has more findings than are shown.")

SHOWN: Final = 100  # findings a file
_WORST_FIRST: Final = (Severity.ERROR, Severity.WARNING, Severity.INFO)


def first_findings(found: Iterable[Finding]) -> Iterator[Finding]:
    """*found*, which are sorted by file, with at most 100 of each file: errors before warnings before the rest."""
    for file, of_one in groupby(found, key=lambda each: each.file):
        yield from _of_one_file(file, list(of_one))


def _of_one_file(file: str | None, found: Sequence[Finding]) -> Iterator[Finding]:
    worst_first = sorted(range(len(found)), key=lambda index: _WORST_FIRST.index(found[index].severity))
    yield from (found[index] for index in sorted(worst_first[:SHOWN]))
    if left := worst_first[SHOWN:]:
        message, first = f"and {len(left)} more in this file", found[min(left)]
        yield Finding(found[left[0]].severity, MORE_FINDINGS.code, message, file, first.line, first.column)
