"""A plan in the making: every live resource, what it shall become, and what must go."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tr_apply.findings import Finding, Severity
from tr_apply.live import Live, Snapshot
from tr_apply.plan.change import FieldChange
from tr_apply.plan.compare.diff import changed_fields, is_unchanged
from tr_apply.plan.compare.ownership import ignored_differences, owned, rule_of
from tr_apply.plan.matching.match import Match
from tr_apply.plan.matching.matched import World, deletes_rest
from tr_apply.plan.matching.references import canonical, repointed
from tr_apply.resources import ACTIVITY, SECTIONS, TASK_CHANNEL, WORKSPACE
from tr_apply.resources.document import Document
from tr_apply.resources.kind import Kind
from tr_apply.resources.seeds import SEEDED_CHANNELS
from tr_apply.routing.names import name_key
from tr_apply.wire import model_of

_RANK = {kind.name: index for index, kind in enumerate(SECTIONS)}


@dataclass(slots=True)
class Desired:
    """A live resource that stays, and what it shall become.

    Attributes:
        kind: Its kind.
        live: How TaskRouter answered it.
        after: What it shall be.
        declared: Whether the file has it.
        changes: All that must be written.
        told: The same without what only follows a replaced resource to its new SID.
        follows: Those of the changes that only follow.
        ignored: How many differences are left alone, because what differs is not ours.
    """

    kind: Kind
    live: Live
    after: Any
    declared: bool
    changes: Sequence[FieldChange] = ()
    told: Sequence[FieldChange] = ()
    follows: Sequence[FieldChange] = ()
    ignored: int = 0

    @property
    def name(self) -> str:
        """Its name when the plan is done."""
        return self.kind.name_of(self.after) if self.declared else self.live.name


@dataclass(slots=True)
class Draft:
    """What is known before requests are made of it."""

    document: Document
    snapshot: Snapshot
    world: World
    workspace: Desired
    kept: list[Desired] = field(default_factory=list)
    """Live resources that stay, declared or not."""

    new: list[Match] = field(default_factory=list)
    """Declared resources that are not live, in creation order of their kinds."""

    replaced: list[Match] = field(default_factory=list)
    deleted: list[Live] = field(default_factory=list)
    diagnostics: list[Finding] = field(default_factory=list)

    def sid(self, live: Live) -> str | None:
        """The SID of *live*, unless it is only predicted."""
        return None if self.snapshot.predicted else live.sid

    def result(self, kind: Kind) -> Iterator[Any]:
        """Every resource of *kind* as it will be."""
        for each in self.kept:
            if each.kind is kind:
                yield each.after if each.declared else model_of(each.live, self.world.labels)
        for match in (*self.new, *self.replaced):
            if match.kind is kind and match.live is None:
                yield match.declared


def draft_of(document: Document, snapshot: Snapshot, world: World) -> Draft:
    """Decide for each declared and each live resource what becomes of it; asked again, the same answer."""
    known = snapshot.worked_out.get("draft")
    if known is None or known[0] is not world:
        known = snapshot.worked_out["draft"] = world, _drafted(document, snapshot, world)
    draft: Draft = known[1]
    return draft


def _drafted(document: Document, snapshot: Snapshot, world: World) -> Draft:
    assert snapshot.workspace is not None
    declared = canonical(WORKSPACE, document.workspace, world.name)
    draft = Draft(document, snapshot, world, _desired(document, world, WORKSPACE, snapshot.workspace, declared))
    for kind in SECTIONS:
        for match in world.matches(kind):
            _place(draft, _spelled(match, world))
        for live in world.rest(kind):
            _place_rest(draft, kind, live)
    _sort(draft)
    return draft


def _sort(draft: Draft) -> None:
    """By kind and name, so that neither the order of the file nor that of TaskRouter's lists changes a plan."""
    draft.kept.sort(key=lambda each: (_RANK[each.kind.name], name_key(each.name)))
    draft.new.sort(key=lambda each: (_RANK[each.kind.name], each.key))
    draft.replaced.sort(key=lambda each: (_RANK[each.kind.name], each.key))
    draft.deleted.sort(key=lambda each: (_RANK[each.kind], name_key(each.name)))
    draft.diagnostics.sort(key=lambda each: each.message)


def _spelled(match: Match, world: World) -> Match:
    declared = canonical(match.kind, match.declared, world.name)
    return match if declared is match.declared else replace(match, declared=declared)


def _place(draft: Draft, match: Match) -> None:
    """New, kept or replaced; kept and replaced, where a replacement was interrupted."""
    if match.live is not None:
        draft.kept.append(_desired(draft.document, draft.world, match.kind, match.live, match.declared))
    if match.old is not None:
        draft.replaced.append(_replacement(draft, match, match.old))
    elif match.live is None:
        draft.new.append(match)


def _replacement(draft: Draft, match: Match, old: Live) -> Match:
    """What is not ours is taken over from the *old* one."""
    before = model_of(old, draft.world.labels)
    return replace(match, declared=owned(match.kind, match.declared, before, rule_of(draft.document, match.kind)))


def _desired(document: Document, world: World, kind: Kind, live: Live, declared: Any) -> Desired:
    desired = Desired(kind, live, declared, declared=True)
    if world.renamed or not is_unchanged(kind, declared, live, world.labels):
        before, rule = model_of(live, world.labels), rule_of(document, kind)
        desired.after = owned(kind, declared, before, rule)
        desired.ignored = ignored_differences(kind, declared, before, rule)
        _compare(desired, before, world)
    return desired


def _compare(desired: Desired, before: Any, world: World) -> None:
    """Find what changes from *before*, with every reference leading to what is there when the plan is done."""
    kind, moved = desired.kind, before
    if world.renamed:
        moved = repointed(kind, before, world.renamed)
        desired.after = repointed(kind, desired.after, world.renamed)
    if not (changes := changed_fields(kind, before, desired.after)):
        return
    desired.after = world.spelled(kind, desired.after)
    desired.changes = desired.told = changes = changed_fields(kind, before, desired.after)
    if moved is not before:
        desired.told = changed_fields(kind, moved, desired.after)
        follows = changed_fields(kind, before, moved)
        desired.follows = [change for change in changes if change in follows]


def _place_rest(draft: Draft, kind: Kind, live: Live) -> None:
    """What the file does not declare is deleted where the section is exact, unless something keeps it."""
    if not _is_kept(draft, kind, live):
        draft.deleted.append(live)
        return
    kept = Desired(kind, live, None, declared=False)
    if draft.world.renamed:
        kept.after = before = model_of(live, draft.world.labels)
        _compare(kept, before, draft.world)
    draft.kept.append(kept)


def _is_kept(draft: Draft, kind: Kind, live: Live) -> bool:
    if not deletes_rest(draft.document, kind) or live in draft.world.foreign:
        return True
    if kind is TASK_CHANNEL:
        return live.name in SEEDED_CHANNELS
    if kind is ACTIVITY and (uses := _workspace_uses(draft, live)):
        message = f"the activity {live.name!r} is not declared and stays, because it is the workspace's {uses}"
        draft.diagnostics.append(Finding(Severity.INFO, "kept", message))
        return True
    return False


def _workspace_uses(draft: Draft, live: Live) -> str:
    """What the workspace will use the activity *live* for; TaskRouter would refuse to delete it."""
    after = draft.workspace.after
    uses: Mapping[str, str | None] = {
        "default activity": after.default_activity,
        "timeout activity": after.timeout_activity,
    }
    key = name_key(live.name)
    return " and ".join(use for use, name in uses.items() if name is not None and name_key(name) == key)
