"""What TaskRouter accepts and what yet cannot be meant."""

from collections.abc import Iterator
from datetime import date

from tr_apply.config.load import Configuration
from tr_apply.findings import Finding, Rule
from tr_apply.lint import verdicts
from tr_apply.lint.declarations import Declarations
from tr_apply.lint.expressions import expression_findings
from tr_apply.lint.rules import EVERY_RULE, RULES

__all__ = ["findings", "lint", "rules"]


def lint(configuration: Configuration, *, today: date) -> None:
    """Note every finding about *configuration* that its structure does not show; *today* is the day in UTC.

    What the configuration itself says about findings is applied to all of them, earlier ones too.
    """
    declarations = Declarations(configuration.document, whole=configuration.complete, has_sids=configuration.has_sids)
    for finding in findings(declarations):
        configuration.notes.place(finding)
    verdicts.judge(configuration, today)


def findings(declarations: Declarations) -> Iterator[Finding]:
    """All that is to be said about *declarations*, each with its spot in the document."""
    yield from expression_findings(declarations)
    for rule in RULES:
        yield from rule.findings(declarations)


def rules() -> Iterator[Rule]:
    """Every rule of a check of a configuration that can be read."""
    yield from EVERY_RULE
    yield from verdicts.RULES
