"""Queues: who is in each, and which lanes lead to it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from tr_apply.picture.model import QueueCard, WorkflowLanes
from tr_apply.picture.texts import Texts
from tr_apply.picture.words import ALWAYS, NEVER, condition_words
from tr_apply.resources.task_queue import TaskQueue
from tr_apply.routing.evaluate import Names
from tr_apply.routing.names import name_key
from tr_apply.routing.nodes import paths
from tr_apply.routing.worker_index import WorkerIndex, numbers_in

Members: TypeAlias = Mapping[str, tuple[str, ...]]
"""The names of the members of each queue, by the key of its name; queues without known members are missing.
"""

_WHO: Final = {ALWAYS: "everybody", NEVER: "nobody"}


def members_of(
    queues: Iterable[TaskQueue], workers: Mapping[str, Names], texts: Texts, *, unknown: frozenset[str] = frozenset()
) -> Members:
    """Who of *workers* is in each of *queues*; a queue whose expression cannot be read is left out.

    Args:
        queues: The queues.
        workers: What expressions find of each worker, by name.
        texts: How expressions are read.
        unknown: What expressions may ask for and *workers* do not say; queues that do are left out.
    """
    listed = sorted(workers)
    index = WorkerIndex([workers[name] for name in listed])
    members: dict[str, tuple[str, ...]] = {}
    for queue in queues:
        tree = texts.tree(queue.target_workers)
        if tree is not None and unknown.isdisjoint(path.segments[0] for path in paths(tree)):
            members[name_key(queue.name)] = tuple(listed[number] for number in numbers_in(index.where(tree)))
        elif not queue.target_workers.strip():
            members[name_key(queue.name)] = ()
    return members


def queue_cards(
    queues: Sequence[TaskQueue], members: Members, workflows: Sequence[WorkflowLanes], texts: Texts
) -> Iterator[QueueCard]:
    """A card for each of *queues*, then for each that *workflows* lead to without it being one of them."""
    fed = _fed(workflows)
    for each in queues:
        key = name_key(each.name)
        who, tree = _who(each.target_workers, texts), texts.tree(each.target_workers)
        yield QueueCard(each.name, who, each.target_workers, members.get(key), _fed_by(fed.get(key, {})), tree)
    known = {name_key(each.name) for each in queues}
    for key, (name, lanes) in _others(workflows, fed, known):
        yield QueueCard(name, "not declared here", "", members.get(key), _fed_by(lanes))


def _who(target_workers: str, texts: Texts) -> str:
    if not target_workers.strip():
        return "nobody"
    tree = texts.tree(target_workers)
    words = target_workers if tree is None else condition_words(tree, texts.named)
    return _WHO.get(words, words)


_Fed: TypeAlias = dict[str, list[str]]
"""Lanes by the workflow that they are of."""


def _fed(workflows: Sequence[WorkflowLanes]) -> dict[str, _Fed]:
    """The lanes that lead to each queue."""
    found: dict[str, _Fed] = {}
    for each in workflows:
        for lane in each.lanes:
            for queue in dict.fromkeys(name_key(step.queue) for step in lane.steps if step.is_reached):
                label = str(lane.number) if lane.number else lane.name.lower()
                found.setdefault(queue, {}).setdefault(each.name, []).append(label)
    return found


def _fed_by(lanes: _Fed) -> str:
    return "; ".join(f"{workflow}: {', '.join(labels)}" for workflow, labels in lanes.items())


def _others(
    workflows: Sequence[WorkflowLanes], fed: Mapping[str, _Fed], known: set[str]
) -> Iterator[tuple[str, tuple[str, _Fed]]]:
    names = {name_key(step.queue): step.queue for each in workflows for lane in each.lanes for step in lane.steps}
    return ((key, (name, fed.get(key, {}))) for key, name in names.items() if key not in known)
