"""The front door for programs: everything that the command line does, as values and exceptions.

``import tr_apply`` exports the names here. Nothing prints and nothing exits: errors are exceptions of
``tr_apply.errors``, and questions of the command line are arguments.
"""

import json
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from tr_apply.config.load import Configuration, Inputs
from tr_apply.config.load import load as load_configuration
from tr_apply.errors import ConfigError, UsageError
from tr_apply.findings import errors_of
from tr_apply.lint import lint
from tr_apply.models import Workspace
from tr_apply.routing.evaluate import Names

if TYPE_CHECKING:
    from tr_apply.deployment.applied import Applied
    from tr_apply.deployment.clients import Clients
    from tr_apply.deployment.deployment import Deployment
    from tr_apply.local.http.app import LocalTaskRouter
    from tr_apply.plan.change import Blocked, Operation
    from tr_apply.rehearsal.results import RoutingTestRun
    from tr_apply.rehearsal.route import Route
    from tr_apply.report.entry import Entry
    from tr_apply.simulation.results import SimulationResults

StrPath = str | PathLike[str]


PeopleOf: TypeAlias = Callable[[Configuration], Sequence[Names] | None]
"""Reads the workers of the live workspace that a configuration is for."""


def checked(path: Path, inputs: Inputs, people: PeopleOf | None = None) -> Configuration:
    """The configuration at *path* with every finding, errors included; *people* are asked for if it can be read.

    Raises:
        UsageError: when there is no such path, overlay or file of variables.
    """
    configuration = load_configuration(path, inputs)
    workers = None if people is None or errors_of(configuration.notes.found) else people(configuration)
    lint(configuration, today=datetime.now(UTC).date(), people=workers)
    return configuration


def load(
    source: "StrPath | Workspace",
    *,
    overlays: Sequence[StrPath] = (),
    variables: Mapping[str, str] | None = None,
    variable_files: Sequence[StrPath] = (),
    root: StrPath | None = None,
) -> Configuration:
    """Read and check a configuration. Offline; the environment's ``TR_VAR_…`` and ``TR_SECRET_…`` are variables.

    Args:
        source: A file, a folder, or a ``Workspace`` that the program has built.
        overlays: Files that change the configuration; later ones win.
        variables: As ``--var``.
        variable_files: As ``--var-file``.
        root: The folder that holds every file named by the configuration; by default the configuration's own folder.

    Returns:
        The configuration; its ``diagnostics`` hold the warnings.

    Raises:
        ConfigError: The configuration has errors; ``diagnostics`` holds every finding.
        UsageError: There is no such file.
    """
    inputs = Inputs(
        overlays=[Path(each) for each in overlays],
        given=variables or {},
        variable_files=[Path(each) for each in variable_files],
        environment=os.environ,
        root=None if root is None else Path(root),
    )
    if isinstance(source, Workspace):
        path, inputs = Path(f"<{source.name}>"), inputs._replace(content=source.to_yaml().encode())
    else:
        path = Path(source)
    configuration = checked(path, inputs)
    configuration.require_valid()
    return configuration


# A TaskRouter


class Router:
    """A TaskRouter, to plan for and to apply to. Made by ``connect``."""

    def __init__(self, clients: "Clients") -> None:
        self._clients = clients

    async def plan(
        self,
        configuration: Configuration,
        *,
        targets: Sequence[str] = (),
        tasks: StrPath | None = None,
        load: StrPath | None = None,
    ) -> "Plan":
        """The changes that make the live workspace equal to *configuration*. Writes nothing.

        Args:
            configuration: What ``load`` returned.
            targets: Limit the plan to these ``KIND/NAME`` and the resources that they need.
            tasks: A file of recorded tasks; the plan counts how many of them would be routed differently.
            load: A file with who comes and who works; days before and after the plan are simulated with it.

        Raises:
            ConfigError: The configuration does not fit the live workspace, or one of the two files cannot be used.
            UsageError: *load* is given with *targets*, or nobody works on the days.
            TargetError: There are no credentials.
            ApiError, NetworkError: The workspace cannot be read.
        """
        from tr_apply.corpus.read import given_corpus  # noqa: PLC0415
        from tr_apply.deployment.configured import Configured  # noqa: PLC0415
        from tr_apply.deployment.deployment import Deployment  # noqa: PLC0415
        from tr_apply.deployment.simulated import planned_days  # noqa: PLC0415
        from tr_apply.plan.requests.target import Selection  # noqa: PLC0415

        days = None if load is None else planned_days(configuration, Path(load), is_part=bool(targets))
        recorded = None if tasks is None else given_corpus(Path(tasks), is_shared=False)
        source = Configured(configuration, Selection.of(targets=targets), recorded=recorded)
        deployment = Deployment(source, self._clients.of(source.credentials), name=configuration.path)
        deployment.connect(self._clients)
        made = await deployment.plan()
        return Plan(deployment, None if days is None else await days.simulated(deployment.client, made))

    async def apply(
        self,
        plan: "Plan",
        *,
        allow_delete: Mapping[str, int] | None = None,
        allow_people_lost: Mapping[str, int] | None = None,
        reviewed: bool = False,
    ) -> "Applied":
        """Carry out *plan*, read the workspace again and prove that nothing is left.

        Args:
            plan: What ``plan`` returned.
            allow_delete: Kind -> exactly how many deletes of it are agreed to.
            allow_people_lost: Queue -> exactly how many of its members may lose their place in it.
            reviewed: Whether somebody has reviewed this very plan. Without that the run counts as unattended, in which
                nothing is deleted that neither ``safety.max_deletes`` nor *allow_delete* allows.

        Raises:
            RefusedError: when nobody agreed to what it does, or it is for another TaskRouter; nothing was written.
            StaleError: when the workspace has changed since the plan was made; nothing was written.
            IncompleteError: when something was written, and not all is as it should be; ``plan.applied`` says what.
            TrApplyError: when nothing could be written.
        """
        from tr_apply.plan.checks.consent import Approval, Consent  # noqa: PLC0415

        approval = Approval.REVIEWED if reviewed else Approval.NOBODY
        consent = Consent(approval, allow_delete or {}, people_lost=allow_people_lost or {})
        plan.deployment.connect(self._clients)
        return await plan.deployment.apply(plan.deployment.require_plan(), consent)

    async def export(self, workspace: str) -> str:
        """A live workspace, by name or SID, as YAML that plans empty.

        Raises:
            TrApplyError: when there is no such workspace, or it cannot be read.
        """
        from tr_apply.export import exported_text, sections_of  # noqa: PLC0415
        from tr_apply.reader import named_workspace, read_everything  # noqa: PLC0415

        client = self._clients.of(None)
        return exported_text(sections_of(await read_everything(client, await named_workspace(client, workspace))))


@asynccontextmanager
async def connect(
    *,
    local: bool = False,
    local_db: StrPath | None = None,
    base_url: str | None = None,
    account_sid: str | None = None,
    auth_token: str | None = None,
    concurrency: int = 10,
) -> AsyncIterator[Router]:
    """A TaskRouter: Twilio's with the environment's credentials, another server, or the embedded one.

    Args:
        local: The embedded TaskRouter, kept in ``.tr-apply/local.db``.
        local_db: The embedded TaskRouter, kept in this file.
        base_url: Another server of the same API; https, except on this machine.
        account_sid: Instead of ``TWILIO_ACCOUNT_SID``.
        auth_token: Instead of ``TWILIO_AUTH_TOKEN``.
        concurrency: Maximum number of concurrent requests.

    Raises:
        UsageError: Two TaskRouters are named.
        TargetError: No TaskRouter is named, or the credentials would not be safe on the way to it.
    """
    from tr_apply.deployment.connect import open_clients  # noqa: PLC0415
    from tr_apply.deployment.target_options import TargetOptions  # noqa: PLC0415

    target = TargetOptions(base_url, local, None if local_db is None else Path(local_db))
    if target.is_local and base_url is not None:
        raise UsageError("local and base_url exclude each other")
    given = {"TWILIO_ACCOUNT_SID": account_sid, "TWILIO_AUTH_TOKEN": auth_token}
    environment = {**os.environ, **{name: value for name, value in given.items() if value is not None}}
    async with open_clients(target, environment=environment, concurrency=concurrency) as clients:
        yield Router(clients)


class Plan:
    """A finished plan and the TaskRouter that it is for.

    Attributes:
        deployment: What carries it out.
        simulation: What days are like before and after it; None where nobody asked, or there is nothing to compare.
    """

    def __init__(self, deployment: "Deployment", simulation: "SimulationResults | None" = None) -> None:
        self.deployment = deployment
        self.simulation = simulation

    @property
    def plan_id(self) -> str:
        """The plan's identity: equal for the same target, base and operations."""
        from tr_apply.plan.saved.document import plan_id  # noqa: PLC0415

        return plan_id(self.deployment.require_plan())

    @property
    def operations(self) -> "Sequence[Operation]":
        """The operations, in an order in which they could be done one by one; empty if there are no changes."""
        return self.deployment.require_plan().operations

    @property
    def blocked(self) -> "Sequence[Blocked]":
        """Operations that may not be carried out, with the reason and the way out."""
        return self.deployment.require_plan().blocked

    @property
    def applied(self) -> "Applied | None":
        """The result, also of an incomplete run; None before ``apply``."""
        return self.deployment.applied

    def text(self) -> str:
        """The plan as ``tr-apply plan`` prints it, without colours."""
        from click import unstyle  # noqa: PLC0415

        from tr_apply.report.terminal import entry_text  # noqa: PLC0415

        return unstyle(entry_text(self._entry()))

    def json(self) -> str:
        """The plan as ``tr-apply plan --format json`` has it: one of its ``plans``."""
        from pydantic import TypeAdapter  # noqa: PLC0415

        from tr_apply.plan.saved.document import plan_document  # noqa: PLC0415

        document = plan_document(self.deployment.require_plan())
        if self.simulation is not None:
            adapter = TypeAdapter(type(self.simulation))
            document |= {"simulation": adapter.dump_python(self.simulation, mode="json", exclude_defaults=True)}
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

    def markdown(self) -> str:
        """The plan as a comment for a pull request."""
        from tr_apply.report.markdown import plans_markdown  # noqa: PLC0415

        return plans_markdown([self._entry()])

    def html(self) -> str:
        """The plan as a page."""
        from tr_apply.report.html import plans_html  # noqa: PLC0415

        return plans_html([self._entry()])

    def _entry(self) -> "Entry":
        from tr_apply.report.entry import Entry  # noqa: PLC0415

        return Entry(self.deployment.name, self.deployment.require_plan(), simulation=self.simulation)


# Offline


def route(
    configuration: Configuration,
    *,
    workflow: str,
    task: Mapping[str, Any],
    available: Sequence[str] | None = None,
    channel: str = "default",
    priority: int = 0,
) -> "Route":
    """Where a task goes, step by step, and why. Offline.

    Args:
        configuration: What ``load`` returned.
        workflow: The workflow that gets the task.
        task: The task's attributes.
        available: Who is available, longest idle first; every declared worker without it.
        channel: Unique name of the task's channel.
        priority: The task's initial priority.

    Raises:
        UsageError: The configuration has no such workflow, worker or channel.
    """
    from tr_apply.rehearsal.find_route import find_route  # noqa: PLC0415
    from tr_apply.rehearsal.offline_workspace import OfflineWorkspace  # noqa: PLC0415

    workspace = OfflineWorkspace(configuration.document)
    request = workspace.request(
        workflow=workflow, attributes=task, available=available, channel=channel, priority=priority
    )
    return find_route(workspace, request)


def test(configuration: Configuration, *, tasks: StrPath | None = None) -> "RoutingTestRun":  # noqa: PT028  # not a test of pytest
    """Run the routing tests that lie with *configuration*, and route the recorded *tasks* of a file. Offline.

    Raises:
        ConfigError: when a test or a recorded task cannot be read.
        UsageError: when there is no such file of tasks.
    """
    from tr_apply.config.routing_tests import load_routing_tests  # noqa: PLC0415
    from tr_apply.corpus.read import load_corpus  # noqa: PLC0415
    from tr_apply.rehearsal.results import run_tests  # noqa: PLC0415

    suite = load_routing_tests(configuration)
    if errors_of(suite.diagnostics):
        raise ConfigError(suite.diagnostics)
    corpus = None if tasks is None else load_corpus(Path(tasks))
    return run_tests(configuration.path, configuration.document, suite.tests, corpus)


def simulate(
    configuration: Configuration,
    load: StrPath,
    *,
    against: Configuration | None = None,
    what_if: Sequence[str] = (),
    replications: int | None = None,
    seed: int | None = None,
    executor: str = "serial",
) -> "SimulationResults":
    """Simulate days in *configuration*: service levels, waiting times, abandonment, occupancy. Offline.

    *against* gets the same customers on the same days. *what_if* and *executor* work as on the command line; processes
    need an importable main module.

    Raises:
        ConfigError: The load cannot be used.
        UsageError: Something named here does not exist.
    """
    from tr_apply.simulation.executors import open_executor  # noqa: PLC0415
    from tr_apply.simulation.request import SimulationRequest  # noqa: PLC0415

    request = SimulationRequest(
        configuration, Path(load), against, tuple(what_if), replications=replications, seed=seed
    )
    experiment = request.experiment()
    with open_executor(executor, None, experiment.scenarios) as opened:
        experiment.run(opened, lambda _done, _total: None)
    if experiment.interrupted:
        raise KeyboardInterrupt
    return experiment.results()


def embedded(path: StrPath = ":memory:") -> "LocalTaskRouter":
    """The embedded TaskRouter as an ASGI application, for tests of one's own programs. ``close()`` it when done.

    Args:
        path: The file that it is kept in; ``:memory:`` for none.

    Raises:
        TargetError: when the file cannot be used.
    """
    from tr_apply.local import open_app  # noqa: PLC0415

    return open_app(path if path == ":memory:" else Path(path))
