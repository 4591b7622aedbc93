"""Findings about a configuration, each with its file, line, column and key."""

from collections.abc import Sequence
from dataclasses import field
from functools import reduce
from operator import getitem

from tr_apply.config.places import Located, Node, Places, Sources, dotted, find, labels_of
from tr_apply.config.values.marks import REFERENCE
from tr_apply.config.values.variables import VariableError, Variables
from tr_apply.findings import Finding, KeyPath, RelatedPlace, Rule, Severity, Spot, found_at, found_by
from tr_apply.frozen import unfrozen
from tr_apply.resources import KINDS
from tr_apply.resources.template import MARK, origin, sample

_PREFIXES = {kind.name: kind.sid_prefix for kind in KINDS}


@unfrozen
class Notes:
    """Collects findings, and knows the place of every key and value."""

    sources: Sources
    variables: Variables
    root: Located = field(default_factory=lambda: Located({}, Places(0, mapping=True)))
    written: dict[int, str] = field(default_factory=dict)
    """Strings before their variables were replaced, by place."""

    mistaken: set[int] = field(default_factory=set)
    """Places of values that could not be read as intended; there are no further findings about them."""

    half_read: set[KeyPath] = field(default_factory=set)
    """The resources with a wrong structure, and the ones that are missing because of it.

    No further findings are added about the former, and only errors about the latter.
    """

    secret_paths: Sequence[KeyPath] = ()
    """Where the values of secret variables have been put."""

    expanded: set[int] = field(default_factory=set)
    """Places of strings of an item with ``for_each``: their characters differ from the written ones."""

    found: list[Finding] = field(default_factory=list)

    accepted: list[Finding] = field(default_factory=list)
    """Findings that the configuration accepts; each says why."""

    def add(self, rule: Rule, message: str, path: KeyPath, *, key: bool = False, offset: int | None = None) -> None:
        """Note *message* at the value under *path*, at its key, or at a character inside it.

        *offset* is 0-based and counts in the value as an expression is read: variables replaced, SIDs made up.
        """
        self.place(found_by(rule, message, Spot(path, key, offset)))

    def at(self, rule: Rule, message: str, place: int, path: KeyPath = ()) -> None:
        """Note *message* at *place*, in addition to other findings there."""
        self.place(found_at(rule, message, place, path))

    def mistake(self, finding: Finding, within: Node | None = None) -> None:
        """Note a finding of a file; an error prevents further findings at its place.

        *within* is what its path leads through, if that is not the whole document.
        """
        self.place(finding, within)
        if finding.severity is Severity.ERROR and finding.spot.place is not None:
            self.mistaken.add(finding.spot.place)

    def place(self, finding: Finding, within: Node | None = None) -> None:
        """Note *finding* at its spot; *within* is as for ``mistake``."""
        path, key, offset, place = finding.spot
        if place is None:
            place = find(self.root.node, path, key=key)
            if place in self.mistaken or self._is_half_read(path, finding.severity):
                return
            if offset is not None:
                template = self._template(path)
                place = self.character(place, template, origin(template, MARK, _sampled, offset))
        self._keep(finding, place, path, self.root.node if within is None else within)

    def _located(self, related: RelatedPlace) -> RelatedPlace:
        path, key, _, _ = related.spot
        file, line, column = self.sources.locate(find(self.root.node, path, key=key))
        return related._replace(file=file, line=line, column=column, path=dotted(path) or None)

    def _is_half_read(self, path: KeyPath, severity: Severity) -> bool:
        return bool(self.half_read) and (path if severity is Severity.ERROR else path[:2]) in self.half_read

    def _keep(self, finding: Finding, place: int, path: KeyPath, within: Node) -> None:
        message = finding.message
        if labels := "; ".join(labels_of(within, path)):
            message = f"{message} (where {labels})"
        file, line, column = self.sources.locate(place)
        spotted = Finding(finding.severity, finding.code, message, file, line, column, dotted(path) or None, Spot(path))
        self.found.append(spotted._replace(related=tuple(map(self._located, finding.related))))

    def where(self, path: KeyPath) -> str:
        """``FILE:LINE:COLUMN`` of the value at *path*, for use inside a message."""
        return self.sources.described(find(self.root.node, path))

    def character(self, place: int, value: str, offset: int) -> int:
        """The place of character *offset* of the string *value* at *place*, as it is with its variables replaced."""
        if place in self.expanded:
            return place
        from tr_apply.config.columns import character_index  # noqa: PLC0415  # seldom needed
        from tr_apply.config.table import cell_index  # noqa: PLC0415

        if (written := self.written.get(place)) is not None:
            offset = origin(written, REFERENCE, self._expansion, offset)
            value = written
        text, start = self.sources.text_at(place)
        find_index = cell_index if self.sources.is_table(place) else character_index
        return place + find_index(text, start, value, offset) - start

    def _template(self, path: Sequence[str | int]) -> str:
        found: str = reduce(getitem, path, self.root.value)
        return found

    def _expansion(self, reference: str) -> str:
        try:
            return self.variables.substituted(reference)
        except VariableError:
            return reference


def _sampled(mark: str) -> str:
    return sample(mark, _PREFIXES)
