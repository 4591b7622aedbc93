"""The impact of a plan on people and tasks, as values; like those of change.py they are the JSON document as well."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from tr_apply.frozen import frozen
from tr_apply.plan.json_values import Count, is_empty, is_none
from tr_apply.routing.names import name_key


def _is_nothing(number: int) -> bool:
    return not number


class Extent(StrEnum):
    """How much of the impact is worked out: ``--impact``."""

    NONE = "none"
    PEOPLE = "people"
    FULL = "full"


@frozen
class QueueChange:
    """A queue whose members change."""

    queue: str
    """Its name when the plan is done; of a deleted one, its name now."""

    before: Count
    """The number of members."""

    after: Count
    """The number of members when the plan is done."""

    gained: Sequence[str]
    """Names of the workers who become members, sorted."""

    lost: Sequence[str]
    """Names of the workers who are members no longer, sorted."""

    @property
    def falls_to_nobody(self) -> bool:
        """Whether the queue had people and has none left."""
        return bool(self.before) and not self.after


@frozen
class PeopleImpact:
    """Which workers lose or gain a place in a queue."""

    read: Count
    """How many live workers were read: none where the plan has no need to."""

    queues: Sequence[QueueChange] = ()
    """Every queue whose members change: those that fall to nobody first, then by name."""

    unknown: Annotated[Sequence[str], Field(exclude=True)] = ()
    """Queues with an expression that cannot be read."""


@frozen
class FilterRoute:
    """Where a filter sends its tasks."""

    filter: Count
    """Its number, from 1; 0 for the default filter."""

    name: str | None
    """Its name; null where it has none."""

    steps: Sequence[str | None]
    """The queues of its steps, up to the first that a task cannot leave."""


@frozen
class RouteChange:
    """Tasks that go one way now and will go another."""

    workflow: str
    """The workflow's name."""

    before: FilterRoute | None
    """The first filter that takes them now; null where none does."""

    after: FilterRoute | None
    """The first filter that will take them; null where none will."""

    task: Mapping[str, Any]
    """The attributes of one such task. The language allows it; it may never occur."""

    count: Annotated[Count | None, Field(exclude_if=is_none)] = None
    """How many of the recorded tasks these are; absent without ``--tasks``."""


@frozen
class BroughtFinding:
    """Something that is wrong after the change and was not before."""

    code: str
    """As in ``validate``."""

    message: str
    """The same for people."""

    path: str
    """The key, as in ``workflows[0].filters[3]``."""

    task: Annotated[Mapping[str, Any] | None, Field(exclude_if=is_none)] = None
    """The attributes of a task that shows it; absent where none does."""

    by: Sequence[str] = ()
    """The filters that cause it: the name of each, or as in ``filter 3`` where it has none."""


@frozen
class TasksImpact:
    """The effect on recorded tasks."""

    file: str
    """Where they are recorded."""

    total: Count
    """How many there are."""

    elsewhere: Count
    """How many of them go elsewhere."""

    unclear: Annotated[Count, Field(exclude_if=_is_nothing)] = 0
    """How many others may: they were recorded without, or with another value of, an attribute that matters now."""


@frozen
class Impact:
    """The effect of a plan on people and tasks."""

    people: PeopleImpact
    """Whom it affects: the members of queues."""

    routes: Sequence[RouteChange] = ()
    """Every pair of first filters, before and after, by which some task goes elsewhere."""

    findings: Sequence[BroughtFinding] = ()
    """Mistakes in the configuration that are new."""

    tasks: Annotated[TasksImpact | None, Field(exclude_if=is_none)] = None
    """The effect on recorded tasks; absent without ``--tasks``."""

    unknown: Sequence[str] = ()
    """Facts that are not known, with the reason."""

    members: Annotated[Mapping[str, Count], Field(exclude_if=is_empty)] = field(default_factory=dict)
    """How many members each queue has when the plan is done, of those that the written workflows lead to; absent
    where the workers were not read."""

    unchanged_workflows: Annotated[Sequence[str], Field(exclude_if=is_empty)] = ()
    """The workflows that are not written, if the plan writes any."""

    @property
    def empty_queues(self) -> frozenset[str]:
        """The keys of the names of queues, among `members`, that nobody is in when the plan is done."""
        return frozenset(name_key(queue) for queue, number in self.members.items() if not number)
