"""The JSON that commands print and that ``plan --out`` writes. Keys may be added; those that are here stay.

The parts are the dataclasses that the commands dump; this says only which of them make up a document.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from tr_apply.deployment.applied import ResultDocument
from tr_apply.deployment.diagnosis import Diagnosis
from tr_apply.findings import ERROR_SCHEMA
from tr_apply.frozen import frozen
from tr_apply.plan.json_values import Count, Sha256, Sid
from tr_apply.plan.saved.document import FindingDocument, PlanDocument
from tr_apply.plan.saved.origin import Origins
from tr_apply.plan.saved.stale import Drift
from tr_apply.rehearsal.coverage import Coverage
from tr_apply.rehearsal.distribution import Distribution
from tr_apply.rehearsal.results import RoutingTestResult, RoutingTestSummary
from tr_apply.rehearsal.route import Route
from tr_apply.rendering import RenderedConfiguration
from tr_apply.report.difference import ComparedWorkspace, DifferenceSummary, DifferentResource
from tr_apply.simulation.results import SimulationResults

ErrorDocument = Annotated[Any, WithJsonSchema(ERROR_SCHEMA)]


@frozen
class PlanOutput(PlanDocument):
    """A plan, with what plan and apply say about it."""

    origins: Origins | None = None
    """By ``plan --base-ref``: where the changes come from."""

    simulation: SimulationResults | None = None
    """By ``plan --load``: days in the live workspace (before) and as the plan leaves it (after)."""

    results: Sequence[ResultDocument] = ()
    """After an apply: the result of each operation."""

    verified: bool | None = None
    """After an apply: whether the workspace, read again, is as declared; null where that was not checked."""

    notes: Sequence[str] = ()
    """After an apply: what a reader should know besides the results."""

    outputs: Mapping[str, str] = field(default_factory=dict)
    """Outputs for other systems: as declared, with ``${sid:…}``; after a verified apply, the values."""

    drift: Sequence[Drift] = ()
    """After an apply that was refused with exit code 5: what has changed since the plan was made."""

    left: PlanDocument | None = None
    """After an apply that is not verified: what would still have to be done."""


ExitCode = Annotated[int, Field(json_schema_extra={"enum": [0, 1, 2, 3, 4, 5, 6, 64, 130]})]


class OutputDocument(BaseModel):
    """The document of a command with ``--format json``, and the file of ``plan --out``."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    format_version: Annotated[str, Field(pattern=r"^1\.[0-9]+$")]
    """Additive changes keep the major version."""

    command: str
    """The command that was called."""

    exit_code: ExitCode
    """The process's exit code."""

    errors: list[ErrorDocument]
    """The errors."""

    plans: list[PlanOutput] = []
    """By plan and apply: one for each PATH that has one, in order."""

    checksum: Sha256 | None = None
    """By plan: what ``apply --plan`` knows from that the file has not been edited or cut off."""

    diagnostics: list[FindingDocument] = []
    """By validate: every finding, warnings included."""

    configurations: list[RenderedConfiguration] = []
    """By render: one for each PATH that could be read, in order."""

    route: Route | None = None
    """By route: the route of the task."""

    simulation: SimulationResults | None = None
    """By simulate: what the simulated days were like, what differs, and what the limits say."""

    tests: list[RoutingTestResult] = []
    """By test: every routing test, in order."""

    summary: RoutingTestSummary | DifferenceSummary | None = None
    """By test: how many passed and failed. By diff: how many resources there are of each sort."""

    coverage: list[Coverage] = []
    """By ``test --coverage``: one for each PATH."""

    before: ComparedWorkspace | None = None
    """By diff: the first workspace."""

    after: ComparedWorkspace | None = None
    """By diff: the second workspace."""

    differences: list[DifferentResource] = []
    """By diff: the resources that differ, sorted by kind and name."""

    doctor: Diagnosis | None = None
    """By doctor: what was found out about the connection."""

    workspace: str | None = None
    """By destroy: the workspace's name."""

    workspace_sid: Sid | None = None
    """By destroy: the workspace; null where there was none."""

    deleted: bool = False
    """By destroy: whether there was one."""

    contents: Mapping[str, Count] = {}
    """By destroy: the number of resources that were in the workspace, by kind."""

    tasks: list[Distribution] = []
    """By ``test --tasks``: what the recorded tasks come to, one for each PATH."""
