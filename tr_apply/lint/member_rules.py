"""Rules on who is in which queue, and on what workers have in common."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from tr_apply.findings import KeyPath, Rule, Severity, Spot
from tr_apply.lint.attributes import are_kept
from tr_apply.lint.declarations import Declarations, Remarks, condition, constant, document_rule, routing_text
from tr_apply.resources import WORKER, TaskQueue, Worker
from tr_apply.resources.template import SidOf, made_up_sid, mapped
from tr_apply.routing.nodes import Expression, ListLiteral, comparisons, paths
from tr_apply.routing.place import Place
from tr_apply.routing.value_types import JsonType, Keys, json_type
from tr_apply.routing.worker_index import Bits, WorkerIndex

_UNKNOWN_NAMES: Final = frozenset({"activity_sid", "activity_name"})
"""Names that change with every call, and are in no file."""

_GROUPS: Final = {
    JsonType.LIST: "a list",
    JsonType.OBJECT: "an object",
    JsonType.TEXT: "a single value",
    JsonType.BOOLEAN: "a single value",
    JsonType.INTEGER: "a single value",
    JsonType.DECIMAL: "a single value",
}


SERVER_DISAGREES: Final = Rule(
    "server-disagrees", Severity.WARNING, "TaskRouter finds other workers for an expression than tr-apply does."
)
"""Found by what asks the live workspace, `tr_apply.deployment.people`."""


@document_rule("empty-queue", Severity.WARNING, "No declared or live worker can be in a queue.", needs_all=True)
def empty_queue(declarations: Declarations) -> Remarks:
    """Silent about ``1==0``, which is meant so."""
    who = "no declared worker" if declarations.people is None else "no worker of the live workspace"
    for path, _, members in _members(declarations):
        if not members:
            yield Spot((*path, "target_workers")), f"{who} is in this queue"


@document_rule("same-members", Severity.INFO, "Two queues have the same members.", needs_all=True)
def same_members(declarations: Declarations) -> Remarks:
    """Perhaps a condition was forgotten. Both ask for the same, or two or more workers show it.

    Silent about ``1==1``, which many queues may be.
    """
    alike = dict(_same_meaning(declarations))
    yield from alike.items()
    first: dict[Bits, TaskQueue] = {}
    for path, queue, members in _members(declarations):
        spot = Spot((*path, "target_workers"))
        if spot in alike or members.bit_count() <= 1 or constant(condition(queue.target_workers)) is True:
            continue
        if (other := first.setdefault(members, queue)) is not queue:
            yield spot, f"its {members.bit_count()} members are those of the queue {other.name!r}"


def _same_meaning(declarations: Declarations) -> Remarks:
    """Queues whose expressions mean the same, for any workers."""
    alike: dict[Hashable, list[tuple[TaskQueue, Expression]]] = defaultdict(list)
    for path, queue in declarations.queues:
        tree = condition(queue.target_workers)
        if tree is not None and constant(tree) is None:
            others = alike[_vocabulary(tree)]
            if (other := next((each for each, found in others if _means_same(tree, found)), None)) is not None:
                message = f"it always has the members of the queue {other.name!r}: both expressions mean the same"
                yield Spot((*path, "target_workers")), message
            else:
                others.append((queue, tree))


def _vocabulary(tree: Expression) -> Hashable:
    """The attributes and values in *tree*: two that mean the same have these in common, as a rule."""
    operands = [operand for each in comparisons(tree) for operand in (each.left, each.right)]
    items = [item for each in operands for item in (each.items if isinstance(each, ListLiteral) else (each,))]
    return frozenset(items)


def _means_same(one: Expression, other: Expression) -> bool:
    if one == other:
        return True
    from tr_apply.routing.satisfy import meanings  # noqa: PLC0415  # seldom needed

    return meanings(one, other, Place.QUEUE).same is True


@lru_cache(maxsize=1)
def _members(declarations: Declarations) -> Sequence[tuple[KeyPath, TaskQueue, Bits]]:
    """The same for both rules that ask."""
    return tuple(_found_members(declarations))


def _found_members(declarations: Declarations) -> Iterator[tuple[KeyPath, TaskQueue, Bits]]:
    """Each queue with its members, where it is known who they are."""
    people = declarations.people
    known = bool(declarations.all_attributes) if people is None else bool(people)
    decided = [
        (path, queue, tree)
        for path, queue in declarations.queues
        if (tree := condition(queue.target_workers)) is not None and _is_decided_here(queue, tree, declarations)
    ]
    if not decided or not known:
        return
    asked = {str(path.segments[0]) for _, _, tree in decided for path in paths(tree)}
    index = WorkerIndex([worker_names(each, asked) for _, each in declarations.workers] if people is None else people)
    for path, queue, tree in decided:
        yield path, queue, index.where(tree)


def _is_decided_here(queue: TaskQueue, tree: Expression, declarations: Declarations) -> bool:
    asked = [path.segments for path in paths(tree)]
    if constant(tree) is False or any(keys[0] in _UNKNOWN_NAMES for keys in asked):
        return False
    if declarations.people is not None:
        return "${" not in queue.target_workers  # its SIDs would be made up, and those of the people are not
    return not any(are_kept(declarations.document.manage.workers, keys) for keys in asked)


def worker_names(worker: Worker, asked: Collection[str] | None = None) -> dict[str, Any]:
    """The values of the names in an expression, for a declared worker; its SID is invented.

    With *asked*, those of these names alone.
    """
    attributes = worker.attributes or {}
    names = {name: attributes[name] for name in (attributes if asked is None else asked) if name in attributes}
    if "${" in repr(names):
        names = mapped(names, lambda leaf: routing_text(leaf) if isinstance(leaf, str) else leaf)
    if asked is None or "sid" in asked:
        names["sid"] = made_up_sid(WORKER.sid_prefix, SidOf(WORKER.name, worker.name))
    names["friendly_name"] = worker.name
    return names


@document_rule(
    "mixed-types", Severity.WARNING, "An attribute is a list for some workers and a single value for others."
)
def mixed_types(declarations: Declarations) -> Remarks:
    """``languages: es`` next to ``languages: [es]``: an expression finds one of both."""
    for keys, types in declarations.attribute_types.types.items():
        names = sorted({_GROUPS[each] for each in types if each in _GROUPS})
        if len(names) > 1 and 0 not in keys:
            yield _about_mixed(keys, declarations)


def _about_mixed(keys: Keys, declarations: Declarations) -> tuple[Spot, str]:
    """The rarest type is the mistake, as a rule; its first worker has the place."""
    by_type: dict[str, list[KeyPath]] = defaultdict(list)
    for path, worker in declarations.workers:
        value = _at(worker.attributes, keys)
        if value is not None:
            by_type[_GROUPS[json_type(value)]].append((*path, "attributes", *keys))
    rare, *others = sorted(by_type, key=lambda name: len(by_type[name]))
    rest = " and ".join(f"{name} for {_counted(by_type[name])}" for name in others)
    message = f"this is {rare} for {_counted(by_type[rare])} and {rest}: an expression asks for one of them"
    return Spot(by_type[rare][0]), message


def _counted(workers: Sequence[KeyPath]) -> str:
    return f"{len(workers)} worker{'s' if len(workers) != 1 else ''}"


def _at(value: Any, keys: Keys) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
