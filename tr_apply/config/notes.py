"""Findings about a configuration, each with its file, line, column and key."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tr_apply.config.columns import character_index
from tr_apply.config.overlay import Located
from tr_apply.config.places import KeyPath, Places, Sources, dotted, find, unpack
from tr_apply.config.variables import REFERENCE, VariableError, Variables
from tr_apply.diagnostics import Diagnostic, Severity
from tr_apply.resources import KINDS
from tr_apply.resources.template import MARK, origin, sample

_PREFIXES = {kind.name: kind.sid_prefix for kind in KINDS}


@dataclass(slots=True)
class Notes:
    """Collects what is wrong, and knows where everything stands."""

    sources: Sources
    variables: Variables
    root: Located = field(default_factory=lambda: Located({}, Places(0, mapping=True)))
    written: dict[int, str] = field(default_factory=dict)
    """Strings before their variables were replaced, by place."""

    found: list[Diagnostic] = field(default_factory=list)

    def add(
        self,
        severity: Severity,
        code: str,
        message: str,
        path: KeyPath,
        *,
        key: bool = False,
        offset: int | None = None,
    ) -> None:
        """Note *message* at the value under *path*, at its key, or at a character inside it.

        *offset* is 0-based and counts in the value as an expression is read: variables replaced, SIDs made up.
        """
        place = find(self.root.node, path, key=key)
        if offset is not None:
            place = self._inside(place, path, offset)
        self.at(severity, code, message, place, path)

    def at(self, severity: Severity, code: str, message: str, place: int, path: KeyPath = ()) -> None:
        """Note *message* at *place*."""
        file, line, column = self.sources.locate(place)
        self.found.append(Diagnostic(severity, code, message, file, line, column, dotted(path) or None))

    def error(self, code: str, message: str, path: KeyPath, *, key: bool = False) -> None:
        """Note what keeps the configuration from being used."""
        self.add(Severity.ERROR, code, message, path, key=key)

    def warning(self, code: str, message: str, path: KeyPath, *, key: bool = False) -> None:
        """Note what TaskRouter accepts and what yet cannot be meant."""
        self.add(Severity.WARNING, code, message, path, key=key)

    def where(self, path: KeyPath) -> str:
        """``file:line`` of what stands under *path*, for use inside a message."""
        file, line, _ = self.sources.locate(find(self.root.node, path))
        return f"{file}:{line}"

    def _inside(self, place: int, path: Sequence[str | int], offset: int) -> int:
        offset = origin(self._value(path), MARK, lambda mark: sample(mark, _PREFIXES), offset)
        if (written := self.written.get(place)) is not None:
            offset = origin(written, REFERENCE, self._expansion, offset)
        file, _, _ = unpack(place)
        start = self.sources.index(place)
        return self.sources.place(file, character_index(self.sources.texts[file], start, offset))

    def _value(self, path: Sequence[str | int]) -> str:
        value = self.root.value
        for part in path:
            value = value[part]
        return value if isinstance(value, str) else ""

    def _expansion(self, reference: str) -> str:
        try:
            return self.variables.substituted(reference)
        except VariableError:
            return reference
