"""From a configuration and a live workspace to a finished plan."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tr_apply.config.places import KeyPath
from tr_apply.config.references import Reference, references, sid_references
from tr_apply.live import Snapshot
from tr_apply.plan.base import base_of
from tr_apply.plan.change import Operation, Plan, Target
from tr_apply.plan.channels import channel_operations, unchanged_channels
from tr_apply.plan.draft import Draft, draft_of
from tr_apply.plan.guard import blocked
from tr_apply.plan.operations import operations_of
from tr_apply.plan.order import CircularReferenceError, in_order, with_dependencies, with_parked_names
from tr_apply.plan.people import people_of
from tr_apply.plan.world import World, is_managed, world_of
from tr_apply.resources import KIND_BY_NAME, SECTIONS, WORKSPACE
from tr_apply.resources.document import Document
from tr_apply.resources.template import SidOf
from tr_apply.wire import references_in


@dataclass(frozen=True, slots=True)
class Problem:
    """Why no plan can be made; ``path`` leads to the place in the configuration."""

    code: str
    message: str
    path: KeyPath


class PlanProblemsError(Exception):
    """The configuration cannot be applied to this workspace."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


def make_plan(document: Document, snapshot: Snapshot, *, has_sids: bool = True) -> Plan:
    """Everything that must be done to make the workspace of *snapshot* what *document* says.

    Args:
        document: The configuration.
        snapshot: The live workspace, with every kind that ``reading`` asks for.
        has_sids: False spares a walk over every string, where no ``${sid:…}`` was written.

    Raises:
        PlanProblemsError: when it cannot be done at all.
    """
    world = world_of(document, snapshot)
    if problems := [*_matching_problems(world), *_dangling(document, world, has_sids=has_sids)]:
        raise PlanProblemsError(problems)
    draft = draft_of(document, snapshot, world)
    people = people_of(draft)
    channels = list(channel_operations(draft))
    operations = _ordered([*operations_of(draft, people), *channels])
    sids = _sids(draft, operations)
    return Plan(
        target=_target(document, snapshot),
        operations=operations,
        blocked=blocked(draft, people, operations),
        diagnostics=draft.diagnostics,
        unchanged=_unchanged(draft) + unchanged_channels(draft, len(channels)),
        sids=sids,
        base=base_of(snapshot, operations, sids.values()),
    )


def _matching_problems(world: World) -> Iterator[Problem]:
    for kind in SECTIONS:
        if (matching := world.matchings.get(kind.name)) is None:
            continue
        for each in matching.problems:
            path: KeyPath = (kind.section,) if each.index is None else (kind.section, each.index, kind.identity)
            yield Problem(each.code, each.message, path)
        for match in matching.matches:
            path = (kind.section, match.index, kind.identity)
            if match.live is not None and match.live in world.foreign:
                message = (
                    f"the live {kind.title} {match.name!r} is not ours: it does not match `manage.{kind.section}.where`"
                )
                yield Problem("outside-scope", message, path)
            if match.live is not None and kind.identity in kind.replaced_on and match.live.name != match.name:
                message = f"it is spelled {match.live.name!r} in TaskRouter, which cannot change it; write it so"
                yield Problem("spelling", message, path)


def _dangling(document: Document, world: World, *, has_sids: bool) -> Iterator[Problem]:
    """Names that lead nowhere, now that it is known what is live."""
    for reference in references(document):
        if _is_wanted(document, reference) and not world.knows(reference.kind, reference.name):
            title = KIND_BY_NAME[reference.kind].title
            message = f"there is no {title} {reference.name!r}, neither declared nor live"
            yield Problem("unknown-reference", message, reference.path)
    for sid, path in sid_references(document) if has_sids else ():
        if not world.knows(sid.kind, sid.name):
            yield Problem("unknown-reference", f"${{sid:{sid}}} leads to nothing, neither declared nor live", path)


def _is_wanted(document: Document, reference: Reference) -> bool:
    """Whether the reference matters: those of a section that is left alone do not."""
    section = reference.path[0]
    kind = next((kind for kind in SECTIONS if kind.section == section), None)
    return kind is None or is_managed(document, kind)


def _ordered(operations: Sequence[Operation]) -> list[Operation]:
    try:
        return with_dependencies(with_parked_names(in_order(operations)))
    except CircularReferenceError as error:
        problem = Problem("circular-reference", f"these need each other's SIDs before they exist: {error}", ())
        raise PlanProblemsError([problem]) from error


def _target(document: Document, snapshot: Snapshot) -> Target:
    workspace = snapshot.workspace
    known = workspace is not None and not snapshot.predicted
    account = snapshot.account_sid
    return Target(document.workspace.name, account, workspace.sid if workspace is not None and known else None)


def _unchanged(draft: Draft) -> int:
    """Declared resources that need nothing, the workspace among them."""
    old = {match.old for match in draft.replaced}
    return sum(
        each.declared and not each.changes and each.live not in old
        for each in ((draft.workspace, *draft.kept) if not draft.snapshot.predicted else draft.kept)
    )


def _sids(draft: Draft, operations: Sequence[Operation]) -> dict[SidOf, str]:
    """SIDs of the live resources that some request leads to."""
    if draft.snapshot.predicted:
        return {}
    known = {label: sid for sid, label in draft.world.labels.by_sid.items()}
    wanted: set[SidOf] = {SidOf(WORKSPACE.name, "")}
    for operation in operations:
        for write in operation.writes:
            wanted |= write.needs | {write.target}
            for value in write.form.values():
                wanted |= references_in(value)
    found = {label: known[label] for label in wanted if label in known}
    for label in wanted - set(found):
        spelled = SidOf(label.kind, draft.world.name(label.kind, label.name))
        if spelled in known:
            found[label] = known[spelled]
    return found
