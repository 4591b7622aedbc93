"""What TaskRouter accepts and what yet cannot be meant."""

from collections.abc import Iterator

from tr_apply.config.load import Configuration
from tr_apply.diagnostics import Severity
from tr_apply.lint.expressions import expression_findings
from tr_apply.lint.rules import RULES, rules
from tr_apply.lint.subject import Remark, Subject

__all__ = ["findings", "lint", "rules"]


def lint(configuration: Configuration) -> None:
    """Note every finding about *configuration* that its structure does not show."""
    subject = Subject(configuration.document, whole=configuration.complete, has_sids=configuration.has_sids)
    for severity, code, remark in findings(subject):
        configuration.notes.add(severity, code, remark.message, remark.path, key=remark.key, offset=remark.offset)


def findings(subject: Subject) -> Iterator[tuple[Severity, str, Remark]]:
    """Severity, code and place of all that is to be said about *subject*."""
    for found, remark in expression_findings(subject):
        yield found.severity, found.code, remark
    for rule in RULES:
        if subject.whole or not rule.needs_all:
            for remark in rule.find(subject):
                yield rule.severity, rule.code, remark
