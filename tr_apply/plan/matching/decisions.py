"""The decision about each declared and each live resource: new, kept, replaced or deleted."""

from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from typing import Any

from tr_apply.findings import Finding, Severity
from tr_apply.frozen import unfrozen
from tr_apply.live import Live, Snapshot
from tr_apply.plan.change import FieldChange
from tr_apply.plan.compare.diff import changed_fields, is_unchanged
from tr_apply.plan.compare.ownership import deletes_rest, ignored_differences, owned, rule_of
from tr_apply.plan.matching.declared_before import DeclaredBefore
from tr_apply.plan.matching.match import Match, Replacement
from tr_apply.plan.matching.matched import Matched
from tr_apply.plan.matching.references import canonical, repointed
from tr_apply.resources import SECTIONS, WORKSPACE, Kind
from tr_apply.resources.document import Document
from tr_apply.routing.names import name_key
from tr_apply.wire import model_of

_RANK = {kind.name: index for index, kind in enumerate(SECTIONS)}


@unfrozen
class Kept:
    """A live resource that stays, and what it becomes.

    Attributes:
        kind: Its kind.
        live: How TaskRouter answered it.
        after: What it will be.
        declared: Whether the file has it.
        changes: All that must be written.
        shown: ``changes`` without those that merely re-point a reference to a replaced resource.
        follows: Those of the changes that merely re-point.
        ignored: Number of differences that stay, because what differs is not ours.
    """

    kind: Kind
    live: Live
    after: Any
    declared: bool
    changes: Sequence[FieldChange] = ()
    shown: Sequence[FieldChange] = ()
    follows: Sequence[FieldChange] = ()
    ignored: int = 0

    @property
    def name(self) -> str:
        """Its name when the plan is done."""
        return self.kind.name_of(self.after) if self.declared else self.live.name


@unfrozen
class Decisions:
    """The decision about every resource, before requests are made."""

    document: Document
    snapshot: Snapshot
    matched: Matched
    workspace: Kept
    kept: list[Kept] = field(default_factory=list)
    """Live resources that stay, declared or not."""

    new: list[Match] = field(default_factory=list)
    """Declared resources that are not live, in creation order of their kinds."""

    replaced: list[Replacement] = field(default_factory=list)
    deleted: list[Live] = field(default_factory=list)
    diagnostics: list[Finding] = field(default_factory=list)
    before: DeclaredBefore | None = None
    """The declarations of the configuration that was applied last, if requested."""

    def sid(self, live: Live) -> str | None:
        """The SID of *live*, unless it is only predicted."""
        return None if self.snapshot.predicted else live.sid

    def kept_of(self, kind: Kind) -> list[Kept]:
        """The live resources of *kind* that stay, declared or not."""
        return [each for each in self.kept if each.kind is kind]

    def declared_of(self, kind: Kind) -> list[Kept]:
        """The live resources of *kind* that the file has."""
        return [each for each in self.kept_of(kind) if each.declared]

    def new_of(self, kind: Kind) -> list[Match]:
        """The declared resources of *kind* that are not live."""
        return [match for match in self.new if match.kind is kind]

    def deleted_of(self, *kinds: Kind) -> list[Live]:
        """The live resources of these *kinds* that go."""
        names = {kind.name for kind in kinds}
        return [live for live in self.deleted if live.kind in names]

    def result(self, kind: Kind) -> Iterator[Any]:
        """Every resource of *kind* as it will be."""
        for each in self.kept_of(kind):
            yield each.after if each.declared else model_of(each.live, self.matched.labels)
        yield from (match.declared for match in self.new_of(kind))
        yield from (match.declared for match in self.replaced if match.kind is kind and match.live is None)


def decided(
    document: Document, snapshot: Snapshot, matched: Matched, before: DeclaredBefore | None = None
) -> Decisions:
    """Decide what happens to each declared and each live resource."""
    declared = canonical(WORKSPACE, document.workspace, matched.name)
    decisions = Decisions(
        document, snapshot, matched, _kept_as(document, matched, WORKSPACE, snapshot.workspace, declared)
    )
    decisions.before = before
    for kind in SECTIONS:
        for match in matched.matches(kind):
            _place(decisions, _spelled(match, matched))
        for live in matched.rest(kind):
            _place_rest(decisions, kind, live)
    _sort(decisions)
    return decisions


def _sort(decisions: Decisions) -> None:
    """Sort by kind and name: neither the order of the file nor that of TaskRouter's lists changes a plan."""
    decisions.kept.sort(key=lambda each: name_key(each.name))  # in two steps, as texts compare faster than tuples
    decisions.kept.sort(key=lambda each: _RANK[each.kind.name])
    decisions.new.sort(key=lambda each: (_RANK[each.kind.name], each.key))
    decisions.replaced.sort(key=lambda each: (_RANK[each.kind.name], each.key))
    decisions.deleted.sort(key=lambda each: (_RANK[each.kind], name_key(each.name)))
    decisions.diagnostics.sort(key=lambda each: each.message)


def _spelled(match: Match, matched: Matched) -> Match:
    declared = canonical(match.kind, match.declared, matched.name)
    return match if declared is match.declared else replace(match, declared=declared)


def _place(decisions: Decisions, match: Match) -> None:
    """New, kept or replaced; kept and replaced, where a replacement was interrupted."""
    if match.live is not None:
        decisions.kept.append(_kept_as(decisions.document, decisions.matched, match.kind, match.live, match.declared))
    if match.old is not None:
        decisions.replaced.append(_replacement(decisions, match, match.old))
    elif match.live is None:
        decisions.new.append(match)


def _replacement(decisions: Decisions, match: Match, old: Live) -> Replacement:
    """The replacement of *old*, with the parts of it that are not ours."""
    before = model_of(old, decisions.matched.labels)
    declared = owned(match.kind, match.declared, before, rule_of(decisions.document, match.kind))
    return Replacement(match.kind, declared, match.index, match.live, old=old)


def _kept_as(document: Document, matched: Matched, kind: Kind, live: Live, declared: Any) -> Kept:
    kept = Kept(kind, live, declared, declared=True)
    if matched.renamed or not is_unchanged(kind, declared, live, matched.labels):
        before, rule = model_of(live, matched.labels), rule_of(document, kind)
        kept.after = owned(kind, declared, before, rule)
        kept.ignored = ignored_differences(kind, declared, before, rule)
        _compare(kept, before, matched)
    return kept


def _compare(kept: Kept, before: Any, matched: Matched) -> None:
    """Find the changes from *before*, with every reference as it will be after the plan."""
    kind, moved = kept.kind, before
    if matched.renamed:
        moved = repointed(kind, before, matched.renamed)
        kept.after = repointed(kind, kept.after, matched.renamed)
    if not (changes := changed_fields(kind, before, kept.after)):
        return
    kept.after = matched.spelled(kind, kept.after)
    kept.changes = kept.shown = changes = changed_fields(kind, before, kept.after)
    if moved is not before:
        kept.shown = changed_fields(kind, moved, kept.after)
        follows = changed_fields(kind, before, moved)
        kept.follows = [change for change in changes if change in follows]


def _place_rest(decisions: Decisions, kind: Kind, live: Live) -> None:
    """Delete undeclared resources of an exact section, unless something keeps them."""
    if not _is_kept(decisions, kind, live):
        decisions.deleted.append(live)
        return
    kept = Kept(kind, live, None, declared=False)
    if decisions.matched.renamed:
        kept.after = before = model_of(live, decisions.matched.labels)
        _compare(kept, before, decisions.matched)
    decisions.kept.append(kept)


def _is_kept(decisions: Decisions, kind: Kind, live: Live) -> bool:
    if not deletes_rest(decisions.document, kind) or live in decisions.matched.foreign:
        return True
    if live.name in kind.built_in:
        return True
    if uses := _workspace_uses(decisions, kind, live):
        message = f"the {kind.title} {live.name!r} is not declared and stays, because it is the workspace's {uses}"
        decisions.diagnostics.append(Finding(Severity.INFO, "kept", message))
        return True
    return False


def _workspace_uses(decisions: Decisions, kind: Kind, live: Live) -> str:
    """The workspace's use of *live*, such as its default activity; TaskRouter refuses to delete what it uses."""
    used = {key: getattr(decisions.workspace.after, key) for key in WORKSPACE.keys_to(kind.name)}
    same = (key for key, name in used.items() if name is not None and name_key(name) == name_key(live.name))
    return " and ".join(key.replace("_", " ") for key in same)
