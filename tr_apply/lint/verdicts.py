"""``lint:`` of a configuration: how bad its author takes each finding to be, and which of them stay."""

from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import date
from functools import cache
from typing import Any, Final

from tr_apply.config.load import Configuration
from tr_apply.config.suggestions import nearest
from tr_apply.findings import Finding, KeyPath, Rule, Severity, Spot, found_by
from tr_apply.frozen import unfrozen
from tr_apply.lint.rules import EVERY_RULE
from tr_apply.resources import KIND_BY_NAME
from tr_apply.resources.document import Document
from tr_apply.resources.field_path import fits
from tr_apply.resources.lint import Acceptance, Lint
from tr_apply.routing.check import EXPRESSION_SYNTAX
from tr_apply.routing.names import name_key

UNUSED_ACCEPT: Final = Rule("unused-accept", Severity.INFO, "An entry of `lint.accept` has no effect.")
UNKNOWN_CODE: Final = Rule("unknown-code", Severity.WARNING, "`lint` names a code that no finding has.")
LASTING_ERROR: Final = Rule(
    "lasting-error", Severity.ERROR, "`lint` lowers or accepts a finding that is always an error."
)

RULES: Final = (UNUSED_ACCEPT, UNKNOWN_CODE, LASTING_ERROR)
"""Rules about ``lint`` itself."""

ALIASES: Final = {"hidden-filter": "unreachable-filter"}
"""Former codes, each with the one that findings have now."""


def judge(configuration: Configuration, today: date) -> None:
    """Apply ``lint`` of *configuration* to all that was found in it; *today* is the day in UTC."""
    lint, notes = configuration.document.lint, configuration.notes
    if not lint.model_fields_set:
        return
    bench = _Bench(lint, configuration.document, notes.root.value, today)
    kept: list[Finding] = []
    for finding in notes.found:
        judged = bench.judged(finding)
        if judged is not None:
            (kept if judged.because is None else notes.accepted).append(judged)
    notes.found[:] = kept
    for finding in bench.about_itself(whole=configuration.complete):
        notes.place(finding)


def same_code(code: str) -> str:
    """*code*, by the one name that it has in findings."""
    return ALIASES.get(code, code)


@unfrozen
class _Bench:
    lint: Lint
    document: Document
    raw: Mapping[str, Any]
    today: date
    used: set[int] = field(default_factory=set)
    lasting: set[str] = field(default_factory=set)
    """Codes of errors that were found and that ``lint`` cannot do anything about."""

    def judged(self, finding: Finding) -> Finding | None:
        """*finding* as it counts: with a reason if it is accepted, None if nobody wants to see it."""
        for index, accept in enumerate(self.lint.accept):
            if accept is not None and self._fits(accept, finding):
                self.used.add(index)
                if not self._is_over(accept):
                    return _accepted(finding, accept)
        if finding.severity is Severity.ERROR:
            self.lasting.add(finding.code)
            return finding
        wanted = next((wanted for code, wanted in self._severities() if code == finding.code), finding.severity)
        return None if wanted == "off" else finding._replace(severity=Severity(wanted))

    def _severities(self) -> Iterator[tuple[str, str]]:
        return ((same_code(code), severity) for code, severity in self.lint.severity.items())

    def _is_over(self, accept: Acceptance) -> bool:
        return accept.until is not None and date.fromisoformat(accept.until) < self.today

    def _fits(self, accept: Acceptance, finding: Finding) -> bool:
        if same_code(accept.code) != finding.code or not self._is_within(accept.within, finding.spot.path):
            return False
        if finding.severity is not Severity.ERROR:
            return True
        text = _at(self.raw, finding.spot.path)
        return finding.code == EXPRESSION_SYNTAX.code and accept.text is not None and text == accept.text

    def _is_within(self, within: str | None, path: KeyPath) -> bool:
        if within is None:
            return True
        kind, _, pattern = within.partition("/")
        row = KIND_BY_NAME[kind]
        if not path or path[0] != row.section:
            return False
        if not pattern:
            return row.parent is None
        at, _ = row.split(path)
        name = _at(self.raw, (*at, row.identity))
        return isinstance(name, str) and _is_like(name_key(name), name_key(pattern))

    def about_itself(self, *, whole: bool) -> Iterator[Finding]:
        """The findings about ``lint``; unused accepts are known only for a *whole* configuration."""
        for code, severity in self.lint.severity.items():
            yield from _about_code(code, ("lint", "severity", code), key=True)
            if severity != "error" and same_code(code) in self.lasting | _errors():
                yield found_by(LASTING_ERROR, f"{code} is an error and stays one", Spot(("lint", "severity", code)))
        for index, accept in enumerate(self.lint.accept):
            if accept is not None:
                yield from self._about_accept(accept, index, whole=whole)

    def _about_accept(self, accept: Acceptance, index: int, *, whole: bool) -> Iterator[Finding]:
        path = ("lint", "accept", index)
        yield from _about_code(accept.code, (*path, "code"))
        if accept.code == EXPRESSION_SYNTAX.code:
            if accept.text is None or accept.within is None:
                message = "an expression that does not parse is accepted by `in` and its exact `text` alone"
                yield found_by(LASTING_ERROR, message, Spot(path))
        elif same_code(accept.code) in self.lasting | _errors():
            yield found_by(LASTING_ERROR, f"{accept.code} is an error and cannot be accepted", Spot((*path, "code")))
            return
        if index not in self.used and whole:
            yield found_by(UNUSED_ACCEPT, "nothing that was found fits this; remove it", Spot(path))
        elif index in self.used and self._is_over(accept):
            message = f"its last day was {accept.until}, so the finding counts again"
            yield found_by(UNUSED_ACCEPT, message, Spot((*path, "until")))


def _accepted(finding: Finding, accept: Acceptance) -> Finding:
    if finding.severity is Severity.ERROR:
        message = f"{finding.message}; sent as it is, because {accept.because}"
        return finding._replace(severity=Severity.WARNING, message=message)
    return finding._replace(because=accept.because)


def _is_like(name: str, pattern: str) -> bool:
    """Whether *pattern* matches *name*; only ``*`` and ``?`` are special."""
    return fits(name, pattern)


def _at(value: Any, path: KeyPath) -> Any:
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _about_code(code: str, path: KeyPath, *, key: bool = False) -> Iterator[Finding]:
    known = {*_codes(), *ALIASES}
    if code not in known:
        near = nearest(code, known)
        hint = f"; did you mean {near}?" if near else ""
        yield found_by(UNKNOWN_CODE, f"there is no finding {code}{hint}", Spot(path, key=key))


@cache
def _codes() -> Mapping[str, Severity]:
    """Every code there is, and how bad it is by itself."""
    from tr_apply.config.rules import RULES as OF_FILES  # noqa: PLC0415  # seldom needed

    return {rule.code: rule.severity for rule in (*OF_FILES, *EVERY_RULE, *RULES)}


@cache
def _errors() -> frozenset[str]:
    return frozenset(code for code, severity in _codes().items() if severity is Severity.ERROR)
