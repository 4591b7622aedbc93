"""The parts of a plan, as values. They are the JSON document as well: pydantic dumps, reads and describes them."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, PlainSerializer, computed_field

from tr_apply.findings import Finding
from tr_apply.frozen import frozen
from tr_apply.plan.impact import Impact
from tr_apply.plan.json_values import (
    Count,
    FormDocument,
    KindName,
    Label,
    Labels,
    Sid,
    Value,
    is_empty,
    is_none,
)
from tr_apply.resources.template import SidOf


class Action(StrEnum):
    """The effect of an operation on its resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"


class Verb(StrEnum):
    """The effect of a request."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@frozen
class FilterPlace:
    """Where a filter is in its workflow."""

    number: Annotated[int, Field(ge=1)]
    """Its number, from 1: as it will be, or as it was for a filter that is removed."""

    of: Annotated[int, Field(ge=1)]
    """How many filters there are then."""

    name: str | None = None
    """Its name; null where it has none."""

    above: str | None = None
    """The next filter, which gets the tasks that this one does not match; null for the last one."""

    former: Annotated[str | None, Field(exclude_if=is_none)] = None
    """The old form of ``path`` if it differs; absent for an unchanged path and for a new value."""

    def __str__(self) -> str:
        """As people call it."""
        return f"filter {self.number} ({self.name})" if self.name else f"filter {self.number}"


@frozen
class FieldChange:
    """A field that gets another value."""

    path: str
    """The field, by its key in the configuration; lists are counted from 0. A filter goes by its name, and as
    in ``filters[#2]`` by its number where it has no name of its own."""

    before: Value
    """The old value; null for none."""

    after: Value
    """The new value; null for none."""

    sensitive: Annotated[bool, Field(exclude_if=is_empty)] = False
    """Whether ``before`` and ``after`` are digests because the values must not be shown."""

    filter: Annotated[FilterPlace | None, Field(exclude_if=is_none)] = None
    """The filter that it is about; absent for everything else."""

    cosmetic: Annotated[bool, Field(exclude_if=is_empty)] = False
    """Whether both are expressions that mean the same; the change is made all the same."""

    @property
    def within_filter(self) -> str | None:
        """The path inside the filter, empty for the filter itself; None if it is not about a filter."""
        for called in () if self.filter is None else (self.filter.name, f"#{self.filter.number}"):
            if self.path.startswith(f"filters[{called}]"):
                return self.path.removeprefix(f"filters[{called}]").removeprefix(".")
        return None

    @property
    def former_path(self) -> str | None:
        """The path by the filter's former name; None where that is not another one."""
        rest = self.within_filter
        if rest is None or self.filter is None or self.filter.former is None:
            return None
        return f"filters[{self.filter.former}]{'.' if rest else ''}{rest}"


@frozen
class NameOf:
    """A name within a kind, as TaskRouter compares it."""

    kind: str
    key: str


@frozen
class ParameterOf:
    """A form parameter of a resource, which a request may set."""

    target: Label
    """The resource."""

    parameter: str
    """The form parameter."""


def _in_order(parameters: frozenset[ParameterOf]) -> list[dict[str, str]]:
    each = sorted((str(parameter.target), parameter.parameter) for parameter in parameters)
    return [{"target": target, "parameter": parameter} for target, parameter in each]


Parameters = Annotated[frozenset[ParameterOf], PlainSerializer(_in_order), Field(exclude_if=is_empty)]


@frozen
class Write:
    """One request."""

    verb: Verb
    """The effect of the request."""

    target: Label
    """The resource, by the name that it has when the plan is done; a worker channel as ``WORKER/CHANNEL``."""

    sid: Sid | None
    """The resource's SID; null while it is not known."""

    form: Mapping[str, FormDocument] = field(default_factory=dict)
    """The form parameters: text, the SID of a resource, a JSON document, or the digest of a sensitive value."""

    needs: Labels = frozenset()
    """Resources whose SIDs it needs besides those in its form."""

    relies_on: Parameters = frozenset()
    """Parameters that other requests must have set before.

    TaskRouter looks them up when it carries this out, or the next run needs them to recognise the state after an
    interruption.
    """

    takes: str | None = None
    """The name that it gives to the resource, which no other may have at that moment; folded as names compare."""

    vacates: str | None = None
    """The name that is free afterwards; folded as names compare."""

    releases: Labels = frozenset()
    """Resources that this one refers to before and no longer afterwards."""

    late: bool = False
    """Whether it waits until everything that is not late has succeeded."""

    secrets: Annotated[frozenset[str], Field(exclude=True)] = frozenset()
    """Form parameters that must not be shown."""

    @property
    def takes_name(self) -> NameOf | None:
        """``takes``, with its kind."""
        return None if self.takes is None else NameOf(self.target.kind, self.takes)

    @property
    def vacates_name(self) -> NameOf | None:
        """``vacates``, with its kind."""
        return None if self.vacates is None else NameOf(self.target.kind, self.vacates)


@frozen
class Move:
    """A worker who must leave an activity."""

    worker: str
    """The worker's name."""

    sid: Sid | None
    """The worker's SID."""

    before: str
    """The activity now."""

    after: str
    """The activity afterwards."""


@frozen
class SourceLine:
    """Where a resource is declared."""

    file: str
    """The file, as the user called it."""

    line: Annotated[int, Field(ge=1)]
    """Line, from 1."""


@frozen
class Operation:
    """A change of one resource, with all requests that it takes."""

    action: Action
    """The effect on the resource."""

    kind: KindName
    """The kind of the resource."""

    name: str
    """Its name when the plan is done; of a deleted one, its name now."""

    sid: Sid | None
    """Its SID now; null for a new one."""

    changes: Sequence[FieldChange] = ()
    """Its fields."""

    writes: Sequence[Write] = ()
    """Its requests, in an order in which each can be sent."""

    moves: Sequence[Move] = ()
    """Workers who change their activity for it."""

    repoints: Sequence[str] = ()
    """Paths of fields that lead to its new SID afterwards."""

    outputs: Annotated[Sequence[str], Field(exclude_if=is_empty)] = ()
    """Names of the outputs that lead to its new SID afterwards."""

    reason: str = ""
    """Why this action and no gentler one."""

    id: str = ""
    """As in ``op-3``; empty until the plan is put in order."""

    depends_on: Sequence[str] = ()
    """Operations that must be done before this one begins."""

    source: Annotated[SourceLine | None, Field(exclude_if=is_none)] = None
    """Where it is declared; absent where it is not."""

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @property
    def requests(self) -> int:
        """How many writes it sends."""
        return len(self.writes)


@frozen
class DeleteConsent:
    """Deletes that somebody must agree to."""

    kind: KindName
    """The kind."""

    deletes: Count
    """How many of it the plan deletes."""

    of: Count
    """How many of it are live and managed."""


@frozen
class PeopleConsent:
    """People who lose their place in a queue, which somebody must agree to."""

    queue: str
    """The queue."""

    lost: Count
    """How many of its members lose their place."""

    of: Count
    """How many members it has."""


@frozen
class Blocked:
    """Why an operation may not be carried out."""

    code: str
    """The reason, for programs."""

    message: str
    """The reason, and what to do about it."""

    operation: str
    """The operation's id."""

    consent: Annotated[DeleteConsent | PeopleConsent | None, Field(exclude_if=is_none)] = None
    """The consent that an approval of the plan gives, if only that is missing."""


@frozen
class PlanTarget:
    """The workspace that a plan is for."""

    workspace: str
    """Its name."""

    account_sid: str | None
    """The account; null where it is not known."""

    workspace_sid: Sid | None
    """The workspace; null until it exists."""

    region: str | None = None
    """Which TaskRouter: a region of Twilio, ``local``, or the address of another server."""

    host: Annotated[str | None, Field(exclude_if=is_none)] = None
    """The server's name, with a port that is not the usual one; absent for the embedded TaskRouter."""

    database: Annotated[str | None, Field(exclude_if=is_none)] = None
    """The file of the embedded TaskRouter; absent for any other."""


@frozen
class DeleteCount:
    """The number of objects of a kind that a plan deletes, and the number of live ones."""

    kind: KindName
    """The kind."""

    deletes: Count
    """How many of it are deleted."""

    counted: Count
    """How many of these count: all but unused seeds, about which nobody is asked."""

    of: Count
    """How many of it are live and managed."""

    remaining: Count
    """How many of it there are when the plan is done."""


@frozen
class Plan:
    """Everything that must be done, finished before the first write.

    Attributes:
        target: The workspace.
        operations: In an order in which they could be carried out one after the other.
        blocked: Operations that may not be carried out.
        diagnostics: Further notes for the reader.
        unchanged: How many declared resources need nothing.
        sids: The known SIDs for the requests.
        base: The state that the plan relies on: ``KIND/NAME`` -> its fields.
        reads: The kinds that were read for it, each with a digest of the resources that it does not rely on.
        sensitive: The paths that are not shown, by the section of ``manage``; an undo does not show them either.
        deletes: The number of deletes, by kind.
        outputs: The outputs for other systems, by name; templates with ``${sid:…}``.
        limits_deletes: Whether the configuration itself limits the deletes without consent.
        impact: The effect on people and tasks; None for a new workspace, or if it was not computed.
        impact_skipped: Whether ``--impact none`` skipped it; then nobody has agreed to a loss.
        people_limits: How many members a queue may lose without consent; apply checks it again.
    """

    target: PlanTarget
    operations: Sequence[Operation] = ()
    blocked: Sequence[Blocked] = ()
    diagnostics: Sequence[Finding] = ()
    unchanged: int = 0
    sids: Mapping[SidOf, str] = field(default_factory=dict)
    base: Mapping[str, Any] = field(default_factory=dict)
    reads: Mapping[str, str] = field(default_factory=dict)
    sensitive: Mapping[str, Sequence[str]] = field(default_factory=dict)
    deletes: Sequence[DeleteCount] = ()
    limits_deletes: bool = True
    outputs: Mapping[str, str] = field(default_factory=dict)
    impact: Impact | None = None
    impact_skipped: bool = False
    people_limits: Sequence[int | str] = ()

    def count(self, action: Action) -> int:
        """How many operations do this."""
        return sum(operation.action is action for operation in self.operations)

    @property
    def requests(self) -> int:
        """How many writes the plan sends."""
        return sum(len(operation.writes) for operation in self.operations)
