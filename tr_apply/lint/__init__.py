"""Mistakes that TaskRouter accepts although nobody can mean them."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from tr_apply.config.load import Configuration
from tr_apply.findings import Finding, Rule, Severity
from tr_apply.lint import verdicts
from tr_apply.lint.declarations import Declarations
from tr_apply.lint.expressions import expression_findings
from tr_apply.lint.meaning_findings import meaning_findings
from tr_apply.lint.meaning_rules import ALWAYS_TRUE, DEAD_STEP, IDLE_PART, NEVER_TRUE
from tr_apply.lint.member_rules import empty_queue
from tr_apply.lint.rules import EVERY_RULE, RULES
from tr_apply.routing.comparison_rules import contradiction
from tr_apply.routing.evaluate import Names

__all__ = ["findings", "lint", "rules"]

_CONSEQUENCES: Final = frozenset({empty_queue.code, DEAD_STEP.code, IDLE_PART.code})
"""Codes of findings that any other warning about the same expression may explain."""

_FOREGONE: Final = frozenset({ALWAYS_TRUE.code, NEVER_TRUE.code})
"""Codes that include the finding of two contradicting comparisons."""


def lint(configuration: Configuration, *, today: date, people: Sequence[Names] | None = None) -> None:
    """Note every finding about *configuration* that its structure does not show; *today* is the day in UTC.

    *people* are the workers of the live workspace, where they were read: who is in which queue is decided among them.
    What the configuration itself says about findings is applied to all of them, earlier ones too.
    """
    declarations = Declarations(
        configuration.document, whole=configuration.complete, has_sids=configuration.has_sids, people=people
    )
    for finding in findings(declarations):
        configuration.notes.place(finding)
    verdicts.judge(configuration, today)


def findings(declarations: Declarations) -> Iterator[Finding]:
    """All findings about *declarations*, each with its spot in the document.

    A finding that only follows from another one about the same expression is left out.
    """
    found = [
        *expression_findings(declarations),
        *meaning_findings(declarations),
        *(each for rule in RULES for each in rule.findings(declarations)),
    ]
    causes = {each.spot.path for each in found if each.severity is not Severity.INFO and each.code not in _CONSEQUENCES}
    foregone = {each.spot.path for each in found if each.code in _FOREGONE}
    told_by = {**dict.fromkeys(_CONSEQUENCES, causes), contradiction.code: foregone}
    yield from (each for each in found if each.spot.path not in told_by.get(each.code, ()))


def rules() -> Iterator[Rule]:
    """Every rule of a check of a configuration that can be read."""
    yield from EVERY_RULE
    yield from verdicts.RULES
