"""Findings as SARIF 2.1.0, which code scanning and editors read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from tr_apply.config import rules as configuration_rules
from tr_apply.findings import Finding, RelatedPlace, Severity
from tr_apply.lint import rules
from tr_apply.printable import printable, printable_json
from tr_apply.report.github import below
from tr_apply.version import __version__

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final[Mapping[Severity, str]] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
}


def sarif(findings: Sequence[Finding], *, exit_code: int, root: Path | None = None) -> str:
    """A log of one run. Files below *root*, the checked-out repository, are named from there."""
    described = list(_rules(findings))
    index = {rule["id"]: number for number, rule in enumerate(described)}
    driver = {"name": "tr-apply", "version": __version__, "semanticVersion": __version__, "rules": described}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "exitCode": exit_code}],
        "results": [_result(each, index, root) for each in findings],
    }
    # Escape to ASCII: a file may hold half a surrogate pair, which cannot be encoded otherwise.
    return printable_json(json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)) + "\n"


def _rules(findings: Sequence[Finding]) -> Iterator[dict[str, Any]]:
    """Every rule once, with or without findings: a reader sees everything that was checked."""
    every = (*configuration_rules.RULES, *rules())
    described = {rule.code: (rule.severity, rule.says) for rule in every}
    for each in findings:
        described.setdefault(each.code, (each.severity, each.code))
    for code, (severity, says) in described.items():
        yield {
            "id": code,
            "shortDescription": {"text": says},
            "defaultConfiguration": {"level": _LEVELS[severity]},
        }


def _result(each: Finding, index: Mapping[str, int], root: Path | None) -> dict[str, Any]:
    return {
        "ruleId": each.code,
        "ruleIndex": index[each.code],
        "level": _LEVELS[each.severity],
        "message": {"text": _text(each.message)},
        "locations": [] if each.file is None else [_location(each.file, each, root)],
        **_related(each, root),
        **({} if each.because is None else {"suppressions": [{"kind": "inSource", "justification": each.because}]}),
    }


def _text(message: str) -> str:
    """A square bracket begins a link in SARIF's texts, unless a backslash is before it."""
    return printable(message).replace("[", "\\[").replace("]", "\\]")


def _related(each: Finding, root: Path | None) -> dict[str, Any]:
    """The other places that a finding is about; nothing where it has none."""
    found = [
        {"id": number, "message": {"text": _text(other.message)}, **_location(other.file, other, root)}
        for number, other in enumerate(each.related, start=1)
        if other.file is not None
    ]
    return {"relatedLocations": found} if found else {}


def _location(file: str, each: Finding | RelatedPlace, root: Path | None) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(below(file, root))}}
    if each.line is not None:
        column = {} if each.column is None else {"startColumn": each.column}
        physical["region"] = {"startLine": each.line, **column}
    logical = {"logicalLocations": [{"fullyQualifiedName": printable(each.path)}]} if each.path else {}
    return {"physicalLocation": physical, **logical}


def _uri(file: str) -> str:
    """A reference by RFC 3986: relative ones are the repository's, which is what code scanning wants."""
    path = quote(file, safe="/", errors="replace")
    return f"file://{path}" if file.startswith("/") else path
