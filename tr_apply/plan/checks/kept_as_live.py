"""Resources that a plan leaves alone although they differ from the file, or are not in it: counted, for its reader."""

from collections import Counter
from collections.abc import Iterator

from tr_apply.findings import Finding, Severity
from tr_apply.plan.compare.ownership import mode_of
from tr_apply.plan.matching.decisions import Decisions
from tr_apply.resources import KIND_BY_NAME, SECTIONS

LEFT_ALONE = "left-alone"


def left_alone(decisions: Decisions) -> Iterator[Finding]:
    """One note, if there is anything to count."""
    if parts := [*_foreign(decisions), *_undeclared(decisions), *_ignored(decisions)]:
        yield Finding(Severity.INFO, LEFT_ALONE, f"left alone: {'; '.join(parts)}")


def _foreign(decisions: Decisions) -> Iterator[str]:
    if number := len(decisions.matched.foreign):
        yield f"{number} {'worker' if number == 1 else 'workers'} that `manage.workers.where` does not match"


def _undeclared(decisions: Decisions) -> Iterator[str]:
    additive = [kind for kind in SECTIONS if mode_of(decisions.document, kind) == "additive"]
    found = Counter(
        each.kind.name
        for each in decisions.kept
        if not each.declared and each.live not in decisions.matched.foreign and each.kind in additive
    )
    for kind in SECTIONS:
        if number := found[kind.name]:
            yield f"{number} undeclared {kind.title if number == 1 else kind.plural} (`{kind.section}` is additive)"


def _ignored(decisions: Decisions) -> Iterator[str]:
    """Fields, keys of attributes and filters that differ and that ``manage`` says to keep."""
    found: Counter[str] = Counter()
    for each in (decisions.workspace, *decisions.kept):
        found[each.kind.name] += each.ignored
    for name, number in sorted(found.items()):
        if number:
            kind = KIND_BY_NAME[name]
            what = "difference" if number == 1 else "differences"
            yield f"{number} {what} in {kind.plural if kind in SECTIONS else 'the workspace'} (`manage.{kind.section}`)"
