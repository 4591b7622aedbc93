"""A rule about a whole configuration."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from tr_apply.findings import Finding, Rule, Severity, Spot, found_by
from tr_apply.lint.declarations import Declarations

Remarks: TypeAlias = Iterator[tuple[Spot, str]]
"""Spots in the document, each with its message."""

_Find: TypeAlias = Callable[[Declarations], Remarks]


@dataclass(frozen=True, slots=True)
class DocumentRule(Rule):
    """A rule on declarations.

    Attributes:
        find: Finds it.
        needs_all: Whether it looks for missing resources, and so is skipped while something cannot be read.
    """

    find: _Find
    needs_all: bool = False

    def findings(self, declarations: Declarations) -> Iterator[Finding]:
        """The findings of the rule in *declarations*."""
        if declarations.whole or not self.needs_all:
            for spot, message in self.find(declarations):
                yield found_by(self, message, spot)


def document_rule(
    code: str, severity: Severity, says: str, *, needs_all: bool = False
) -> Callable[[_Find], DocumentRule]:
    """Make the rule that the decorated function carries out."""
    return lambda find: DocumentRule(code, severity, says, find, needs_all)
