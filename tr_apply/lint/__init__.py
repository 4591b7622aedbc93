"""What TaskRouter accepts and what yet cannot be meant."""

from collections.abc import Iterator

from tr_apply.config.load import Configuration
from tr_apply.findings import Finding
from tr_apply.lint.declarations import Declarations
from tr_apply.lint.expressions import expression_findings
from tr_apply.lint.rules import RULES, rules

__all__ = ["findings", "lint", "rules"]


def lint(configuration: Configuration) -> None:
    """Note every finding about *configuration* that its structure does not show."""
    declarations = Declarations(configuration.document, whole=configuration.complete, has_sids=configuration.has_sids)
    for finding in findings(declarations):
        configuration.notes.place(finding)


def findings(declarations: Declarations) -> Iterator[Finding]:
    """All that is to be said about *declarations*, each with its spot in the document."""
    yield from expression_findings(declarations)
    for rule in RULES:
        yield from rule.findings(declarations)
