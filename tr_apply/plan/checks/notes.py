"""Notes for the reader of a plan: settings that have no effect here, and how much it leaves alone."""

from collections import Counter
from collections.abc import Iterator, Sequence

from tr_apply.config.suggestions import nearest
from tr_apply.findings import Finding, Severity, Spot, found_by
from tr_apply.lint.idle_rules import idle_protection
from tr_apply.plan.checks.guard import protects
from tr_apply.plan.compare.ownership import mode_of
from tr_apply.plan.matching.decisions import Decisions
from tr_apply.resources import KIND_BY_NAME, SECTIONS, Kind
from tr_apply.routing.names import name_key


def without_effect(decisions: Decisions) -> Iterator[Finding]:
    """Former names that nothing has, and protections of nothing."""
    for kind in SECTIONS:
        if not decisions.snapshot.predicted:
            yield from _unknown_former_names(decisions, kind)
    yield from _idle_protections(decisions)


def _unknown_former_names(decisions: Decisions, kind: Kind) -> Iterator[Finding]:
    """New resources without a live former name. A misspelt one would be created next to the old resource."""
    live = {name_key(each.name): each.name for each in decisions.snapshot.by_kind.get(kind.name, ())}
    for match in decisions.new_of(kind):
        if match.declared.renamed_from:
            yield unknown_former_name(kind, match.name, match.declared.renamed_from, list(live.values()))


def unknown_former_name(kind: Kind, name: str, former: Sequence[str], live: Sequence[str]) -> Finding:
    """The warning that the new resource *name* has *former* names, and none of the *live* ones is among them."""
    near = nearest(former[0], live)
    hint = f"did you mean {near!r}?" if near else "remove `renamed_from` if it is new"
    names = ", ".join(map(repr, former))
    message = f"the {kind.title} {name!r} is created: no live {kind.title} has its former name {names}; {hint}"
    return Finding(Severity.WARNING, "unknown-former-name", message)


def _idle_protections(decisions: Decisions) -> Iterator[Finding]:
    for pattern in decisions.document.safety.protect:
        kind = KIND_BY_NAME[pattern.partition("/")[0]]
        if kind not in SECTIONS or not (decisions.snapshot.has(kind.name) or decisions.document.declares(kind.section)):
            continue  # resources that are not read may exist
        if not any(protects(pattern, kind.name, name) for name in _names(decisions, kind)):
            message = (
                f"{pattern!r} in `safety.protect` protects nothing: no declared or live {kind.title} has such a name"
            )
            yield found_by(idle_protection, message, Spot())


def _names(decisions: Decisions, kind: Kind) -> Iterator[str]:
    yield from (live.name for live in decisions.snapshot.by_kind.get(kind.name, ()))
    yield from (kind.name_of(each) for each in getattr(decisions.document, kind.section, ()) or ())


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
