"""Findings as GitHub's workflow commands, which a pull request shows next to the lines concerned.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-error-message
"""

from collections.abc import Iterable, Mapping
from os.path import normpath
from pathlib import Path
from typing import Final

from tr_apply.findings import Finding, Severity
from tr_apply.printable import printable

_COMMANDS: Final[Mapping[Severity, str]] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "notice",
}


def annotations(findings: Iterable[Finding], root: Path | None = None) -> str:
    """One line a finding. Files below *root*, the checked-out repository, are named from there."""
    return "".join(f"{_annotation(each, root)}\n" for each in findings)


def _annotation(each: Finding, root: Path | None) -> str:
    file = None if each.file is None else below(each.file, root)
    place = {"file": file, "line": each.line, "col": each.column}
    properties = ",".join(f"{key}={_property(str(value))}" for key, value in place.items() if value is not None)
    tail = f" ({each.path})" if each.path else ""
    message = printable(f"{each.message} [{each.code}]{tail}")
    return f"::{_COMMANDS[each.severity]}{f' {properties}' if properties else ''}::{_data(message)}"


def below(file: str, root: Path | None) -> str:
    """*file* as it is called from *root*; as it is where it does not lie below, or where there is no such folder."""
    if root is None:
        return file
    try:
        return Path(normpath(Path(file).absolute())).relative_to(normpath(root.absolute())).as_posix()
    except ValueError:
        return file


def _data(text: str) -> str:
    """The runner ends a command at the end of the line, and reads ``%25``, ``%0D`` and ``%0A`` back."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
