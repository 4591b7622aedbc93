"""The JSON that commands print and that ``plan --out`` writes. Keys may be added; those that are here stay."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tr_apply.plan.change import Consent, FilterPlace, SourceLine
from tr_apply.rehearsal.coverage import Coverage
from tr_apply.rehearsal.results import RoutingTestResult, RoutingTestSummary
from tr_apply.rehearsal.route import Route
from tr_apply.rendering import RenderedConfiguration
from tr_apply.resources import KINDS

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
KindName = Annotated[str, Field(json_schema_extra={"enum": [kind.name for kind in KINDS]})]
Count = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class Problem(_Part):
    """Something that went wrong."""

    code: str
    """What went wrong, for programs."""

    message: str
    """The same for people, with what to do next."""

    file: str | None
    """The file, as the user called it."""

    line: Annotated[int, Field(ge=1)] | None
    """Line, from 1."""

    column: Annotated[int, Field(ge=1)] | None
    """Column in characters, from 1."""

    path: str | None
    """The key, as in ``task_queues[2].target_workers``."""


class Finding(Problem):
    """Something that was found in a configuration."""

    severity: Literal["error", "warning", "info"]
    """Only an error keeps a configuration from being used."""


class PlanTarget(_Part):
    """The workspace that a plan is for."""

    account_sid: str | None
    """The account; null where it is not known."""

    workspace_sid: str | None
    """The workspace; null until it exists."""

    region: str | None = None
    """Which TaskRouter: a region of Twilio, ``local``, or the address of another server."""

    host: str | None = None
    """The server's name, with a port that is not the usual one; absent for the embedded TaskRouter."""

    database: str | None = None
    """The file of the embedded TaskRouter; absent for any other."""

    workspace: str
    """Its name."""


class Base(_Part):
    """What a plan was made from."""

    fingerprint: Sha256
    """SHA-256 of what the plan relies on in the live workspace."""


class Change(_Part):
    """A field that gets another value."""

    path: str
    """The field, by its key in the configuration; lists are counted from 0. A filter goes by its name, and as in
    ``filters[#2]`` by its number where it has no name of its own."""

    before: Any
    """What it is; null for nothing."""

    after: Any
    """What it will be; null for nothing."""

    sensitive: bool = False
    """Whether ``before`` and ``after`` are digests because the values must not be shown."""

    filter: FilterPlace | None = None
    """The filter that it is about; absent for everything else."""


class Operation(_Part):
    """A change of one resource."""

    id: Annotated[str, Field(pattern=r"^op-[0-9]+$")]
    """Its name within the plan."""

    action: Literal["create", "update", "replace", "delete"]
    """What happens to the resource."""

    kind: KindName
    """What it is."""

    name: str
    """Its name when the plan is done; of a deleted one, its name now."""

    sid: str | None
    """Its SID now; null for a new one."""

    reason: str
    """Why this action and no gentler one."""

    source: SourceLine | None = None
    """Where it is declared; absent where it is not."""

    changes: list[Change]
    """Its fields."""

    depends_on: list[str]
    """Operations that are done before this one begins."""

    requests: Count
    """How many writes it sends."""

    outputs: list[str] = []
    """Names of the outputs that get another value."""


class Blocked(_Part):
    """Why an operation may not be carried out."""

    code: str
    """The reason, for programs."""

    message: str
    """The reason, and what to do about it."""

    operation: str
    """The operation's id."""

    consent: Consent | None = None
    """What approving the plan agrees to, where that is all that is missing."""


class Summary(_Part):
    """How many operations of each kind there are."""

    create: Count
    """Resources that are created."""

    update: Count
    """Resources that are changed in place."""

    replace: Count
    """Resources that get a new SID, because TaskRouter cannot change them."""

    delete: Count
    """Resources that are deleted."""

    unchanged: Count
    """Declared resources that need nothing."""

    requests: Count
    """Writes that apply sends, retries of refused ones aside."""


class Result(_Part):
    """What came of an operation."""

    operation: str
    """The operation's id."""

    kind: KindName
    """What it was about."""

    name: str
    """Its name when the plan is done; of a deleted one, its name before."""

    sid: str | None
    """Its SID: of a new one or one that was replaced, the new SID; null while there is none."""

    status: Literal["done", "failed", "skipped"]
    """Whether it was carried out."""

    requests: Count
    """Writes that were sent."""

    error: str | None
    """Why it failed or was skipped."""


class Drift(_Part):
    """Something that the plan relies on and that has changed since it was made."""

    object: str
    """The resource, as ``KIND/NAME``."""

    path: str
    """Its field; empty for the resource itself."""

    planned_from: Any
    """What it was when the plan was made; null for nothing."""

    live_now: Any
    """What it is now; null for nothing."""

    planned_to: Any
    """What the plan would make of it; null where it leaves it as it was."""


class Plan(_Part):
    """Everything that must be done to make one workspace what the configuration says."""

    plan_id: Sha256
    """SHA-256 of target, base and operations: the same plan has the same id."""

    target: PlanTarget
    """The workspace."""

    base: Base
    """What the plan was made from."""

    operations: list[Operation]
    """In an order in which they could be carried out one after the other."""

    blocked: list[Blocked]
    """Operations that may not be carried out; apply then writes nothing."""

    diagnostics: list[Finding]
    """What a reader should know beside the changes."""

    summary: Summary
    """How many operations there are."""

    results: list[Result] = []
    """After an apply: what came of each operation."""

    verified: bool | None = None
    """After an apply: whether the workspace, read again, is as declared; null where that was not looked at."""

    notes: list[str] = []
    """After an apply: what a reader should know beside the results."""

    outputs: dict[str, str] = {}
    """What other systems need: as declared, with ``${sid:…}`` in it; after an apply that is verified, the values."""

    drift: list[Drift] = []
    """After an apply that was refused with exit code 5: what has changed since the plan was made."""


ExitCode = Annotated[int, Field(json_schema_extra={"enum": [0, 1, 2, 3, 4, 5, 6, 64, 130]})]


class Output(_Part):
    """What a command prints with ``--format json``, and what ``plan --out`` writes."""

    format_version: Annotated[str, Field(pattern=r"^1\.[0-9]+$")]
    """Additive changes keep the major version."""

    command: str
    """The command that was called."""

    exit_code: ExitCode
    """The process's exit code."""

    errors: list[Problem]
    """What went wrong."""

    plans: list[Plan] = []
    """By plan and apply: one for each PATH of which there is one, in order."""

    checksum: Sha256 | None = None
    """By plan: what ``apply --plan`` knows from that the file has not been edited or cut off."""

    diagnostics: list[Finding] = []
    """By validate: every finding, warnings included."""

    configurations: list[RenderedConfiguration] = []
    """By render: one for each PATH that could be read, in order."""

    route: Route | None = None
    """By route: what becomes of the task."""

    tests: list[RoutingTestResult] = []
    """By test: every routing test, in order."""

    summary: RoutingTestSummary | None = None
    """By test: how many passed and failed."""

    coverage: list[Coverage] = []
    """By ``test --coverage``: one for each PATH."""
