"""What a plan leaves alone although it differs from the file, or is not in it: counted, so that nobody is surprised."""

from collections import Counter
from collections.abc import Iterator

from tr_apply.findings import Finding, Severity
from tr_apply.plan.compare.ownership import mode_of
from tr_apply.plan.matching.decisions import Draft
from tr_apply.resources import KIND_BY_NAME, SECTIONS, WORKSPACE

LEFT_ALONE = "left-alone"


def left_alone(draft: Draft) -> Iterator[Finding]:
    """One note, if there is anything to count."""
    if parts := [*_foreign(draft), *_undeclared(draft), *_ignored(draft)]:
        yield Finding(Severity.INFO, LEFT_ALONE, f"left alone: {'; '.join(parts)}")


def _foreign(draft: Draft) -> Iterator[str]:
    if number := len(draft.world.foreign):
        yield f"{number} {'worker' if number == 1 else 'workers'} that `manage.workers.where` does not match"


def _undeclared(draft: Draft) -> Iterator[str]:
    additive = [kind for kind in SECTIONS if mode_of(draft.document, kind) == "additive"]
    found = Counter(
        each.kind.name
        for each in draft.kept
        if not each.declared and each.live not in draft.world.foreign and each.kind in additive
    )
    for kind in SECTIONS:
        if number := found[kind.name]:
            yield f"{number} undeclared {kind.title if number == 1 else kind.plural} (`{kind.section}` is additive)"


def _ignored(draft: Draft) -> Iterator[str]:
    """Fields, keys of attributes and filters that differ and that ``manage`` says to keep."""
    found: Counter[str] = Counter()
    for each in (draft.workspace, *draft.kept):
        found[each.kind.name] += each.ignored
    for name, number in sorted(found.items()):
        if number:
            kind = KIND_BY_NAME[name]
            section = kind.name if kind is WORKSPACE else kind.section
            what = "difference" if number == 1 else "differences"
            yield f"{number} {what} in {kind.plural if kind is not WORKSPACE else 'the workspace'} (`manage.{section}`)"
