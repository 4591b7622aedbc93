"""The parts of a plan, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tr_apply.findings import Finding
from tr_apply.resources.template import SidOf
from tr_apply.wire import Form, Json


class Action(StrEnum):
    """What happens to a resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Withheld(Json):
    """A sensitive value of a saved plan, of which only a digest is known; nothing can be sent before it is filled in.

    ``value`` is the digest.
    """


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that gets another value; None stands for none."""

    path: str
    before: Any
    after: Any
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class NameOf:
    """A name within a kind, as TaskRouter compares it."""

    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class ParameterOf:
    """A form parameter of a resource, which a request may set."""

    target: SidOf
    parameter: str


class Verb(StrEnum):
    """What a request does."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Write:
    """One request.

    Attributes:
        verb: What it does.
        target: The resource, by the name that it has when the plan is done; a worker channel as ``WORKER/CHANNEL``.
        sid: The resource's SID; None while nobody knows it.
        form: The form parameters.
        needs: Resources whose SIDs it needs beside those in its form.
        relies_on: What must have been set elsewhere: TaskRouter looks it up when it carries this out, or the next run
            could not understand what a killed one has left.
        takes: The name that it gives to the resource, which no other may have at that moment.
        vacates: The name that is free afterwards.
        releases: Resources that this one refers to before and no longer afterwards.
        late: Whether it waits until everything that is not late has succeeded.
        secrets: Form parameters that must not be shown.
    """

    verb: Verb
    target: SidOf
    sid: str | None
    form: Form = field(default_factory=dict)
    needs: frozenset[SidOf] = frozenset()
    relies_on: frozenset[ParameterOf] = frozenset()
    takes: NameOf | None = None
    vacates: NameOf | None = None
    releases: frozenset[SidOf] = frozenset()
    late: bool = False
    secrets: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Move:
    """A worker who must leave an activity."""

    worker: str
    sid: str | None
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Operation:
    """A change of one resource, with all requests that it takes.

    Attributes:
        id: As in ``op-3``; empty until the plan is put in order.
        action: What happens.
        kind: The resource's kind.
        name: Its name when the plan is done; of a deleted one, its name now.
        sid: Its SID now; None for a new one.
        reason: Why this action and no gentler one; empty where the changes say it all.
        changes: The fields.
        writes: The requests, in an order in which each can be sent.
        moves: Workers who change their activity for it.
        repoints: Paths of fields that lead to its new SID afterwards.
        depends_on: Operations that must be done before this one begins.
    """

    action: Action
    kind: str
    name: str
    sid: str | None
    changes: Sequence[FieldChange] = ()
    writes: Sequence[Write] = ()
    moves: Sequence[Move] = ()
    repoints: Sequence[str] = ()
    reason: str = ""
    id: str = ""
    depends_on: Sequence[str] = ()

    @property
    def requests(self) -> int:
        """How many writes it sends."""
        return len(self.writes)


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why an operation may not be carried out, and what to do about it."""

    code: str
    message: str
    operation: str


@dataclass(frozen=True, slots=True)
class Target:
    """The workspace that a plan is for; the SIDs are None until it exists.

    ``region`` tells servers apart: a region of Twilio, ``local``, or a base URL; None where nobody said.
    """

    workspace: str
    account_sid: str | None
    workspace_sid: str | None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that must be done, finished before the first write.

    Attributes:
        target: The workspace.
        operations: In an order in which they could be carried out one after the other.
        blocked: Operations that may not be carried out.
        diagnostics: What a reader should know beside the changes.
        unchanged: How many declared resources need nothing.
        sids: What is known of the SIDs that writes ask for.
        base: What the plan relies on in the live workspace: ``KIND/NAME`` -> how it was.
        reads: The kinds that were read for it, each with a digest of what it does not rely on.
        sensitive: The paths that are not shown, by the section of ``manage``; the way back does not show them either,
            whatever it touches.
    """

    target: Target
    operations: Sequence[Operation] = ()
    blocked: Sequence[Blocked] = ()
    diagnostics: Sequence[Finding] = ()
    unchanged: int = 0
    sids: Mapping[SidOf, str] = field(default_factory=dict)
    base: Mapping[str, Any] = field(default_factory=dict)
    reads: Mapping[str, str] = field(default_factory=dict)
    sensitive: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def count(self, action: Action) -> int:
        """How many operations do this."""
        return sum(operation.action is action for operation in self.operations)

    @property
    def requests(self) -> int:
        """How many writes the plan sends."""
        return sum(operation.requests for operation in self.operations)
