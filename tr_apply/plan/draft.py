"""A plan in the making: every live resource, what it shall become, and what must go."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tr_apply.diagnostics import Diagnostic, Severity
from tr_apply.live import Live, Snapshot
from tr_apply.plan.change import FieldChange
from tr_apply.plan.diff import changed_fields
from tr_apply.plan.match import Match
from tr_apply.plan.ownership import canonical, owned, repointed, rule_of
from tr_apply.plan.world import World, deletes_rest
from tr_apply.resources import ACTIVITY, SECTIONS, TASK_CHANNEL, WORKSPACE
from tr_apply.resources.document import Document
from tr_apply.resources.kind import Kind, name_key
from tr_apply.resources.seeds import SEEDED_CHANNELS
from tr_apply.wire import model_of


@dataclass(slots=True)
class Desired:
    """A live resource and what it shall become.

    ``repoints`` are the changes that only follow a replaced resource to its new SID; they are among ``changes``.
    """

    kind: Kind
    live: Live
    before: Any
    after: Any
    declared: bool
    changes: Sequence[FieldChange] = ()
    repoints: Sequence[FieldChange] = ()

    @property
    def name(self) -> str:
        """Its name when the plan is done."""
        return self.kind.name_of(self.after)

    @property
    def only_follows(self) -> bool:
        """Whether nothing changes but SIDs of replaced resources."""
        return bool(self.changes) and len(self.changes) == len(self.repoints)


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
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def sid(self, live: Live) -> str | None:
        """The SID of *live*, unless it is only predicted."""
        return None if self.snapshot.predicted else live.sid

    def result(self, kind: Kind) -> Iterator[Any]:
        """Every resource of *kind* as it will be."""
        for each in self.kept:
            if each.kind is kind:
                yield each.after
        for match in (*self.new, *self.replaced):
            if match.kind is kind:
                yield match.declared


def draft_of(document: Document, snapshot: Snapshot, world: World) -> Draft:
    """Decide for each declared and each live resource what becomes of it."""
    assert snapshot.workspace is not None
    draft = Draft(
        document, snapshot, world, _desired(document, world, WORKSPACE, snapshot.workspace, document.workspace)
    )
    for kind in SECTIONS:
        for match in world.matches(kind):
            _place(draft, match)
        for live in world.rest(kind):
            _place_rest(draft, kind, live)
    return draft


def _place(draft: Draft, match: Match) -> None:
    kind, declared = match.kind, canonical(match.kind, match.declared, draft.world.name)
    if match.old is not None:
        draft.replaced.append(match)
    if match.live is not None:
        draft.kept.append(_desired(draft.document, draft.world, kind, match.live, declared))
    elif match.old is None:
        draft.new.append(Match(kind, declared, match.index))


def _desired(document: Document, world: World, kind: Kind, live: Live, declared: Any) -> Desired:
    before = model_of(live, world.labels)
    declared = canonical(kind, declared, world.name)
    after = owned(kind, declared, before, rule_of(document, kind))
    return _compared(world, Desired(kind, live, before, after, declared=True))


def _compared(world: World, desired: Desired) -> Desired:
    kind, before = desired.kind, desired.before
    if world.renamed:
        desired.after = repointed(kind, desired.after, world.renamed)
        desired.repoints = changed_fields(kind, before, repointed(kind, before, world.renamed))
    desired.changes = changed_fields(kind, before, desired.after)
    if desired.changes:
        desired.after = world.spelled(desired.after)
        desired.changes = changed_fields(kind, before, desired.after)
    return desired


def _place_rest(draft: Draft, kind: Kind, live: Live) -> None:
    """What the file does not declare is deleted where the section is exact, unless something keeps it."""
    if _is_kept(draft, kind, live):
        model = model_of(live, draft.world.labels)
        draft.kept.append(_compared(draft.world, Desired(kind, live, model, model, declared=False)))
    else:
        draft.deleted.append(live)


def _is_kept(draft: Draft, kind: Kind, live: Live) -> bool:
    if not deletes_rest(draft.document, kind) or live in draft.world.foreign:
        return True
    if kind is TASK_CHANNEL:
        return live.name in SEEDED_CHANNELS
    if kind is ACTIVITY and (uses := _workspace_uses(draft, live)):
        message = f"the activity {live.name!r} is not declared and stays, because it is the workspace's {uses}"
        draft.diagnostics.append(Diagnostic(Severity.INFO, "kept", message))
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
