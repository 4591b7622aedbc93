"""What a check has to say about a configuration: one value, whoever says it."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How bad a finding is; only an ``ERROR`` keeps a configuration from being used."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Diagnostic(NamedTuple):
    """A finding, with its place as far as it is known.

    ``line`` and ``column`` are 1-based; ``path`` uses the YAML's keys, as in ``task_queues[2].target_workers``.
    """

    severity: Severity
    code: str
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    path: str | None = None

    def __str__(self) -> str:
        """One unwrapped line, beginning ``PATH:LINE:COLUMN: `` where there is a place."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        head = f"{place}: " if place else ""
        tail = f" ({self.path})" if self.path else ""
        return f"{head}{self.severity}: {self.message} [{self.code}]{tail}"


def errors_of(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Those that make a configuration unusable."""
    return tuple(each for each in diagnostics if each.severity is Severity.ERROR)
