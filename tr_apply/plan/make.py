"""From a configuration and a live workspace to a finished plan."""

from collections.abc import Generator, Iterator, Sequence

from tr_apply.config.references import references, sid_references
from tr_apply.findings import Finding, KeyPath, error_at
from tr_apply.live import Snapshot
from tr_apply.plan.change import Operation, Plan, PlanTarget
from tr_apply.plan.checks.guard import blocked, delete_counts
from tr_apply.plan.checks.notes import left_alone, without_effect
from tr_apply.plan.checks.refused import refused_here
from tr_apply.plan.checks.work import work_notes, work_questions
from tr_apply.plan.compare.diff import sensitive_paths
from tr_apply.plan.compare.ownership import is_managed
from tr_apply.plan.matching.decisions import Decisions, decided
from tr_apply.plan.matching.declared_before import DeclaredBefore
from tr_apply.plan.matching.matched import Matched, expression_names, match_all
from tr_apply.plan.matching.reading import Reads, first_kinds, missing_kinds, workers_with_channels
from tr_apply.plan.requests.affected import affected_kinds
from tr_apply.plan.requests.channels import channel_operations, unchanged_channels
from tr_apply.plan.requests.operations import operations_of
from tr_apply.plan.requests.order import CircularReferenceError, in_order, with_later_sids, with_parked_names
from tr_apply.plan.requests.people import people_of
from tr_apply.plan.requests.rename_order import after_former_names
from tr_apply.plan.requests.target import EVERYTHING, Selection, left_out, selected
from tr_apply.plan.saved.relied_on import base_of, reads_of
from tr_apply.resources import KIND_BY_NAME, SECTIONS, THE_WORKSPACE, WORKER, SidOf
from tr_apply.resources.document import Document
from tr_apply.routing.names import name_key
from tr_apply.wire import parsed_json, references_in


class PlanProblemsError(Exception):
    """The configuration cannot be applied to this workspace; each finding has its spot in the configuration."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(each.message for each in findings))
        self.findings = findings


Planning = Generator[Reads, Snapshot, Plan]
"""A plan in the making: yields what must be read next, takes the snapshot that has it, returns the plan."""


def planning(
    document: Document,
    snapshot: Snapshot,
    *,
    has_sids: bool = True,
    selection: Selection = EVERYTHING,
    before: DeclaredBefore | None = None,
    reads_affected: bool = False,
) -> Planning:
    """Make the plan for *document* step by step, from a *snapshot* that may hold only the workspace.

    A generator: it yields the reads that it needs, and the caller sends back the snapshot with their results. So
    nothing here does I/O, and nothing is computed twice.

    Args:
        document: The configuration.
        snapshot: The live workspace as far as it is known, or the prediction for a new one.
        has_sids: False if no string has a ``${sid:…}``, which saves a walk over all of them.
        selection: The part of the plan to keep.
        before: The declarations of the configuration that was applied last.
        reads_affected: Whether the final snapshot must hold the people concerned.

    Raises:
        PlanProblemsError: No plan is possible.
    """
    if not snapshot.predicted:
        snapshot = yield Reads(first_kinds(document, has_sids=has_sids))
    decisions = decided(document, snapshot, match_all(document, snapshot), before)
    while not snapshot.predicted and (kinds := missing_kinds(decisions)):
        snapshot = yield Reads(kinds)
        decisions = decided(document, snapshot, match_all(document, snapshot), before)
    _refuse([*_matching_problems(decisions.matched), *_dangling(document, decisions.matched, has_sids=has_sids)])
    if not snapshot.predicted:
        reads = Reads(channels=workers_with_channels(decisions), work=work_questions(decisions))
        decisions.snapshot = (yield reads) if reads else snapshot
    plan = _plan(decisions, selection)
    if reads_affected and not snapshot.predicted and (kinds := affected_kinds(plan.operations, decisions.snapshot)):
        yield Reads(affected=kinds)
    return plan


def make_plan(
    document: Document, snapshot: Snapshot, *, has_sids: bool = True, selection: Selection = EVERYTHING
) -> Plan:
    """The same, where *snapshot* holds everything already.

    Raises:
        PlanProblemsError: when it cannot be done at all.
    """
    steps = planning(document, snapshot, has_sids=has_sids, selection=selection)
    try:
        next(steps)
        while True:
            steps.send(snapshot)
    except StopIteration as finished:
        plan: Plan = finished.value
        return plan


def _plan(decisions: Decisions, selection: Selection) -> Plan:
    document, snapshot = decisions.document, decisions.snapshot
    _refuse([*_out_of_scope(decisions), *_renamed_seeds(decisions), *refused_here(decisions)])
    people = people_of(decisions)
    channels = list(channel_operations(decisions))
    changes = with_parked_names([*operations_of(decisions, people), *channels])
    whole, operations = _ordered(document, changes, selection)
    sids = _sids(decisions, operations)
    base = base_of(document, snapshot, operations, sids.values())
    return Plan(
        target=_target(document, snapshot),
        operations=operations,
        blocked=blocked(decisions, people, operations),
        diagnostics=[
            *decisions.diagnostics,
            *left_alone(decisions),
            *work_notes(decisions, operations),
            *without_effect(decisions),
            *left_out(whole, selection),
        ],
        unchanged=_unchanged(decisions) + unchanged_channels(decisions, len(channels)),
        sids=sids,
        base=base,
        reads=reads_of(snapshot, base) if operations else {},
        sensitive=sensitive_paths(document),
        outputs=document.outputs,
        deletes=delete_counts(decisions, operations),
        limits_deletes="max_deletes" in document.safety.model_fields_set,
    )


def _refuse(problems: Sequence[Finding]) -> None:
    if problems:
        raise PlanProblemsError(problems)


def _matching_problems(matched: Matched) -> Iterator[Finding]:
    for kind in SECTIONS:
        if (matching := matched.matchings.get(kind.name)) is None:
            continue
        yield from matching.problems
        for match in matching.matches:
            path = (kind.section, match.index, kind.identity)
            live = match.live if match.live is not None else match.old
            if live is not None and live in matched.foreign:
                yield _outside(f"the live {kind.title} {live.name!r}", path)
            if match.live is not None and kind.identity in kind.replaced_on and match.live.name != match.name:
                message = f"it is spelled {match.live.name!r} in TaskRouter, which cannot change it; write it so"
                yield error_at("spelling", message, path)


def _outside(what: str, path: KeyPath) -> Finding:
    unmatched = f"{what} is not matched by `manage.workers.where`, so tr-apply does not manage it"
    message = f"{unmatched}; remove it here, or widen `where`"
    return error_at("outside-scope", message, path)


def _dangling(document: Document, matched: Matched, *, has_sids: bool) -> Iterator[Finding]:
    """Names that lead nowhere, or to several live resources; resources that are left alone do not matter."""
    left_alone = {kind.section for kind in SECTIONS if not is_managed(document, kind)}
    for reference in references(document):
        if reference.path[0] not in left_alone:
            title = KIND_BY_NAME[reference.kind].title
            yield from _lost(matched, SidOf(reference.kind, reference.name), reference.path, f"there is no {title}")
    for sid, path in sid_references(document) if has_sids else ():
        yield from _lost(matched, sid, path, "${sid:…} leads nowhere: there is no " + KIND_BY_NAME[sid.kind].title)


def _lost(matched: Matched, label: SidOf, path: KeyPath, lead: str) -> Iterator[Finding]:
    if not matched.knows(label.kind, label.name):
        yield error_at("unknown-reference", f"{lead} {label.name!r}, neither declared nor live", path)
    elif (several := matched.ambiguous.get((label.kind, name_key(label.name)))) is not None:
        yield error_at("ambiguous-live-name", several, path)


def _out_of_scope(decisions: Decisions) -> Iterator[Finding]:
    """Declared workers who would not be ours any more, once they are as declared."""
    if (ours := decisions.matched.ours) is None:
        return
    wanted = {each.name: (each.live, each.after) for each in decisions.declared_of(WORKER)}
    for match in decisions.matched.matches(WORKER):
        live, after = wanted.get(match.name, (None, match.declared))
        attributes = parsed_json(live, "attributes") if live and after.attributes is None else after.attributes
        names = {**expression_names(live, attributes), "friendly_name": match.name}
        if not ours(names):
            yield _outside(f"the worker {match.name!r}, as declared,", (WORKER.section, match.index))


def _renamed_seeds(decisions: Decisions) -> Iterator[Finding]:
    """A channel is renamed by deleting it, which is never done to those of TaskRouter itself."""
    for match in decisions.replaced:
        if match.old.name in match.kind.built_in:
            message = (
                f"the {match.kind.title} {match.old.name!r} is one of TaskRouter's own, which are never deleted, and "
                "TaskRouter cannot rename it; remove `renamed_from`"
            )
            yield error_at("seeded-channel", message, (*match.kind.place(match.index), "renamed_from"))


def _ordered(
    document: Document, operations: Sequence[Operation], selection: Selection
) -> tuple[Sequence[Operation], list[Operation]]:
    """All *operations*, and those of *selection* in their order."""
    try:
        return _arranged(document, operations, selection)
    except CircularReferenceError:  # rare, so the check is made only here
        return _arranged(document, with_later_sids(operations), selection)


def _arranged(
    document: Document, operations: Sequence[Operation], selection: Selection
) -> tuple[Sequence[Operation], list[Operation]]:
    whole = after_former_names(document, operations)
    return whole, in_order(selected(whole, selection))


def _target(document: Document, snapshot: Snapshot) -> PlanTarget:
    sid = None if snapshot.predicted else snapshot.workspace.sid
    return PlanTarget(document.workspace.name, snapshot.account_sid, sid)


def _unchanged(decisions: Decisions) -> int:
    """Declared resources that need nothing, the workspace among them."""
    replaced = {match.live for match in decisions.replaced}
    kept = decisions.kept if decisions.snapshot.predicted else (decisions.workspace, *decisions.kept)
    return sum(each.declared and not each.changes and each.live not in replaced for each in kept)


def _sids(decisions: Decisions, operations: Sequence[Operation]) -> dict[SidOf, str]:
    """SIDs of the live resources that some request leads to."""
    if decisions.snapshot.predicted:
        return {}
    wanted: set[SidOf] = {THE_WORKSPACE}
    for operation in operations:
        for write in operation.writes:
            wanted |= write.needs | {write.target}
            for value in write.form.values():
                wanted |= references_in(value)
    spelled = {label: SidOf(label.kind, decisions.matched.name(label.kind, label.name)) for label in wanted}
    kinds = {label.kind for label in wanted}  # all workers have labels, and hardly a request leads to one
    known = {label: sid for sid, label in decisions.matched.labels.by_sid.items() if label.kind in kinds}
    return {label: known[name] for label, name in spelled.items() if name in known}
