"""What TaskRouter accepts and what yet cannot be meant."""

from collections.abc import Iterator
from datetime import date

from tr_apply.config.load import Configuration
from tr_apply.findings import Finding, Rule
from tr_apply.lint import verdicts
from tr_apply.lint.declarations import Declarations
from tr_apply.lint.expressions import expression_findings
from tr_apply.lint.member_rules import empty_queue
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
    """All that is to be said about *declarations*, each with its spot in the document.

    That nobody is in a queue is not said where another finding says why.
    """
    found = [*expression_findings(declarations), *(each for rule in RULES for each in rule.findings(declarations))]
    explained = {each.spot.path for each in found if each.code != empty_queue.code}
    yield from (each for each in found if each.code != empty_queue.code or each.spot.path not in explained)


def rules() -> Iterator[Rule]:
    """Every rule of a check of a configuration that can be read."""
    yield from EVERY_RULE
    yield from verdicts.RULES
