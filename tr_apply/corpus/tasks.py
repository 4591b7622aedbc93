"""Recorded tasks as values."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Final, NamedTuple

from tr_apply.frozen import frozen
from tr_apply.routing.names import name_key

DEFAULT_CHANNEL: Final = "default"


@frozen
class RecordedTask:
    """Some tasks that were recorded and that are alike in all that is kept of them."""

    workflow: str
    attributes: Mapping[str, Any]
    channel: str = DEFAULT_CHANNEL
    """Unique name of the task channel."""

    priority: int = 0
    count: int = 1
    """How many tasks these are."""

    time: str = ""
    """When they were created, as in ``2026-11-20T09:00:00Z``; empty where nobody has written it down."""

    def with_attributes(self, attributes: Mapping[str, Any]) -> "RecordedTask":
        """The same tasks with other attributes."""
        return replace(self, attributes=attributes)

    def with_count(self, count: int) -> "RecordedTask":
        """As many tasks as *count*."""
        return replace(self, count=count)


@frozen
class TaskKind:
    """The tasks of one workflow that have the same attributes."""

    task: RecordedTask
    """The first of them."""

    count: int


@frozen
class Corpus:
    """The recorded tasks of a file."""

    file: str
    """As the user called it."""

    tasks: Sequence[RecordedTask]
    kinds: Mapping[str, Sequence[TaskKind]] = field(init=False)
    """By workflow, as `name_key` has its name: each set of attributes once."""

    def __post_init__(self) -> None:
        """Group the tasks."""
        found: dict[str, dict[str, TaskKind]] = {}
        for each in self.tasks:
            of_workflow = found.setdefault(name_key(each.workflow), {})
            key = as_json(each.attributes)
            before = of_workflow.get(key)
            of_workflow[key] = (
                TaskKind(each, each.count) if before is None else TaskKind(before.task, before.count + each.count)
            )
        object.__setattr__(self, "kinds", {key: tuple(each.values()) for key, each in found.items()})

    @property
    def total(self) -> int:
        """How many tasks there are."""
        return sum(each.count for each in self.tasks)

    def of(self, *workflows: str) -> Iterator[TaskKind]:
        """The tasks of the workflow that has, or had, one of these names."""
        for key in dict.fromkeys(map(name_key, workflows)):
            yield from self.kinds.get(key, ())

    def others(self, workflows: Iterable[str]) -> dict[str, int]:
        """How many tasks are of no workflow in *workflows*, by the name that the file has for theirs."""
        known = set(map(name_key, workflows))
        rest = {key: kinds for key, kinds in self.kinds.items() if key not in known}
        return {kinds[0].task.workflow: sum(each.count for each in kinds) for kinds in rest.values()}


class GivenCorpus(NamedTuple):
    """The recorded tasks that a run was given."""

    corpus: Corpus
    is_shared: bool
    """Whether it may hold tasks of other workspaces, as the run is for several."""


def as_json(value: Any) -> str:
    """The one text of a JSON value, whatever the order of its keys; 5 is not 5.0 here, and is not true."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def aggregated(tasks: Iterable[RecordedTask]) -> list[RecordedTask]:
    """*tasks* in the one order of a file, those that are alike as one."""
    counts: dict[tuple[str, str, str, int, str], int] = {}
    first: dict[tuple[str, str, str, int, str], RecordedTask] = {}
    for each in tasks:
        key = (each.time, each.workflow, each.channel, each.priority, as_json(each.attributes))
        counts[key] = counts.get(key, 0) + each.count
        first.setdefault(key, each)
    return [first[key].with_count(counts[key]) for key in sorted(counts)]
