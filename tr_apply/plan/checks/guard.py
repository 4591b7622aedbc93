"""Refuses operations that destroy too much, take too many people out of queues, or that TaskRouter would refuse."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from tr_apply.live import Live
from tr_apply.plan.change import Action, Blocked, DeleteConsent, DeleteCount, Operation, PeopleConsent
from tr_apply.plan.checks.resemblance import suspected_renames
from tr_apply.plan.checks.work import stranding
from tr_apply.plan.compare.diff import changed_fields
from tr_apply.plan.impact import PeopleImpact, QueueChange
from tr_apply.plan.matching.decisions import Decisions
from tr_apply.plan.requests.people import People
from tr_apply.resources import ACTIVITY, KIND_BY_NAME, SECTIONS, TASK_QUEUE, WORKER, WORKFLOW, Kind, Workflow
from tr_apply.resources.document import allowed_of, strictest
from tr_apply.resources.field_path import fits
from tr_apply.resources.seeds import FLEX_OBJECTS, Seeds, is_flex, seeds
from tr_apply.routing.names import name_key
from tr_apply.wire import model_of

NEEDS_CONSENT = "needs-consent"
NOT_DECLARED = "not-declared"
PROTECTED = "protected"
IN_USE = "in-use"
STRANDED = "nowhere-to-go"

APPROVING: Final = "approving this plan is the consent; without a plan, {}"


def blocked(decisions: Decisions, people: People, operations: Sequence[Operation]) -> list[Blocked]:
    """Every reason why one of *operations* may not be carried out."""
    deletes = [operation for operation in operations if operation.action is Action.DELETE]
    return [
        *_protected(decisions.document.safety.protect, deletes),
        *_flex_owned(decisions, deletes),
        *_in_use(decisions, deletes),
        *_stranded(decisions, people, operations),
        *stranding(decisions, operations),
        *suspected_renames(decisions, operations),
        *_not_declared(decisions, deletes),
        *_without_consent(decisions, operations),
    ]


def _protected(patterns: Sequence[str], deletes: Iterable[Operation]) -> Iterator[Blocked]:
    for operation in deletes:
        for pattern in patterns:
            if protects(pattern, operation.kind, operation.name):
                message = (
                    f"the {KIND_BY_NAME[operation.kind].title} {operation.name!r} is protected by {pattern!r} in "
                    "`safety.protect`; declare it, or remove the protection first"
                )
                yield Blocked(PROTECTED, message, operation.id)
                break


def _not_declared(decisions: Decisions, deletes: Iterable[Operation]) -> Iterator[Blocked]:
    """``safety.delete: declared``: what no configuration of ours has made is not ours to delete."""
    if decisions.document.safety.delete != "declared":
        return
    before = decisions.before
    for operation in deletes:
        kind = KIND_BY_NAME[operation.kind]
        if before is None or not before.has(kind, operation.name):
            why = "give --base-ref" if before is None else before.said(kind, operation.name)
            message = (
                f"the {kind.title} {operation.name!r} is deleted only if it was declared before "
                f"(`safety.delete: declared`): {why}"
            )
            yield Blocked(NOT_DECLARED, message, operation.id)


def _flex_owned(decisions: Decisions, deletes: Iterable[Operation]) -> Iterator[Blocked]:
    workspace = decisions.snapshot.workspace
    if not is_flex(workspace.name):
        return
    for operation in deletes:
        if name_key(operation.name) in FLEX_OBJECTS.get(operation.kind, ()):
            message = (
                f"the {KIND_BY_NAME[operation.kind].title} {operation.name!r} belongs to Flex, which put it into the "
                f"workspace {workspace.name!r} and relies on it; declare it"
            )
            yield Blocked(PROTECTED, message, operation.id)


def protects(pattern: str, kind: str, name: str) -> bool:
    """Whether KIND/pattern covers a resource; names are compared as TaskRouter does."""
    protected, _, glob = pattern.partition("/")
    return protected == kind and fits(name_key(name), name_key(glob))


def _in_use(decisions: Decisions, deletes: Iterable[Operation]) -> Iterator[Blocked]:
    users = _users(decisions)
    for operation in deletes:
        found = users.get((operation.kind, name_key(operation.name)))
        if found:
            message = (
                f"the {KIND_BY_NAME[operation.kind].title} {operation.name!r} is still used by {listed(found)}; "
                "declare it, or stop using it first"
            )
            yield Blocked(IN_USE, message, operation.id)


def _users(decisions: Decisions) -> dict[tuple[str, str], list[str]]:
    """By kind and key of an activity or a queue, what will lead to it."""
    users: dict[tuple[str, str], list[str]] = {}
    for workflow in decisions.result(WORKFLOW):
        for queue in queues_of(workflow):
            users.setdefault((TASK_QUEUE.name, name_key(queue)), []).append(f"the workflow {workflow.name!r}")
    for queue in decisions.result(TASK_QUEUE):
        for activity in (queue.reservation_activity, queue.assignment_activity):
            if activity is not None:
                users.setdefault((ACTIVITY.name, name_key(activity)), []).append(f"the task queue {queue.name!r}")
    return users


def queues_of(workflow: Workflow) -> Iterator[str]:
    """The names of the queues that *workflow* sends tasks to."""
    targets = [target for each in workflow.filters for target in each.targets]
    for target in (*targets, workflow.default_filter):
        if target is not None and target.queue is not None:
            yield target.queue


def listed(names: Sequence[str], limit: int = 5) -> str:
    """The first of *names*, and how many there are beyond."""
    unique = list(dict.fromkeys(names))
    rest = len(unique) - limit
    return ", ".join(unique[:limit]) + (f" and {rest} more" if rest > 0 else "")


def _stranded(decisions: Decisions, people: People, operations: Iterable[Operation]) -> Iterator[Blocked]:
    deleted = {(live.kind, live.name): live.sid for live in decisions.deleted}
    for operation in operations:
        if operation.action is Action.DELETE and deleted[operation.kind, operation.name] in people.stranded:
            who = "workers are in it" if operation.kind == ACTIVITY.name else "it is in an available activity"
            message = (
                f"the {KIND_BY_NAME[operation.kind].title} {operation.name!r} cannot be deleted while {who}, and the "
                "workspace's default activity is available, so workers cannot be moved into it"
            )
            yield Blocked(STRANDED, message, operation.id)


def delete_counts(decisions: Decisions, operations: Sequence[Operation]) -> list[DeleteCount]:
    """The number of deletes in *operations*, kind by kind."""
    return [count for kind in SECTIONS if (count := _count(decisions, kind, operations)).deletes]


def _count(decisions: Decisions, kind: Kind, operations: Sequence[Operation]) -> DeleteCount:
    of_kind = [operation for operation in operations if operation.kind == kind.name]
    deletes = [operation for operation in of_kind if operation.action is Action.DELETE]
    if not deletes:
        return DeleteCount(kind.name, 0, 0, 0, 0)
    free = _free(decisions, kind)
    live = _managed(decisions, kind)
    created = sum(operation.action is Action.CREATE for operation in of_kind)
    counted = sum(operation.name not in free for operation in deletes)
    return DeleteCount(kind.name, len(deletes), counted, live, live - len(deletes) + created)


def _without_consent(decisions: Decisions, operations: Sequence[Operation]) -> Iterator[Blocked]:
    for count in delete_counts(decisions, operations):
        if (reason := _excess(count, strictest(decisions.document.safety.max_deletes, count.of))) is not None:
            yield needs_consent(
                count, operations, f"{reason}: {_APPROVING.format(kind=count.kind, number=count.deletes)}"
            )


_APPROVING = APPROVING.format("--allow-delete {kind}={number}")


def needs_consent(count: DeleteCount, operations: Sequence[Operation], why: str) -> Blocked:
    """Deletes that need consent: how many, which, and *why*."""
    deletes = [each for each in operations if each.kind == count.kind and each.action is Action.DELETE]
    names = listed([each.name for each in deletes])
    message = f"deletes {count.deletes} of {count.of} {KIND_BY_NAME[count.kind].plural}: {names}. {why}"
    return Blocked(NEEDS_CONSENT, message, deletes[0].id, DeleteConsent(count.kind, count.deletes, count.of))


def _managed(decisions: Decisions, kind: Kind) -> int:
    """How many live objects of *kind* are ours."""
    return sum(live not in decisions.matched.foreign for live in decisions.snapshot.by_kind[kind.name])


def _excess(count: DeleteCount, limit: Any) -> str | None:
    """Why *count* needs consent; None if it does not."""
    if count.counted == 0:
        return None
    if count.deletes >= count.of:
        return "This leaves none of them" if count.remaining <= 0 else "These are all that are live"
    share = isinstance(limit, str)
    allowed = count.of * int(limit.rstrip("%")) // 100 if share else limit
    if count.counted > allowed:
        return f"`max_deletes` allows {allowed}{f' ({limit})' if share else ''}"
    return None


def _free(decisions: Decisions, kind: Kind) -> set[str]:
    """Names of deleted objects that equal a seed in every field and that nobody uses or is in."""
    seeded = _seeds(decisions)
    users = _users(decisions)
    return {
        live.name
        for live in decisions.deleted
        if live.kind == kind.name
        and (kind.name, name_key(live.name)) not in users
        and not _is_inhabited(decisions, live)
        and _equals_seed(decisions, kind, live, seeded)
    }


def _seeds(decisions: Decisions) -> Seeds:
    multi_task_enabled = decisions.workspace.live.answer.get("multi_task_enabled") is not False
    return seeds(multi_task_enabled=multi_task_enabled, template="FIFO")


def _is_inhabited(decisions: Decisions, live: Live) -> bool:
    if live.kind != ACTIVITY.name:
        return False
    workers = decisions.snapshot.by_kind.get(WORKER.name, ())
    return any(worker.answer.get("activity_sid") == live.sid for worker in workers)


def _equals_seed(decisions: Decisions, kind: Kind, live: Live, seeded: Seeds) -> bool:
    model = model_of(live, decisions.matched.labels)
    return any(
        kind.name_of(seed) == kind.name_of(model) and not changed_fields(kind, seed, model)
        for seed in seeded.get(kind.name, ())
    )


# People who leave queues

PEOPLE_LOST = "people-lost"

_SPECIAL_IN_QUOTES: Final = frozenset('"$`\\!')


def people_lost(
    impact: PeopleImpact, limit: Any, operations: Sequence[Operation], approving: str = APPROVING
) -> Iterator[Blocked]:
    """Queues that fall to nobody, or lose more members than *limit* allows.

    *approving* says how to agree to it; ``{}`` in it is the option. A deleted queue is left out: its deletion needs
    consent of its own.
    """
    deleted = {each.name for each in operations if each.kind == TASK_QUEUE.name and each.action is Action.DELETE}
    for change in impact.queues:
        if change.lost and change.queue not in deleted and (reason := _reason(change, limit)) is not None:
            consent = PeopleConsent(change.queue, len(change.lost), change.before)
            option = allowing_option(change.queue, len(change.lost))
            yield Blocked(PEOPLE_LOST, f"{reason}: {approving.format(option)}", _cause(change, operations).id, consent)


def _reason(change: QueueChange, limit: Any) -> str | None:
    """Why the loss needs consent; None if it does not."""
    queue, members = (
        f"the task queue {change.queue!r}",
        "1 member" if change.before == 1 else f"{change.before} members",
    )
    if change.falls_to_nobody:
        return f"{queue} falls from {members} to nobody: {_losers(change)}"
    if limit is None:
        return None
    strictest_limit = strictest(limit, change.before)
    allowed = allowed_of(strictest_limit, change.before)
    if len(change.lost) <= allowed:
        return None
    share = f" ({strictest_limit})" if isinstance(strictest_limit, str) else ""
    of = f"{len(change.lost)} of its {members}"
    return f"{queue} loses {of}: {_losers(change)}. `max_people_lost` allows {allowed}{share}"


def _losers(change: QueueChange) -> str:
    return f"{listed(change.lost)} {'loses the place' if len(change.lost) == 1 else 'lose their places'} in it"


def allowing_option(queue: str, number: int) -> str:
    """The option that agrees to the loss of *number* members of *queue*; a shell runs no part of it."""
    value = f"{queue}={number}"
    quoted = shlex.quote(value) if _SPECIAL_IN_QUOTES.intersection(value) else f'"{value}"'
    return f"--allow-people-lost {quoted}"


def _cause(change: QueueChange, operations: Sequence[Operation]) -> Operation:
    """The operation on the queue itself, else on one of those who lose their places, else the first."""
    lost = set(map(name_key, change.lost))
    own = (each for each in operations if each.kind == TASK_QUEUE.name and each.name == change.queue)
    theirs = (each for each in operations if each.kind == WORKER.name and name_key(each.name) in lost)
    return next(own, None) or next(theirs, operations[0])
