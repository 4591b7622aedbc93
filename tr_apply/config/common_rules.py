"""Rules that several parts of the loader apply, or that the models apply by their codes; the limit of findings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from tr_apply.findings import Finding, Rule, Severity

NOT_UTF_8: Final = Rule("not-utf-8", Severity.ERROR, "The file is not valid UTF-8.")
CSV_SYNTAX: Final = Rule("csv-syntax", Severity.ERROR, "The table is not valid CSV.")
DUPLICATE_KEY: Final = Rule("duplicate-key", Severity.ERROR, "A key is written twice.")
INVALID_NUMBER: Final = Rule("invalid-number", Severity.ERROR, "A number that JSON cannot represent.")
SECRET_MISPLACED: Final = Rule(
    "secret-misplaced", Severity.ERROR, "A secret variable is used where plans and messages show the value."
)
SENSITIVE_OUTPUT: Final = Rule("sensitive-output", Severity.ERROR, "An output holds something that must not be shown.")
UNKNOWN_EACH: Final = Rule("unknown-each", Severity.ERROR, "A ${each.…} names no value of the for_each around it.")
OVERLAY_UNKNOWN: Final = Rule(
    "overlay-unknown", Severity.ERROR, "An overlay changes what the configuration does not have, without new: true."
)
MISSING_KEY: Final = Rule("missing-key", Severity.ERROR, "A key is missing.")
UNKNOWN_KEY: Final = Rule("unknown-key", Severity.ERROR, "The key is not known here.")
WRONG_TYPE: Final = Rule("wrong-type", Severity.ERROR, "The value has the wrong type.")
INVALID_VALUE: Final = Rule("invalid-value", Severity.ERROR, "The value is not one of the allowed ones.")
EMPTY_VALUE: Final = Rule("empty", Severity.ERROR, "A value is empty.")
TOO_LONG: Final = Rule("too-long", Severity.ERROR, "The text is longer than TaskRouter accepts.")
NULL_VALUE: Final = Rule("null", Severity.ERROR, "A section or a field is null.")
SID_IN_NAME: Final = Rule("sid-in-name", Severity.ERROR, "A name asks for a SID.")
UNKNOWN_REFERENCE: Final = Rule("unknown-reference", Severity.ERROR, "A name leads nowhere.")
UNKNOWN_KIND: Final = Rule("unknown-kind", Severity.ERROR, "A ${sid:…} does not name a kind of resource.")
DOCUMENT_TOO_LONG: Final = Rule(
    "document-too-long", Severity.ERROR, "Attributes or a workflow make a larger document than TaskRouter takes."
)

OF_MODELS: Final[Mapping[str, Rule]] = {
    each.code: each
    for each in (
        INVALID_NUMBER,
        MISSING_KEY,
        INVALID_VALUE,
        EMPTY_VALUE,
        TOO_LONG,
        SID_IN_NAME,
        DOCUMENT_TOO_LONG,
    )
}
"""The rules that the validators of the models apply; they name them by their codes."""


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
