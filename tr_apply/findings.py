"""A finding about a configuration: one value, for every check."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple, Self

from tr_apply.frozen import frozen
from tr_apply.printable import printable

KeyPath = tuple[str | int, ...]
"""The keys and indices that lead to a value of a document."""


class Severity(StrEnum):
    """How bad a finding is; only an ``ERROR`` keeps a configuration from being used."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@frozen
class Rule:
    """A kind of finding. A rule is written next to the function that applies it.

    Attributes:
        code: Stays the same from version to version.
        severity: An error is refused by TaskRouter, or contradicts the file itself. A warning cannot be intended. An
        info
            is often not intended.
        says: Its meaning, in one line.
    """

    code: str
    severity: Severity
    says: str


class Spot(NamedTuple):
    """Where in a document something was found: the value under ``path``, its last key, or a character in it.

    ``offset`` is 0-based and counts in the text as an expression is read: variables replaced, SIDs made up.
    ``place`` is known while files are read: 0-based in the texts of all of them, one after the other.
    """

    path: KeyPath = ()
    key: bool = False
    offset: int | None = None
    place: int | None = None


class RelatedPlace(NamedTuple):
    """Another place that a finding is about, with a note."""

    message: str
    spot: Spot
    file: str | None = None
    line: int | None = None
    column: int | None = None
    path: str | None = None


class Finding(NamedTuple):
    """A finding about a configuration, with its place as far as it is known.

    A check sets the ``spot``. The reader of the files adds the other places: ``line`` and ``column`` are 1-based,
    and ``path`` is the spot in the YAML's keys, as in ``task_queues[2].target_workers``.
    """

    severity: Severity
    code: str
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    path: str | None = None
    spot: Spot = Spot()
    because: str | None = None
    """Why it stays, of one that was accepted."""
    related: tuple[RelatedPlace, ...] = ()

    def __str__(self) -> str:
        """One unwrapped, printable line, beginning ``PATH:LINE:COLUMN: `` where there is a place."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        head = f"{place}: " if place else ""
        tail = f" ({self.path})" if self.path else ""
        return printable(f"{head}{self.severity}: {self.message} [{self.code}]{tail}")

    def under(self, path: KeyPath) -> Self:
        """The same, about the value at *path* below."""
        return self._replace(spot=self.spot._replace(path=path))

    def document(self) -> dict[str, Any]:
        """The finding as JSON output has it."""
        return {"severity": self.severity.value, **self.error_document()}

    @classmethod
    def from_document(cls, document: Any) -> "Finding":
        """The finding that JSON output shows as *document*.

        Raises:
            ValueError: *document* is not a finding.
        """
        match document:
            case {"severity": str(severity), "code": str(code), "message": str(message)}:
                rest = {key: document.get(key) for key in ("file", "line", "column", "path")}
                return cls(Severity(severity), code, message, **rest)
            case _:
                raise ValueError(document)

    def error_document(self) -> dict[str, Any]:
        """The finding as JSON output has it among errors."""
        return {
            "code": self.code,
            "message": self.message,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "path": self.path,
        }


def _or_null(kind: str, description: str, **limits: Any) -> dict[str, Any]:
    return {"description": description, "anyOf": [{"type": kind, **limits}, {"type": "null"}]}


_ERROR_KEYS: dict[str, Any] = {
    "code": {"description": "The code of the error, for programs.", "type": "string"},
    "message": {"description": "The same for people, with what to do next.", "type": "string"},
    "file": _or_null("string", "The file, as the user called it."),
    "line": _or_null("integer", "Line, from 1.", minimum=1),
    "column": _or_null("integer", "Column in characters, from 1.", minimum=1),
    "path": _or_null("string", "The key, as in `task_queues[2].target_workers`."),
}
_SEVERITY = {
    "description": "Only an error keeps a configuration from being used.",
    "type": "string",
    "enum": [each.value for each in Severity],
}
ERROR_SCHEMA: dict[str, Any] = {
    "description": "Something that went wrong.",
    "type": "object",
    "required": [*_ERROR_KEYS],
    "properties": _ERROR_KEYS,
}
"""The JSON Schema of ``Finding.error_document()``."""

FINDING_SCHEMA: dict[str, Any] = {
    "description": "Something that was found in a configuration.",
    "type": "object",
    "required": ["severity", *_ERROR_KEYS],
    "properties": {"severity": _SEVERITY, **_ERROR_KEYS},
}
"""The JSON Schema of ``Finding.document()``."""


def found_by(rule: Rule, message: str, spot: Spot, related: tuple[RelatedPlace, ...] = ()) -> Finding:
    """The finding of *rule* at *spot*, with the other places that it concerns."""
    return Finding(rule.severity, rule.code, message, spot=spot, related=related)


def found_at(rule: Rule, message: str, place: int, path: KeyPath = ()) -> Finding:
    """The finding of *rule* at *place* of a file, before its path in the whole document is known."""
    return Finding(rule.severity, rule.code, message, spot=Spot(path, place=place))


def error_at(code: str, message: str, path: KeyPath) -> Finding:
    """Something at *path* that keeps the configuration from being used."""
    return Finding(Severity.ERROR, code, message, spot=Spot(path))


def errors_of(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that make a configuration unusable."""
    return tuple(each for each in findings if each.severity is Severity.ERROR)
